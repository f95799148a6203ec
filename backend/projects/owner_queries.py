"""What the people of an organisation read of their proposals."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from backend.core.errors import NotFound
from backend.projects.models import Project, ProjectVersion
from backend.projects.models_owner import QuestionSet, SectionSave, SectionState
from backend.projects.permissions import check_is_owner, is_member_of
from backend.projects.queries import project_for
from backend.projects.readiness import Frame, built_in


@dataclass(frozen=True)
class TakenBy:
    """A colleague who has a section open just now."""

    section: str
    name: str


def proposals_of(user: Any) -> QuerySet[Project]:
    """Every proposal of the person's organisations, the one touched last first."""
    return (
        Project.objects.filter(owner__memberships__user=user)
        .select_related("owner", "current_version")
        .order_by("-updated_at", "-id")
    )


def proposal_for(user: Any, key: str) -> Project:
    """One proposal of the person's own; NotFound where it is not visible, NotAllowed where it is
    somebody else's."""
    project = project_for(user, key)
    if project.is_call:
        raise NotFound()
    check_is_owner(user, project)
    return project


def states_of(project: Project) -> dict[str, SectionState]:
    """Where each touched section stands."""
    rows = SectionState.objects.filter(project=project).select_related("saved_by", "taken_by")
    return {state.section: state for state in rows}


def taken_by_others(
    states: dict[str, SectionState], user: Any, *, at: datetime
) -> dict[str, TakenBy]:
    """Sections that a colleague has open at that moment."""
    return {
        key: TakenBy(key, state.taken_by.full_name or str(state.taken_by.email))
        for key, state in states.items()
        if state.taken_by is not None
        and state.taken_by_id != user.pk
        and state.taken_until is not None
        and state.taken_until > at
    }


def saves_of(project: Project, section: str) -> QuerySet[SectionSave]:
    """Texts of one section as they were saved, newest first."""
    return (
        SectionSave.objects.filter(project=project, section=section)
        .select_related("saved_by")
        .order_by("-saved_at", "-id")
    )


def versions_of(project: Project) -> QuerySet[ProjectVersion]:
    """Every version, newest first; the newest may still be a draft."""
    return project.versions.select_related("submitted_by").order_by("-number")


def version_for(user: Any, project: Project, number: int) -> ProjectVersion:
    """One version; people outside the organisation see only what was submitted."""
    versions = ProjectVersion.objects.filter(project=project, number=number)
    if not is_member_of(user, project.owner):
        versions = versions.filter(submitted_at__isnull=False)
    found = versions.first()
    if found is None:
        raise NotFound()
    return found


def questions_in_force(frame: str) -> Frame:
    """The newest set of questions that the city published, else the one of the product."""
    newest = QuestionSet.objects.filter(frame=frame).order_by("-number").first()
    if newest is None:
        return built_in(frame)
    found: Frame = {**newest.content, "version": newest.number}
    return found

"""Reading projects. What you may not see is absent."""

from typing import Any

from django.db.models import Q, QuerySet

from backend.core.errors import NotFound
from backend.projects.models import Project, SavedProject
from backend.projects.permissions import office_roles_of
from backend.projects.workflow import BROWSABLE, GATED_INSTRUMENTS, PUBLIC, Status

PUBLIC_VALUES = sorted(PUBLIC)


def public_projects() -> QuerySet[Project]:
    """What anybody may open."""
    return Project.objects.filter(status__in=PUBLIC_VALUES)


def browsable_projects() -> QuerySet[Project]:
    """What lists, search and ranking offer: listed and not frozen."""
    return Project.objects.filter(status__in=sorted(BROWSABLE), frozen_at__isnull=True)


def projects_visible_to(user: Any) -> QuerySet[Project]:
    """Public ones, one's own organisation's, and for officers everything that was submitted."""
    if not getattr(user, "is_authenticated", False):
        return public_projects()
    mine = Q(owner__memberships__user=user)
    visible = Q(status__in=PUBLIC_VALUES) | mine
    if office_roles_of(user):
        visible |= ~Q(status=Status.DRAFT)
    return Project.objects.filter(visible).distinct()


def project_for(user: Any, key: str) -> Project:
    """One project by public id or slug; NotFound when it is absent or not visible."""
    visible = projects_visible_to(user).select_related("current_version", "call", "owner")
    found = visible.filter(Q(public_id=key) | Q(slug=key)).first()
    if found is None:
        raise NotFound()
    return found


def may_see_terms(user: Any, project: Project) -> bool:
    """Whether smallest ticket, rates and the like may be shown to this person.

    Terms of a contribution or reward are public. Those of the other four forms appear only behind
    the eligibility check of the funding part; until that exists the answer for them is no, except
    to the owner's own people and to officers.
    """
    if project.instrument not in GATED_INSTRUMENTS:
        return True
    if not getattr(user, "is_authenticated", False):
        return False
    own = Q(pk=project.pk, owner__memberships__user=user)
    return bool(office_roles_of(user)) or Project.objects.filter(own).exists()


def saved_ids_of(user: Any) -> frozenset[str]:
    """Public ids of the projects that the person saved."""
    if not getattr(user, "is_authenticated", False):
        return frozenset()
    rows = SavedProject.objects.filter(user=user).values_list("project__public_id", flat=True)
    return frozenset(rows)

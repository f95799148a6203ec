"""Everything that changes a project. Each: lock, permit, check, change, audit, enqueue."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import Organisation, User
from backend.core import audit, jobs, states
from backend.core.clock import app_now, city_day
from backend.core.errors import Conflict, Invalid, ManyInvalid, NotAllowed, NotFound
from backend.core.text import slugify_vi
from backend.projects import content as documents
from backend.projects import permissions
from backend.projects.content import Content, Problem
from backend.projects.models import Milestone, Project, ProjectVersion, SavedProject
from backend.projects.models_owner import SectionState
from backend.projects.search import refresh_search
from backend.projects.workflow import (
    OWNER_MAY_EDIT,
    PROJECT,
    PUBLIC,
    PublicStatus,
    Status,
    public_status_of,
)

SENTENCES = {
    "missing": _("This part is missing"),
    "too_long": _("Use %(max)s characters or fewer. There are %(n)s now."),
    "too_many": _("Use %(max)s rows or fewer. There are %(n)s now"),
    "unknown_key": _("Choose one of the values in the list"),
    "wrong_type": _("This has the wrong form"),
    "out_of_range": _("Enter a whole number between %(min)s and %(max)s"),
    "sum_mismatch": _("The rows add up to %(sum)s, the goal is %(goal)s. Make them equal"),
    "out_of_order": _("Each milestone must be due after the one before it"),
    "above_goal": _("The smallest pledge cannot be above the goal"),
    "row_missing": _("Row %(row)s: this is missing"),
    "bad_date": _("Enter a date, for example 30/03/2027"),
    "in_the_past": _("Choose a day after today"),
    "above_revenue": _("This cannot be more than the revenue of the year"),
    "readiness_falls": _("The level afterwards cannot be below the level today"),
    "pending": _("Something typed here could not be taken yet. Open the section and mend it"),
}


def refuse(problems: Sequence[Problem]) -> None:
    """Raise every problem with its sentence; nothing when there is none."""
    if problems:
        raise ManyInvalid(
            [Invalid(SENTENCES[p.code], code=p.code, field=p.path, **p.params) for p in problems]
        )


def locked(project: Project) -> Project:
    """The project's row as it stands now, locked: the first step of every action here."""
    return Project.objects.select_for_update().get(pk=project.pk)


def _free_slug(text: str) -> str:
    base = slugify_vi(text)[:100] or "du-an"
    taken = set(Project.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


def apply_facts(project: Project, content: Content) -> None:
    """Copy the facts of a document into the typed columns (not saved)."""
    for name in ("title_vi", "title_en", "summary_vi", "summary_en"):
        setattr(project, name, content.get(name, ""))
    for name in ("field", "place_code", "trl", "instrument", "goal_minor", "min_ticket_minor",
                 "horizon_months"):  # fmt: skip
        setattr(project, name, content.get(name))
    for name in ("pillars", "values", "technologies", "languages", "skills"):
        setattr(project, name, list(content.get(name, [])))
    if project.min_ticket_minor and project.min_ticket_minor > (project.goal_minor or 0):
        # A draft may hold both; the column waits until they agree (CHECK).
        project.min_ticket_minor = None
    project.currency = content.get("currency", "VND")
    project.original_language = content.get("original_language", "vi")
    owner = project.owner
    if owner is not None:
        project.owner_name_vi, project.owner_kind = owner.name_vi, owner.kind
        project.owner_name_en = owner.name_en or owner.name_vi
    project.content_version += 1


@transaction.atomic
def create_proposal(
    organisation: Organisation,
    content: Content,
    *,
    by: User,
    slug: str | None = None,
    is_example: bool = False,
) -> Project:
    """Start a proposal as a draft of the organisation; `content` may be incomplete."""
    if not permissions.is_member_of(by, organisation):
        raise NotAllowed(_("Only members of the organisation can start a proposal for it."))
    refuse(documents.problems_of_draft(content))
    title = content.get("title_vi") or content.get("title_en") or organisation.name_vi
    project = Project(owner=organisation, slug=slug or _free_slug(title), is_example=is_example)
    apply_facts(project, content)
    project.save()
    project.current_version = ProjectVersion.objects.create(
        project=project, number=1, content=content
    )
    project.save(update_fields=["current_version"])
    audit.record("project.created", by=by, subject=project)
    return project


def check_not_frozen(project: Project) -> None:
    """Nothing goes on while the city checks something; reading and drafting stay possible."""
    if project.frozen_at is not None:
        raise Conflict(
            _("This project is frozen while it is checked, so nothing about it can change."),
            code="frozen",
        )


def check_may_be_edited(project: Project) -> None:
    if project.status not in OWNER_MAY_EDIT:
        raise Conflict(
            _("A proposal can be edited only as a draft or after it was returned."),
            code="wrong_state",
        )


def open_version(project: Project) -> ProjectVersion:
    """The version that may still change; a new one after a submission."""
    current = project.current_version
    assert current is not None
    if current.submitted_at is None:
        return current
    project.current_version = ProjectVersion.objects.create(
        project=project, number=current.number + 1, content=current.content
    )
    return project.current_version


@transaction.atomic
def submit_project(project: Project, *, by: User) -> Project:
    """Hand the current version in. It is complete, hashed, and never changes again."""
    project = locked(project)
    permissions.check_is_owner(by, project)
    check_not_frozen(project)
    check_may_be_edited(project)
    version = open_version(project)
    now = app_now()
    problems = documents.problems_of_submission(version.content, on=city_day(now))
    refuse([*problems, *_pending(project)])
    version.content_sha256 = documents.sha256_of(version.content)
    version.submitted_at, version.submitted_by = now, by
    version.save(update_fields=["content_sha256", "submitted_at", "submitted_by"])
    project.submitted_at = now
    project.save(update_fields=["submitted_at", "current_version"])
    states.move(
        project, Status.SUBMITTED, by=by, role="owner", workflow=PROJECT,
        data={"version": version.number, "sha256": version.content_sha256},
    )  # fmt: skip
    _tell_office(project, f"v{version.number}")
    return project


def _tell_office(project: Project, what: str) -> None:
    """The desk of the reviewing office (a higher slice) learns of it by a job."""
    jobs.enqueue("reviews.take_in", f"{project.public_id}-{what}", project=project.public_id)


def _pending(project: Project) -> list[Problem]:
    """What was typed and could not be taken yet."""
    waiting = SectionState.objects.filter(project=project).exclude(pending={})
    return [Problem(state.section, "pending") for state in waiting.order_by("section")]


@transaction.atomic
def withdraw_project(project: Project, *, by: User, reason: str = "") -> Project:
    """Take the proposal back; it cannot be reopened."""
    project = locked(project)
    permissions.check_is_owner(by, project)
    project = _moved(project, Status.WITHDRAWN, by=by, role="owner", data={"reason": reason})
    _tell_office(project, "withdrawn")
    return project


@transaction.atomic
def start_screening(project: Project, *, by: User) -> Project:
    """A case officer takes the file and checks that it is complete."""
    return _officer_move(project, Status.SCREENING, by=by, role="case_officer")


@transaction.atomic
def open_review(project: Project, *, by: User) -> Project:
    """The file is complete: two independent reviews may begin."""
    return _officer_move(project, Status.IN_REVIEW, by=by, role="case_officer")


@transaction.atomic
def return_project(project: Project, *, by: User, role: str, reason: str) -> Project:
    """Send the file back to the owner, with the reason in words."""
    if not reason.strip():
        raise Invalid(_("Enter the reason"), code="missing", field="reason")
    return _officer_move(project, Status.RETURNED, by=by, role=role, data={"reason": reason})


@transaction.atomic
def approve_project(project: Project, *, by: User) -> Project:
    """The lead's yes; a signer lists it afterwards."""
    return _officer_move(project, Status.DECIDED, by=by, role="lead")


@transaction.atomic
def decline_project(project: Project, *, by: User, reason: str) -> Project:
    """The lead's no, with the reason in words. Declines are not public."""
    return _officer_move(project, Status.DECLINED, by=by, role="lead", data={"reason": reason})


@transaction.atomic
def carry_out_decision(project: Project, to: str, *, by: User, reason: str = "") -> Project:
    """What a signed letter says: approve, return or decline, in the name of the lead who decided.

    Whether they held the role was checked when they decided (reviews.decision_actions).
    """
    data = {"reason": reason} if reason else None
    return _moved(locked(project), to, by=by, role="lead", data=data)


@transaction.atomic
def list_project(project: Project, *, by: User) -> Project:
    """Put an approved project on the public list and make its milestones."""
    project = locked(project)
    permissions.check_is_officer(by, project, "signer")
    return list_signed(project, by=by)


@transaction.atomic
def list_signed(project: Project, *, by: User, is_high_value: bool = False) -> Project:
    """The same for a letter that `by` signed while they had the role (reviews.decision_actions).

    `is_high_value`: an officer confirmed the high-value sheet of the version that is listed.
    """
    project = locked(project)
    check_not_frozen(project)
    version = project.current_version
    assert version is not None
    apply_facts(project, version.content)
    project.listed_at, project.is_high_value = app_now(), is_high_value
    project.save()
    states.move(project, Status.LISTED, by=by, role="signer", workflow=PROJECT)
    _set_public_status(project)
    _make_milestones(project, version.content)
    refresh_search(project)
    return project


def _make_milestones(project: Project, content: Content) -> None:
    rows = content.get("milestones", [])
    texts = ("title_vi", "title_en", "evidence_vi", "evidence_en")
    Milestone.objects.bulk_create(
        Milestone(
            project=project,
            number=number,
            months_after_close=row["months_after_close"],
            amount_minor=row["amount_minor"],
            **{name: row.get(name, "") for name in texts},
        )
        for number, row in enumerate(rows, start=1)
    )


@transaction.atomic
def suspend_project(project: Project, *, by: User, reason: str) -> Project:
    """Pause: no new pledges; the page stays readable."""
    return _officer_move(project, Status.SUSPENDED, by=by, role="lead", data={"reason": reason})


@transaction.atomic
def resume_project(project: Project, *, by: User, reason: str) -> Project:
    """End a suspension."""
    return _officer_move(project, Status.LISTED, by=by, role="lead", data={"reason": reason})


@transaction.atomic
def stop_project(project: Project, *, by: User, reason: str) -> Project:
    """End a listed project before its completion, with the reason."""
    return _officer_move(project, Status.STOPPED, by=by, role="lead", data={"reason": reason})


@transaction.atomic
def freeze_project(project: Project, *, by: User, reason: str) -> Project:
    """Stop everything on any state, with a reason; nothing else is lost and it can be undone."""
    project = locked(project)
    permissions.check_is_officer(by, project, "lead")
    if project.frozen_at is not None:
        return project
    if not reason.strip():
        raise Invalid(_("Enter the reason"), code="missing", field="reason")
    project.frozen_at, project.frozen_reason = app_now(), reason
    project.save(update_fields=["frozen_at", "frozen_reason", "updated_at"])
    audit.record("project.frozen", by=by, subject=project, data={"reason": reason})
    return project


@transaction.atomic
def unfreeze_project(project: Project, *, by: User, reason: str) -> Project:
    project = locked(project)
    permissions.check_is_officer(by, project, "lead")
    if project.frozen_at is None:
        return project
    project.frozen_at, project.frozen_reason = None, ""
    project.save(update_fields=["frozen_at", "frozen_reason", "updated_at"])
    audit.record("project.unfrozen", by=by, subject=project, data={"reason": reason})
    return project


def _officer_move(
    project: Project, to: str, *, by: User, role: str, data: dict[str, Any] | None = None
) -> Project:
    project = locked(project)
    permissions.check_is_officer(by, project, role)
    return _moved(project, to, by=by, role=role, data=data)


def _moved(
    project: Project, to: str, *, by: User, role: str, data: dict[str, Any] | None = None
) -> Project:
    check_not_frozen(project)
    states.move(project, to, by=by, role=role, workflow=PROJECT, data=data)
    _set_public_status(project)
    return project


def _set_public_status(project: Project) -> None:
    project.public_status = public_status_of(
        project.status, is_call=project.is_call, before=project.public_status
    )
    project.save(update_fields=["public_status", "updated_at"])


@transaction.atomic
def show_round(project: Project, public_status: PublicStatus) -> None:
    """Let the public name of a listed project follow its round (called by `funding`, which has
    audited the change of the round); quiet when it stands so already."""
    project = locked(project)
    if project.status not in {Status.LISTED, Status.SUSPENDED}:
        return
    if project.public_status != public_status:
        project.public_status = public_status
        project.save(update_fields=["public_status", "updated_at"])


@transaction.atomic
def save_for_later(project: Project, *, by: User) -> None:
    """Put a public project on the person's saved list; quiet when it is there already."""
    if project.status not in PUBLIC:
        raise NotFound()
    try:
        with transaction.atomic():
            SavedProject.objects.create(user=by, project=project)
    except IntegrityError:
        return
    audit.record("project.saved", by=by, subject=project)


@transaction.atomic
def drop_from_saved(project: Project, *, by: User) -> None:
    """Take a project off the person's saved list; quiet when it is not there."""
    deleted, _rows = SavedProject.objects.filter(user=by, project=project).delete()
    if deleted:
        audit.record("project.unsaved", by=by, subject=project)

"""Writing a proposal section by section. Each: lock, permit, check, change, audit.

Every section has a version of its own. Whoever saves names the version that they read; when another
window was faster, nothing is written and the caller keeps the text with `set_aside`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, NotFound
from backend.projects import permissions
from backend.projects.actions import (
    apply_facts,
    check_may_be_edited,
    locked,
    open_version,
    refuse,
)
from backend.projects.content import Content
from backend.projects.models import Project, ProjectVersion
from backend.projects.models_owner import SectionSave, SectionState
from backend.projects.sections import (
    BY_KEY,
    SECTIONS,
    Section,
    draft_problems,
    merged,
    values_of,
)

# Saves of one person within this time are one row of the history.
SITTING = timedelta(minutes=10)
LEASE = timedelta(minutes=2)
MAX_PENDING = 400_000


def section_named(key: str) -> Section:
    """The section of that key; NotFound for every other text."""
    section = BY_KEY.get(key)
    if section is None:
        raise NotFound()
    return section


def _open(project: Project, key: str, by: User) -> tuple[Project, Section, SectionState]:
    """Lock and permit, as every action here begins. The project's lock covers its sections."""
    section = section_named(key)
    project = locked(project)
    permissions.check_is_owner(by, project)
    check_may_be_edited(project)
    state, _created = SectionState.objects.get_or_create(project=project, section=section.key)
    return project, section, state


def _check_unchanged(state: SectionState, expected: int) -> None:
    if state.version != expected:
        raise Conflict(
            _("This section was saved in another window. Both texts are kept."),
            code="section_changed",
        )


@transaction.atomic
def save_section(
    project: Project, key: str, values: Mapping[str, Any], *, by: User, expected: int
) -> SectionState:
    """Replace one section of a draft by `values` (keys of the document that belong to it).

    Saving the same again changes nothing, whatever `expected` says: an answer that was lost on the
    way is no conflict. Raises Conflict `section_changed` when `expected` is not the version that
    stands, ManyInvalid for values that may not be saved.
    """
    project, section, state = _open(project, key, by)
    version = open_version(project)
    content = merged(section, version.content, values)
    if content != version.content or state.pending:
        _check_unchanged(state, expected)
    refuse(draft_problems(section, content))
    _take(state, by, app_now())
    if content == version.content and not state.pending:
        state.save(update_fields=["taken_by", "taken_until"])
        project.save(update_fields=["current_version"])
        return state
    _write(project, section, state, version, content, by)
    return state


def _write(
    project: Project,
    section: Section,
    state: SectionState,
    version: ProjectVersion,
    content: Content,
    by: User,
) -> None:
    now = app_now()
    version.content = content
    version.save(update_fields=["content", "updated_at"])
    apply_facts(project, content)
    project.save()
    state.version += 1
    state.pending, state.saved_by, state.saved_at = {}, by, now
    state.save()
    if _remember(section, state, values_of(section, content), by, now):
        data = {"section": section.key, "version": version.number}
        audit.record("project.edited", by=by, subject=project, data=data)


def _remember(
    section: Section, state: SectionState, values: Content, by: User, now: datetime
) -> bool:
    """Keep the text in the history; True when that began a new row.

    One sitting of one person is one row, unless much was deleted: then the longer text stays.
    """
    last = (
        SectionSave.objects.filter(project_id=state.project_id, section=section.key)
        .order_by("-saved_at", "-id")
        .first()
    )
    same_sitting = (
        last is not None
        and last.saved_by_id == by.pk
        and not last.is_aside
        and timedelta(0) <= now - last.since_at < SITTING
        and len(str(values)) * 2 >= len(str(last.values))
    )
    if last is not None and same_sitting:
        last.values, last.version, last.saved_at = values, state.version, now
        last.save(update_fields=["values", "version", "saved_at"])
        return False
    SectionSave.objects.create(
        project_id=state.project_id, section=section.key, version=state.version, values=values,
        saved_by=by, saved_at=now, since_at=now,
    )  # fmt: skip
    return True


@transaction.atomic
def keep_pending(
    project: Project, key: str, typed: Mapping[str, list[str]], *, by: User, expected: int
) -> SectionState:
    """Keep what was typed and cannot be taken yet, as it was typed, until it is mended."""
    project, _section, state = _open(project, key, by)
    if state.pending == dict(typed):
        return state
    _check_unchanged(state, expected)
    if len(str(typed)) > MAX_PENDING:
        raise Conflict(_("This is more text than a section can hold."), code="too_long")
    now = app_now()
    state.version += 1
    state.pending, state.saved_by, state.saved_at = dict(typed), by, now
    _take(state, by, now)
    state.save()
    data = {"section": key, "pending": True}
    audit.record("project.edited", by=by, subject=project, data=data)
    return state


@transaction.atomic
def set_aside(
    project: Project, key: str, values: Mapping[str, Any], *, by: User
) -> SectionSave | None:
    """Put a text that came too late into the history, so that closing the window loses nothing."""
    project, section, state = _open(project, key, by)
    now = app_now()
    kept = values_of(section, values)
    same = SectionSave.objects.filter(
        project=project, section=key, saved_by=by, is_aside=True, values=kept
    )
    if not kept or same.exists():
        return same.first()
    audit.record("project.text_set_aside", by=by, subject=project, data={"section": key})
    return SectionSave.objects.create(
        project=project, section=key, version=state.version, values=kept, saved_by=by,
        saved_at=now, since_at=now, is_aside=True,
    )  # fmt: skip


@transaction.atomic
def take_section(project: Project, key: str, *, by: User) -> SectionState:
    """Show colleagues that this person has the section open; it locks nobody out."""
    _project, _section, state = _open(project, key, by)
    _take(state, by, app_now())
    state.save(update_fields=["taken_by", "taken_until"])
    return state


def _take(state: SectionState, by: User, now: datetime) -> None:
    is_free = state.taken_until is None or state.taken_until <= now
    if is_free or state.taken_by_id == by.pk:
        state.taken_by, state.taken_until = by, now + LEASE


@transaction.atomic
def save_draft(project: Project, content: Content, *, by: User, expected_version: int) -> Project:
    """Replace the whole text of a draft (programs). `expected_version` is the `content_version`
    that was read; every section that changes counts as saved."""
    project = locked(project)
    permissions.check_is_owner(by, project)
    check_may_be_edited(project)
    if project.content_version != expected_version:
        raise Conflict()
    version = open_version(project)
    refuse([p for section in SECTIONS for p in draft_problems(section, content)])
    for section in SECTIONS:
        if values_of(section, content) != values_of(section, version.content):
            state, _created = SectionState.objects.get_or_create(
                project=project, section=section.key
            )
            whole = merged(section, version.content, content)
            _write(project, section, state, version, whole, by)
    return project

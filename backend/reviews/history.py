"""Everything that happened to a case, as it stands in the audit log. Nobody can edit it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from backend.accounts.models import User
from backend.core.models import AuditEvent
from backend.projects.models import Project
from backend.reviews.models import Letter

LONGEST = 2_000
# Scores are blind until both are in, and drafts belong to nobody else.
HIDDEN = {"project.saved", "project.unsaved"}


@dataclass(frozen=True)
class Happening:
    """One event with the name of who did it (a closed account's id; the system's is empty)."""

    code: str
    at: datetime
    actor: str
    actor_id: str
    data: dict[str, Any]


def history_of(project: Project) -> list[Happening]:
    """Oldest first: the project's own events and those of its letters. Three queries."""
    letters = Letter.objects.filter(decision__version__project=project)
    ids = [project.public_id, *letters.values_list("public_id", flat=True)]
    events = list(
        AuditEvent.objects.filter(Q(subject_id__in=ids))
        .exclude(code__in=HIDDEN)
        .order_by("at", "id")[:LONGEST]
    )
    people = User.objects.filter(public_id__in={e.actor for e in events if e.actor})
    names = dict(people.values_list("public_id", "full_name"))
    return [Happening(e.code, e.at, names.get(e.actor) or e.actor, e.actor, e.data) for e in events]


def details_of(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What an event carries, as short pairs."""
    for key, value in data.items():
        if isinstance(value, list | dict):
            value = ", ".join(map(str, value))
        text = str(value)
        if text and len(text) <= 300:
            yield key, text

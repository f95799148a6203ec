"""State machines as tables. `move` is the only writer of a `.status` column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.core import audit
from backend.core.errors import Conflict, NotAllowed
from backend.core.workflow import Workflow


@dataclass(frozen=True)
class Moved:
    """What a move did: the status before and after."""

    before: str
    after: str


def move(
    row: Any,
    to: str,
    *,
    by: Any,
    role: str,
    workflow: Workflow,
    data: Mapping[str, Any] | None = None,
    about: Any = None,
    also: Sequence[str] = (),
) -> Moved:
    """Move a locked row to `to`, if its table has that edge for `role`, and audit it (about
    `about` where the row itself has no public id). `also` names fields that the caller has set:
    they are saved by the same UPDATE.

    Raises Conflict when the edge does not exist, NotAllowed when another role owns it. The
    database refuses illegal edges as well (trigger), so SQL cannot skip a step either.
    """
    step = workflow.edge(row.status, to)
    if step is None:
        raise Conflict(
            _("This is %(status)s now, so this step is not possible."),
            code="wrong_state",
            status=row.status,
        )
    if role not in step.by:
        raise NotAllowed()
    before = row.status
    row.status = to
    row.save(update_fields=["status", *also])
    facts = {"from": before, "to": to, **(data or {})}
    audit.record(step.audit, by=by, subject=row if about is None else about, data=facts)
    return Moved(before, to)


def move_many(
    rows: Sequence[Any],
    to: str,
    *,
    role: str,
    workflow: Workflow,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Move many locked rows of one kind and one status, as the system: one UPDATE, an audit row
    each. Raises as `move` does, before anything was changed."""
    if not rows:
        return
    before = rows[0].status
    step = workflow.edge(before, to)
    if step is None or any(row.status != before for row in rows):
        raise Conflict()
    if role not in step.by:
        raise NotAllowed()
    model = type(rows[0])
    model.objects.filter(pk__in=[row.pk for row in rows]).update(status=to)
    for row in rows:
        row.status = to
    audit.record_many(
        step.audit, by=None, subjects=rows, data={"from": before, "to": to, **(data or {})}
    )

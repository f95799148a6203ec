"""What the comparison with Stripe could not explain: opened once, with an owner and an age."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Invalid
from backend.core.money import Money
from backend.funding import permissions
from backend.funding.actions.words import written
from backend.funding.models import ReconciliationBreak

log = structlog.get_logger(__name__)
State = ReconciliationBreak.State
# A break that is older stops new payments to owners, never refunds.
BLOCKS_AFTER = timedelta(hours=24)


def open_break(
    kind: str, subject: str, *, money: Money | None = None, detail: str = ""
) -> ReconciliationBreak:
    """Note a break, or see it again when it is open already."""
    now = app_now()
    with transaction.atomic():
        row, is_new = ReconciliationBreak.objects.get_or_create(
            kind=kind, subject=subject[:120], state=State.OPEN,
            defaults={
                "currency": money.currency if money else "",
                "amount_minor": money.minor if money else 0,
                "detail": detail[:500], "opened_at": now, "last_seen_at": now,
            },
        )  # fmt: skip
        if is_new:
            audit.record("break.opened", by=None, subject=row, data={"kind": kind})
            log.error("reconciliation.break", kind=kind, subject=subject, detail=detail)
        else:
            ReconciliationBreak.objects.filter(pk=row.pk).update(
                last_seen_at=now, detail=detail[:500]
            )
    return row


def heal_break(kind: str, subject: str) -> None:
    """What was open has gone by itself (it was found, it was posted)."""
    with transaction.atomic():
        found = ReconciliationBreak.objects.select_for_update().filter(
            kind=kind, subject=subject[:120], state=State.OPEN
        )
        for row in found:
            row.state, row.closed_at = State.HEALED, app_now()
            row.save(update_fields=["state", "closed_at"])
            audit.record("break.healed", by=None, subject=row)


@transaction.atomic
def take_break(row: ReconciliationBreak, *, by: User) -> ReconciliationBreak:
    """Somebody looks after it."""
    row = ReconciliationBreak.objects.select_for_update().get(pk=row.pk)
    permissions.check_is_finance(by)
    row.owner = by
    row.save(update_fields=["owner"])
    audit.record("break.taken", by=by, subject=row)
    return row


@transaction.atomic
def explain_break(row: ReconciliationBreak, *, by: User, note: str) -> ReconciliationBreak:
    """Close it with words. Whoever looks after it does not close it: another person does."""
    row = ReconciliationBreak.objects.select_for_update().get(pk=row.pk)
    permissions.check_is_finance(by)
    note = written(note, "note", _("Write what explains it"))
    if row.owner_id is None or row.owner_id == by.pk:
        raise Invalid(_("One person looks after it, another closes it."), code="same_person")
    if row.state == State.OPEN:
        row.state, row.note, row.closed_at = State.EXPLAINED, note, app_now()
        row.save(update_fields=["state", "note", "closed_at"])
        audit.record("break.explained", by=by, subject=row)
    return row


def has_old_breaks() -> bool:
    """Whether something has stood unexplained for a day: then no new payment to an owner."""
    limit = app_now() - BLOCKS_AFTER
    return ReconciliationBreak.objects.filter(state=State.OPEN, opened_at__lt=limit).exists()

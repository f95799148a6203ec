"""What the comparison with Stripe could not explain: opened once, with an owner and an age."""

from datetime import timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
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
    """Somebody looks after it. What another wrote as its explanation goes with them."""
    row = ReconciliationBreak.objects.select_for_update().get(pk=row.pk)
    permissions.check_is_finance(by)
    if row.owner_id == by.pk or row.state != State.OPEN:
        return row
    row.owner = by
    row.note, row.explained_by, row.explained_at = "", None, None
    row.save(update_fields=["owner", "note", "explained_by", "explained_at"])
    audit.record("break.taken", by=by, subject=row)
    return row


@transaction.atomic
def explain_break(row: ReconciliationBreak, *, by: User, note: str) -> ReconciliationBreak:
    """Whoever looks after it writes what explains it; it stays open until another closes it."""
    row = _locked_open(row, by)
    note = written(note, "note", _("Write what explains it"))
    if row.owner_id != by.pk:
        raise Invalid(_("Whoever looks after it writes what explains it."), code="not_owner")
    row.note, row.explained_by, row.explained_at = note, by, app_now()
    row.save(update_fields=["note", "explained_by", "explained_at"])
    audit.record("break.explained", by=by, subject=row, data={"note": note})
    return row


def _locked_open(row: ReconciliationBreak, by: User) -> ReconciliationBreak:
    row = ReconciliationBreak.objects.select_for_update().get(pk=row.pk)
    permissions.check_is_finance(by)
    if row.state != State.OPEN:
        raise Conflict(_("Somebody decided about this already."), code="wrong_state")
    return row


def _check_another(row: ReconciliationBreak, by: User) -> None:
    if row.explained_by_id is None:
        raise Conflict(_("Nobody has written yet what explains it."), code="no_explanation")
    if row.explained_by_id == by.pk:
        raise Invalid(_("One person looks after it, another closes it."), code="same_person")


@transaction.atomic
def close_break(row: ReconciliationBreak, *, by: User) -> ReconciliationBreak:
    """A second person finds that the words explain it."""
    row = _locked_open(row, by)
    _check_another(row, by)
    row.state, row.closed_by, row.closed_at = State.EXPLAINED, by, app_now()
    row.save(update_fields=["state", "closed_by", "closed_at"])
    audit.record("break.closed", by=by, subject=row)
    return row


@transaction.atomic
def refuse_explanation(row: ReconciliationBreak, *, by: User, reason: str) -> ReconciliationBreak:
    """A second person does not: it stays open with whoever looks after it."""
    row = _locked_open(row, by)
    _check_another(row, by)
    reason = written(reason, "reason", _("Enter the reason"))
    audit.record("break.explanation_refused", by=by, subject=row,
                 data={"note": row.note, "reason": reason})  # fmt: skip
    row.note, row.explained_by, row.explained_at = "", None, None
    row.save(update_fields=["note", "explained_by", "explained_at"])
    return row


def has_old_breaks() -> bool:
    """Whether something has stood unexplained for a day: then no new payment to an owner."""
    limit = app_now() - BLOCKS_AFTER
    return ReconciliationBreak.objects.filter(state=State.OPEN, opened_at__lt=limit).exists()

"""A bank takes a charge back. What is disputed is frozen out of what the round holds."""

from django.db import transaction
from django.db.models import Sum

from backend.core import audit, states
from backend.core.clock import app_now
from backend.core.money import Money
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import books
from backend.funding.actions.breaks import open_break
from backend.funding.actions.settling import locked
from backend.funding.models import ChargeObligation, Dispute
from backend.funding.payment_workflow import (
    DISPUTE,
    DISPUTE_OPEN,
    DISPUTE_WORDS,
    REFUND_COUNTS,
    DisputeStatus,
)
from backend.ledger import book, chart

CLOSED = frozenset(
    {
        DisputeStatus.WON, DisputeStatus.LOST, DisputeStatus.INQUIRY_CLOSED,
        DisputeStatus.PREVENTED,
    }
)  # fmt: skip


def sync_dispute(stripe_id: str) -> Dispute | None:
    """Ask Stripe about a dispute and apply what it says. None when its charge is not ours."""
    found = gateway.dispute(stripe_id)
    obligation = ChargeObligation.objects.filter(stripe_charge_id=found.charge_id).first()
    if obligation is None and found.intent_id:
        obligation = ChargeObligation.objects.filter(stripe_intent_id=found.intent_id).first()
    if obligation is None:
        return None
    with transaction.atomic():
        locked(obligation)
        # Read again now that the row is locked: an older snapshot never overwrites a newer one.
        return _apply(obligation, gateway.dispute(stripe_id))


def _apply(obligation: ChargeObligation, found: gateway.DisputeFact) -> Dispute:
    to = DISPUTE_WORDS.get(found.status, DisputeStatus.NEEDS_RESPONSE)
    row = Dispute.objects.select_for_update().filter(stripe_id=found.id).first()
    if row is None:
        # A dispute that is first heard of when it is over still froze and took money.
        start = DisputeStatus.NEEDS_RESPONSE if to in {"won", "lost"} else to
        row = Dispute.objects.create(
            stripe_id=found.id, obligation=obligation, status=start,
            amount_minor=found.money.minor, currency=found.money.currency,
            reason=found.reason[:60], evidence_due_at=found.evidence_due_at, opened_at=app_now(),
        )  # fmt: skip
        audit.record(
            "dispute.opened", by=None, subject=row,
            data={"pledge": obligation.pledge.public_id, "is_inquiry": start == "inquiry"},
        )  # fmt: skip
    books.book_all(found.transactions)
    if row.status in DISPUTE_OPEN or to in DISPUTE_OPEN:
        _freeze(row)
    if row.status != to and DISPUTE.edge(row.status, to):
        states.move(row, to, by=None, role="system", workflow=DISPUTE)
    row.evidence_due_at = found.evidence_due_at
    if row.status in CLOSED and row.closed_at is None:
        row.closed_at = app_now()
        _close(row, found)
    row.save(update_fields=["evidence_due_at", "closed_at"])
    return row


def _not_given_back(row: ChargeObligation) -> int:
    """What of a charge did not go back to the card: all that a dispute may take from a round."""
    back = row.refunds.filter(status__in=sorted(REFUND_COUNTS)).aggregate(s=Sum("amount_minor"))
    return row.amount_minor - (back["s"] or 0)


def _freeze(row: Dispute) -> None:
    """Set the disputed sum aside, as far as it is still held and this pledge's own, so that nothing
    releases it. What others pledged is not touched, even when a bank takes more than was left."""
    round_id = row.obligation.round.public_id
    key = f"dispute:{row.stripe_id}:freeze"
    if row.frozen_minor or book.has_entry(key):
        return
    held = chart.held(round_id, row.currency)
    minor = min(row.amount_minor, _not_given_back(row.obligation), book.balance(held).minor)
    if minor <= 0:
        return
    book.hold(
        key, "dispute.frozen", source=held, into=chart.frozen(round_id, row.currency),
        money=Money(minor, row.currency), about=row.obligation.pledge.public_id,
    )  # fmt: skip
    row.frozen_minor = minor
    row.save(update_fields=["frozen_minor"])


def _close(row: Dispute, found: gateway.DisputeFact) -> None:
    freeze = f"dispute:{row.stripe_id}:freeze"
    key, about = f"dispute:{row.stripe_id}:{row.status}", row.obligation.pledge.public_id
    if row.status != DisputeStatus.LOST:
        if row.frozen_minor:
            book.release(key, "dispute.released", hold_key=freeze, about=about)
        return
    taken = _taken(found)
    if taken is None:
        open_break("dispute_without_transaction", row.public_id, money=row.amount)
        return
    hold = chart.dispute_hold(taken.currency)
    is_same = taken.currency == row.currency
    through = hold if is_same else chart.fx_position(row.currency)
    if row.frozen_minor:
        book.settle(f"{key}:held", "dispute.lost", hold_key=freeze, to=through, about=about)
    legs = []
    released = min(row.amount_minor, _not_given_back(row.obligation)) - row.frozen_minor
    if released > 0:
        # What was released before the bank took it back is owed by the project.
        owed = chart.project_receivable(row.obligation.round.project.public_id, row.currency)
        legs.append(book.Leg(owed, through, Money(released, row.currency)))
    twice = row.amount_minor - row.frozen_minor - max(released, 0)
    if twice > 0:
        # The card had it back already: neither the round nor the project owes it a second time.
        loss = Money(twice, row.currency)
        legs.append(book.Leg(chart.chargeback_loss(row.currency), through, loss))
        open_break("given_back_twice", row.public_id, money=loss, detail=about)
    if not is_same:
        position = chart.fx_position(taken.currency)
        legs.append(book.Leg(position, hold, Money(-taken.amount_minor, taken.currency)))
    if legs:
        book.post(f"{key}:rest", "dispute.lost", legs, about=about)


def _taken(found: gateway.DisputeFact) -> gateway.Transaction | None:
    return next((t for t in found.transactions if t.amount_minor < 0), None)


def sync_open_disputes() -> None:
    """Nightly: every dispute that is not over is asked for."""
    for row in Dispute.objects.exclude(status__in=sorted(CLOSED)):
        sync_dispute(row.stripe_id)

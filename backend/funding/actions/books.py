"""Stripe's balance transactions into the book: every line once, from what really moved.

Nothing is ever posted from an estimate. A line whose source is unknown here is kept without an
entry; the daily comparison puts it into suspense and opens a break.
"""

from collections.abc import Iterable

import structlog
from django.db import transaction

from backend.core.money import Money
from backend.funding import stripe_gateway as gateway
from backend.funding.models import BalanceTransaction, ChargeObligation, Dispute, Refund
from backend.ledger import book, chart
from backend.ledger.chart import Address

log = structlog.get_logger(__name__)
# The keys of entries that only put a line into suspense.
SUSPENDED = "bt-unexplained:"


def _leg(debit: Address, credit: Address, minor: int) -> list[book.Leg]:
    """A leg of `minor`, turned round when it is negative, none when it is zero."""
    if minor < 0:
        debit, credit, minor = credit, debit, -minor
    return [book.Leg(debit, credit, Money(minor, debit.currency))] if minor else []


def is_suspended(row: BalanceTransaction) -> bool:
    return (row.entry_key or "").startswith(SUSPENDED)


@transaction.atomic
def book_transaction(fact: gateway.Transaction) -> bool:
    """Mirror one balance transaction and post it. Whether it stands in the book now."""
    row, _created = BalanceTransaction.objects.select_for_update().get_or_create(
        id=fact.id,
        defaults={
            "type": fact.type, "category": fact.category, "source_id": fact.source_id,
            "currency": fact.currency, "amount_minor": fact.amount_minor,
            "fee_minor": fact.fee_minor, "net_minor": fact.net_minor,
            "exchange_rate": fact.exchange_rate, "payout_id": fact.payout_id,
            "created": fact.created, "available_on": fact.available_on,
        },
    )  # fmt: skip
    if fact.payout_id and not row.payout_id:
        row.payout_id = fact.payout_id
        row.save(update_fields=["payout_id"])
    if row.entry_key is not None and not is_suspended(row):
        return True
    found = _legs_of(fact)
    if found is None:
        return row.entry_key is not None
    reason, about, legs = found
    if row.entry_key is not None:
        # It could not be explained for a while (an old backup was restored): out of suspense.
        book.reverse(f"bt:{fact.id}:found", "stripe.explained", reversed_key=row.entry_key)
    entry = book.post(f"bt:{fact.id}", reason, legs, about=about, at=fact.created)
    row.entry_key = entry.key
    row.save(update_fields=["entry_key"])
    return True


Posting = tuple[str, str, list[book.Leg]]


def _legs_of(fact: gateway.Transaction) -> Posting | None:
    if fact.type in {"charge", "payment"}:
        return _charge(fact)
    if fact.type in {"refund", "payment_refund"}:
        return _refund(fact)
    if fact.type in {"refund_failure", "payment_failure_refund"}:
        return _refund_failure(fact)
    if fact.category in {"dispute", "dispute_reversal"}:
        return _dispute(fact)
    if fact.type in {"payout", "payout_failure", "payout_cancel"}:
        return _payout(fact)
    if fact.type == "stripe_fee":
        stripe, fees = chart.stripe_balance(fact.currency), chart.stripe_fees(fact.currency)
        return "stripe.fee", fact.source_id, _leg(fees, stripe, -fact.net_minor)
    return None


def _places(currency: str) -> tuple[Address, Address, Address]:
    return (
        chart.stripe_balance(currency), chart.stripe_fees(currency), chart.fx_position(currency)
    )  # fmt: skip


def _charge(fact: gateway.Transaction) -> Posting | None:
    row = (
        ChargeObligation.objects.filter(stripe_charge_id=fact.source_id)
        .select_related("round", "pledge")
        .only("amount_minor", "currency", "round__public_id", "pledge__public_id")
        .first()
    )
    if row is None:
        return None
    stripe, fees, position = _places(fact.currency)
    held = chart.held(row.round.public_id, row.currency)
    if fact.currency == row.currency:
        if fact.amount_minor != row.amount_minor:
            return None
        legs = [*_leg(stripe, held, fact.net_minor), *_leg(fees, held, fact.fee_minor)]
    else:
        legs = [
            *_leg(stripe, position, fact.net_minor),
            *_leg(fees, position, fact.fee_minor),
            *_leg(chart.fx_position(row.currency), held, row.amount_minor),
        ]
    return "charge.collected", row.pledge.public_id, legs


def _refund_row(fact: gateway.Transaction) -> Refund | None:
    return (
        Refund.objects.filter(stripe_refund_id=fact.source_id)
        .select_related("obligation__round", "obligation__pledge")
        .first()
    )


def _refund(fact: gateway.Transaction) -> Posting | None:
    row = _refund_row(fact)
    if row is None:
        return None
    held = chart.held(row.obligation.round.public_id, row.currency)
    return "refund.paid", row.obligation.pledge.public_id, _back(fact, held, row.amount_minor)


def _refund_failure(fact: gateway.Transaction) -> Posting | None:
    """The money came back from the card: it is owed to the investor by another way."""
    row = _refund_row(fact)
    if row is None:
        return None
    owed = chart.refunds_pending(row.currency)
    return "refund.failed", row.obligation.pledge.public_id, _back(fact, owed, -row.amount_minor)


def _back(fact: gateway.Transaction, owed: Address, minor: int) -> list[book.Leg]:
    """`minor` less (or, negative, more) owed; Stripe moved `fact.amount_minor` for it."""
    stripe, fees, position = _places(fact.currency)
    extra = _leg(fees, stripe, fact.fee_minor)
    if fact.currency == owed.currency:
        return [*_leg(owed, stripe, minor), *extra]
    return [
        *_leg(owed, chart.fx_position(owed.currency), minor),
        *_leg(position, stripe, -fact.amount_minor),
        *extra,
    ]


def _dispute(fact: gateway.Transaction) -> Posting | None:
    row = (
        Dispute.objects.filter(stripe_id=fact.source_id)
        .select_related("obligation__pledge")
        .first()
    )
    if row is None:
        return None
    stripe, fees, _position = _places(fact.currency)
    taken = chart.dispute_hold(fact.currency)
    legs = [*_leg(taken, stripe, -fact.amount_minor), *_leg(fees, stripe, fact.fee_minor)]
    return f"dispute.{fact.category}", row.obligation.pledge.public_id, legs


def _payout(fact: gateway.Transaction) -> Posting:
    stripe, fees, _position = _places(fact.currency)
    transit = chart.stripe_transit(fact.currency)
    legs = [*_leg(transit, stripe, -fact.amount_minor), *_leg(fees, stripe, fact.fee_minor)]
    return f"stripe.{fact.type}", fact.source_id, legs


def book_all(facts: Iterable[gateway.Transaction]) -> int:
    """Book what is known; how many lines stay without an entry."""
    return sum(not book_transaction(fact) for fact in facts)


def suspend(row: BalanceTransaction) -> None:
    """A line that nobody can explain: into suspense, so that the book equals Stripe."""
    with transaction.atomic():
        row = BalanceTransaction.objects.select_for_update().get(pk=row.pk)
        if row.entry_key is not None or not row.net_minor:
            return
        stripe, suspense = chart.stripe_balance(row.currency), chart.suspense(row.currency)
        entry = book.post(
            f"{SUSPENDED}{row.id}", "stripe.unexplained", _leg(stripe, suspense, row.net_minor),
            about=row.source_id, at=row.created,
        )  # fmt: skip
        row.entry_key = entry.key
        row.save(update_fields=["entry_key"])

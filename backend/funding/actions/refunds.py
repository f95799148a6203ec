"""Money on its way back. Nothing that was refunded can be refunded again; every line is Stripe's.

The same two guards as for a charge: our row and its key first, then the call; after a lost answer
the list of refunds of that payment is asked before anything is sent again.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from backend.core import audit, jobs, states
from backend.core.clock import app_now
from backend.core.errors import Conflict
from backend.core.money import Money
from backend.funding import failpoints
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import books, stuck
from backend.funding.actions.bank_returns import owe
from backend.funding.actions.breaks import open_break
from backend.funding.actions.given_back import free_of, settle_pledge
from backend.funding.actions.rounds import locked_round
from backend.funding.actions.settling import locked, tell_pledge
from backend.funding.models import ChargeObligation, Pledge, Refund, Round
from backend.funding.payment_workflow import (
    DISPUTE_OPEN,
    REFUND,
    REFUND_COUNTS,
    DisputeStatus,
    ObligationStatus,
    RefundStatus,
)
from backend.funding.workflow import PledgeStatus
from backend.ledger import book

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=3)
BATCH = 20
WORDS = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.CANCELLED,
}


class NothingLeft(Conflict):
    code = "nothing_left"
    message = _("That much cannot be given back: it was refunded, released or is disputed.")


@transaction.atomic
def refund_obligation(
    obligation: ChargeObligation, *, reason: str, amount: Money | None = None
) -> Refund:
    """Give a collected charge back, whole or in part. Only the system does: a round fell short, a
    milestone was not met (two officers), a pledge was taken back while it was charged.

    Raises NothingLeft when that much is not there: refunds so far, lost disputes and what was
    released to the project are taken off. An open dispute stops refunds.
    """
    # The round too: a release of the same money waits here, and the other way round.
    locked_round(obligation.round)
    pledge, row = locked(obligation)
    if row.status != ObligationStatus.SUCCEEDED:
        raise Conflict(_("Nothing was collected for this pledge."), code="wrong_state")
    if row.disputes.filter(status__in=sorted(DISPUTE_OPEN)).exists():
        raise Conflict(
            _("The bank disputes this payment. It cannot be given back until that is decided."),
            code="disputed",
        )
    left = refundable(row)
    wanted = amount or left
    if wanted.minor <= 0 or wanted > left:
        raise NothingLeft()
    try:
        with transaction.atomic():
            refund = Refund.objects.create(
                obligation=row,
                amount_minor=wanted.minor,
                currency=wanted.currency,
                reason=reason.strip()[:40],
                next_at=app_now(),
            )
    except IntegrityError as error:
        raise NothingLeft() from error
    audit.record(
        "refund.asked",
        by=None,
        subject=refund,
        data={"pledge": pledge.public_id, "amount_minor": wanted.minor},
    )
    tell_pledge(pledge, PledgeStatus.REFUNDING, amount_minor=wanted.minor, reason=reason)
    jobs.enqueue("funding.send_refunds", refund.public_id, refund_id=refund.public_id)
    return refund


def refundable(row: ChargeObligation) -> Money:
    """What of a charge can still be given back: not refunded, not lost, and still held."""
    back = row.refunds.filter(status__in=sorted(REFUND_COUNTS)).aggregate(s=Sum("amount_minor"))
    lost = row.disputes.filter(status=DisputeStatus.LOST).aggregate(s=Sum("amount_minor"))
    left = row.amount_minor - (back["s"] or 0) - (lost["s"] or 0)
    held = free_of(row.round, row.currency)
    return Money(max(0, min(left, held)), row.currency)


# --- the queue ------------------------------------------------------------------------------------

_LEASE = """
UPDATE funding_refund SET leased_until = now() + make_interval(secs => %s)
WHERE id IN (
    SELECT id FROM funding_refund
    WHERE next_at IS NOT NULL AND next_at <= app_now()
        AND (leased_until IS NULL OR leased_until < now())
    ORDER BY next_at, id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id
"""


def send_due(*, limit: int = 500) -> int:
    """Send and follow the refunds that are due. Several workers may run this at once."""
    done = 0
    while done < limit:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_LEASE, [LEASE.total_seconds(), BATCH])
            ids = sorted(row[0] for row in cursor.fetchall())
        if not ids:
            return done
        for id_ in ids:
            try:
                advance(Refund.objects.select_related("obligation__round").get(pk=id_))
            except Exception as error:
                # One that fails in a way that was not foreseen never holds up the others.
                stuck.survive(error)
                refund = Refund.objects.get(pk=id_)
                _back_off(refund, None)
                stuck.show(refund.public_id, error)
            finally:
                Refund.objects.filter(pk=id_).update(leased_until=None)
            done += 1
    return done


def advance(refund: Refund) -> None:
    """One refund as far as it goes now."""
    try:
        if refund.stripe_refund_id:
            sync_refund(refund)
        else:
            _send(refund)
    except gateway.TryLater as error:
        _back_off(refund, error.after_s)
    except (gateway.Unknown, gateway.NotSetUp):
        _back_off(refund, None)


def _back_off(refund: Refund, after_s: float | None) -> None:
    refund.errors = min(refund.errors + 1, 1000)
    spread = ((refund.pk * 2_654_435_761 + refund.errors * 40_503) % 1000) / 1000
    ceiling = min(600.0, 2.0 * 2 ** min(refund.errors, 9))
    pause = after_s if after_s is not None else 1 + ceiling * spread
    Refund.objects.filter(pk=refund.pk).update(
        errors=refund.errors, next_at=app_now() + timedelta(seconds=pause)
    )


@dataclass(frozen=True)
class _Send:
    params: dict[str, Any]
    key: str


def _send(refund: Refund) -> None:
    if refund.sent_at is not None and (found := _sent_before(refund)) is not None:
        _keep(refund, found)
        return
    wanted = _prepare(refund)
    if wanted is None:
        return
    failpoints.fp("before_refund")
    try:
        found = gateway.create_refund(wanted.params, key=wanted.key)
    except gateway.Unknown as error:
        if error.is_kept:
            Refund.objects.filter(pk=refund.pk).update(key_no=refund.key_no + 1)
        raise
    except gateway.Refused as error:
        _refused(refund, error)
        return
    failpoints.fp("after_refund")
    _keep(refund, found)


def _sent_before(refund: Refund) -> gateway.RefundFact | None:
    """A refund that was made while its answer got lost."""
    intent_id = refund.obligation.stripe_intent_id
    assert intent_id is not None
    for found in gateway.refunds_of(intent_id):
        if found.metadata.get("refund_id") == refund.public_id:
            return found
    return None


@transaction.atomic
def _prepare(refund: Refund) -> _Send | None:
    locked(refund.obligation)
    refund = Refund.objects.select_for_update().get(pk=refund.pk)
    if refund.stripe_refund_id or refund.status not in {
        RefundStatus.CREATED, RefundStatus.SUBMITTED,
    }:  # fmt: skip
        return None
    intent_id = refund.obligation.stripe_intent_id
    assert intent_id is not None
    if refund.status == RefundStatus.CREATED:
        states.move(refund, RefundStatus.SUBMITTED, by=None, role="system", workflow=REFUND)
    refund.sent_at = app_now()
    refund.save(update_fields=["sent_at"])
    params = gateway.refund_params(
        intent_id=intent_id, money=refund.amount, refund_id=refund.public_id
    )
    return _Send(params, f"{settings.STRIPE_ENV_NAME}:rf:{refund.public_id}:{refund.key_no}")


@transaction.atomic
def _refused(refund: Refund, error: gateway.Refused) -> None:
    """Stripe will not give it back (refunded by hand, disputed): it ends, and somebody looks."""
    Round.objects.select_for_update().get(pk=refund.obligation.round_id)
    pledge, _row = locked(refund.obligation)
    refund = Refund.objects.select_for_update().get(pk=refund.pk)
    if refund.status in {RefundStatus.CREATED, RefundStatus.SUBMITTED}:
        states.move(
            refund, RefundStatus.CANCELLED, by=None, role="system", workflow=REFUND,
            data={"code": error.code},
        )  # fmt: skip
        refund.next_at, refund.finished_at = None, app_now()
        refund.save(update_fields=["next_at", "finished_at"])
        open_break("refund_refused", refund.public_id, money=refund.amount, detail=error.code)
        settle_pledge(pledge)


def _keep(refund: Refund, found: gateway.RefundFact) -> None:
    Refund.objects.filter(pk=refund.pk, stripe_refund_id__isnull=True).update(
        stripe_refund_id=found.id
    )
    sync_refund(Refund.objects.select_related("obligation__round").get(pk=refund.pk), found)


def sync_refund(refund: Refund, answer: gateway.RefundFact | None = None) -> None:
    """Read the refund again under the row's lock and apply what it says."""
    with transaction.atomic():
        # A pledge that went back whole gives its place back, which locks the round: so it is first.
        Round.objects.select_for_update().get(pk=refund.obligation.round_id)
        pledge, _row = locked(refund.obligation)
        refund = Refund.objects.select_for_update().get(pk=refund.pk)
        assert refund.stripe_refund_id is not None
        found = answer or gateway.refund(refund.stripe_refund_id)
        if found.money != refund.amount:
            open_break("wrong_refund", found.id, money=found.money, detail=refund.public_id)
            return
        _apply(pledge, refund, found)
        settle_pledge(pledge)


def _apply(pledge: Pledge, refund: Refund, found: gateway.RefundFact) -> None:
    to = WORDS.get(found.status, RefundStatus.PENDING)
    if refund.status != to and REFUND.edge(refund.status, to):
        states.move(
            refund, to, by=None, role="system", workflow=REFUND,
            data={"amount_minor": refund.amount_minor, "currency": refund.currency},
        )  # fmt: skip
    is_booked = True
    for fact in (found.transaction, found.failure_transaction):
        if fact is not None:
            is_booked = _book(refund, fact) and is_booked
    if is_booked and found.failure_transaction is not None:
        # The card sent it back: it is the person's all the same, and goes by bank.
        owe(pledge, refund.amount, key=f"rf:{refund.public_id}", reason="refund_failed")
    waits = to == RefundStatus.PENDING or (found.transaction is None and to != RefundStatus.FAILED)
    refund.next_at = app_now() + timedelta(hours=1) if waits else None
    if to not in {RefundStatus.PENDING, RefundStatus.SUBMITTED}:
        refund.finished_at = refund.finished_at or app_now()
    refund.save(update_fields=["next_at", "finished_at"])


def _book(refund: Refund, fact: gateway.Transaction) -> bool:
    try:
        return books.book_transaction(fact)
    except book.Overdrawn:
        open_break("not_held", refund.public_id, money=refund.amount, detail=fact.id)
        return False


def refund_unwanted(obligation: ChargeObligation) -> None:
    """A pledge was taken back while its charge was on its way: all of it goes back."""
    if obligation.refunds.exists():
        return
    if refundable(obligation).minor < obligation.amount_minor:
        # The balance transaction is not there yet: the job comes again.
        raise gateway.TryLater("not in the book yet")
    refund_obligation(obligation, reason="withdrawn")


def refund_round(round_: Round) -> int:
    """Give back everything that a failed round collected. Safe to run twice."""
    rows = ChargeObligation.objects.filter(round=round_, status=ObligationStatus.SUCCEEDED)
    # What the bank disputes waits for its decision; the others do not wait with it.
    rows = rows.exclude(disputes__status__in=sorted(DISPUTE_OPEN))
    count = 0
    for row in rows.select_related("round", "pledge"):
        if refundable(row).minor > 0:
            refund_obligation(row, reason="round_failed")
            count += 1
    return count

"""What a payment intent says, applied to our rows: the one place where a charge changes its mind.

Callers hold no lock; `locked` takes the pledge's and the obligation's, in this order.
"""

from datetime import timedelta
from typing import Any

import structlog

from backend.core import jobs, states
from backend.core.clock import app_now
from backend.funding import declines
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import books
from backend.funding.actions.breaks import open_break
from backend.funding.declines import Class
from backend.funding.models import ChargeObligation, PaymentAttempt, Pledge
from backend.funding.payment_workflow import OBLIGATION, ObligationStatus
from backend.funding.workflow import PLEDGE, PLEDGE_OWED, PledgeStatus

log = structlog.get_logger(__name__)
Outcome = PaymentAttempt.Outcome
OPEN_ATTEMPT = (Outcome.PREPARED, Outcome.SENT, Outcome.PROCESSING)


def locked(row: ChargeObligation) -> tuple[Pledge, ChargeObligation]:
    """The pledge's row, then the obligation's, locked and fresh. Needs a transaction."""
    pledge = Pledge.objects.select_for_update().get(pk=row.pledge_id)
    fresh = ChargeObligation.objects.select_for_update().get(pk=row.pk)
    fresh.pledge = pledge
    return pledge, fresh


def tell_pledge(pledge: Pledge, to: PledgeStatus, **data: Any) -> None:
    """Move a locked pledge as the system, if it is not there and the step exists."""
    if pledge.status == to or PLEDGE.edge(pledge.status, to) is None:
        return
    states.move(pledge, to, by=None, role="system", workflow=PLEDGE, data=data)


def apply_intent(
    pledge: Pledge, row: ChargeObligation, found: gateway.Intent, *, is_answer: bool
) -> bool:
    """Apply a snapshot to locked rows. False when it shows that the open try was not taken up.

    `is_answer`: the snapshot follows a confirmation that was answered, so an error is that try's.
    """
    if not _is_ours(row, found):
        return True
    if found.status == "succeeded":
        _succeed(pledge, row, found)
        return True
    if row.status in {ObligationStatus.SUCCEEDED, ObligationStatus.CANCELLED}:
        return True
    if found.status == "canceled":
        _cancelled_elsewhere(pledge, row)
        return True
    attempt = row.attempts.filter(outcome__in=OPEN_ATTEMPT).order_by("-n").first()
    if found.status == "processing":
        _processing(row, attempt)
        return True
    if found.status == "requires_action":
        _needs_action(pledge, row, attempt, "authentication")
        return True
    if found.status == "requires_payment_method" and _is_new_error(row, attempt, found, is_answer):
        _declined(pledge, row, attempt, found)
        return True
    return attempt is None


def _is_ours(row: ChargeObligation, found: gateway.Intent) -> bool:
    """The object that Stripe gave must be the one that we made: same sum, same row."""
    facts = (found.id, found.money, found.metadata.get("obligation_id"))
    if facts == (row.stripe_intent_id, row.amount, row.public_id):
        return True
    log.critical("charge.intent_differs", charge=row.public_id, intent=found.id)
    open_break("wrong_intent", found.id, money=found.money, detail=f"expected {row.public_id}")
    row.next_at = app_now() + timedelta(hours=1)
    row.save(update_fields=["next_at"])
    return False


def _succeed(pledge: Pledge, row: ChargeObligation, found: gateway.Intent) -> None:
    now = app_now()
    if row.status == ObligationStatus.CANCELLED:
        log.critical("charge.after_cancel", charge=row.public_id)
        open_break("charged_after_cancel", row.public_id, money=row.amount, detail=found.id)
        return
    is_new = row.status != ObligationStatus.SUCCEEDED
    # Until the balance transaction is there the row is looked at again: nothing is posted before.
    row.next_at = None if found.transaction else now + timedelta(minutes=10)
    if is_new:
        row.stripe_charge_id, row.finished_at, row.reason = found.charge_id, now, ""
        row.errors = 0
        states.move(
            row, ObligationStatus.SUCCEEDED, by=None, role="system", workflow=OBLIGATION,
            also=("stripe_charge_id", "finished_at", "reason", "next_at", "errors"),
        )  # fmt: skip
        row.attempts.filter(outcome__in=OPEN_ATTEMPT).update(
            outcome=Outcome.SUCCEEDED, finished_at=now, stripe_charge_id=found.charge_id
        )
    else:
        row.save(update_fields=["next_at"])
    if is_new and pledge.status in PLEDGE_OWED:
        tell_pledge(
            pledge, PledgeStatus.COLLECTED, amount_minor=row.amount_minor, currency=row.currency
        )
    elif is_new:
        # Taken back while the charge was on its way: it goes back at once.
        jobs.enqueue("funding.refund_unwanted", row.public_id, obligation_id=row.public_id)
    if found.transaction:
        books.book_transaction(found.transaction)


def _cancelled_elsewhere(pledge: Pledge, row: ChargeObligation) -> None:
    """Somebody cancelled the intent at Stripe: it can never be collected, so the pledge ends."""
    row.next_at = app_now()
    row.grace_until = min(row.grace_until, row.next_at)
    row.save(update_fields=["next_at", "grace_until"])


def _processing(row: ChargeObligation, attempt: PaymentAttempt | None) -> None:
    if row.status == ObligationStatus.CONFIRMING:
        states.move(row, ObligationStatus.PROCESSING, by=None, role="system", workflow=OBLIGATION)
    if attempt is not None:
        attempt.outcome = Outcome.PROCESSING
        attempt.save(update_fields=["outcome"])
    row.next_at = app_now() + timedelta(minutes=30)
    row.save(update_fields=["next_at"])


def _is_new_error(
    row: ChargeObligation,
    attempt: PaymentAttempt | None,
    found: gateway.Intent,
    is_answer: bool,
) -> bool:
    if not found.error_code:
        return False
    is_known = (
        bool(found.charge_id) and row.attempts.filter(stripe_charge_id=found.charge_id).exists()
    )
    if attempt is not None:
        return is_answer or not is_known
    # The person came back from the bank's page without having passed it.
    return row.status == ObligationStatus.NEEDS_ACTION and not is_known


def _declined(
    pledge: Pledge, row: ChargeObligation, attempt: PaymentAttempt | None, found: gateway.Intent
) -> None:
    attempt = attempt or row.attempts.order_by("-n").first()
    if attempt is not None:
        attempt.outcome, attempt.finished_at = Outcome.DECLINED, app_now()
        attempt.stripe_charge_id = found.charge_id
        attempt.decline_code, attempt.advice_code = found.decline_code[:60], found.advice_code[:60]
        attempt.save()
    kind = declines.classify(found.error_code, found.decline_code, found.advice_code)
    reason = declines.reason_of(found.error_code, found.decline_code)
    if kind == Class.AUTHENTICATE:
        _needs_action(pledge, row, None, reason)
        return
    row.declines += 1
    next_at = declines.next_try_at(row.sent_at or app_now(), row.declines)
    is_soft = kind == Class.RETRY and next_at is not None and next_at < row.grace_until
    to = ObligationStatus.SOFT_FAILED if is_soft else ObligationStatus.HARD_FAILED
    if row.status != to:
        states.move(row, to, by=None, role="system", workflow=OBLIGATION, data={"reason": reason})
    row.reason, row.errors = reason, 0
    row.next_at = next_at if is_soft else app_now()
    row.save(update_fields=["declines", "reason", "next_at", "errors"])
    if is_soft:
        tell_pledge(pledge, PledgeStatus.RETRY_WAIT, reason=reason, next_at=next_at)
    else:
        tell_pledge(pledge, PledgeStatus.ACTION_REQUIRED, reason=reason)


def _needs_action(
    pledge: Pledge, row: ChargeObligation, attempt: PaymentAttempt | None, reason: str
) -> None:
    if attempt is not None:
        attempt.outcome, attempt.finished_at = Outcome.NEEDS_ACTION, app_now()
        attempt.save(update_fields=["outcome", "finished_at"])
    if row.status != ObligationStatus.NEEDS_ACTION:
        states.move(row, ObligationStatus.NEEDS_ACTION, by=None, role="system", workflow=OBLIGATION)
        row.next_at = app_now()
    row.reason, row.errors = reason, 0
    row.save(update_fields=["reason", "next_at", "errors"])
    tell_pledge(pledge, PledgeStatus.ACTION_REQUIRED, reason=reason)

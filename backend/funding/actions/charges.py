"""Collecting a pledge exactly once: the charge protocol (README, "How a charge is made").

Two durable steps: the payment intent is made unconfirmed and its id is committed, then it is
confirmed. It can succeed only once, so after any crash, timeout or lost answer the row asks Stripe
about the intent that it knows, and never makes a second one to confirm. Keys are the second guard.

A worker leases a row; nothing here holds a transaction open during a call, except the re-reading
under the row's lock in `sync`. Lock order: (project, round when a place is given back), pledge,
obligation.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction

from backend.core import audit, states
from backend.core.clock import app_now
from backend.funding import failpoints
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import control, rounds, stuck
from backend.funding.actions.cards import card_of
from backend.funding.actions.settling import apply_intent, locked, tell_pledge
from backend.funding.models import (
    ChargeObligation,
    PaymentAttempt,
    Pledge,
    Round,
    StripeCustomer,
)  # fmt: skip
from backend.funding.payment_workflow import OBLIGATION, UNKNOWN, ObligationStatus
from backend.funding.workflow import PLEDGE_OWED, PledgeStatus, RoundStatus

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=3)
BATCH = 20
# A key of Stripe may be forgotten after a day: then only the intent itself is asked.
KEY_LASTS = timedelta(hours=23)
MOST_STEPS = 8
LONGEST_PAUSE_S = 600.0
CHARGING = frozenset({RoundStatus.CHARGING, RoundStatus.SETTLING})
Outcome = PaymentAttempt.Outcome
OPEN_ATTEMPT = (Outcome.PREPARED, Outcome.SENT, Outcome.PROCESSING)


# --- the queue ------------------------------------------------------------------------------------

_LEASE = """
UPDATE funding_chargeobligation SET leased_until = now() + make_interval(secs => %s)
WHERE id IN (
    SELECT id FROM funding_chargeobligation
    WHERE next_at IS NOT NULL AND next_at <= app_now()
        AND (leased_until IS NULL OR leased_until < now())
    ORDER BY next_at, id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id
"""


def charge_due(*, limit: int = 500) -> int:
    """Take up what is due, a few rows at a time, until nothing is left or the pace says wait.

    Several workers may run this at once. Returns how many rows were taken up.
    """
    done = 0
    while done < limit:
        ids = _lease(min(BATCH, limit - done))
        if not ids:
            break
        for number, id_ in enumerate(ids):
            if not _advance_leased(id_):
                _give_back(ids[number + 1 :])
                return done
            done += 1
    return done


def _lease(count: int) -> list[int]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LEASE, [LEASE.total_seconds(), count])
        return sorted(row[0] for row in cursor.fetchall())


def _give_back(ids: list[int]) -> None:
    ChargeObligation.objects.filter(pk__in=ids).update(leased_until=None)


def _advance_leased(id_: int) -> bool:
    """False when charging must pause (switch or pace); the row is then free again."""
    try:
        advance(id_)
    except (control_paused, gateway.NotSetUp):
        return False
    except Exception as error:
        _stand_aside(id_, error)
    finally:
        _give_back([id_])
    return True


def _stand_aside(id_: int, error: Exception) -> None:
    """What fails in a way that was not foreseen waits and is shown; the others go on."""
    stuck.survive(error)
    row = ChargeObligation.objects.get(pk=id_)
    _back_off(row, None, repr(error))
    stuck.show(row.public_id, error)


class control_paused(Exception):
    """The kill switch is set or the pace is used up."""


def advance(id_: int) -> None:
    """Take one obligation as far as it goes now. The caller holds its lease."""
    rows = ChargeObligation.objects.select_related("pledge", "round__project")
    for _ in range(MOST_STEPS):
        row = rows.get(pk=id_)
        if not _step(row, app_now()):
            return
    _pause(row, timedelta(minutes=1))


def _step(row: ChargeObligation, now: datetime) -> bool:
    """One step of a row that was just read; True when another may follow at once."""
    try:
        if row.status in UNKNOWN:
            return _resolve(row)
        if row.status == ObligationStatus.SUCCEEDED:
            sync(row)
            return False
        if _is_over(row, now):
            give_up(row)
            return False
        if row.status == ObligationStatus.NEW or not row.stripe_intent_id:
            return _make_intent(row, now)
        if _waits_for_the_person(row):
            return False
        return _confirm(row)
    except gateway.TryLater as error:
        _back_off(row, error.after_s, repr(error))
    except gateway.Unknown as error:
        _back_off(row, None, repr(error))
    return False


def _is_over(row: ChargeObligation, now: datetime) -> bool:
    """The time to pay is over, or nothing is owed any more though an intent stands."""
    if now >= row.grace_until:
        return True
    is_owed = row.pledge.status in PLEDGE_OWED and row.round.status in CHARGING
    return bool(row.stripe_intent_id) and not is_owed


def _waits_for_the_person(row: ChargeObligation) -> bool:
    """Nothing to do but to remind, until there is another card."""
    waits = {ObligationStatus.NEEDS_ACTION, ObligationStatus.HARD_FAILED}
    if row.status not in waits or row.has_new_card:
        return False
    remind(row)
    return True


def _back_off(row: ChargeObligation, after_s: float | None, about: str) -> None:
    """Full jitter up to ten minutes, or what Stripe asked for."""
    row.errors = min(row.errors + 1, 1000)
    ceiling = min(LONGEST_PAUSE_S, 2.0 * 2 ** min(row.errors, 9))
    # The row's own number spreads rows apart; no dice, so a run can be repeated.
    spread = ((row.pk * 2_654_435_761 + row.errors * 40_503) % 1000) / 1000
    pause = after_s if after_s is not None else 1 + ceiling * spread
    log.warning("charge.waits", charge=row.public_id, error=about, seconds=round(pause, 1))
    ChargeObligation.objects.filter(pk=row.pk).update(
        errors=row.errors, next_at=app_now() + timedelta(seconds=pause)
    )


def _pause(row: ChargeObligation, pause: timedelta) -> None:
    ChargeObligation.objects.filter(pk=row.pk).update(next_at=app_now() + pause)


# --- step one: the intent -------------------------------------------------------------------------


@dataclass(frozen=True)
class _Create:
    params: dict[str, Any]
    key: str


def _make_intent(row: ChargeObligation, now: datetime) -> bool:
    if _may_be_made(row, now) and (found := _intent_made_before(row)) is not None:
        return _keep_intent(row, found)
    if control.is_stopped():
        raise control_paused
    wanted = _prepare_create(row)
    if wanted is None:
        return False
    failpoints.fp("before_create")
    try:
        found = gateway.create_intent(wanted.params, key=wanted.key)
    except gateway.Unknown as error:
        if error.is_kept:
            ChargeObligation.objects.filter(pk=row.pk).update(create_no=row.create_no + 1)
        raise
    except gateway.Refused as error:
        return _cannot_create(row, error)
    failpoints.fp("after_create")
    return _keep_intent(row, found)


def _may_be_made(row: ChargeObligation, now: datetime) -> bool:
    """A call was sent, or one may have been that this database forgot (a backup was restored) and
    so long ago that its key does not guard any more."""
    return row.create_sent_at is not None or now > row.due_at + KEY_LASTS


def _intent_made_before(row: ChargeObligation) -> gateway.Intent | None:
    """An intent that was made while its answer got lost: the list is asked, not search."""
    customer = StripeCustomer.objects.filter(investor_id=row.pledge.investor_id).first()
    if customer is None:
        return None
    since = row.created_at - timedelta(days=1)
    for found in gateway.intents_of(customer.stripe_id, since=since):
        if found.metadata.get("obligation_id") == row.public_id and found.status != "canceled":
            return found
    return None


@transaction.atomic
def _prepare_create(row: ChargeObligation) -> _Create | None:
    """Check again, under lock, that this pledge may be charged; note that a call will go out."""
    project = row.round.project
    pledge, row = locked(row)
    now = app_now()
    if not _may_charge(pledge, row, now):
        return None
    customer = StripeCustomer.objects.filter(investor_id=pledge.investor_id).first()
    if customer is None:
        fail_without_card(pledge, row)
        return None
    params = gateway.intent_params(
        money=row.amount, customer_id=customer.stripe_id, obligation_id=row.public_id,
        project=project.title_en or project.title_vi,
    )  # fmt: skip
    sha256 = gateway.hash_of(params)
    if row.create_sha256 and row.create_sha256 != sha256:
        # The same key must carry the same request: what changed gets a key of its own.
        row.create_no += 1
    row.create_sha256, row.create_sent_at = sha256, now
    row.save(update_fields=["create_no", "create_sha256", "create_sent_at"])
    key = f"{settings.STRIPE_ENV_NAME}:ob:{row.public_id}:create:{row.create_no}"
    return _Create(params, key)


def _may_charge(pledge: Pledge, row: ChargeObligation, now: datetime) -> bool:
    """Owed, the time to withdraw over, the round charging. Else the row waits or ends."""
    facts = Round.objects.values_list("status", "project__frozen_at")
    round_status, frozen_at = facts.get(pk=row.round_id)
    if pledge.status not in PLEDGE_OWED or round_status not in CHARGING:
        end_unstarted(row)
        return False
    earliest = max(row.due_at, pledge.cooling_until or row.due_at)
    if now < earliest:
        row.next_at = earliest
        row.save(update_fields=["next_at"])
        return False
    if frozen_at is not None:
        row.next_at = now + timedelta(hours=1)
        row.save(update_fields=["next_at"])
        return False
    return True


def end_unstarted(row: ChargeObligation) -> None:
    """A pledge that was taken back before an intent was made: nothing was and is charged."""
    if row.stripe_intent_id:
        # The intent is cancelled at Stripe first (give_up), at the next step.
        row.next_at = app_now()
        row.save(update_fields=["next_at"])
        return
    states.move(row, ObligationStatus.CANCELLED, by=None, role="system", workflow=OBLIGATION)
    row.next_at, row.finished_at = None, app_now()
    row.save(update_fields=["next_at", "finished_at"])


def fail_without_card(pledge: Pledge, row: ChargeObligation) -> None:
    from_status = row.status
    if from_status != ObligationStatus.HARD_FAILED:
        states.move(
            row, ObligationStatus.HARD_FAILED, by=None, role="system", workflow=OBLIGATION,
            data={"reason": "no_card"},
        )  # fmt: skip
    row.reason, row.has_new_card, row.next_at = "no_card", False, row.grace_until
    row.save(update_fields=["reason", "has_new_card", "next_at"])
    tell_pledge(pledge, PledgeStatus.ACTION_REQUIRED, reason="no_card")


@transaction.atomic
def _cannot_create(row: ChargeObligation, error: gateway.Refused) -> bool:
    """The customer is gone at Stripe (or a sum is refused): the person is asked for a card."""
    log.error("charge.create_refused", charge=row.public_id, code=error.code)
    pledge, row = locked(row)
    if error.code == "resource_missing":
        StripeCustomer.objects.filter(investor_id=pledge.investor_id).delete()
    row.create_no += 1
    row.save(update_fields=["create_no"])
    fail_without_card(pledge, row)
    return False


@transaction.atomic
def _keep_intent(row: ChargeObligation, found: gateway.Intent) -> bool:
    _pledge, row = locked(row)
    if row.stripe_intent_id is not None:
        return True
    row.stripe_intent_id = found.id
    if row.status in {ObligationStatus.NEW, ObligationStatus.HARD_FAILED}:
        states.move(
            row, ObligationStatus.INTENT_MADE, by=None, role="system", workflow=OBLIGATION,
            also=("stripe_intent_id",),
        )  # fmt: skip
    else:
        row.save(update_fields=["stripe_intent_id"])
    return True


# --- step two: the confirmation -------------------------------------------------------------------


@dataclass(frozen=True)
class _Confirm:
    intent_id: str
    params: dict[str, Any]
    key: str


def _confirm(row: ChargeObligation) -> bool:
    """Send the next try. The row says "confirming" before anything leaves."""
    if control.take_turns(1) < 1:
        raise control_paused
    wanted = _prepare_confirm(row)
    if wanted is None:
        return False
    return _send(row, wanted)


def _send(row: ChargeObligation, wanted: _Confirm) -> bool:
    failpoints.fp("before_confirm")
    try:
        found = gateway.confirm_intent(wanted.intent_id, wanted.params, key=wanted.key)
    except gateway.Unknown as error:
        if error.is_kept:
            PaymentAttempt.objects.filter(idem_key=wanted.key).update(is_spent=True)
        raise
    except gateway.Refused as error:
        return _confirm_refused(row, wanted, error)
    failpoints.fp("after_confirm")
    sync(row, found, is_answer=True)
    return False


@transaction.atomic
def _prepare_confirm(row: ChargeObligation, return_url: str = "") -> _Confirm | None:
    pledge, row = locked(row)
    now = app_now()
    if row.status in UNKNOWN or not _may_charge(pledge, row, now):
        return None
    card = card_of(pledge)
    if card is None:
        fail_without_card(pledge, row)
        return None
    attempt = _attempt(row, card.payment_method, return_url, now)
    row.sent_at = row.sent_at or now
    row.has_new_card, row.next_at = False, now
    states.move(
        row, ObligationStatus.CONFIRMING, by=None, role="system", workflow=OBLIGATION,
        data={"n": attempt.n}, also=("sent_at", "has_new_card", "next_at"),
    )  # fmt: skip
    return _of_attempt(row, attempt, return_url)


def _attempt(
    row: ChargeObligation, payment_method: str, return_url: str, now: datetime
) -> PaymentAttempt:
    """The open try when it asks for the same, else the next one with a key of its own; it says
    that it was sent."""
    assert row.stripe_intent_id is not None
    params = gateway.confirm_params(payment_method, return_url=return_url)
    sha256 = gateway.hash_of(params)
    last = row.attempts.order_by("-n").first()
    if last is not None and last.outcome in OPEN_ATTEMPT:
        if last.request_sha256 == sha256 and not last.is_spent:
            last.outcome, last.sent_at = Outcome.SENT, now
            last.save(update_fields=["outcome", "sent_at"])
            return last
        _void(last)
    n = last.n + 1 if last else 1
    return PaymentAttempt.objects.create(
        obligation=row, n=n, request_sha256=sha256, payment_method=payment_method,
        idem_key=f"{settings.STRIPE_ENV_NAME}:ob:{row.public_id}:confirm:{n}",
        is_on_session=bool(return_url), created_at=now, outcome=Outcome.SENT, sent_at=now,
    )  # fmt: skip


def _void(attempt: PaymentAttempt) -> None:
    attempt.outcome, attempt.finished_at = Outcome.VOID, app_now()
    attempt.save(update_fields=["outcome", "finished_at"])


def _of_attempt(row: ChargeObligation, attempt: PaymentAttempt, return_url: str) -> _Confirm:
    assert row.stripe_intent_id is not None
    params = gateway.confirm_params(attempt.payment_method, return_url=return_url)
    if gateway.hash_of(params) != attempt.request_sha256:
        raise AssertionError("a key was about to carry another request")
    return _Confirm(row.stripe_intent_id, params, attempt.idem_key)


@transaction.atomic
def _confirm_refused(row: ChargeObligation, wanted: _Confirm, error: gateway.Refused) -> bool:
    """Stripe would not take the request: the card is gone, or the intent is in another state."""
    log.warning("charge.confirm_refused", charge=row.public_id, code=error.code)
    if error.code != "resource_missing":
        sync(row)
        return False
    pledge, row = locked(row)
    attempt = PaymentAttempt.objects.get(idem_key=wanted.key)
    attempt.outcome, attempt.decline_code = Outcome.DECLINED, "card_missing"
    attempt.finished_at = app_now()
    attempt.save(update_fields=["outcome", "decline_code", "finished_at"])
    fail_without_card(pledge, row)
    return False


def _resolve(row: ChargeObligation) -> bool:
    """A try may be on its way: ask about the intent, then send again only what did not arrive."""
    if sync(row):
        return False
    row.refresh_from_db()
    if row.status != ObligationStatus.CONFIRMING:
        return False
    attempt = row.attempts.order_by("-n").first()
    if attempt is None or attempt.outcome not in OPEN_ATTEMPT:
        return _step_back(row)
    is_old = app_now() - attempt.created_at > KEY_LASTS
    if attempt.is_spent or is_old or attempt.is_on_session:
        return _step_back(row)
    if control.is_stopped():
        raise control_paused
    return _send(row, _of_attempt(row, attempt, ""))


@transaction.atomic
def _step_back(row: ChargeObligation) -> bool:
    """Stripe says that nothing was confirmed and the key is of no more use: a new try follows."""
    _pledge, row = locked(row)
    if row.status != ObligationStatus.CONFIRMING:
        return False
    for attempt in row.attempts.filter(outcome__in=OPEN_ATTEMPT):
        _void(attempt)
    states.move(row, ObligationStatus.INTENT_MADE, by=None, role="system", workflow=OBLIGATION)
    return True


def sync(
    row: ChargeObligation, answer: gateway.Intent | None = None, *, is_answer: bool = False
) -> bool:
    """Read the intent again under the row's lock and apply what it says; True when it said a lot.

    An answer of success is applied as it is, because success stays. Anything else is read again
    once the lock is held, so that an older snapshot never overwrites a newer one.
    """
    with transaction.atomic():
        pledge, row = locked(row)
        if not row.stripe_intent_id:
            return False
        if answer is None or answer.status != "succeeded":
            answer = gateway.intent(row.stripe_intent_id)
        failpoints.fp("mid_apply")
        return apply_intent(pledge, row, answer, is_answer=is_answer)


# --- the end of the time to pay -------------------------------------------------------------------

# After so long somebody is reminded that a payment waits for them.
REMIND_AFTER = (timedelta(0), timedelta(days=1), timedelta(days=3), timedelta(days=6))


@transaction.atomic
def remind(row: ChargeObligation) -> None:
    """Tell the investor that something is needed: at once, then on later days. Each time once."""
    pledge, row = locked(row)
    began = row.sent_at or row.due_at
    if row.reminders >= len(REMIND_AFTER):
        row.next_at = row.grace_until
    elif app_now() >= began + REMIND_AFTER[row.reminders]:
        row.reminders += 1
        audit.record(
            "pledge.payment_waits", by=None, subject=pledge,
            data={"reason": row.reason, "number": row.reminders, "until": row.grace_until},
        )  # fmt: skip
        later = REMIND_AFTER[row.reminders :]
        row.next_at = min(began + later[0], row.grace_until) if later else row.grace_until
    else:
        row.next_at = min(began + REMIND_AFTER[row.reminders], row.grace_until)
    row.save(update_fields=["reminders", "next_at"])


def give_up(row: ChargeObligation) -> None:
    """The time is over: cancel at Stripe first, then here. What succeeded by then is collected."""
    if row.stripe_intent_id:
        key = f"{settings.STRIPE_ENV_NAME}:ob:{row.public_id}:cancel"
        found = gateway.cancel_intent(row.stripe_intent_id, key=key)
        failpoints.fp("after_cancel")
        if found.status != "canceled":
            if not sync(row) or found.status != "succeeded":
                _pause(row, timedelta(minutes=10))
            return
    _drop(row)


@transaction.atomic
def _drop(row: ChargeObligation) -> None:
    rounds.locked_round(row.round)
    pledge, row = locked(row)
    if row.status in {ObligationStatus.SUCCEEDED, ObligationStatus.CANCELLED}:
        return
    for attempt in row.attempts.filter(outcome__in=OPEN_ATTEMPT):
        _void(attempt)
    states.move(row, ObligationStatus.CANCELLED, by=None, role="system", workflow=OBLIGATION)
    row.next_at, row.finished_at = None, app_now()
    row.save(update_fields=["next_at", "finished_at"])
    if pledge.status in PLEDGE_OWED:
        tell_pledge(pledge, PledgeStatus.DROPPED, reason=row.reason or "not_paid")
        pledge.ended_at, pledge.end_reason = app_now(), "not_paid"
        pledge.save(update_fields=["ended_at", "end_reason"])


# --- with the person present ----------------------------------------------------------------------


def confirm_on_session(row: ChargeObligation, *, return_url: str) -> str:
    """Confirm the same intent with the person present: the bank's page to send them to.

    Empty when no page is needed (paid already, or it just succeeded). It is one intent, so paying
    twice is impossible, however often the button is pressed.
    """
    for _ in range(3):
        row = ChargeObligation.objects.select_related("pledge", "round__project").get(pk=row.pk)
        if row.status in UNKNOWN:
            sync(row)
            row.refresh_from_db()
        if row.status in {ObligationStatus.SUCCEEDED, ObligationStatus.CANCELLED}:
            return ""
        if row.stripe_intent_id is None:
            return ""
        found = gateway.intent(row.stripe_intent_id)
        if found.status == "requires_action" and found.next_url:
            return found.next_url
        if control.is_stopped():
            raise control_paused
        wanted = _prepare_confirm(row, return_url)
        if wanted is None:
            return ""
        _send(row, wanted)
    return ""

"""The fault matrix of money.md section 3: what fails, and what must hold all the same.

The oracle is the sandbox's own list of money that moved. After every row the book is sound.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from backend.core.audit import events_of
from backend.core.errors import Conflict, Invalid
from backend.core.money import Money
from backend.funding import declines
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import cards, charges, control, events, reconciliation
from backend.funding.models import (
    ChargeObligation,
    PaymentAttempt,
    PaymentControl,
    ReconciliationBreak,
)  # fmt: skip
from backend.ledger import checks
from tests import factories
from tests.payments.walks import (
    a_card_pledge,
    a_due_charge,
    a_small_round,
    close,
    fresh,
    move_clocks,
    run,
    save_card,
)  # fmt: skip
from tests.sandbox import ALWAYS_ASKS, DECLINES_LATER, VISA, Sandbox

# Minutes in all: the everyday suite has one of each kind in test_charges.
pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _the_book_is_sound() -> Iterator[None]:
    """I3, I4, I13 after every row."""
    yield
    assert checks.findings() == []


def settle(sandbox: Sandbox, row: ChargeObligation, hours: float = 24) -> ChargeObligation:
    """Let the machine work for a day of the clock, without a hand (I9)."""
    sandbox.no_faults()
    for step in range(6):
        move_clocks(sandbox, days=31, hours=hours * (step + 1) / 6)
        run()
    return fresh(row)


def collected_once(sandbox: Sandbox, row: ChargeObligation) -> None:
    """I1: one successful charge, of exactly the sum."""
    row = fresh(row)
    assert (row.status, row.pledge.status) == ("succeeded", "collected")
    assert sandbox.charges_of(row) == [400_000]


# --- what goes wrong on the wire ------------------------------------------------------------------

WIRE = [
    ("1", "500", "payment_intents$", "before"),
    ("1", "500", "payment_intents$", "after"),
    ("2", "500", "confirm$", "before"),
    ("2", "500", "confirm$", "after"),
    ("3", "timeout", "payment_intents$", "before"),
    ("3", "timeout", "confirm$", "before"),
    ("4", "timeout", "payment_intents$", "after"),
    ("4", "timeout", "confirm$", "after"),
    ("5", "reset", "payment_intents$", "after"),
    ("5", "reset", "confirm$", "after"),
    ("6", "truncated", "confirm$", "after"),
    ("6", "garbage", "payment_intents$", "after"),
    ("6", "garbage", "confirm$", "after"),
    ("8", "409", "confirm$", "before"),
    ("8", "503", "confirm$", "before"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "action", "path", "when"), WIRE, ids=[f"row_{w[0]}_{'_'.join(w[1:])}" for w in WIRE]
)
def test_rows_1_to_8_one_charge_whatever_the_wire_does(
    sandbox: Sandbox, settings: Any, number: str, action: str, path: str, when: str
) -> None:
    settings.STRIPE_TIMEOUT_S = 1
    row = a_due_charge(sandbox)
    sandbox.fault(action, path, when=when, seconds=1.5)
    run()
    assert fresh(row).status != "succeeded"
    collected_once(sandbox, settle(sandbox, row))


def test_row_2_a_500_that_the_same_key_repeats_for_a_day(sandbox: Sandbox) -> None:
    """Stripe keeps a 500 under its key: only another key gets through."""
    row = a_due_charge(sandbox)
    sandbox.fault("500", "confirm$", when="before")
    run()
    collected_once(sandbox, settle(sandbox, row))
    keys = list(PaymentAttempt.objects.filter(obligation=row).values_list("idem_key", "outcome"))
    assert [outcome for _key, outcome in keys] == ["void", "succeeded"]


def test_row_7_many_429_lose_nothing(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("429", "/v1/", method="POST", times=5, retry_after=7)
    run()
    row = fresh(row)
    assert row.errors == 1
    assert row.next_at is not None
    move_clocks(sandbox, days=31, seconds=5)
    assert run() == 0, "Retry-After is honoured"
    for minutes in range(1, 8):
        move_clocks(sandbox, days=31, minutes=minutes)
        run()
    collected_once(sandbox, row)


def test_row_9_a_key_never_carries_another_request(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("timeout", "confirm$", when="before", seconds=3)
    run()
    PaymentAttempt.objects.filter(obligation=row).update(payment_method="pm_other")
    move_clocks(sandbox, days=31, minutes=11)
    run()
    assert sandbox.effects() == []
    assert "another request" in ReconciliationBreak.objects.get(kind="stuck").detail


@pytest.mark.parametrize("when", ["before", "after"])
def test_row_10_a_key_that_was_forgotten_charges_nothing_twice(sandbox: Sandbox, when: str) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("timeout", "confirm$", when=when, seconds=3)
    run()
    move_clocks(sandbox, days=31, hours=25)
    for _ in range(3):
        run()
    collected_once(sandbox, row)


def test_row_10_an_intent_whose_answer_got_lost_a_day_ago_is_adopted(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("timeout", "payment_intents$", when="after", seconds=3)
    run()
    move_clocks(sandbox, days=31, hours=26)
    run()
    collected_once(sandbox, row)
    assert events.cancel_orphans() == 0


def test_row_11_the_sdk_repeats_nothing_by_itself(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("503", "confirm$", times=0)
    before = sandbox.told("requests")["count"]
    run()
    assert sandbox.told("requests")["count"] - before == 2  # create and one confirm
    assert fresh(row).status == "confirming"


# --- the same work twice --------------------------------------------------------------------------


def test_row_20_the_close_and_the_obligations_run_twice(sandbox: Sandbox) -> None:
    from backend.funding.actions.obligations import open_obligations

    row = a_due_charge(sandbox)
    close(row.round)
    assert open_obligations(row.round) == 0
    assert ChargeObligation.objects.count() == 1
    for _ in range(3):
        run()
    collected_once(sandbox, row)


def test_row_22_nothing_depends_on_the_broker(sandbox: Sandbox, settings: Any) -> None:
    """Charges are rows with a time: a worker that wakes by itself finds them."""
    settings.CELERY_BROKER_URL = ""
    row = a_due_charge(sandbox)
    run()
    collected_once(sandbox, row)


# --- what banks say -------------------------------------------------------------------------------


def on_session(row: ChargeObligation) -> str:
    return charges.confirm_on_session(fresh(row), return_url="https://site.example/back")


def test_row_74_a_payment_that_asks_for_the_person_is_completed_by_them(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox, number=ALWAYS_ASKS)
    run()
    assert fresh(row).status == "needs_action"
    first, second = on_session(row), on_session(row)
    assert first == second, "a second press leads to the same page"
    assert first.startswith(sandbox.base)
    sandbox.told("authenticate", payment_intent=fresh(row).stripe_intent_id)
    charges.sync(row)
    collected_once(sandbox, row)
    assert on_session(row) == ""


def test_row_74_who_fails_the_check_may_try_again(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox, number=ALWAYS_ASKS)
    run()
    on_session(row)
    sandbox.told("authenticate", payment_intent=fresh(row).stripe_intent_id, is_passed=False)
    charges.sync(row)
    assert fresh(row).status == "needs_action"
    assert on_session(row).startswith(sandbox.base)
    sandbox.told("authenticate", payment_intent=fresh(row).stripe_intent_id)
    charges.sync(row)
    collected_once(sandbox, row)


def test_row_74_who_never_comes_is_reminded_and_then_not_charged(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox, number=ALWAYS_ASKS)
    for days in range(31, 40):
        move_clocks(sandbox, days=days)
        for _ in range(2):
            run()
    row = fresh(row)
    assert (row.status, row.pledge.status) == ("cancelled", "dropped")
    assert sandbox.effects() == []
    reminders = [e for e in events_of(row.pledge) if e.code == "pledge.payment_waits"]
    assert [e.data["number"] for e in reminders] == [1, 2, 3, 4]
    assert on_session(row) == ""


def test_row_74_who_comes_after_the_end_is_not_charged(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox, number=ALWAYS_ASKS)
    run()
    on_session(row)
    intent_id = fresh(row).stripe_intent_id
    move_clocks(sandbox, days=31 + 20)
    run()
    assert fresh(row).pledge.status == "dropped"
    with pytest.raises(Exception, match="400"):
        sandbox.told("authenticate", payment_intent=intent_id)
    assert sandbox.effects() == []


def test_what_succeeds_at_the_last_moment_is_collected(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox, number=ALWAYS_ASKS)
    run()
    on_session(row)
    sandbox.told("authenticate", payment_intent=fresh(row).stripe_intent_id)
    move_clocks(sandbox, days=31 + 20)
    run()
    collected_once(sandbox, row)


def test_row_75_a_card_that_expired_asks_for_another(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    card = cards.card_of(row.pledge)
    assert card is not None
    sandbox.told("card", payment_method=card.payment_method, exp_year=2025, exp_month=1)
    run()
    row = fresh(row)
    assert (row.status, row.reason, row.pledge.status) == (
        "hard_failed", "expired", "action_required",
    )  # fmt: skip
    save_card(sandbox, row.pledge)
    run()
    collected_once(sandbox, row)


def test_row_75_a_card_that_was_taken_away_at_stripe_asks_for_another(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    card = cards.card_of(row.pledge)
    assert card is not None
    gateway.forget_card(card.payment_method, key="test")
    for _ in range(3):
        run()
    row = fresh(row)
    assert (row.status, row.reason) == ("hard_failed", "no_card")
    save_card(sandbox, row.pledge)
    run()
    collected_once(sandbox, row)


def test_row_75_a_customer_that_was_deleted_asks_for_a_card_and_makes_a_new_one(
    sandbox: Sandbox,
) -> None:
    from backend.funding.models import StripeCustomer

    row = a_due_charge(sandbox)
    customer = StripeCustomer.objects.get(investor=row.pledge.investor)
    gateway._client().v1.customers.delete(customer.stripe_id)
    for _ in range(3):
        run()
    assert fresh(row).pledge.status == "action_required"
    row.pledge.refresh_from_db()
    # The key of the first customer is answered with that customer for a day.
    move_clocks(sandbox, days=32, hours=1)
    save_card(sandbox, row.pledge)
    run()
    collected_once(sandbox, row)


def test_row_76_too_little_money_three_times_then_enough_on_day_five(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    card = cards.card_of(row.pledge)
    assert card is not None
    sandbox.told("card", payment_method=card.payment_method, outcomes=["insufficient_funds"] * 3)
    tries = []
    for day in range(31, 38):
        move_clocks(sandbox, days=day)
        run()
        tries.append(fresh(row).attempts.count())
    assert tries == [1, 2, 2, 3, 3, 4, 4]
    collected_once(sandbox, row)


@pytest.mark.parametrize("code", ["lost_card", "stolen_card", "fraudulent"])
def test_row_76_a_hard_decline_is_never_repeated_and_its_reason_not_told(
    sandbox: Sandbox, code: str
) -> None:
    row = a_due_charge(sandbox)
    card = cards.card_of(row.pledge)
    assert card is not None
    sandbox.told("card", payment_method=card.payment_method, outcomes=[code])
    for day in range(31, 37):
        move_clocks(sandbox, days=day)
        run()
    row = fresh(row)
    assert (row.attempts.count(), row.status, row.reason) == (1, "hard_failed", "bank")
    assert sandbox.effects() == []


def test_row_76_soft_declines_end_within_the_time_to_pay(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox, number=DECLINES_LATER)
    for day in range(31, 60):
        move_clocks(sandbox, days=day)
        run()
    row = fresh(row)
    assert row.attempts.count() <= 1 + len(declines.RETRY_DAYS)
    assert (row.status, row.pledge.status) == ("cancelled", "dropped")


# --- time, pace, switch ---------------------------------------------------------------------------


def test_row_53_cooling_off_that_ends_late_is_waited_for(sandbox: Sandbox) -> None:
    round_ = a_small_round()
    move_clocks(sandbox, days=29.9)
    pledge = a_card_pledge(sandbox, round_, Money(400_000, "USD"))
    move_clocks(sandbox, days=31)
    close(round_)
    row = ChargeObligation.objects.get(pledge=pledge)
    assert row.due_at == pledge.cooling_until
    assert row.grace_until >= row.due_at + timedelta(days=7)
    for day in (31, 35, 43):
        move_clocks(sandbox, days=day)
        run()
    assert sandbox.effects() == []
    move_clocks(sandbox, days=44)
    run()
    collected_once(sandbox, row)


def test_row_89_the_kill_switch_stops_every_request_that_moves_money(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    officer, other = factories.an_officer("finance"), factories.an_officer("finance")
    control.stop_charging(by=officer, reason="Wrong sums on the page")
    before = sandbox.told("requests")["count"]
    for _ in range(2):
        run()
    assert sandbox.told("requests")["count"] == before
    with pytest.raises(Conflict), transaction.atomic():
        control.resume_charging(by=other)  # nobody asked for it
    control.ask_to_resume(by=other, reason="The page is right now")
    with pytest.raises(Invalid), transaction.atomic():
        control.resume_charging(by=other)
    control.stop_charging(by=officer, reason="Not yet")  # one person keeps it stopped
    assert control.control_facts().asked_by is None
    control.ask_to_resume(by=officer, reason="Right now")
    with pytest.raises(IntegrityError, match="control_resumed_by_two"), transaction.atomic():
        PaymentControl.objects.update(is_stopped=False, stop_reason="", changed_by=officer)
    control.resume_charging(by=other)
    run()
    collected_once(sandbox, row)


def test_row_89_the_switch_set_between_the_two_steps_stops_the_second(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = a_due_charge(sandbox)
    officer = factories.an_officer("finance")
    make = gateway.create_intent

    def and_stop(*args: Any, **kwargs: Any) -> Any:
        found = make(*args, **kwargs)
        control.stop_charging(by=officer, reason="now")
        return found

    monkeypatch.setattr(gateway, "create_intent", and_stop)
    run()
    assert fresh(row).status == "intent_made"
    assert sandbox.effects() == []


def test_charges_keep_the_pace_and_the_most_of_one_hour(sandbox: Sandbox) -> None:
    control.control_facts()
    PaymentControl.objects.update(rate=2, burst=3, tokens=3, most_per_hour=6)
    move_clocks(sandbox, hours=2)
    assert [control.take_turns(10), control.take_turns(10)] == [3, 0]
    move_clocks(sandbox, hours=2, seconds=1)
    assert control.take_turns(10) == 2
    move_clocks(sandbox, hours=2, seconds=60)
    assert control.take_turns(10) == 1, "six in this hour"
    move_clocks(sandbox, hours=3, seconds=1)
    assert control.take_turns(10) == 3


def test_row_85_a_paused_project_is_not_charged_for(sandbox: Sandbox) -> None:
    a_due_charge(sandbox)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE projects_project SET frozen_at = now(), frozen_reason = 'check'")
    for _ in range(2):
        run()
    assert sandbox.effects() == []


def test_row_90_the_list_is_asked_and_never_the_search(sandbox: Sandbox) -> None:
    sandbox.told("options", search_lag_s=10**9)
    row = a_due_charge(sandbox)
    sandbox.fault("reset", "payment_intents$", when="after")
    run()
    collected_once(sandbox, settle(sandbox, row))


def test_row_91_what_belongs_to_another_site_is_left_alone(sandbox: Sandbox, settings: Any) -> None:
    row = a_due_charge(sandbox)
    run()
    settings.STRIPE_ENV_NAME = "another"
    assert events.cancel_orphans() == 0
    collected_once(sandbox, row)


def test_an_intent_that_no_row_points_at_is_cancelled(sandbox: Sandbox) -> None:
    from backend.funding.models import StripeCustomer

    row = a_due_charge(sandbox)
    run()
    customer = StripeCustomer.objects.get(investor=row.pledge.investor)
    params = gateway.intent_params(
        money=row.amount, customer_id=customer.stripe_id, obligation_id=row.public_id, project="x"
    )
    orphan = gateway.create_intent(params, key="orphan")
    assert events.cancel_orphans() == 1
    assert gateway.intent(orphan.id).status == "canceled"
    collected_once(sandbox, row)


def test_row_46_an_intent_of_another_sum_is_never_taken_for_ours(sandbox: Sandbox) -> None:
    from backend.funding.models import StripeCustomer

    row = a_due_charge(sandbox)
    customer = StripeCustomer.objects.get(investor=row.pledge.investor)
    params = gateway.intent_params(
        money=Money(500, "USD"), customer_id=customer.stripe_id, obligation_id=row.public_id,
        project="x",
    )  # fmt: skip
    other = gateway.create_intent(params, key="other")
    card = cards.card_of(row.pledge)
    assert card is not None
    gateway.confirm_intent(other.id, gateway.confirm_params(card.payment_method), key="c")
    row.stripe_intent_id = other.id
    row.save(update_fields=["stripe_intent_id"])
    charges.sync(row)
    assert fresh(row).status == "new"
    assert ReconciliationBreak.objects.get().kind == "wrong_intent"


def test_row_88_the_nightly_run_shows_what_the_ledgers_checks_find(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    run()
    run_ = reconciliation.reconcile()
    assert run_.counts.get("ledger", 0) == 0
    collected_once(sandbox, row)


def test_row_87_nothing_of_a_card_is_kept_or_logged(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    row = a_due_charge(sandbox, number=DECLINES_LATER)
    run()
    for one in sandbox.told("events"):
        events.keep_event(gateway.event_of(one["event"]), source="test")
    out = capfd.readouterr()
    seen = caplog.text + out.out + out.err
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' "
            "AND (table_name LIKE 'funding%' OR table_name LIKE 'core%' "
            "OR table_name LIKE 'ledger%')"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")
            seen += "\n".join(text for (text,) in cursor.fetchall())
    for secret in (VISA, DECLINES_LATER, "_secret_", "sk_test", "whsec_"):
        assert secret not in seen, secret
    assert row.public_id in seen


def test_many_tries_to_save_a_card_are_stopped(sandbox: Sandbox) -> None:
    from backend.core.errors import TooMany

    pledge = a_card_pledge(sandbox, a_small_round(), Money(400_000, "USD"))
    for _ in range(cards.SETUP_LIMITS[0][0] - 1):
        cards.start_card_setup(pledge, by=pledge.investor, return_url="https://x.example/{setup}")
    with pytest.raises(TooMany), transaction.atomic():
        cards.start_card_setup(pledge, by=pledge.investor, return_url="https://x.example/{setup}")


def test_a_stranger_cannot_save_a_card_for_a_pledge(sandbox: Sandbox) -> None:
    from backend.core.errors import NotFound

    pledge = a_card_pledge(sandbox, a_small_round(), Money(400_000, "USD"))
    with pytest.raises(NotFound), transaction.atomic():
        cards.start_card_setup(pledge, by=factories.a_user(), return_url="https://x.example/")


def test_without_stripe_a_card_is_not_taken_and_nothing_is_lost(
    sandbox: Sandbox, settings: Any
) -> None:
    pledge = a_card_pledge(sandbox, a_small_round(), Money(400_000, "USD"))
    settings.STRIPE_API_KEY = ""
    with pytest.raises(cards.CardsNotReady):
        cards.start_card_setup(pledge, by=pledge.investor, return_url="https://x.example/")
    settings.STRIPE_API_KEY = "sk_test_sandbox"
    sandbox.fault("503", "checkout/sessions$")
    with pytest.raises(cards.CardsNotReady):
        cards.start_card_setup(pledge, by=pledge.investor, return_url="https://x.example/")

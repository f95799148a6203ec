"""A pledge is collected exactly once. The oracle is what the sandbox really charged."""

import pytest
from django.db import IntegrityError, connection, transaction

from backend.core import jobs
from backend.core.clock import app_now
from backend.core.money import Money
from backend.core.workflow import Workflow
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import cards, events, pledges, reconciliation, refunds
from backend.funding.models import CardSetup, ChargeObligation
from backend.funding.payment_workflow import CARD_SETUP, DISPUTE, OBLIGATION, REFUND
from backend.ledger import book, chart, checks
from tests.payments.walks import (
    a_card_pledge,
    a_due_charge,
    a_small_round,
    close,
    fresh,
    move_clocks,
    run,
)  # fmt: skip
from tests.sandbox import ALWAYS_ASKS, DECLINES_LATER, Sandbox

pytestmark = pytest.mark.django_db


def test_a_saved_card_makes_the_pledge_stand_and_charges_nothing(sandbox: Sandbox) -> None:
    pledge = a_card_pledge(sandbox, a_small_round(), Money(400_000, "USD"))
    assert pledge.status == "active"
    card = cards.card_of(pledge)
    assert card is not None
    assert (card.brand, card.last4, card.status) == ("visa", "4242", "saved")
    assert sandbox.effects() == []
    assert CardSetup.objects.count() == 1


def test_a_due_pledge_is_charged_once_and_stands_in_the_book(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    for _ in range(3):
        run()
    row = fresh(row)
    assert (row.status, row.pledge.status) == ("succeeded", "collected")
    assert sandbox.charges_of(row) == [400_000]
    held = chart.held(row.round.public_id, "USD")
    assert book.balance(held) == Money(400_000, "USD")
    assert book.balance(chart.stripe_fees("USD")) == Money(11_630, "USD")
    assert book.balance(chart.stripe_balance("USD")) == Money(388_370, "USD")
    assert not checks.findings()


def test_yen_are_charged_in_yen_and_settled_in_dollars(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox, Money(700_000, "JPY"))
    run()
    row = fresh(row)
    assert sandbox.charges_of(row) == [700_000]
    assert book.balance(chart.held(row.round.public_id, "JPY")) == Money(700_000, "JPY")
    assert book.balance(chart.fx_position("USD")) == Money(-469_000, "USD")


def test_nothing_is_charged_before_the_time_to_withdraw_is_over(sandbox: Sandbox) -> None:
    round_ = a_small_round()
    move_clocks(sandbox, days=29)
    pledge = a_card_pledge(sandbox, round_, Money(400_000, "USD"))
    move_clocks(sandbox, days=31)
    close(round_)
    run()
    pledge.refresh_from_db()
    assert pledge.status == "due"
    assert sandbox.effects() == []
    # Whatever wakes the row early, the time itself is looked at again under its lock.
    ChargeObligation.objects.filter(pledge=pledge).update(next_at=app_now())
    run()
    assert sandbox.effects() == []
    assert ChargeObligation.objects.get(pledge=pledge).next_at == pledge.cooling_until
    move_clocks(sandbox, days=44)
    run()
    assert len(sandbox.effects()) == 1


@pytest.mark.parametrize(
    ("number", "status", "told"),
    [(ALWAYS_ASKS, "needs_action", "action_required"),
     (DECLINES_LATER, "soft_failed", "retry_wait")],
)  # fmt: skip
def test_a_charge_that_fails_is_told_and_waits(
    sandbox: Sandbox, number: str, status: str, told: str
) -> None:
    row = a_due_charge(sandbox, number=number)
    run()
    row = fresh(row)
    assert (row.status, row.pledge.status) == (status, told)
    assert sandbox.effects() == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_charges_once(sandbox: Sandbox, when: str) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("reset", "confirm$", when=when)
    run()
    assert fresh(row).status == "confirming"
    move_clocks(sandbox, days=31, minutes=11)
    run()
    assert fresh(row).status == "succeeded"
    assert sandbox.charges_of(row) == [400_000]


def test_a_charge_is_given_back_and_the_day_is_sound(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    run()
    refunds.refund_obligation(fresh(row), reason="test")
    refunds.send_due()
    assert fresh(row).pledge.status == "refunded"
    assert reconciliation.reconcile().counts["open_breaks"] == 0
    assert [e["amount"] for e in sandbox.effects("refund")] == [400_000]


@pytest.mark.parametrize("workflow", [OBLIGATION, REFUND, DISPUTE, CARD_SETUP],
                         ids=lambda w: w.name)  # fmt: skip
def test_the_database_knows_exactly_the_edges_of_payments(workflow: Workflow) -> None:
    legal = {(before, after) for before, after, _ in workflow.edges()}
    function = f"{workflow.name.replace(' ', '_')}_edge_is_legal"
    with connection.cursor() as cursor:
        for before in workflow.statuses:
            for after in workflow.statuses:
                cursor.execute(f"SELECT {function}(%s, %s)", [before, after])
                assert cursor.fetchone() == ((before, after) in legal,), (before, after)


def test_a_sum_of_a_charge_cannot_be_changed_by_sql(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    with pytest.raises(IntegrityError, match="do not change"), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(amount_minor=1)


def test_the_card_of_a_pledge_that_was_taken_back_leaves_stripe(sandbox: Sandbox) -> None:
    pledge = a_card_pledge(sandbox, a_small_round(), Money(400_000, "USD"))
    card = cards.card_of(pledge)
    assert card is not None
    assert gateway.card(card.payment_method)[1], "attached"
    pledges.withdraw_pledge(pledge, by=pledge.investor)
    jobs.run_due_jobs()
    assert not gateway.card(card.payment_method)[1]
    assert cards.card_of(pledge) is None


def test_the_card_of_a_round_that_failed_is_kept_for_a_month_only(sandbox: Sandbox) -> None:
    round_ = a_small_round()
    pledge = a_card_pledge(sandbox, round_, Money(100_000, "USD"))
    card = cards.card_of(pledge)
    assert card is not None
    move_clocks(sandbox, days=31)
    assert close(round_).status == "failed"
    events.sweep()
    assert gateway.card(card.payment_method)[1], "a standing order may use it"
    move_clocks(sandbox, days=31 + 36)
    events.sweep()
    assert not gateway.card(card.payment_method)[1]


def test_a_card_stays_while_a_charge_on_it_may_be_on_its_way(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    card = cards.card_of(row.pledge)
    assert card is not None
    cards.forget_cards(row.pledge)
    assert gateway.card(card.payment_method)[1]
    run()
    assert sandbox.charges_of(row) == [400_000]


def test_a_try_whose_answer_got_lost_is_asked_about_and_not_made_again(sandbox: Sandbox) -> None:
    """A second try on a card that was declined would be one too many for its issuer."""
    row = a_due_charge(sandbox, number=DECLINES_LATER)
    sandbox.fault("reset", "/confirm$", when="after")
    run()
    assert fresh(row).status == "confirming"
    move_clocks(sandbox, days=31, minutes=20)
    run()
    row = fresh(row)
    assert (row.pledge.status, row.attempts.count()) == ("retry_wait", 1)

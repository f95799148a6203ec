"""Refunds, disputes, payouts, and the nightly comparison with Stripe."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction

from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, NotAllowed
from backend.core.money import Money
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import breaks, disputes, events, payouts, reconciliation, refunds
from backend.funding.models import ChargeObligation, ReconciliationBreak, Refund
from backend.ledger import book, chart, checks
from tests import factories
from tests.payments.walks import (
    a_card_pledge,
    a_due_charge,
    a_small_round,
    close,
    fresh,
    move_clocks,
    run,
)  # fmt: skip
from tests.sandbox import Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
USD = Money(400_000, "USD")


def a_collected_charge(sandbox: Sandbox, money: Money = USD, **more: Any) -> ChargeObligation:
    row = a_due_charge(sandbox, money, **more)
    run()
    row = fresh(row)
    assert row.status == "succeeded"
    return row


def give_back(row: ChargeObligation, minor: int | None = None) -> Refund:
    amount = None if minor is None else Money(minor, row.currency)
    refund = refunds.refund_obligation(row, reason="test", amount=amount)
    refunds.send_due()
    refund.refresh_from_db()
    return refund


def held(row: ChargeObligation) -> Money:
    return book.balance(chart.held(row.round.public_id, row.currency))


def frozen(row: ChargeObligation) -> Money:
    return book.balance(chart.frozen(row.round.public_id, row.currency))


def open_breaks() -> list[tuple[str, str]]:
    return list(ReconciliationBreak.objects.filter(state="open").values_list("kind", "subject"))


def dispute(sandbox: Sandbox, row: ChargeObligation, **more: Any) -> str:
    told = sandbox.told("dispute", charge=row.stripe_charge_id, **more)
    disputes.sync_dispute(told["id"])
    return str(told["id"])


# --- refunds --------------------------------------------------------------------------------------


def test_a_whole_refund_gives_everything_back_once(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    refund = give_back(row)
    refunds.send_due()
    assert (refund.status, fresh(row).pledge.status) == ("succeeded", "refunded")
    assert [e["amount"] for e in sandbox.effects("refund")] == [400_000]
    assert held(row) == Money(0, "USD")
    assert not checks.findings()


def test_a_part_is_given_back_and_then_the_rest(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    give_back(row, 100_000)
    assert fresh(row).pledge.status == "part_refunded"
    give_back(row, 300_000)
    assert fresh(row).pledge.status == "refunded"
    assert sum(e["amount"] for e in sandbox.effects("refund")) == 400_000


def test_row_60_more_than_was_charged_is_refused(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    give_back(row, 300_000)
    with pytest.raises(refunds.NothingLeft), transaction.atomic():
        give_back(row, 100_001)
    with pytest.raises(IntegrityError, match="above the charge"), transaction.atomic():
        Refund.objects.create(obligation=row, amount_minor=100_001, currency="USD", reason="sql")


@pytest.mark.django_db(transaction=True)
def test_row_61_two_whole_refunds_at_once_are_one(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    results: list[Any] = []

    def go() -> None:
        try:
            results.append(refunds.refund_obligation(row, reason="race"))
            refunds.send_due()
        except Conflict as error:
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    refunds.send_due()
    assert sum(isinstance(r, Refund) for r in results) == 1
    assert [e["amount"] for e in sandbox.effects("refund")] == [400_000]


def test_row_65_a_refund_whose_answer_got_lost_is_found_and_not_repeated(
    sandbox: Sandbox,
) -> None:
    row = a_collected_charge(sandbox)
    sandbox.fault("500", "refunds$", when="after")
    refund = give_back(row)
    assert refund.status == "submitted"
    move_clocks(sandbox, days=31, hours=30)
    refunds.send_due()
    refund.refresh_from_db()
    assert refund.status == "succeeded"
    assert len(sandbox.effects("refund")) == 1


def test_row_63_a_refund_waits_while_stripe_is_short_of_money(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    sandbox.told("options", is_short_of_balance=True)
    refund = give_back(row)
    assert (refund.status, fresh(row).pledge.status) == ("pending", "refunding")
    assert held(row) == USD
    sandbox.told("options", is_short_of_balance=False)
    sandbox.told("refund", refund=refund.stripe_refund_id, outcome="succeeded")
    refunds.sync_refund(refund)
    assert fresh(row).pledge.status == "refunded"
    assert held(row) == Money(0, "USD")


def test_row_64_a_refund_that_fails_days_later_is_owed_by_another_way(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox, number="4000000000005126")
    refund = give_back(row)
    assert refund.status == "succeeded"
    move_clocks(sandbox, days=37)
    refunds.sync_refund(refund)
    refund.refresh_from_db()
    assert refund.status == "failed"
    assert book.balance(chart.refunds_pending("USD")) == USD
    assert held(row) == Money(0, "USD")
    assert not checks.findings()


def test_row_59_the_investor_gets_all_of_the_yen_back_at_another_rate(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox, Money(700_000, "JPY"))
    sandbox.told("fx", jpy=0.0080)
    give_back(row)
    assert sandbox.effects("refund")[0]["amount"] == 700_000
    assert held(row) == Money(0, "JPY")
    assert book.balance(chart.fx_position("JPY")) == Money(0, "JPY")
    assert book.balance(chart.fx_position("USD")) == Money(560_000 - 469_000, "USD")
    assert not checks.findings()


def test_row_52_what_was_withdrawn_while_it_was_charged_goes_back(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("timeout", "confirm$", when="after", seconds=3)
    run()
    pledge = row.pledge
    pledge.refresh_from_db()
    # As a withdrawal that held the pledge's lock just before the charge was known.
    from backend.core import states
    from backend.funding.workflow import PLEDGE

    states.move(pledge, "withdrawn", by=pledge.investor, role="investor", workflow=PLEDGE)
    events.sweep()
    refunds.refund_unwanted(fresh(row))
    refunds.send_due()
    assert sandbox.charges_of(row) == [400_000]
    assert [e["amount"] for e in sandbox.effects("refund")] == [400_000]
    assert held(fresh(row)) == Money(0, "USD")


# --- disputes -------------------------------------------------------------------------------------


def test_row_66_a_dispute_freezes_what_is_held(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    dispute(sandbox, row)
    assert held(row) == Money(0, "USD")
    assert book.balance(chart.frozen(row.round.public_id, "USD")) == USD
    assert book.balance(chart.dispute_hold("USD")) == USD
    with pytest.raises(Conflict) as refused, transaction.atomic():
        give_back(row)
    assert refused.value.code == "disputed"


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_row_68_a_dispute_after_a_part_went_back_takes_the_rest_alone(
    sandbox: Sandbox, outcome: str
) -> None:
    row = a_collected_charge(sandbox)
    give_back(row, 100_000)
    id_ = dispute(sandbox, row, amount=300_000)
    assert (held(row).minor, frozen(row).minor) == (0, 300_000)
    sandbox.told("dispute", dispute=id_, outcome=outcome)
    for _ in range(2):
        disputes.sync_dispute(id_)
    left = 300_000 if outcome == "won" else 0
    assert (held(row).minor, frozen(row).minor) == (left, 0)
    assert refunds.refundable(fresh(row)) == Money(left, "USD")
    assert book.balance(chart.dispute_hold("USD")) == Money(0, "USD")
    assert open_breaks() == []
    assert not checks.findings()


def test_row_68_a_bank_that_takes_all_after_a_part_went_back_takes_nothing_of_others(
    sandbox: Sandbox,
) -> None:
    round_ = a_small_round()
    ours, _other = (
        a_card_pledge(sandbox, round_, Money(minor, "USD")) for minor in (250_000, 150_000)
    )
    move_clocks(sandbox, days=31)
    close(round_)
    run()
    row = fresh(ours.obligation)
    give_back(row, 100_000)
    id_ = dispute(sandbox, row, amount=250_000)
    assert (held(row).minor, frozen(row).minor) == (150_000, 150_000)
    sandbox.told("dispute", dispute=id_, outcome="lost")
    for _ in range(2):
        disputes.sync_dispute(id_)
    lost = row.disputes.get()
    assert (held(row).minor, frozen(row).minor) == (150_000, 0)
    assert book.balance(chart.chargeback_loss("USD")) == Money(100_000, "USD")
    owed = chart.project_receivable(round_.project.public_id, "USD")
    assert book.balance(owed) == Money(0, "USD")
    assert book.balance(chart.dispute_hold("USD")) == Money(0, "USD")
    assert open_breaks() == [("given_back_twice", lost.public_id)]
    assert not checks.findings()


def test_row_69_a_dispute_that_was_won_gives_it_back_to_the_round(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    id_ = dispute(sandbox, row)
    sandbox.told("dispute", dispute=id_, outcome="won")
    for _ in range(2):
        disputes.sync_dispute(id_)
    assert held(row) == USD
    assert book.balance(chart.dispute_hold("USD")) == Money(0, "USD")
    assert not checks.findings()


def test_row_70_a_dispute_that_was_lost_takes_it_from_the_round(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    id_ = dispute(sandbox, row)
    sandbox.told("dispute", dispute=id_, outcome="lost")
    for _ in range(2):
        disputes.sync_dispute(id_)
    for place in (chart.held(row.round.public_id, "USD"), chart.dispute_hold("USD"),
                  chart.frozen(row.round.public_id, "USD")):  # fmt: skip
        assert book.balance(place) == Money(0, "USD")
    assert refunds.refundable(fresh(row)) == Money(0, "USD")
    assert not checks.findings()


def test_row_67_what_was_released_before_is_owed_by_the_project(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    place = chart.held(row.round.public_id, "USD")
    payable = chart.project_payable(row.round.project.public_id, "USD")
    book.post("release", "milestone", [book.Leg(place, payable, Money(300_000, "USD"))])
    id_ = dispute(sandbox, row)
    sandbox.told("dispute", dispute=id_, outcome="lost")
    disputes.sync_dispute(id_)
    owed = chart.project_receivable(row.round.project.public_id, "USD")
    assert book.balance(owed) == Money(300_000, "USD")
    assert not checks.findings()


def test_row_71_an_inquiry_moves_no_money(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    id_ = dispute(sandbox, row, reason="inquiry")
    assert held(row) == USD
    sandbox.told("dispute", dispute=id_, outcome="warning_closed")
    disputes.sync_dispute(id_)
    assert row.disputes.get().status == "inquiry_closed"
    assert held(row) == USD


def test_row_72_a_lost_dispute_in_yen_closes_both_currencies(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox, Money(700_000, "JPY"))
    sandbox.told("fx", jpy=0.0080)
    id_ = dispute(sandbox, row)
    sandbox.told("dispute", dispute=id_, outcome="lost")
    disputes.sync_dispute(id_)
    assert book.balance(chart.dispute_hold("USD")) == Money(0, "USD")
    assert book.balance(chart.fx_position("JPY")) == Money(0, "JPY")
    assert not checks.findings()


def test_row_32_a_dispute_first_heard_of_when_it_is_over(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    told = sandbox.told("dispute", charge=row.stripe_charge_id)
    sandbox.told("dispute", dispute=told["id"], outcome="lost")
    disputes.sync_dispute(told["id"])
    assert row.disputes.get().status == "lost"
    assert held(row) == Money(0, "USD")
    assert not checks.findings()


# --- the nightly comparison -----------------------------------------------------------------------


def test_a_sound_day_has_no_break(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    give_back(row, 100_000)
    dispute(sandbox, row)
    for _ in range(2):
        run_ = reconciliation.reconcile()
    assert open_breaks() == []
    assert run_.counts["matched"] == 3
    assert len(run_.report_sha256) == len(run_.report_signature) == 64


def test_row_80_a_refund_made_by_hand_at_stripe_is_shown(sandbox: Sandbox) -> None:
    row = a_collected_charge(sandbox)
    sandbox.told("staff_refund", charge=row.stripe_charge_id, amount=5_000)
    move_clocks(sandbox, days=33, hours=1)
    reconciliation.reconcile()
    kinds = {kind for kind, _subject in open_breaks()}
    assert "missing_in_ledger" in kinds
    assert "balance" not in kinds  # it stands in suspense, so the book equals Stripe
    assert book.balance(chart.suspense("USD")) == Money(5_000, "USD")
    assert not checks.findings()


def test_row_77_nothing_is_posted_until_the_transaction_is_there(sandbox: Sandbox) -> None:
    sandbox.told("options", transaction_delay_s=3600)
    row = a_due_charge(sandbox)
    run()
    row = fresh(row)
    assert (row.status, row.pledge.status) == ("succeeded", "collected")
    assert held(row) == Money(0, "USD")
    reconciliation.reconcile()
    assert open_breaks() == []
    move_clocks(sandbox, days=31, hours=2)
    run()
    assert held(row) == USD


def test_row_77_a_transaction_that_never_comes_is_a_break_after_two_days(
    sandbox: Sandbox,
) -> None:
    sandbox.told("options", transaction_delay_s=10**9)
    row = a_due_charge(sandbox)
    run()
    move_clocks(sandbox, days=34)
    reconciliation.reconcile()
    assert ("no_transaction", row.public_id) in open_breaks()


def test_row_79_a_payout_is_explained_by_its_lines_and_may_come_back(sandbox: Sandbox) -> None:
    a_collected_charge(sandbox)
    told = sandbox.told("payout")
    since = app_now() - timedelta(days=2)
    assert payouts.read_payouts(since=since) == 0
    assert book.balance(chart.stripe_balance("USD")) == Money(0, "USD")
    assert book.balance(chart.stripe_transit("USD")) == Money(388_370, "USD")
    sandbox.told("payout", payout=told["id"])
    reconciliation.reconcile()
    assert book.balance(chart.stripe_transit("USD")) == Money(0, "USD")
    assert open_breaks() == []


def test_row_79_a_payout_with_a_missing_line_is_shown(sandbox: Sandbox) -> None:
    a_collected_charge(sandbox)
    told = sandbox.told("payout", amount=1_000)
    reconciliation.reconcile()
    assert ("payout", told["id"]) in open_breaks()


def test_a_break_has_an_owner_and_another_person_closes_it(sandbox: Sandbox) -> None:
    row = breaks.open_break("balance", "x")
    assert breaks.open_break("balance", "x").pk == row.pk
    first, second = factories.an_officer("finance"), factories.an_officer("finance")
    with pytest.raises(NotAllowed), transaction.atomic():
        breaks.take_break(row, by=factories.an_officer("lead"))
    breaks.take_break(row, by=first)
    with pytest.raises(Conflict), transaction.atomic():
        breaks.close_break(row, by=second)  # nothing explains it yet
    with pytest.raises(Invalid), transaction.atomic():
        breaks.explain_break(row, by=second, note="ok")
    for note in ("", " \x00 ", "a" * 4_001):
        with pytest.raises(Invalid) as refused, transaction.atomic():
            breaks.explain_break(row, by=first, note=note)
        assert refused.value.field == "note"  # said, not cut
    assert breaks.explain_break(row, by=first, note="A fee").state == "open"
    assert breaks.refuse_explanation(row, by=second, reason="Which?").explained_by is None
    breaks.explain_break(row, by=first, note="A bank fee")
    with pytest.raises(Invalid), transaction.atomic():
        breaks.close_break(row, by=first)
    with pytest.raises(IntegrityError, match="break_closed_by_two"), transaction.atomic():
        ReconciliationBreak.objects.filter(pk=row.pk).update(state="explained", closed_by=first)
    assert breaks.close_break(row, by=second).state == "explained"
    assert not breaks.has_old_breaks()


def test_a_break_of_more_than_a_day_stops_payments_to_owners(sandbox: Sandbox) -> None:
    breaks.open_break("balance", "x")
    assert not breaks.has_old_breaks()
    move_clocks(sandbox, hours=25)
    assert breaks.has_old_breaks()


def test_the_report_is_safe_in_a_spreadsheet(sandbox: Sandbox) -> None:
    breaks.open_break("missing_in_ledger", "=cmd|' /C calc'!A0")
    assert b"'=cmd" in reconciliation.report_csv()


def test_every_failure_of_the_gateway_is_one_of_its_own(sandbox: Sandbox) -> None:
    with pytest.raises(gateway.Refused):
        gateway.intent("pi_none")
    sandbox.fault("garbage", "balance$", method="GET")
    with pytest.raises(gateway.Unknown):
        gateway.balance()

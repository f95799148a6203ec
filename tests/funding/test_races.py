"""Two people at the same moment, on connections of their own: exactly one way comes out."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection, connections, transaction

from backend.accounts.models import User
from backend.core import jobs
from backend.core.clock import app_now, set_demo_offset
from backend.core.errors import DomainError
from backend.core.money import Money
from backend.funding.actions import (
    bank_returns,
    charges,
    disbursements,
    events,
    outcome,
    pledges,
    refunds,
    rounds,
)  # fmt: skip
from backend.funding.models import (
    BankReturn,
    ChargeObligation,
    Pledge,
    Refund,
    Round,
    RoundClose,
    Tranche,
)
from backend.ledger import book, chart, checks
from tests.factories import a_draft_pledge, a_pledge, an_investor, an_officer
from tests.funding.test_milestones import (  # noqa: F401 (fixtures)
    an_account,
    finance,
    funded,
    officers,
    verified,
)
from tests.funding.test_returns import WHERE, a_failed_milestone
from tests.payments.walks import a_card_pledge, a_due_charge, a_small_round, close, move_clocks, run
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], Any]) -> list[str]:
    """Run the calls at the same moment; `ok` or the code of the refusal, in their order."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> str:
        try:
            gate.wait(timeout=30)
            call()
        except DomainError as refused:
            return refused.code
        finally:
            connection.close()
        return "ok"

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def confirm(pledge: Pledge) -> Callable[[], Any]:
    return lambda: pledges.confirm_pledge(
        pledge, by=pledge.investor, agreed_text="x", language="vi"
    )


def test_the_last_place_goes_to_one_of_six() -> None:
    """Room for two more of six: a lock queues them, a CHECK would stop a seventh way."""
    round_ = a_small_round(hard_cap_minor=104_000_000)
    a_pledge(round_, Money(200_000, "USD"))
    drafts = [a_draft_pledge(round_, Money(100_000, "USD"), by=an_investor()) for _ in range(6)]
    results = at_once(*[confirm(draft) for draft in drafts])
    assert sorted(results) == ["ok", "ok", *["over_cap"] * 4]
    round_ = Round.objects.get(pk=round_.pk)
    assert (round_.reserved_minor, round_.reserved_people) == (104_000_000, 3)


def test_the_same_form_sent_twice_at_once_reserves_once() -> None:
    round_ = a_small_round()
    draft = a_draft_pledge(round_, Money(100_000, "USD"))
    assert at_once(confirm(draft), confirm(draft)) == ["ok", "ok"]
    assert Round.objects.get(pk=round_.pk).reserved_minor == 26_000_000


def test_two_closes_count_once() -> None:
    round_ = a_small_round()
    a_pledge(round_, Money(400_000, "USD"))
    set_demo_offset(timedelta(days=31))
    at_once(lambda: rounds.close_round(round_), lambda: rounds.close_round(round_))
    at_once(lambda: rounds.count_round(round_), lambda: rounds.count_round(round_))
    assert RoundClose.objects.filter(round=round_).count() == 1
    assert Round.objects.get(pk=round_.pk).status == "charging"


def test_withdrawing_against_the_close_leaves_one_truth() -> None:
    round_ = a_small_round(days=2)
    kept = a_pledge(round_, Money(400_000, "USD"))
    leaving = a_pledge(round_, Money(100_000, "USD"))
    set_demo_offset(timedelta(days=3))

    def close() -> None:
        rounds.close_round(round_)
        rounds.count_round(round_)

    withdrawn, _closed = at_once(
        lambda: pledges.withdraw_pledge(leaving, by=leaving.investor), close
    )
    kept.refresh_from_db()
    leaving.refresh_from_db()
    assert (withdrawn, kept.status, leaving.status) == ("ok", "due", "withdrawn")
    assert Round.objects.get(pk=round_.pk).reserved_minor == kept.target_minor


def test_pledging_against_the_close_counts_who_was_in_time() -> None:
    """Row 49: four confirm in the last milliseconds while the round closes."""
    round_ = a_small_round()
    kept = a_pledge(round_, Money(400_000, "USD"))
    drafts = [a_draft_pledge(round_, Money(10_000, "USD"), by=an_investor()) for _ in range(4)]
    ahead = round_.closes_at - app_now() - timedelta(milliseconds=400)
    set_demo_offset(ahead)

    def at(early: int, call: Callable[[], Any]) -> Callable[[], Any]:
        def when_it_is_time() -> Any:
            while app_now() < round_.closes_at - timedelta(milliseconds=early):
                pass
            return call()

        return when_it_is_time

    calls = [at(40 - 15 * n, confirm(draft)) for n, draft in enumerate(drafts)]
    results = at_once(*calls, at(0, lambda: rounds.close_round(round_)))
    assert set(results[:-1]) <= {"ok", "round_closed"}
    rounds.close_round(round_)
    for draft, result in zip(drafts, results, strict=False):
        draft.refresh_from_db()
        assert (draft.status, draft.confirmed_at is not None) == (
            ("card_pending", True) if result == "ok" else ("draft", False)
        )
        assert draft.confirmed_at is None or draft.confirmed_at < round_.closes_at
    rounds.count_round(round_)
    shown = RoundClose.objects.get(round=round_)
    assert (shown.pledge_count, shown.pledged_minor) == (1, kept.target_minor)
    assert Round.objects.get(pk=round_.pk).reserved_minor == kept.target_minor


@pytest.mark.slow
def test_withdrawing_against_the_charge_keeps_nothing_of_who_left(sandbox: Sandbox) -> None:
    """Four withdraw in the last moment of their time while a worker charges. Whoever got out is
    not charged, or gets it back; whoever did not is charged once."""
    round_ = a_small_round()
    move_clocks(sandbox, days=29.9)
    people = [a_card_pledge(sandbox, round_, Money(100_000, "USD")) for _ in range(4)]
    move_clocks(sandbox, days=31)
    close(round_)
    first = min(p.cooling_until for p in people if p.cooling_until)
    ahead = timedelta(days=31) + (first - app_now()) - timedelta(seconds=1)
    move_clocks(sandbox, days=ahead.total_seconds() / 86_400)

    def leave(pledge: Pledge) -> Callable[[], Any]:
        def at_the_last_moment() -> None:
            assert pledge.cooling_until is not None
            while app_now() < pledge.cooling_until - timedelta(milliseconds=8):
                pass
            pledges.withdraw_pledge(pledge, by=pledge.investor)

        return at_the_last_moment

    def charge() -> None:
        until = app_now() + timedelta(seconds=60)
        waiting = ChargeObligation.objects.filter(round=round_, finished_at__isnull=True)
        while waiting.exists() and app_now() < until:
            charges.charge_due()

    results = at_once(*[leave(pledge) for pledge in people], charge)
    events.sweep()
    jobs.run_due_jobs()
    refunds.send_due()
    back = {e["metadata"]["refund_id"]: e["amount"] for e in sandbox.effects("refund")}
    for pledge, result in zip(people, results[:-1], strict=True):
        row = ChargeObligation.objects.get(pledge=pledge)
        pledge.refresh_from_db()
        returned = [back[r.public_id] for r in row.refunds.all()]
        charged = sandbox.charges_of(row)
        if result == "ok":
            assert (pledge.status, charged, returned) in [
                ("withdrawn", [], []), ("withdrawn", [100_000], [100_000]),
            ]  # fmt: skip
        else:
            assert (result, pledge.status, charged, returned) == (
                "too_late", "collected", [100_000], []
            )  # fmt: skip
    assert not checks.findings()


@pytest.mark.slow
def test_two_refunds_of_one_charge_are_one(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    run()

    def give_back() -> None:
        refunds.refund_obligation(row, reason="race")

    assert sorted(at_once(give_back, give_back)) == ["nothing_left", "ok"]
    at_once(refunds.send_due, refunds.send_due)
    assert [e["amount"] for e in sandbox.effects("refund")] == [400_000]
    assert Refund.objects.get().status == "succeeded"


@pytest.mark.slow
@pytest.mark.parametrize("times", range(3))
def test_releasing_against_refunding_pays_one_of_them(sandbox: Sandbox, times: int) -> None:
    row = a_due_charge(sandbox)
    run()
    payers = an_officer("finance"), an_officer("finance")
    round_ = outcome.settle_round(row.round)
    tranche = Tranche.objects.select_related("round", "milestone").get(round=round_)
    verified(round_, (an_officer(), an_officer()))
    an_account(round_, payers)
    payment = disbursements.propose_disbursement(tranche, by=payers[0])
    calls: list[Callable[[], Any]] = [
        lambda: disbursements.approve_disbursement(payment, by=payers[1]),
        lambda: refunds.refund_obligation(row, reason="race"),
    ]
    if times == 2:
        # The refund was asked for and is not in the book yet when the payment is approved.
        results = [*at_once(calls[1]), *at_once(calls[0])]
        assert results == ["ok", "overdrawn"]
    else:
        results = at_once(*(reversed(calls) if times else calls))
    assert sorted(results) in [["nothing_left", "ok"], ["ok", "overdrawn"]]
    refunds.send_due()
    payment.refresh_from_db()
    is_paid = payment.status == "approved"
    assert [e["amount"] for e in sandbox.effects("refund")] == ([] if is_paid else [400_000])
    assert book.balance(chart.held(round_.public_id, "USD")) == Money(0, "USD")
    assert not checks.findings()


def waits_for_a_lock() -> bool:
    """Whether another connection stands at a lock; asked for ten seconds."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return True
        time.sleep(0.05)
    return False


@pytest.mark.slow
def test_a_return_by_bank_takes_the_round_before_the_pledge(
    funded: Round,  # noqa: F811
    finance: tuple[User, User],  # noqa: F811
    officers: tuple[User, User],  # noqa: F811
) -> None:
    """Who holds the round asks for the pledge: a return that held the pledge first would meet a
    deadlock here."""
    a_failed_milestone(funded, officers)
    row = BankReturn.objects.select_related("pledge__investor").earliest("id")
    bank_returns.tell_destination(row, WHERE, by=row.pledge.investor)
    bank_returns.record_return(
        row, by=finance[0], bank_reference="FT-RACE", paid_on=date.today()
    )  # fmt: skip
    failed: list[BaseException] = []

    def confirm_it() -> None:
        try:
            bank_returns.confirm_return(BankReturn.objects.get(pk=row.pk), by=finance[1])
        except BaseException as error:
            failed.append(error)
        finally:
            connections.close_all()

    other = Thread(target=confirm_it)
    with transaction.atomic():
        rounds.locked_round(funded)
        other.start()
        assert waits_for_a_lock()
        Pledge.objects.select_for_update(nowait=True).get(pk=row.pledge_id)
    other.join(30)
    assert not failed
    row.refresh_from_db()
    assert row.status == "paid"

"""The database fails or forgets, rows get stuck, clocks differ: the product goes on by itself.

Errors are the server's own (raised with the code of the real one, a real time limit, a connection
that is really cut), in the middle of the unit of work that books a charge.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone

from backend.core import jobs, states
from backend.core import tasks as core_tasks
from backend.core.clock import app_now, set_demo_offset
from backend.core.models import Job
from backend.core.money import Money
from backend.funding.actions import (
    books,
    charges,
    disputes,
    events,
    outcome,
    reconciliation,
    refunds,
    returns,
    rounds,
)  # fmt: skip
from backend.funding.models import (
    BalanceTransaction,
    ChargeObligation,
    PaymentAttempt,
    ReconciliationBreak,
    StripeEvent,
)  # fmt: skip
from backend.funding.workflow import PLEDGE
from backend.ledger import book, chart, checks
from tests.payments.test_kills import a_worker, database_url
from tests.payments.walks import (
    a_card_pledge,
    a_due_charge,
    a_small_round,
    close,
    fresh,
    move_clocks,
    run,
)  # fmt: skip
from tests.sandbox import DECLINES_LATER, VISA, Sandbox

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture(autouse=True)
def _the_book_is_sound() -> Iterator[None]:
    yield
    assert checks.findings() == []


def open_breaks() -> set[str]:
    return set(ReconciliationBreak.objects.filter(state="open").values_list("kind", flat=True))


def collected_once(sandbox: Sandbox, row: ChargeObligation) -> None:
    row = fresh(row)
    assert (row.status, row.pledge.status) == ("succeeded", "collected")
    assert sandbox.charges_of(row) == [400_000]
    assert book.balance(chart.held(row.round.public_id, "USD")) == Money(400_000, "USD")


# --- rows 23 to 28 --------------------------------------------------------------------------------

FAILURES = {
    "row_23_deadlock": "40P01", "row_24_serialization": "40001", "row_26_no_connection": "53300",
    "row_27_statement_timeout": "57014", "row_28_disk_full": "53100",
}  # fmt: skip


def fail_once(monkeypatch: pytest.MonkeyPatch, fail: Any) -> None:
    """The first posting of the book ends as `fail` says, in the middle of the unit of work."""
    whole, calls = books.book.post, []

    def post(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            fail()
        return whole(*args, **kwargs)

    monkeypatch.setattr(books.book, "post", post)


@pytest.mark.parametrize("sqlstate", FAILURES.values(), ids=FAILURES.keys())
def test_rows_23_to_28_what_the_database_refuses_is_done_whole_later(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    def fail() -> None:
        with connection.cursor() as cursor:
            if sqlstate == "57014":
                cursor.execute("SET LOCAL statement_timeout = 20")
                cursor.execute("SELECT pg_sleep(10)")
            cursor.execute(
                f"DO $$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '{sqlstate}'; END $$"
            )

    row = a_due_charge(sandbox)
    fail_once(monkeypatch, fail)
    run()
    row = fresh(row)
    assert (row.status, row.pledge.status, row.errors) == ("confirming", "due", 1)
    assert not BalanceTransaction.objects.exists()
    assert open_breaks() == set()
    move_clocks(sandbox, days=31, minutes=11)
    run()
    collected_once(sandbox, row)


@pytest.mark.django_db(transaction=True)
def test_row_25_a_connection_that_is_cut_in_the_middle_costs_nothing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut() -> None:
        pid = connection.connection.info.backend_pid
        with psycopg.connect(database_url(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    row = a_due_charge(sandbox)
    fail_once(monkeypatch, cut)
    run()
    assert (fresh(row).status, BalanceTransaction.objects.count()) == ("confirming", 0)
    assert fresh(row).leased_until is None
    move_clocks(sandbox, days=31, minutes=11)
    run()
    collected_once(sandbox, row)


@contextmanager
def a_disk_without_room(table: str) -> Iterator[None]:
    """The table's file is `/dev/full`: the kernel has no space for its next block."""
    with psycopg.connect(database_url(), autocommit=True) as server:
        server.execute(f"VACUUM FULL {table}")  # a new file, empty as the table
        found = server.execute(
            "SELECT current_setting('data_directory') || '/' || pg_relation_filepath(%s)", [table]
        ).fetchone()
    assert found is not None
    file = Path(found[0])
    if not os.access(file, os.W_OK) or not Path("/dev/full").exists():
        pytest.skip("the server's files are not on this machine")
    assert file.stat().st_size == 0
    aside = file.with_name(f"{file.name}.aside")
    connection.close()  # whoever has the file open would go on with it
    file.rename(aside)
    file.symlink_to("/dev/full")
    try:
        yield
    finally:
        connection.close()
        file.unlink()
        aside.rename(file)


@pytest.mark.django_db(transaction=True)
def test_row_28_a_disk_that_is_really_full_costs_nothing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = a_due_charge(sandbox)
    seen: list[str | None] = []
    whole = books.book.post

    def post(*args: Any, **kwargs: Any) -> Any:
        try:
            return whole(*args, **kwargs)
        except DatabaseError as error:
            seen.append(getattr(error.__cause__, "sqlstate", None))
            raise

    monkeypatch.setattr(books.book, "post", post)
    with a_disk_without_room("ledger_transfer"):
        run()
        assert seen == ["53100"], "the server found no room in the middle of the unit of work"
        assert (fresh(row).status, BalanceTransaction.objects.count()) == ("confirming", 0)
        assert sandbox.charges_of(row) == [400_000], "charged once, and not in the book yet"
    move_clocks(sandbox, days=31, minutes=11)
    run()
    collected_once(sandbox, row)


@contextmanager
def one_place() -> Iterator[str]:
    """The address of the test's database for a login with one connection in all."""
    name = "caukieu_one_place"
    parts = psycopg.conninfo.conninfo_to_dict(database_url())
    with psycopg.connect(database_url(), autocommit=True) as server:
        server.execute(f"DROP ROLE IF EXISTS {name}")
        server.execute(
            f"CREATE ROLE {name} LOGIN PASSWORD 'one' CONNECTION LIMIT 1 IN ROLE caukieu_app"
        )
        host, port = quote(str(parts["host"]), safe=""), parts.get("port", 5432)
        try:
            yield f"postgresql://{name}:one@/{parts['dbname']}?host={host}&port={port}"
        finally:
            server.execute(f"DROP ROLE {name}")


@pytest.mark.timeout(600)
@pytest.mark.django_db(transaction=True)
def test_row_26_a_worker_without_a_connection_ends_and_the_next_one_charges(
    sandbox: Sandbox,
) -> None:
    """Really none: the login has one place and somebody has it. The worker is a real process."""
    row = a_due_charge(sandbox)
    with one_place() as narrow:
        with psycopg.connect(narrow) as taken:
            taken.execute("SELECT 1")
            worker = a_worker(sandbox, database=narrow)
            _out, error = worker.communicate(timeout=500)
            assert (worker.returncode, b"too many connections" in error) == (1, True), error[-500:]
        assert (fresh(row).status, sandbox.effects()) == ("new", [])
        again = a_worker(sandbox, database=narrow)
        _out, error = again.communicate(timeout=500)
        assert again.returncode == 0, error[-500:]
    collected_once(sandbox, row)


@pytest.mark.django_db(transaction=True)
def test_row_26_no_connection_comes_back_in_the_middle_of_a_charge(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut after the money moved, and refused when it asks again: the turn ends, nothing is lost."""
    name = connection.settings_dict["NAME"]
    elsewhere = psycopg.conninfo.make_conninfo(database_url(), dbname="postgres")

    def refuse_all() -> None:
        pid = connection.connection.info.backend_pid
        with psycopg.connect(elsewhere, autocommit=True) as other:
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    row = a_due_charge(sandbox)
    fail_once(monkeypatch, refuse_all)
    try:
        with pytest.raises(OperationalError, match="not currently accepting"):
            run()
    finally:
        with psycopg.connect(elsewhere, autocommit=True) as other:
            other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    connection.close()
    assert (fresh(row).status, BalanceTransaction.objects.count()) == ("confirming", 0)
    # Its lease runs out by the clock of the server.
    ChargeObligation.objects.update(leased_until=None)
    move_clocks(sandbox, days=31, minutes=11)
    run()
    collected_once(sandbox, row)


# --- rows 29 and 30 -------------------------------------------------------------------------------


@pytest.mark.parametrize("hours", [0, 30], ids=["row_29_a_lost_second", "row_30_an_old_backup"])
@pytest.mark.parametrize("is_compared_first", [False, True], ids=["worker", "comparison"])
def test_rows_29_and_30_what_the_database_forgot_is_shown_and_found_again(
    sandbox: Sandbox, hours: float, *, is_compared_first: bool
) -> None:
    """The charge happened, every row about it is gone. After a day its key is no guard any more."""
    row = a_due_charge(sandbox)
    with transaction.atomic():
        run()
        assert fresh(row).status == "succeeded"
        transaction.set_rollback(True)
    row = fresh(row)
    assert (row.status, row.stripe_intent_id, row.create_sent_at) == ("new", None, None)
    move_clocks(sandbox, days=31, hours=hours)
    if is_compared_first:
        reconciliation.reconcile()
        # The money stands in suspense, which is a finding of its own.
        assert open_breaks() == {"missing_in_ledger", "ledger"}
        assert book.balance(chart.suspense("USD")) == Money(-388_370, "USD")
    run()
    events.sweep()
    reconciliation.reconcile()
    collected_once(sandbox, row)
    assert open_breaks() == set()
    assert book.balance(chart.suspense("USD")) == Money(0, "USD")
    assert checks.findings(at_close=True) == []


# --- row 21 ---------------------------------------------------------------------------------------


def test_row_21_an_hour_without_a_broker_and_then_a_flood_is_done_once(
    sandbox: Sandbox, settings: Any, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    def away(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionError("no broker")

    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(core_tasks.run_jobs, "apply_async", away)
    row = a_due_charge(sandbox)
    sandbox.fault("timeout", "confirm$", when="after", seconds=3)
    run()
    assert fresh(row).status == "confirming"
    with django_capture_on_commit_callbacks(execute=True):
        assert events.read_events() > 0
    waiting = Job.objects.filter(name="funding.take_event", state="waiting").count()
    assert waiting == StripeEvent.objects.count() > 0
    for _ in range(50):
        core_tasks.run_jobs()
    assert not StripeEvent.objects.exclude(tries=1).exists()
    collected_once(sandbox, row)


# --- row 48 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [10, -10])
def test_row_48_a_worker_whose_clock_is_wrong_closes_and_charges_in_time(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    round_ = a_small_round()
    pledge = a_card_pledge(sandbox, round_, Money(400_000, "USD"))
    right = timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(minutes=minutes))

    def at(moment: Any, seconds: float) -> None:
        offset = moment - app_now() + timedelta(seconds=seconds)
        with connection.cursor() as cursor:
            cursor.execute("SELECT app_now() - now()")
            offset += cursor.fetchone()[0]
        set_demo_offset(offset)
        sandbox.told("clock", offset_s=offset.total_seconds())

    at(round_.closes_at, -60)
    assert not rounds.close_round(round_)
    at(round_.closes_at, 60)
    assert rounds.close_round(round_)
    rounds.count_round(round_)
    row = ChargeObligation.objects.get(pledge=pledge)
    at(row.due_at, -60)
    assert (run(), sandbox.effects()) == (0, [])
    at(row.due_at, 60)
    run()
    collected_once(sandbox, row)


# --- rows that get stuck --------------------------------------------------------------------------


def test_one_row_that_nobody_foresaw_does_not_hold_up_the_others(sandbox: Sandbox) -> None:
    round_ = a_small_round()
    first = a_card_pledge(sandbox, round_, Money(400_000, "USD"))
    second = a_card_pledge(sandbox, round_, Money(10_000, "USD"))
    move_clocks(sandbox, days=31)
    close(round_)
    sandbox.fault("500", "confirm$", when="before")
    run()
    bad, good = (ChargeObligation.objects.get(pledge=p) for p in (first, second))
    assert (fresh(bad).status, fresh(good).status) == ("confirming", "succeeded")
    ChargeObligation.objects.filter(pk=good.pk).update(next_at=app_now())
    attempt = PaymentAttempt.objects.get(obligation=bad)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(payment_method="pm_other", is_spent=False)
    move_clocks(sandbox, days=31, minutes=11)
    assert run() == 2
    assert fresh(good).next_at is None
    assert open_breaks() == {"stuck"}
    PaymentAttempt.objects.filter(pk=attempt.pk).update(
        payment_method=attempt.payment_method, is_spent=True
    )
    move_clocks(sandbox, days=31, minutes=22)
    run()
    events.sweep()
    assert fresh(bad).status == "succeeded"
    assert sandbox.charges_of(bad) == [400_000]
    assert open_breaks() == set()


def test_an_outcome_that_is_unknown_for_an_hour_is_shown_until_it_is_known(
    sandbox: Sandbox,
) -> None:
    row = a_due_charge(sandbox)
    sandbox.fault("503", "/v1/payment_intents/", method="GET", times=0)
    sandbox.fault("timeout", "confirm$", when="after", seconds=3)
    run()
    events.sweep()
    assert open_breaks() == set()
    move_clocks(sandbox, days=31, hours=2)
    run()
    events.sweep()
    assert open_breaks() == {"unknown_outcome"}
    sandbox.no_faults()
    move_clocks(sandbox, days=31, hours=3)
    run()
    events.sweep()
    collected_once(sandbox, row)
    assert open_breaks() == set()


def test_row_52_a_withdrawn_charge_whose_line_comes_late_goes_back_without_a_hand(
    sandbox: Sandbox,
) -> None:
    sandbox.told("options", transaction_delay_s=6 * 3600)
    row = a_due_charge(sandbox)
    sandbox.fault("timeout", "confirm$", when="after", seconds=3)
    run()
    pledge = fresh(row).pledge
    states.move(pledge, "withdrawn", by=pledge.investor, role="investor", workflow=PLEDGE)
    for hours in range(1, 10):
        move_clocks(sandbox, days=31, hours=hours)
        run()
        # The job has given up by now: the hourly sweep alone must find it.
        Job.objects.update(state="dead")
        events.sweep()
        refunds.send_due()
    assert sandbox.charges_of(row) == [400_000]
    assert [e["amount"] for e in sandbox.effects("refund")] == [400_000]
    assert book.balance(chart.held(row.round.public_id, "USD")) == Money(0, "USD")


def test_what_the_bank_disputes_does_not_hold_up_what_goes_back_to_the_others(
    sandbox: Sandbox,
) -> None:
    round_ = a_small_round()
    disputed, other, _declined = (
        a_card_pledge(sandbox, round_, Money(minor, "USD"), number)
        for minor, number in ((250_000, VISA), (100_000, VISA), (60_000, DECLINES_LATER))
    )
    move_clocks(sandbox, days=31)
    close(round_)
    run()
    charge = ChargeObligation.objects.get(pledge=disputed)
    told = sandbox.told("dispute", charge=charge.stripe_charge_id)
    disputes.sync_dispute(told["id"])
    for day in (32, 34, 36, 38, 55, 60):
        move_clocks(sandbox, days=day)
        run()
    for _ in range(2):
        assert outcome.settle_round(round_).status in {"settling", "shortfall_failed"}
    returns.return_round(round_)
    refunds.send_due()
    other.refresh_from_db()
    assert other.status == "refunded"
    assert [e["amount"] for e in sandbox.effects("refund")] == [100_000]
    sandbox.told("dispute", dispute=told["id"], outcome="won")
    events.sweep()
    events.sweep()
    refunds.send_due()
    disputed.refresh_from_db()
    assert disputed.status == "refunded"
    assert sum(e["amount"] for e in sandbox.effects("refund")) == 350_000


def test_a_deleted_intent_stands_aside_and_is_shown(sandbox: Sandbox) -> None:
    """As with the key of another account: Stripe does not know what it is asked about."""
    row = a_due_charge(sandbox)
    sandbox.fault("timeout", "confirm$", when="before", seconds=3)
    run()
    ChargeObligation.objects.filter(pk=row.pk).update(stripe_intent_id="pi_gone")
    move_clocks(sandbox, days=31, minutes=11)
    run()
    assert open_breaks() == {"stuck"}
    assert fresh(row).next_at is not None
    assert charges.charge_due() == 0
    assert jobs.run_due_jobs() >= 0

"""What the database refuses to the role that web and workers act as."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import (
    DataError,
    IntegrityError,
    InternalError,
    ProgrammingError,
    connection,
    connections,
    transaction,
)  # fmt: skip

from backend.core.money import MAX_MINOR, Money
from backend.ledger import book, chart, checks
from backend.ledger.models import Account, AccountBalance, LedgerEntry, Transfer
from tests.conftest import TRUNCATE_GRANTED_BY_MIGRATIONS
from tests.ledger.test_book import BANK, HELD, PAYABLE, STRIPE, collect, usd

REFUSED = (IntegrityError, InternalError, ProgrammingError, DataError)
TABLES = ["account", "ledgerentry", "transfer", "chainlink", "accountbalance", "holdbalance"]


@pytest.fixture
def accounts(db: None) -> dict[str, int]:
    collect()
    book.post("other", "test", [book.Leg(chart.bank("EUR"), chart.held("rnd_a", "EUR"),
                                         Money(5, "EUR"))])  # fmt: skip
    return {account.code: account.pk for account in Account.objects.all()}


def new_entry(key: str = "raw") -> LedgerEntry:
    entry = LedgerEntry(key=key, reason="raw", body_sha256="0" * 64, at="2026-01-01T00:00Z")
    entry.save()
    return entry


def add(entry: LedgerEntry, debit: int, credit: int, amount: int = 1, currency: str = "USD") -> Any:
    return Transfer.objects.create(
        entry=entry, debit_id=debit, credit_id=credit, amount_minor=amount, currency=currency
    )


def run_sql(sql: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values or None)


@pytest.mark.django_db(transaction=True)
def test_an_entry_without_transfers_is_refused_at_commit() -> None:
    with pytest.raises(IntegrityError, match="has no transfer"), transaction.atomic():
        new_entry()
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize("amount", [0, -1])
def test_an_amount_of_zero_or_less_is_refused(accounts: dict[str, int], amount: int) -> None:
    with pytest.raises(IntegrityError, match="transfer_positive"), transaction.atomic():
        add(new_entry(), accounts[STRIPE.code], accounts[HELD.code], amount)


def test_one_account_on_both_sides_is_refused(accounts: dict[str, int]) -> None:
    with pytest.raises(IntegrityError, match="transfer_two_accounts"), transaction.atomic():
        add(new_entry(), accounts[STRIPE.code], accounts[STRIPE.code])


@pytest.mark.parametrize(
    ("debit", "credit", "currency"),
    [("bank:EUR", HELD.code, "USD"), (STRIPE.code, "held:rnd_a:EUR", "USD"),
     (STRIPE.code, HELD.code, "EUR")],
)  # fmt: skip
def test_an_account_of_another_currency_is_refused(
    accounts: dict[str, int], debit: str, credit: str, currency: str
) -> None:
    with (
        pytest.raises(IntegrityError, match=r"it_currency"),
        transaction.atomic(),
    ):
        add(new_entry(), accounts[debit], accounts[credit], currency=currency)
        run_sql("SET CONSTRAINTS ALL IMMEDIATE")


def test_an_overdrawn_guarded_account_is_refused(accounts: dict[str, int]) -> None:
    with pytest.raises(IntegrityError, match="balance_not_negative"), transaction.atomic():
        add(new_entry(), accounts[HELD.code], accounts[STRIPE.code], 10_001)


@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
@pytest.mark.parametrize("table", TABLES)
def test_rows_are_not_changed_or_deleted(accounts: dict[str, int], table: str, verb: str) -> None:
    column = {"accountbalance": "balance_minor", "holdbalance": "open_minor",
              "chainlink": "position"}.get(table, "id")  # fmt: skip
    statements = {
        "UPDATE": f"UPDATE ledger_{table} SET {column} = {column}",
        "DELETE": f"DELETE FROM ledger_{table}",
    }
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        run_sql(statements[verb])


@pytest.mark.parametrize("table", ["account", "ledgerentry", "transfer", "chainlink"])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE"])
def test_a_trigger_refuses_changes_to_the_owner_as_well(
    accounts: dict[str, int], table: str, verb: str
) -> None:
    checks.extend_chain()
    column = "position" if table == "chainlink" else "id"
    sql = {
        "UPDATE": f"UPDATE ledger_{table} SET {column} = {column}",
        "DELETE": f"DELETE FROM ledger_{table}",
    }[verb]
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        run_sql("SET ROLE NONE")
        run_sql(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO ledger_accountbalance (account_id, balance_minor) VALUES (1, 1)",
        "INSERT INTO ledger_holdbalance (transfer_id, open_minor) VALUES (1, 1)",
        "ALTER TABLE ledger_transfer DISABLE TRIGGER ALL",
        "ALTER TABLE ledger_transfer DISABLE TRIGGER transfer_applied",
        "DROP TRIGGER transfer_applied ON ledger_transfer",
        "ALTER TABLE ledger_transfer DROP CONSTRAINT transfer_positive",
        "CREATE OR REPLACE FUNCTION ledger_apply_transfers() RETURNS trigger LANGUAGE plpgsql "
        "AS 'BEGIN RETURN NULL; END'",
        "SET session_replication_role = replica",
    ],
)
def test_the_rules_cannot_be_switched_off(accounts: dict[str, int], sql: str) -> None:
    with pytest.raises(ProgrammingError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_truncate_is_granted_by_no_migration(db: None) -> None:
    """The suite grants it for its own cleaning; what the migrations left was noted before."""
    assert TRUNCATE_GRANTED_BY_MIGRATIONS == [[]]


def test_truncate_is_refused_without_the_grant_of_the_suite(accounts: dict[str, int]) -> None:
    run_sql("SET CONSTRAINTS ALL IMMEDIATE")
    run_sql("SET ROLE NONE")
    run_sql("REVOKE TRUNCATE ON ALL TABLES IN SCHEMA public FROM caukieu_app")
    run_sql("SET ROLE caukieu_app")
    for table in TABLES:
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            run_sql(f"TRUNCATE ledger_{table} CASCADE")
    assert book.balance(HELD) == usd(10_000)


@pytest.mark.django_db(transaction=True)
def test_a_transfer_is_not_added_to_an_old_entry() -> None:
    collect()
    entry = LedgerEntry.objects.get(key="bt:1")
    ids = {account.code: account.pk for account in Account.objects.all()}
    with pytest.raises(IntegrityError, match="belongs to the transaction"):
        add(entry, ids[STRIPE.code], ids[HELD.code])
    assert book.balance(HELD) == usd(10_000)


@pytest.mark.django_db(transaction=True)
def test_an_entry_cannot_claim_to_be_of_a_later_transaction() -> None:
    """The transaction id is written by the database, whatever the row says."""
    collect()
    ids = {account.code: account.pk for account in Account.objects.all()}
    with transaction.atomic():
        entry = LedgerEntry(
            key="forged", reason="raw", body_sha256="0" * 64, at="2026-01-01T00:00Z", xid=2**40
        )
        entry.save()
        add(entry, ids[STRIPE.code], ids[HELD.code])
    entry.refresh_from_db()
    assert entry.xid < 2**40


def test_a_checked_entry_cannot_grow_after_the_constraints_ran(accounts: dict[str, int]) -> None:
    """SET CONSTRAINTS IMMEDIATE in the middle opens no door: the guard runs on each statement."""
    entry = new_entry()
    add(entry, accounts[STRIPE.code], accounts[HELD.code])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="balance_not_negative"), transaction.atomic():
        add(entry, accounts[HELD.code], accounts[STRIPE.code], 20_000)


def test_more_than_a_bigint_is_refused(accounts: dict[str, int]) -> None:
    book.post("most", "test", [book.Leg(BANK, HELD, usd(MAX_MINOR - 10_000))])
    with pytest.raises(REFUSED, match="out of range"), transaction.atomic():
        book.post("more", "test", [book.Leg(BANK, HELD, usd(1))])
    too_much = (
        "INSERT INTO ledger_transfer (entry_id, debit_id, credit_id, amount_minor, currency, "
        "is_hold) VALUES (%s, %s, %s, 9223372036854775808, 'USD', false)"
    )
    with pytest.raises(REFUSED, match="out of range"), transaction.atomic():
        run_sql(too_much, new_entry().pk, accounts[STRIPE.code], accounts[HELD.code])
    assert book.balance(HELD) == usd(MAX_MINOR)


def test_a_hold_is_used_only_out_of_its_own_account(accounts: dict[str, int]) -> None:
    book.hold("h", "approved", source=HELD, into=PAYABLE, money=usd(10))
    hold = Transfer.objects.get(is_hold=True)
    with pytest.raises(IntegrityError, match="out of the account"), transaction.atomic():
        Transfer.objects.create(
            entry=new_entry(), debit_id=accounts[HELD.code], credit_id=accounts[STRIPE.code],
            amount_minor=1, currency="USD", hold=hold,
        )  # fmt: skip


def race(racers: int, run: Callable[[int], Any]) -> list[Any]:
    """Run `run(i)` in that many threads, each with a connection of its own, all at once."""
    barrier, results = threading.Barrier(racers), [None] * racers

    def runner(number: int) -> None:
        try:
            barrier.wait(30)
            results[number] = run(number)
        except Exception as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=runner, args=(n,)) for n in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.mark.django_db(transaction=True)
def test_of_40_racers_exactly_6_get_what_is_there_for_6() -> None:
    collect(6_000)
    results = race(40, lambda n: book.post(f"out:{n}", "refund",
                                           [book.Leg(HELD, STRIPE, usd(1_000))]))  # fmt: skip
    won = [r for r in results if isinstance(r, book.Entry)]
    lost = [r for r in results if isinstance(r, book.Overdrawn)]
    assert (len(won), len(lost)) == (6, 34)
    assert book.balance(HELD) == usd(0)
    assert AccountBalance.objects.get(account__code=HELD.code).balance_minor == 0
    assert not checks.findings()


@pytest.mark.django_db(transaction=True)
def test_of_30_racers_with_one_key_one_writes() -> None:
    results = race(30, lambda n: collect(500, "same"))
    assert sum(r.is_new for r in results) == 1
    assert len({r.id for r in results}) == 1
    assert book.balance(HELD) == usd(500)


@pytest.mark.django_db(transaction=True)
def test_release_and_refund_race_for_the_same_money() -> None:
    collect(1_000)

    def run(number: int) -> book.Entry:
        if number % 2:
            return book.hold(f"h{number}", "approved", source=HELD, into=PAYABLE, money=usd(1_000))
        return book.post(f"r{number}", "refund", [book.Leg(HELD, STRIPE, usd(1_000))])

    results = race(10, run)
    assert sum(isinstance(r, book.Entry) for r in results) == 1
    assert not checks.findings()


@pytest.mark.django_db(transaction=True)
def test_opposite_postings_over_two_guarded_accounts_do_not_lock_each_other_out() -> None:
    other = chart.held("rnd_b", "USD")
    collect(1_000)
    book.post("b", "test", [book.Leg(STRIPE, other, usd(1_000))])
    pairs = [(HELD, other), (other, HELD)]
    results = race(16, lambda n: book.post(f"x{n}", "test", [book.Leg(*pairs[n % 2], usd(1))]))
    assert all(isinstance(r, book.Entry) for r in results), results
    assert not checks.findings()


@pytest.fixture
def as_owner(db: None) -> Iterator[Callable[[str], None]]:
    """Run SQL as the owner of the database with the triggers off: what an intruder could do."""

    def run(sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET ROLE NONE")
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(sql)
            cursor.execute("SET session_replication_role = origin")
            cursor.execute("SET ROLE caukieu_app")

    return run


@pytest.mark.parametrize(
    ("sql", "codes"),
    [
        ("UPDATE ledger_transfer SET amount_minor = amount_minor + 1",
         {"guarded_balance", "body_changed", "chain_broken"}),
        ("UPDATE ledger_ledgerentry SET reason = 'x' WHERE key = 'bt:1'",
         {"body_changed", "chain_broken"}),
        ("UPDATE ledger_ledgerentry SET at = at - interval '1 day'", {"chain_broken"}),
        ("UPDATE ledger_accountbalance SET balance_minor = balance_minor + 1",
         {"guarded_balance"}),
        ("DELETE FROM ledger_transfer WHERE entry_id IN "
         "(SELECT id FROM ledger_ledgerentry WHERE key = 'bt:1')",
         {"entry_without_transfers", "guarded_balance", "body_changed", "chain_broken"}),
        ("DELETE FROM ledger_chainlink WHERE position = 1", {"chain_gap", "chain_broken"}),
        ("UPDATE ledger_account SET currency = 'EUR' WHERE code = 'held:rnd_a:USD'",
         {"impossible_transfer", "trial_balance"}),
    ],
)  # fmt: skip
def test_what_the_owner_changes_by_hand_is_found_the_next_night(
    accounts: dict[str, int], as_owner: Callable[[str], None], sql: str, codes: set[str]
) -> None:
    assert checks.nightly() == []
    assert checks.findings() == []
    as_owner(sql)
    assert {finding.code for finding in checks.findings()} == codes


def test_the_chain_grows_by_what_is_new_and_only_once(accounts: dict[str, int]) -> None:
    assert checks.extend_chain() == 2
    collect(1, "bt:3")
    assert checks.extend_chain() == 1
    assert checks.extend_chain() == 0
    assert not checks.findings()


def test_a_suspense_account_is_a_finding_when_the_day_is_closed(db: None) -> None:
    book.post("s", "unknown", [book.Leg(STRIPE, chart.suspense("USD"), usd(7))])
    assert not checks.findings()
    assert [f.code for f in checks.findings(at_close=True)] == ["suspense_not_empty"]

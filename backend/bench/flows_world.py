"""Invented rounds, pledges and a ledger for `bench flows`, loaded by COPY as the database's owner.

Triggers and keys are off while rows are copied (the application's role may not do that), so the
world is checked afterwards: the ledger's own checks, and every hash of its chain computed again.

Of 64 entries of a round 58 are charges (two transfers each), 2 refunds, 2 approvals (holds) and 2
payments out of them; nothing is ever taken that was not held before.
"""

import contextlib
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import django
import psycopg
from django.db import connection

django.setup()

from backend.accounts.models import Organisation, User  # noqa: E402
from backend.bench import generate  # noqa: E402
from backend.ledger import chain_file, chart, checks, export  # noqa: E402
from backend.ledger.chain_file import START  # noqa: E402
from backend.ledger.chart import Address  # noqa: E402
from backend.ledger.sums import chain_end, chain_hash  # noqa: E402

ROUNDS, BATCH, BLOCK = 1_000, 50_000, 64
BEGIN = datetime(2026, 4, 1, 2, 0, tzinfo=UTC)
CURRENCIES = ("USD", "EUR", "VND")
RATES = (("USD", 26_000), ("EUR", 28_000))
TABLES = ("ledger_ledgerentry", "ledger_transfer", "ledger_chainlink")
COLUMNS = {
    "ledger_ledgerentry": "id, key, reason, about, body_sha256, at, recorded_at, xid",
    "ledger_transfer": "id, entry_id, debit_id, credit_id, amount_minor, currency, is_hold, "
    "hold_id",
    "ledger_chainlink": "position, entry_id, sha256",
}
_RATE = """
INSERT INTO funding_fxrate (base, quote, rate, as_of, source, is_sample)
VALUES (%s, 'VND', %s, '2026-01-01', 'bench', true)
"""
_ROUNDS = """
INSERT INTO funding_round (public_id, project_id, version_id, status, route, instrument, terms,
    currency, target_minor, hard_cap_minor, enough_bps, grace_days, cooling_off_days,
    platform_fee_bps, opens_at, closes_at, reserved_minor, reserved_people, opened_by_id)
SELECT 'rnd_b' || n, p.id, 1, 'open', 'card', 'contribution', '{}', 'VND', 10^15, 10^16, 9500, 7, 4,
    300, '2026-03-01', '2027-03-01', 0, 0, (SELECT min(id) FROM accounts_user)
FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM projects_project) p
"""
_PLEDGES = """
INSERT INTO funding_pledge (public_id, round_id, investor_id, client_token, status, route,
    amount_minor, currency, target_minor, rate_source, rate_is_sample, country, is_professional,
    rule_ids, mandate_sha256, mandate_language, confirmed_at, cooling_until, made_at, end_reason)
SELECT 'plg_b' || n, r.first + n %% {rounds}, u.first + n / 7 %% {people}, n, 'collected', 'card',
    CASE n %% 3 WHEN 2 THEN 1000000 ELSE 1000 END + n %% 9000,
    (ARRAY['USD','EUR','VND'])[1 + n %% 3], 1000000 + n %% 7, '', false,
    (ARRAY['US','AU','JP','TW','KR','DE','CA','FR','GB','CZ','SG','CH'])[1 + (n / 7) %% 12],
    false, '{{}}', repeat('a', 64), 'en', t.at, t.at + interval '4 days', t.at, ''
FROM generate_series(0, {pledges} - 1) n,
    LATERAL (SELECT timestamptz '2026-04-01' + n %% 230 * interval '1 day' AS at) t,
    (SELECT min(id) AS first FROM funding_round) r,
    (SELECT min(id) AS first FROM accounts_user WHERE email LIKE 'p%%@example.org') u
"""
_BALANCES = """
INSERT INTO ledger_accountbalance (account_id, balance_minor)
SELECT a.id, coalesce(sum(s.minor), 0) FROM ledger_account a LEFT JOIN (
    SELECT credit_id AS id, amount_minor AS minor FROM ledger_transfer UNION ALL
    SELECT debit_id, -amount_minor FROM ledger_transfer
) s ON s.id = a.id WHERE a.is_guarded GROUP BY a.id
ON CONFLICT (account_id) DO UPDATE SET balance_minor = excluded.balance_minor;
INSERT INTO ledger_holdbalance (transfer_id, open_minor)
SELECT h.id, h.amount_minor - coalesce(sum(u.amount_minor), 0) FROM ledger_transfer h
LEFT JOIN ledger_transfer u ON u.hold_id = h.id WHERE h.is_hold GROUP BY h.id
ON CONFLICT (transfer_id) DO UPDATE SET open_minor = excluded.open_minor;
"""


@dataclass
class Writer:
    """Text of the three tables, entry by entry, with the chain."""

    ids: dict[str, int]
    entry: int = 0
    transfer: int = 0
    head: str = START

    def write(self, n: int, out: dict[str, list[str]]) -> None:
        place, turn = n // BLOCK, n % BLOCK
        round_, currency = place % ROUNDS, CURRENCIES[place // ROUNDS % 3]
        key, reason, about, legs, hold = _entry(n, turn, round_, currency)
        at = BEGIN + timedelta(seconds=n * 3 % 20_000_000)
        is_hold = reason == "disbursement.approved"
        held_by = f"b:{n - 1}" if hold else ""
        stamp = at.isoformat()
        self.entry += 1
        # As chain_file hashes it, written out for speed; `verify` computes all again with its own.
        plain = ",".join(f'["{d.code}","{c.code}",{minor},"{currency}"]' for d, c, minor in legs)
        hold_word = "true" if is_hold else "false"
        body = _sha256(f'["{reason}","{about}",[{plain}],{hold_word},"{held_by}",""]')
        self.head = _sha256(f'["{self.head}",{self.entry},"{key}","{stamp}","{body}"]')
        out["ledger_ledgerentry"].append(
            f"{self.entry}\t{key}\t{reason}\t{about}\t{body}\t{stamp}\t{stamp}\t0\n"
        )
        out["ledger_chainlink"].append(f"{self.entry}\t{self.entry}\t{self.head}\n")
        for debit, credit, minor in legs:
            self.transfer += 1
            # A payment settles the approval that was written just before it.
            of = str(self.transfer - 1) if hold else "\\N"
            out["ledger_transfer"].append(
                f"{self.transfer}\t{self.entry}\t{self.ids[debit.code]}\t{self.ids[credit.code]}\t"
                f"{minor}\t{currency}\t{'t' if is_hold else 'f'}\t{of}\n"
            )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _entry(
    n: int, turn: int, round_: int, currency: str
) -> tuple[str, str, str, list[tuple[Address, Address, int]], bool]:
    held, payable, stripe, fees = _places(round_, currency)
    about = f"plg_b{n // 16}"
    if turn in {30, 62}:
        return f"b:{n}", "refund.paid", about, [(held, stripe, 900)], False
    if turn in {31, 60}:
        return f"b:{n}", "disbursement.approved", f"dsb_{n}", [(held, payable, 20_000)], False
    if turn in {32, 61}:
        bank = chart.bank(currency) if currency == "VND" else chart.fx_position(currency)
        return f"b:{n}", "disbursement.paid", f"dsb_{n - 1}", [(payable, bank, 20_000)], True
    minor = 1_500 + n % 9_000
    legs = [(stripe, held, minor - 40), (fees, held, 40)]
    return f"b:{n}", "charge.collected", about, legs, False


@cache
def _places(round_: int, currency: str) -> tuple[Address, Address, Address, Address]:
    """held, payable, and the accounts at Stripe"""
    return (chart.held(f"rnd_b{round_}", currency),
            chart.project_payable(f"prj_b{round_}", currency),
            chart.stripe_balance(currency), chart.stripe_fees(currency))  # fmt: skip


def accounts() -> Iterator[Address]:
    for currency in CURRENCIES:
        yield from (chart.stripe_balance(currency), chart.stripe_fees(currency),
                    chart.bank(currency), chart.fx_position(currency))  # fmt: skip
        for number in range(ROUNDS):
            yield chart.held(f"rnd_b{number}", currency)
            yield chart.project_payable(f"prj_b{number}", currency)


def load(rows: int) -> None:
    """A world with about so many transfers (two thirds of a hundred entries have two)."""
    entries = rows * 64 // 122
    # Every charge names a pledge that exists.
    pledges = max(entries // 16 + 1, 12_000)
    people = max(pledges // 4, 3_000)
    owner = Organisation.objects.create(name_vi="Bench", kind="firm")
    User.objects.create(email="opener@example.org", full_name="Opener")
    generate.load(ROUNDS, owner_id=owner.pk)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE projects_project SET public_id = 'prj_b' || (id - (SELECT min(id) "
                       "FROM projects_project))")  # fmt: skip
        _people(cursor, people)
        for code, rate in RATES:
            cursor.execute(_RATE, [code, rate])
        cursor.execute(_ROUNDS)
        cursor.execute(_PLEDGES.format(rounds=ROUNDS, people=people, pledges=pledges)
                       .replace("%%", "%"))  # fmt: skip
        ids = _open_accounts(cursor)
        indexes = _drop_indexes(cursor)
    _copy(entries, Writer(ids))
    with connection.cursor() as cursor:
        for sql in ["SET maintenance_work_mem = '256MB'", *indexes, *_BALANCES.split(";")[:2]]:
            cursor.execute(sql)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")


def _people(cursor: Any, count: int) -> None:
    """Copies of the first person under other names."""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'accounts_user' "
        "AND column_name <> 'id'"
    )
    own = {"email": "'p' || n || '@example.org'", "public_id": "'usr_b' || n"}
    names = [row[0] for row in cursor.fetchall()]
    sql = "INSERT INTO accounts_user (@) SELECT # FROM accounts_user, generate_series(1, %s) n"
    sql = sql.replace("@", ", ".join(names))
    cursor.execute(sql.replace("#", ", ".join(own.get(n, n) for n in names)), [count])


def _open_accounts(cursor: Any) -> dict[str, int]:
    rows = [(a.code, a.kind, a.currency, a.is_debit_normal, a.guarded) for a in accounts()]
    cursor.executemany(
        "INSERT INTO ledger_account (code, kind, currency, is_debit_normal, is_guarded) "
        "VALUES (%s, %s, %s, %s, %s)", rows,
    )  # fmt: skip
    cursor.execute("SELECT code, id FROM ledger_account")
    return dict(cursor.fetchall())


def _drop_indexes(cursor: Any) -> list[str]:
    """Those of no constraint; made again over all rows they take a fraction of the time."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname NOT IN "
        "(SELECT conname FROM pg_constraint)", [list(TABLES)],
    )  # fmt: skip
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _name, definition in found]


def _copy(entries: int, writer: Writer) -> None:
    """Three tables at once, each on a connection of its own."""
    parameters = connection.get_connection_params()
    keep = {k: parameters[k] for k in ("host", "port", "dbname", "user", "password")
            if parameters.get(k)}  # fmt: skip
    connections = [psycopg.connect(**keep) for _table in TABLES]
    for one in connections:
        one.execute("SET session_replication_role = replica")
    with contextlib.ExitStack() as stack:
        streams = [
            stack.enter_context(one.cursor().copy(f"COPY {table} ({COLUMNS[table]}) FROM STDIN"))
            for table, one in zip(TABLES, connections, strict=True)
        ]
        sender = stack.enter_context(ThreadPoolExecutor(len(TABLES)))
        sent: list[Future[None]] = []
        for start in range(0, entries, BATCH):
            out: dict[str, list[str]] = {table: [] for table in TABLES}
            for n in range(start, min(start + BATCH, entries)):
                writer.write(n, out)
            # The database takes one batch while the next one is being written.
            for one_sent in sent:
                one_sent.result()
            sent = [
                sender.submit(stream.write, "".join(out[table]))
                for table, stream in zip(TABLES, streams, strict=True)
            ]
        for one_sent in sent:
            one_sent.result()
    for one in connections:
        one.commit()
        one.close()
    with connection.cursor() as cursor:
        for table in TABLES[:2]:
            sql = "SELECT setval(pg_get_serial_sequence('@', 'id'), (SELECT max(id) FROM @))"
            cursor.execute(sql.replace("@", table))


# The checks that run as one query each; bodies and chain are computed again below, streaming.
BY_QUERY: tuple[Callable[[], Iterator[checks.Finding]], ...] = (
    checks.entries_without_transfers, checks.impossible_transfers, checks.trial_balance,
    checks.guarded_balances, checks.open_holds, checks.reversals,
)  # fmt: skip


def chain(part: int, parts: int) -> dict[str, Any]:
    """Every hash of one part of the chain again, out of the auditor's own file; a part begins at
    the hash that the part before it has to end with."""
    end = chain_end().position
    after, until = end * part // parts, end * (part + 1) // parts
    lines = chain_file.write_lines(export.chain_rows(until, after=after))
    verdict = chain_file.verify_lines(
        lines, [chain_hash(until)], after=after, head=chain_hash(after)
    )
    return {"problem": verdict.problem, "places": verdict.rows - after}


def verify() -> dict[str, Any]:
    """The ledger's checks that run as a query each."""
    found = [finding for check in BY_QUERY for finding in check()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM ledger_transfer), "
                       "(SELECT count(*) FROM ledger_ledgerentry), "
                       "(SELECT count(*) FROM funding_pledge)")  # fmt: skip
        counts = cursor.fetchone()
    return {"findings": len(found), "first": str(found[:3]), "counts": counts}


def main() -> None:
    began = time.monotonic()
    result: dict[str, Any] = {}
    act, *rest = sys.argv[1:]
    if act == "load":
        load(int(rest[0]))
    else:
        result = chain(int(rest[0]), int(rest[1])) if act == "chain" else verify()
    print(json.dumps({"seconds": round(time.monotonic() - began, 1), **result}))


main()

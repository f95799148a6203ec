"""Sums over the book for accounts of money that others read: grouped queries of a bounded part."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from backend.ledger.chain_file import START
from backend.ledger.models import ChainLink


@dataclass(frozen=True, slots=True)
class Turnover:
    """What went to the debit side of one account from the credit side of another for one reason in
    one month (city time): `minor` of the currency, in `rows` transfers."""

    debit: str
    credit: str
    reason: str
    currency: str
    month: str
    minor: int
    rows: int


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the chain over the entries; 0 and zeros before the first."""

    position: int
    sha256: str


_GROUPED = """
WITH wanted AS MATERIALIZED ({wanted}), moved AS (
    SELECT t.debit_id, t.credit_id, e.reason, t.currency,
        to_char(e.at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM') AS month,
        sum(t.amount_minor) AS minor, count(*) AS rows
    FROM wanted w JOIN ledger_ledgerentry e ON e.id = w.entry_id
    JOIN ledger_transfer t ON t.entry_id = e.id GROUP BY 1, 2, 3, 4, 5
)
SELECT d.code, c.code, m.reason, m.currency, m.month, m.minor, m.rows FROM moved m
JOIN ledger_account d ON d.id = m.debit_id JOIN ledger_account c ON c.id = m.credit_id
"""
# The entries in the places (after, until] of the chain.
LINKED = "SELECT entry_id FROM ledger_chainlink WHERE position > %s AND position <= %s"
# Entries get their place in the chain by night. Those without one are among the newest ids: a
# transaction would have to stay open while a hundred thousand others are written to be older.
NOT_LINKED = (
    "SELECT e.id AS entry_id FROM ledger_ledgerentry e WHERE e.id > "
    "coalesce((SELECT max(entry_id) FROM ledger_chainlink), 0) - 100000 AND NOT EXISTS "
    "(SELECT 1 FROM ledger_chainlink k WHERE k.entry_id = e.id)"
)


def turnovers(after: int, until: int) -> list[Turnover]:
    """Of the entries in the places (after, until] of the chain: what is there never changes, so
    the same part gives the same sums for good."""
    return list(_turnovers(LINKED, after, until))


def turnovers_not_linked() -> list[Turnover]:
    """Of the entries that have no place in the chain yet."""
    return list(_turnovers(NOT_LINKED))


def _turnovers(wanted: str, *values: int) -> Iterator[Turnover]:
    with connection.cursor() as cursor:
        cursor.execute(_GROUPED.format(wanted=wanted), values)
        for debit, credit, reason, currency, month, minor, rows in cursor:
            yield Turnover(debit, credit, reason, currency, month, int(minor), rows)


def chain_end() -> Place:
    """The newest place of the chain."""
    head = ChainLink.objects.order_by("-position").first()
    return Place(head.position, head.sha256) if head else Place(0, START)


def chain_hash(position: int) -> str:
    """The hash at a place; empty when there is none."""
    if position == 0:
        return START
    row = ChainLink.objects.filter(position=position).first()
    return row.sha256 if row else ""


@dataclass(frozen=True, slots=True)
class Touched:
    """That an entry moved money into or out of an account: `about` is what the entry names."""

    code: str
    about: str
    reason: str
    currency: str


_TOUCHED = """
SELECT DISTINCT a.code, e.about, e.reason, t.currency FROM ledger_chainlink k
JOIN ledger_ledgerentry e ON e.id = k.entry_id JOIN ledger_transfer t ON t.entry_id = e.id
JOIN ledger_account a ON a.id IN (t.debit_id, t.credit_id)
WHERE k.position > %s AND a.code LIKE ANY(%s)
"""


def touched_since(position: int, prefixes: list[str]) -> list[Touched]:
    """Accounts that begin so and moved after that place of the chain, with what moved them."""
    likes = [prefix.replace("_", r"\_") + "%" for prefix in prefixes]
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, [position, likes])
        return [Touched(*row) for row in cursor]

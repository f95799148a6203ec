"""The ledger's turnovers, kept up to a place of its chain. Workers only.

Links of the chain and what they cover never change, so each part of the chain is read once in its
life: a snapshot of ten million entries is built in parts of bounded size, each one transaction
that also moves the mark. Killed midway, it is taken up at the mark; the next night adds a day's
entries only.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import structlog
from django.db import connection, transaction

from backend.core.errors import Conflict
from backend.insights import ledger_origins
from backend.insights.ledger_origins import Origin
from backend.insights.models import LedgerMark, LedgerSum
from backend.ledger import sums
from backend.ledger.chain_file import START
from backend.ledger.sums import Place, Turnover

log = structlog.get_logger(__name__)
STEP = 50_000
# One at a time adds up, over all workers (any fixed number).
LOCK = 728_312

_ADD = """
INSERT INTO insights_ledgersum (debit, credit, reason, currency, month, minor, rows)
SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],
    %s::bigint[])
ON CONFLICT (debit, credit, reason, currency, month) DO UPDATE
SET minor = insights_ledgersum.minor + excluded.minor,
    rows = insights_ledgersum.rows + excluded.rows
"""


def lock() -> None:
    """Until the transaction ends, nobody else moves the mark."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def mark() -> Place:
    """How far the kept sums reach."""
    row = LedgerMark.objects.filter(id=1).first()
    return Place(row.position, row.sha256) if row else Place(0, START)


def add_up(*, step: int = STEP) -> Place:
    """Read what is new in the chain, part by part; returns the place that was reached."""
    end = sums.chain_end()
    while (reached := _add_part(end, step)) is not None:
        log.info("insights.added_up", position=reached, of=end.position)
    return mark()


@transaction.atomic
def _add_part(end: Place, step: int) -> int | None:
    """One part and the mark behind it, or neither; None when the end was reached."""
    lock()
    at = mark()
    if at.position >= end.position:
        return None
    if sums.chain_hash(at.position) != at.sha256:
        raise Conflict(
            "The ledger's chain is no longer the one whose entries were added up.",
            code="chain_rewritten",
        )
    until = min(at.position + step, end.position)
    _add(sums.turnovers(at.position, until))
    ledger_origins.add_part(at.position, until)
    LedgerMark.objects.update_or_create(
        id=1, defaults={"position": until, "sha256": sums.chain_hash(until)}
    )
    return until


def _add(rows: Iterable[Turnover]) -> None:
    columns = list(
        zip(
            *((r.debit, r.credit, r.reason, r.currency, r.month, r.minor, r.rows) for r in rows),
            strict=True,
        )
    )
    if columns:
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [list(column) for column in columns])


def kept() -> list[Turnover]:
    """The sums up to the mark: one row for each pair of accounts, reason and month."""
    rows = LedgerSum.objects.values_list(
        "debit", "credit", "reason", "currency", "month", "minor", "rows"
    )
    return [Turnover(*row) for row in rows.iterator(chunk_size=5_000)]


@dataclass(frozen=True)
class Book:
    """What the figures of money are made of: turnovers, and the countries behind what is held."""

    turnovers: list[Turnover]
    origins: list[Origin]


def kept_book() -> Book:
    """Up to the mark."""
    return Book(kept(), ledger_origins.kept())


def book_until(position: int) -> Book:
    """The same in one pass over the chain up to a place, to count again."""
    return Book(sums.turnovers(0, position), ledger_origins.origins(0, position))


def as_of_now() -> Book:
    """What is kept and what came after it, for pages of the office. Writes nothing."""
    with transaction.atomic():
        at, end = mark(), sums.chain_end()
        new = [*sums.turnovers(at.position, end.position), *sums.turnovers_not_linked()]
        more = ledger_origins.not_kept(at.position, end.position)
        return Book([*kept(), *new], [*ledger_origins.kept(), *more])

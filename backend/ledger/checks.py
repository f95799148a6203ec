"""Small checks of the book that return findings, and the hash chain over its entries.

They only read (the chain is the one thing written), so they may run at any time. The chain makes a
change by somebody with the rights of the database's owner visible the next night: each link
covers the entry, its transfers and the link before. Its newest hash is logged every night; whoever
keeps the logs elsewhere can prove that nothing before it was rewritten.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import structlog
from django.db import connection, transaction

from backend.ledger.chain_file import START, hash_of_body, hash_of_link
from backend.ledger.models import ChainLink, LedgerEntry

log = structlog.get_logger(__name__)
T = TypeVar("T")

CHUNK = 2000
CHAIN_LOCK = 5_117_001


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be: which check, about what, and what was seen."""

    code: str
    subject: str
    detail: str


def _rows(sql: str) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [tuple(str(cell) for cell in row) for row in cursor.fetchall()]


def entries_without_transfers() -> Iterator[Finding]:
    for (key,) in _rows(
        "SELECT e.key FROM ledger_ledgerentry e WHERE NOT EXISTS "
        "(SELECT 1 FROM ledger_transfer t WHERE t.entry_id = e.id)"
    ):
        yield Finding("entry_without_transfers", key, "")


def impossible_transfers() -> Iterator[Finding]:
    """What the CHECKs and keys refuse; a finding means that they were switched off."""
    for number, detail in _rows(
        "SELECT t.id, concat_ws(' ', t.amount_minor, t.currency, d.code, c.code) "
        "FROM ledger_transfer t JOIN ledger_account d ON d.id = t.debit_id "
        "JOIN ledger_account c ON c.id = t.credit_id WHERE t.amount_minor <= 0 "
        "OR d.id = c.id OR d.currency <> t.currency OR c.currency <> t.currency"
    ):
        yield Finding("impossible_transfer", number, detail)


def trial_balance() -> Iterator[Finding]:
    """Debits minus credits over all accounts: zero in each currency."""
    for currency, difference in _rows(
        "SELECT currency, sum(amount) FROM ("
        "SELECT d.currency, t.amount_minor AS amount FROM ledger_transfer t "
        "JOIN ledger_account d ON d.id = t.debit_id UNION ALL "
        "SELECT c.currency, -t.amount_minor FROM ledger_transfer t "
        "JOIN ledger_account c ON c.id = t.credit_id) s "
        "GROUP BY currency HAVING sum(amount) <> 0"
    ):
        yield Finding("trial_balance", currency, difference)


def guarded_balances() -> Iterator[Finding]:
    """The locked rows equal the sums of their transfers and are not negative."""
    for code, kept, summed in _rows(
        "SELECT a.code, b.balance_minor, s.total FROM ledger_account a "
        "LEFT JOIN ledger_accountbalance b ON b.account_id = a.id "
        "CROSS JOIN LATERAL (SELECT coalesce(sum(CASE WHEN (t.debit_id = a.id) = a.is_debit_normal "
        "THEN t.amount_minor ELSE -t.amount_minor END), 0) AS total FROM ledger_transfer t "
        "WHERE t.debit_id = a.id OR t.credit_id = a.id) s "
        "WHERE a.is_guarded AND (b.balance_minor IS DISTINCT FROM s.total OR s.total < 0)"
    ):
        yield Finding("guarded_balance", code, f"kept {kept}, transfers {summed}")


def open_holds() -> Iterator[Finding]:
    for number, kept, summed in _rows(
        "SELECT t.id, h.open_minor, t.amount_minor - s.used FROM ledger_transfer t "
        "LEFT JOIN ledger_holdbalance h ON h.transfer_id = t.id CROSS JOIN LATERAL ("
        "SELECT coalesce(sum(u.amount_minor), 0) AS used FROM ledger_transfer u "
        "WHERE u.hold_id = t.id) s WHERE t.is_hold AND "
        "(h.open_minor IS DISTINCT FROM t.amount_minor - s.used OR h.open_minor < 0)"
    ):
        yield Finding("open_hold", number, f"kept {kept}, transfers {summed}")


def reversals() -> Iterator[Finding]:
    """A reversal has the legs of what it reverses, each turned round."""
    sql = (
        "SELECT n.key, o.key FROM ledger_ledgerentry n "
        "JOIN ledger_ledgerentry o ON o.id = n.reverses_id WHERE EXISTS ("
        "(SELECT debit_id, credit_id, amount_minor, currency FROM ledger_transfer "
        "WHERE entry_id = n.id) EXCEPT ALL (SELECT credit_id, debit_id, amount_minor, currency "
        "FROM ledger_transfer WHERE entry_id = o.id)) OR (SELECT count(*) FROM ledger_transfer "
        "WHERE entry_id = n.id) <> (SELECT count(*) FROM ledger_transfer WHERE entry_id = o.id)"
    )
    for key, old in _rows(sql):
        yield Finding("reversal", key, f"does not mirror {old}")


def bodies() -> Iterator[Finding]:
    """Every entry still has the body that was hashed when it was written."""
    for entry in _entries():
        if _body_of(entry) != entry.body_sha256:
            yield Finding("body_changed", entry.key, "the rows do not fit the hash of the entry")


def chain() -> Iterator[Finding]:
    """Every link still covers its entry and the link before it."""
    before, expected = START, 1
    links = ChainLink.objects.order_by("position").iterator(CHUNK)
    for some in _chunks(links):
        entries = {e.pk: e for e in _with_rows([link.entry_id for link in some])}
        for link in some:
            entry = entries.get(link.entry_id)
            if link.position != expected:
                yield Finding("chain_gap", str(expected), f"next is {link.position}")
                expected = link.position
            if entry is None or _link_hash(before, entry) != link.sha256:
                yield Finding(
                    "chain_broken", entry.key if entry else str(link.entry_id), str(link.position)
                )
            before, expected = link.sha256, expected + 1


def suspense_accounts() -> Iterator[Finding]:
    for code, total in _rows(
        "SELECT a.code, sum(CASE WHEN t.debit_id = a.id THEN t.amount_minor "
        "ELSE -t.amount_minor END) AS total FROM ledger_account a JOIN ledger_transfer t "
        "ON t.debit_id = a.id OR t.credit_id = a.id WHERE a.code LIKE 'suspense:%' "
        "GROUP BY a.code HAVING sum(CASE WHEN t.debit_id = a.id THEN t.amount_minor "
        "ELSE -t.amount_minor END) <> 0"
    ):
        yield Finding("suspense_not_empty", code, total)


# What must hold at every moment.
ALWAYS: tuple[Callable[[], Iterator[Finding]], ...] = (
    entries_without_transfers,
    impossible_transfers,
    trial_balance,
    guarded_balances,
    open_holds,
    reversals,
    bodies,
    chain,
)
# What must hold when a day is closed.
AT_CLOSE = (suspense_accounts,)


def findings(*, at_close: bool = False) -> list[Finding]:
    """Run the checks; an empty list is a sound book."""
    checks = (*ALWAYS, *AT_CLOSE) if at_close else ALWAYS
    return [finding for check in checks for finding in check()]


def nightly() -> list[Finding]:
    """Check the book, then chain what is new; the head of the chain goes to the log."""
    found = findings(at_close=True)
    for finding in found:
        log.error(
            "ledger.finding", code=finding.code, subject=finding.subject, detail=finding.detail
        )
    added = extend_chain()
    head = ChainLink.objects.order_by("-position").first()
    log.info(
        "ledger.sealed",
        added=added,
        position=head.position if head else 0,
        sha256=head.sha256 if head else START,
    )
    return found


@transaction.atomic
def extend_chain() -> int:
    """Add a link for every committed entry that has none; returns how many. Safe to repeat."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
    head = ChainLink.objects.order_by("-position").first()
    before, position = (head.sha256, head.position) if head else (START, 0)
    added = 0
    new = LedgerEntry.objects.filter(link__isnull=True).order_by("id").values_list("id", flat=True)
    for ids in _chunks(list(new)):
        links = []
        for entry in _with_rows(ids):
            before, position = _link_hash(before, entry), position + 1
            links.append(ChainLink(position=position, entry=entry, sha256=before))
        ChainLink.objects.bulk_create(links)
        added += len(links)
    return added


def _chunks(things: Iterable[T]) -> Iterator[list[T]]:
    chunk: list[T] = []
    for thing in things:
        chunk.append(thing)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _entries() -> Iterator[LedgerEntry]:
    for ids in _chunks(LedgerEntry.objects.order_by("id").values_list("id", flat=True)):
        yield from _with_rows(ids)


def _with_rows(ids: list[int]) -> list[LedgerEntry]:
    rows = LedgerEntry.objects.filter(pk__in=ids).select_related("reverses").order_by("id")
    return list(
        rows.prefetch_related("transfers__debit", "transfers__credit", "transfers__hold__entry")
    )


def _body_of(entry: LedgerEntry) -> str:
    rows = sorted(entry.transfers.all(), key=lambda row: row.pk)
    legs: list[list[object]] = [
        [row.debit.code, row.credit.code, row.amount_minor, row.currency] for row in rows
    ]
    hold = next((row.hold.entry.key for row in rows if row.hold), "")
    reverses = entry.reverses.key if entry.reverses else ""
    is_hold = any(row.is_hold for row in rows)
    return hash_of_body(entry.reason, entry.about, legs, is_hold, hold, reverses)


def _link_hash(before: str, entry: LedgerEntry) -> str:
    return hash_of_link(before, entry.pk, entry.key, entry.at.isoformat(), _body_of(entry))

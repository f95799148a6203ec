"""From which country the money in the held accounts came. Workers and pages of the office.

A charge, a refund, a transfer by bank or a dispute names the pledge that it is about, and a pledge
keeps the country of residence that the person had said when it was made. What leaves for a project
is paid out of one pot: it is shared over the countries in proportion to what each has in it
(ledger_cells). Kept part by part beside the turnovers (ledger_sums), under the same mark.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from backend.insights.models import LedgerOrigin
from backend.ledger.sums import LINKED, NOT_LINKED


@dataclass(frozen=True, slots=True)
class Origin:
    """`net` and `back` in minor units of the held account's currency. Country "": the entries name
    no pledge."""

    held: str
    country: str
    year: int
    net: int
    back: int


_ORIGINS = """
WITH wanted AS MATERIALIZED ({wanted}),
pots AS (SELECT id, code FROM ledger_account WHERE code LIKE 'held:%%'),
payable AS (SELECT id FROM ledger_account WHERE code LIKE 'project_payable:%%'),
legs AS (
    SELECT e.about, e.reason, t.debit_id, t.credit_id, t.amount_minor,
        extract(year FROM e.at AT TIME ZONE 'Asia/Ho_Chi_Minh')::int AS year
    FROM wanted w JOIN ledger_ledgerentry e ON e.id = w.entry_id
    JOIN ledger_transfer t ON t.entry_id = e.id
),
moved AS (
    SELECT about, code, year, sum(amount_minor) AS net, 0::numeric AS back
    FROM legs JOIN pots ON pots.id = credit_id
    WHERE debit_id NOT IN (SELECT id FROM payable) GROUP BY 1, 2, 3
    UNION ALL
    SELECT about, code, year, -sum(amount_minor),
        coalesce(sum(amount_minor) FILTER (WHERE reason = 'refund.paid'
            OR starts_with(reason, 'return.')), 0)
    FROM legs JOIN pots ON pots.id = debit_id
    WHERE credit_id NOT IN (SELECT id FROM payable) GROUP BY 1, 2, 3
)
SELECT m.code, coalesce(p.country, q.country, ''), m.year, sum(m.net)::bigint, sum(m.back)::bigint
FROM moved m LEFT JOIN funding_pledge p ON p.public_id = m.about
LEFT JOIN funding_bankreceipt b ON b.public_id = m.about
LEFT JOIN funding_pledge q ON q.id = b.pledge_id
GROUP BY 1, 2, 3
"""
_ADD = """
INSERT INTO insights_ledgerorigin (held, country, year, net_minor, back_minor)
SELECT * FROM unnest(%s::text[], %s::text[], %s::int[], %s::bigint[], %s::bigint[])
ON CONFLICT (held, country, year) DO UPDATE
SET net_minor = insights_ledgerorigin.net_minor + excluded.net_minor,
    back_minor = insights_ledgerorigin.back_minor + excluded.back_minor
"""


def origins(after: int, until: int) -> list[Origin]:
    """Of the entries in the places (after, until] of the chain."""
    return _read(LINKED, after, until)


def add_part(after: int, until: int) -> None:
    """Keep what that part of the chain adds; called with the mark moved in one transaction."""
    rows = origins(after, until)
    if rows:
        columns = zip(*((r.held, r.country, r.year, r.net, r.back) for r in rows), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [list(column) for column in columns])


def kept() -> list[Origin]:
    """Up to the mark."""
    rows = LedgerOrigin.objects.values_list("held", "country", "year", "net_minor", "back_minor")
    return [Origin(*row) for row in rows.iterator(chunk_size=5_000)]


def not_kept(after: int, until: int) -> list[Origin]:
    """What came after the mark, with or without a place in the chain. Writes nothing."""
    return [*origins(after, until), *_read(NOT_LINKED)]


def _read(wanted: str, *values: int) -> list[Origin]:
    with connection.cursor() as cursor:
        cursor.execute(_ORIGINS.format(wanted=wanted), values)
        return [Origin(*row) for row in cursor]


@dataclass(frozen=True)
class Pots:
    """Weights of the countries in each pot: by held account what is in it, and by held account and
    year what went back."""

    inside: Mapping[str, Mapping[str, int]]
    back: Mapping[tuple[str, int], Mapping[str, int]]


def pots_of(rows: Iterable[Origin]) -> Pots:
    inside: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    back: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        inside[row.held][row.country] += row.net
        back[row.held, row.year][row.country] += row.back
    return Pots(inside, back)


def shared(total: int, weights: Mapping[str, int]) -> dict[str, int]:
    """`total` in proportion to the weights, in whole units that add up to it; what is left over by
    rounding goes to the largest remainders. Without any weight nobody knows whose it is ("")."""
    positive = {key: weight for key, weight in weights.items() if weight > 0}
    whole = sum(positive.values())
    if not whole:
        return {"": total}
    found = {key: total * weight // whole for key, weight in positive.items()}
    left = total - sum(found.values())
    by_rest = sorted(positive, key=lambda key: (-(total * positive[key] % whole), key))
    for key in by_rest[:left]:
        found[key] += 1
    return found

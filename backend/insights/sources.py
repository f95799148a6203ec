"""Where each figure of the public account comes from. Workers only; reads, in few grouped queries.

pledged: live pledges at the moment, at the rate locked with each. calculated: a year of every plan
that is not stopped and of every calculation that a signed-in person kept. held, released,
returned: the ledger. Milestones and decisions: the rows of their slices.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import connection

from backend.core.money import Money
from backend.funding.queries import Rate, convert, latest_rates
from backend.funding.workflow import PLEDGE_PAID
from backend.insights.facts import Cell
from backend.ledger import book, sums
from backend.projects.workflow import PUBLIC
from backend.remittances.corridors import corridors

# One pass over the live pledges: every grouping that the page and the file show.
_PLEDGED = """
WITH regions (country, region) AS (
    SELECT * FROM unnest(%(countries)s::text[], %(regions)s::text[])
),
live AS (
    SELECT p.investor_id, p.country,
        coalesce(g.region, 'other') AS region,
        coalesce(j.field, '') AS field, coalesce(j.place_code, '') AS place,
        to_char(p.confirmed_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM') AS month,
        CASE r.currency WHEN 'VND' THEN p.target_minor
            ELSE round(p.target_minor * %(usd)s / 100) END AS vnd
    FROM funding_pledge p
    JOIN funding_round r ON r.id = p.round_id
    JOIN projects_project j ON j.id = r.project_id
    LEFT JOIN regions g ON g.country = p.country
    WHERE pledge_is_live(p.status)
)
SELECT month, region, country, field, place,
    GROUPING(month, region, country, field, place) AS which,
    sum(vnd)::bigint, count(DISTINCT investor_id)
FROM live GROUP BY GROUPING SETS
    ((), (month), (region), (region, country), (field), (place), (region, country, field))
"""
_BY_PILLAR = """
SELECT pillar, sum(CASE r.currency WHEN 'VND' THEN p.target_minor
    ELSE round(p.target_minor * %(usd)s / 100) END)::bigint, count(DISTINCT p.investor_id)
FROM funding_pledge p JOIN funding_round r ON r.id = p.round_id
JOIN projects_project j ON j.id = r.project_id, unnest(j.pillars) AS pillar
WHERE pledge_is_live(p.status) GROUP BY pillar
"""
_CALCULATED = """
WITH said AS (
    SELECT user_id AS person, year_vnd AS vnd,
        to_char(saved_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM') AS month
    FROM remittances_savedcalculation
    UNION ALL
    SELECT investor_id, round(12 * coalesce(fixed_minor, sent_minor * share_bps / 10000)
        * rates.vnd)::bigint,
        to_char(created_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM')
    FROM remittances_remittanceplan JOIN
        unnest(%(codes)s::text[], %(vnd)s::numeric[]) AS rates (code, vnd) ON rates.code = currency
    WHERE status <> 'stopped'
)
SELECT month, sum(vnd)::bigint, count(DISTINCT person) FROM said GROUP BY ROLLUP (month)
"""
_MILESTONES = """
SELECT m.status, count(*) FROM projects_milestone m JOIN projects_project p ON p.id = m.project_id
WHERE p.origin = 'proposal' AND p.status = ANY(%(public)s) AND p.is_example = %(example)s
GROUP BY m.status
"""
# Working days are counted without public holidays here, so a figure can be a day or two too high.
_DECISIONS = """
WITH done AS (
    SELECT to_char(listed_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM') AS month,
        (SELECT count(*) FROM generate_series(submitted_at::date + 1, listed_at::date, '1 day') d
         WHERE extract(isodow FROM d) < 6) AS days
    FROM projects_project WHERE submitted_at IS NOT NULL AND listed_at IS NOT NULL
)
SELECT month, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY days),
    percentile_disc(0.9) WITHIN GROUP (ORDER BY days) FROM done GROUP BY month ORDER BY month
"""
# Bits of GROUPING(month, region, country, field, place): 1 where a column is not grouped by.
_WHICH = {
    0b11111: "total", 0b01111: "month", 0b10111: "region", 0b10011: "country", 0b11101: "field",
    0b11110: "place", 0b10001: "corridor",
}  # fmt: skip


def real_cells() -> list[Cell]:
    """Every figure at this moment."""
    rates = latest_rates()
    return [
        *_pledged(rates), *_calculated(rates), *_ledger(rates), *_milestones(), *_decisions(),
    ]  # fmt: skip


def ledger_head() -> str:
    """The head of the internal chain at this moment; the chain itself is the auditor's."""
    return sums.chain_head()


def _rows(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _usd(rates: dict[str, Rate]) -> Any:
    return rates["USD"].rate if "USD" in rates else 0


def _pledged(rates: dict[str, Rate]) -> Iterator[Cell]:
    known = corridors()
    rows = _rows(
        _PLEDGED, usd=_usd(rates), countries=list(known), regions=[c.region for c in known.values()]
    )
    for month, region, country, field, place, which, vnd, people in rows:
        yield Cell(
            _WHICH[which], "pledged", "VND", int(vnd or 0), int(people), period=month or "",
            country=country or "", region=region or "", field=field or "", place=place or "",
        )  # fmt: skip
    for pillar, vnd, people in _rows(_BY_PILLAR, usd=_usd(rates)):
        yield Cell("pillar", "pledged", "VND", int(vnd), int(people), pillar=pillar)


def _calculated(rates: dict[str, Rate]) -> Iterator[Cell]:
    codes = sorted(rates)
    # Đồng for one minor unit: exact to eighteen digits, rounded once in SQL.
    vnd = [convert(Money(10**6, code), "VND", rates).money.minor / 10**6 for code in codes]
    for month, total, people in _rows(_CALCULATED, codes=codes, vnd=vnd):
        series = "month" if month else "total"
        yield Cell(series, "calculated", "VND", int(total or 0), int(people), period=month or "")


# Who stands behind money that was charged: by measure, the rounds that have some of it.
_PAYERS = """
SELECT coalesce(j.field, ''), p.currency, GROUPING(j.field, p.currency),
    count(DISTINCT p.investor_id)
FROM funding_pledge p JOIN funding_round r ON r.id = p.round_id
JOIN projects_project j ON j.id = r.project_id
WHERE (r.public_id = ANY(%(rounds)s) OR j.public_id = ANY(%(rounds)s))
    AND p.status = ANY(%(statuses)s)
GROUP BY GROUPING SETS ((), (j.field), (p.currency))
"""
_FIELDS = """
SELECT r.public_id, coalesce(j.field, ''), j.public_id FROM funding_round r
JOIN projects_project j ON j.id = r.project_id
"""


def _ledger(rates: dict[str, Rate]) -> Iterator[Cell]:
    """Held, released and returned to the smallest unit of each currency, and together in đồng.

    Held is the balance of the guarded accounts; released what the bank paid out to owners;
    returned what went back to cards, less what came back from them.
    """
    field_of: dict[str, str] = {}
    for round_id, field, project_id in _rows(_FIELDS):
        field_of[round_id] = field_of[project_id] = field
    held = [
        (code.split(":")[1], money) for code, money in book.balances("held:").items() if money.minor
    ]
    released = [
        (m.about, Money(m.minor, m.currency)) for m in sums.moved("project_payable:", "bank:")
    ]
    returned = [(m.about, Money(m.minor, m.currency))
                for m in sums.moved("held:", reason="refund.paid")]  # fmt: skip
    paid, back = sorted(PLEDGE_PAID), ["refunded", "part_refunded"]
    for measure, facts, statuses in (
        ("held", held, paid), ("released", released, paid), ("returned", returned, back),
    ):  # fmt: skip
        yield from _money_cells(measure, facts, statuses, field_of, rates)


def _money_cells(
    measure: str,
    facts: list[tuple[str, Money]],
    statuses: list[str],
    field_of: dict[str, str],
    rates: dict[str, Rate],
) -> Iterator[Cell]:
    people: dict[tuple[str, str], int] = {}
    abouts = sorted({about for about, _money in facts})
    for field, currency, which, count in _rows(_PAYERS, rounds=abouts, statuses=statuses):
        people[("total", "") if which == 3 else ("field", field) if which == 1 else
               ("ledger", currency)] = int(count)  # fmt: skip
    exact: dict[str, int] = defaultdict(int)
    in_vnd: dict[str, int] = defaultdict(int)
    for about, money in facts:
        exact[money.currency] += money.minor
        in_vnd[field_of.get(about, "")] += convert(money, "VND", rates).money.minor
    # Where nobody can be counted the figure is hidden.
    least = 1 if facts else 0
    total = people.get(("total", ""), least)
    yield Cell("total", measure, "VND", sum(in_vnd.values()), total)
    for field, vnd in in_vnd.items():
        yield Cell("field", measure, "VND", vnd, people.get(("field", field), least), field=field)
    for currency, minor in exact.items():
        yield Cell("ledger", measure, currency, minor, people.get(("ledger", currency), least))


def _milestones() -> Iterator[Cell]:
    for status, count in _rows(_MILESTONES, public=sorted(PUBLIC), example=False):
        yield Cell("milestone", status, "count", int(count))


def _decisions() -> Iterator[Cell]:
    for month, count, half, most in _rows(_DECISIONS):
        yield Cell("decision", "count", "count", int(count), period=month)
        yield Cell("decision", "half_within", "days", int(half), period=month)
        yield Cell("decision", "nine_in_ten_within", "days", int(most), period=month)

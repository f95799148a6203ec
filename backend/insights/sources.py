"""Where each figure of the public account comes from. Workers only; reads, in few grouped queries.

pledged: live pledges at the moment, in the round's currency at the rate locked with each, rounds in
USD at the account's rate of the year. calculated: a year of every plan that is not stopped and of
every calculation that a signed-in person kept. held, released, returned: the ledger
(`ledger_cells`). paid_back_claimed and paid_back_verified: what owners report to have paid back
outside this site, before and after an officer checked the proof. Milestones and decisions: the
rows of their slices.
"""

from collections.abc import Iterator

from backend.core.clock import app_now, city_day
from backend.core.money import MINOR_DIGITS
from backend.funding.queries import Rate
from backend.funding.workflow import PLEDGE_PAID
from backend.insights import ledger_sums
from backend.insights.facts import Cell
from backend.insights.ledger_cells import money_cells
from backend.insights.ledger_sums import Book
from backend.insights.rates import rates_of_year
from backend.insights.sql import rows_of
from backend.projects.workflow import PUBLIC
from backend.remittances.calculator import unit_of
from backend.remittances.corridors import corridors

# A round in USD counts at the account's rate of the year in which the pledge was made (rates.py).
USD_YEARS = """usd_years (year, usd) AS (
    SELECT y, coalesce(
        (SELECT rate FROM funding_fxrate WHERE base = 'USD' AND quote = 'VND'
         AND as_of < make_timestamptz(y, 1, 1, 0, 0, 0, 'Asia/Ho_Chi_Minh')
         ORDER BY as_of DESC, id DESC LIMIT 1),
        (SELECT rate FROM funding_fxrate WHERE base = 'USD' AND quote = 'VND'
         ORDER BY as_of, id LIMIT 1), 0)
    FROM generate_series(2020, extract(year FROM app_now())::int + 1) y
)"""
COUNTED = """CASE r.currency WHEN 'VND' THEN p.target_minor ELSE round(p.target_minor * (
    SELECT usd FROM usd_years
    WHERE year = extract(year FROM p.confirmed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')) / 100) END"""


def counted(sql: str) -> str:
    """A query in which `@COUNTED` is what a pledge counts in đồng."""
    return sql.replace("@USD_YEARS", USD_YEARS).replace("@COUNTED", COUNTED)


# One pass over the live pledges: every grouping that the page and the file show.
_PLEDGED = """
WITH regions (country, region) AS (
    SELECT * FROM unnest(%(countries)s::text[], %(regions)s::text[])
),
@USD_YEARS,
live AS (
    SELECT p.investor_id, p.country,
        coalesce(g.region, 'other') AS region,
        coalesce(j.field, '') AS field, coalesce(j.place_code, '') AS place,
        to_char(p.confirmed_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM') AS month,
        @COUNTED AS vnd
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
    ((), (month), (region), (region, country), (field), (place), (region, country, field),
    (month, region, country))
"""
_BY_PILLAR = """
WITH @USD_YEARS
SELECT pillar, sum(@COUNTED)::bigint, count(DISTINCT p.investor_id)
FROM funding_pledge p JOIN funding_round r ON r.id = p.round_id
JOIN projects_project j ON j.id = r.project_id, unnest(j.pillars) AS pillar
WHERE pledge_is_live(p.status) GROUP BY pillar
"""
_CALCULATED = """
WITH regions (country, region) AS (
    SELECT * FROM unnest(%(countries)s::text[], %(regions)s::text[])
),
said AS (
    SELECT c.user_id AS person, year_vnd AS vnd,
        to_char(saved_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM') AS month,
        coalesce(f.country, '') AS country
    FROM remittances_savedcalculation c
    LEFT JOIN accounts_investorprofile f ON f.user_id = c.user_id
    UNION ALL
    SELECT investor_id, round(12 * coalesce(fixed_minor,
        sent_minor * share_bps / (10000 * rates.unit) * rates.unit) * rates.vnd)::bigint,
        to_char(created_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM'), country
    FROM remittances_remittanceplan JOIN
        unnest(%(codes)s::text[], %(vnd)s::numeric[], %(units)s::bigint[])
        AS rates (code, vnd, unit) ON rates.code = currency
    WHERE status <> 'stopped'
),
placed AS (
    SELECT said.*, CASE country WHEN '' THEN '' ELSE coalesce(region, 'other') END AS region
    FROM said LEFT JOIN regions USING (country)
)
SELECT month, country, region, GROUPING(month, country, region), coalesce(sum(vnd), 0)::bigint,
    count(DISTINCT person)
FROM placed GROUP BY GROUPING SETS ((), (month), (country, region), (region))
"""
_CALCULATED_BY = {0b111: "total", 0b011: "month", 0b100: "country", 0b110: "region"}
PAID_BACK = frozenset({"paid_back_claimed", "paid_back_verified"})
# What owners say they paid back outside this site; people: those who have paid into these rounds.
_PAID_BACK = """
WITH said AS (
    SELECT round_id, to_char(paid_on, 'YYYY-MM') AS month, amount_minor AS vnd,
        CASE WHEN verified_at IS NULL THEN 'paid_back_claimed' ELSE 'paid_back_verified' END
            AS measure
    FROM funding_payback WHERE currency = 'VND'
),
sums AS (
    SELECT measure, month, sum(vnd)::bigint AS vnd FROM said GROUP BY measure, ROLLUP (month)
)
SELECT s.measure, s.month, s.vnd, (
    SELECT count(DISTINCT p.investor_id) FROM funding_pledge p
    WHERE p.status = ANY(%(paid)s) AND p.round_id IN (
        SELECT round_id FROM said
        WHERE measure = s.measure AND (s.month IS NULL OR month = s.month)))
FROM sums s
"""
# Claimed: the owner handed in evidence that nobody has judged yet. Everything else is what two
# officers found, or what the calendar says.
_MILESTONES = """
SELECT CASE
    WHEN m.status = 'evidence_in' THEN 'claimed'
    WHEN m.status = 'failed' THEN 'failed'
    WHEN m.status = 'verified' AND (v.done_on IS NULL OR v.done_on <= t.due_on) THEN 'on_time'
    WHEN m.status = 'verified' THEN 'late_done'
    WHEN m.status = 'late' OR t.due_on < %(today)s THEN 'overdue'
    ELSE 'planned' END, count(*)
FROM projects_milestone m JOIN projects_project p ON p.id = m.project_id
LEFT JOIN funding_tranche t ON t.milestone_id = m.id
LEFT JOIN LATERAL (
    SELECT max((confirmed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date) AS done_on
    FROM funding_milestoneverification
    WHERE milestone_id = m.id AND outcome = 'accept' AND confirmed_at IS NOT NULL
) v ON true
WHERE p.origin = 'proposal' AND p.status = ANY(%(public)s) AND p.is_example = %(example)s
GROUP BY 1
"""
# Working days (weekends and public holidays left out) as the letter counted them.
_DECISIONS = """
SELECT to_char(closed_on, 'YYYY-MM') AS month, count(*),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY decision_days),
    percentile_disc(0.9) WITHIN GROUP (ORDER BY decision_days)
FROM reviews_case WHERE closed_on IS NOT NULL AND decision_days IS NOT NULL
GROUP BY 1 ORDER BY 1
"""
# Bits of GROUPING(month, region, country, field, place): 1 where a column is not grouped by.
_WHICH = {
    0b11111: "total", 0b01111: "month", 0b10111: "region", 0b10011: "country", 0b11101: "field",
    0b11110: "place", 0b10001: "corridor", 0b00011: "country_month",
}  # fmt: skip


def real_cells(ledger: Book | None = None) -> list[Cell]:
    """Every figure at this moment; money out of `ledger`, or else out of all that is booked."""
    year = city_day(app_now()).year
    book = ledger or ledger_sums.as_of_now()
    return [
        *_pledged(), *_calculated(rates_of_year(year)),
        *money_cells(book.turnovers, book.origins, year), *_paid_back(), *_milestones(),
        *_decisions(),
    ]  # fmt: skip


def _pledged() -> Iterator[Cell]:
    known = corridors()
    rows = rows_of(
        counted(_PLEDGED), countries=list(known), regions=[c.region for c in known.values()]
    )
    for month, region, country, field, place, which, vnd, people in rows:
        yield Cell(
            _WHICH[which], "pledged", "VND", int(vnd or 0), int(people), period=month or "",
            country=country or "", region=region or "", field=field or "", place=place or "",
        )  # fmt: skip
    for pillar, vnd, people in rows_of(counted(_BY_PILLAR)):
        yield Cell("pillar", "pledged", "VND", int(vnd), int(people), pillar=pillar)


def _calculated(rates: dict[str, Rate]) -> Iterator[Cell]:
    codes = sorted(rates.keys() & MINOR_DIGITS.keys())
    # Đồng for one minor unit, rounded once in SQL; shares in units that people write.
    vnd = [rates[code].rate / 10 ** MINOR_DIGITS[code] for code in codes]
    units = [unit_of(code) for code in codes]
    known = corridors()
    rows = rows_of(
        _CALCULATED, codes=codes, vnd=vnd, units=units, countries=list(known),
        regions=[c.region for c in known.values()],
    )  # fmt: skip
    for month, country, region, which, total, people in rows:
        yield Cell(
            _CALCULATED_BY[which], "calculated", "VND", int(total), int(people),
            period=month or "", country=country or "", region=region or "",
        )  # fmt: skip


def _paid_back() -> Iterator[Cell]:
    for measure, month, vnd, people in rows_of(_PAID_BACK, paid=sorted(PLEDGE_PAID)):
        # Where nobody can be counted the figure is hidden.
        yield Cell("month" if month else "total", measure, "VND", int(vnd), max(int(people), 1),
                   period=month or "")  # fmt: skip


def _milestones() -> Iterator[Cell]:
    for status, count in rows_of(
        _MILESTONES, public=sorted(PUBLIC), example=False, today=city_day(app_now())
    ):
        yield Cell("milestone", status, "count", int(count))


def _decisions() -> Iterator[Cell]:
    for month, count, half, most in rows_of(_DECISIONS):
        yield Cell("decision", "count", "count", int(count), period=month)
        yield Cell("decision", "half_within", "days", int(half), period=month)
        yield Cell("decision", "nine_in_ten_within", "days", int(most), period=month)

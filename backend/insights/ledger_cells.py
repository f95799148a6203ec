"""Held, released and returned out of the ledger's turnovers. Workers and pages of the office.

held: what stands in the held accounts of rounds. released: left the payable accounts of projects
for the bank (with the fee, which comes out of it). returned: left the held accounts for the people
who gave, paid back or owed to them by bank transfer. By country: what is held and what was released
is shared in proportion to what each country has in the round, what was returned is whose it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from backend.core.money import Money
from backend.funding.queries import Rate, convert
from backend.funding.workflow import PLEDGE_PAID
from backend.insights.facts import Cell
from backend.insights.ledger_origins import Origin, Pots, pots_of, shared
from backend.insights.rates import rates_of_year
from backend.insights.sql import rows_of
from backend.ledger.sums import Turnover
from backend.remittances.corridors import corridors

BACK = ("refunded", "part_refunded", "refunding")
MONEY = ("held", "released", "returned")

# Who stands behind money that was charged, of the rounds or projects that have some of it.
_PAYERS = """
WITH regions (country, region) AS (
    SELECT * FROM unnest(%(countries)s::text[], %(regions)s::text[])
)
SELECT GROUPING(j.field, p.currency, p.country, g.region),
    coalesce(j.field, ''), p.currency, p.country, coalesce(g.region, 'other'),
    count(DISTINCT p.investor_id)
FROM funding_pledge p JOIN funding_round r ON r.id = p.round_id
JOIN projects_project j ON j.id = r.project_id
LEFT JOIN regions g ON g.country = p.country
WHERE (r.public_id = ANY(%(abouts)s) OR j.public_id = ANY(%(abouts)s))
    AND p.status = ANY(%(statuses)s)
GROUP BY GROUPING SETS ((), (j.field), (p.currency), (p.country), (g.region))
"""
# Bits of GROUPING(field, currency, country, region): 1 where a column is not grouped by.
_WHICH = {0b1111: "total", 0b0111: "field", 0b1011: "ledger", 0b1101: "country", 0b1110: "region"}
_FIELDS = """
SELECT r.public_id, coalesce(j.field, ''), j.public_id FROM funding_round r
JOIN projects_project j ON j.id = r.project_id
"""


@dataclass
class Moved:
    """Of one measure: minor units by (round or project, currency, year), and who has part in it."""

    minor: dict[tuple[str, str, int], int] = field(default_factory=lambda: defaultdict(int))


def measure_of(row: Turnover) -> Iterator[tuple[str, str, int]]:
    """(measure, round or project, signed minor units) of a turnover."""
    debit, credit = row.debit.split(":"), row.credit.split(":")
    if debit[0] == "held":
        yield "held", debit[1], -row.minor
        if row.reason == "refund.paid" or row.reason.startswith("return."):
            yield "returned", debit[1], row.minor
    if credit[0] == "held":
        yield "held", credit[1], row.minor
    if debit[0] == "project_payable" and credit[0] != "held":
        yield "released", debit[1], row.minor


def money_cells(rows: Iterable[Turnover], origins: Iterable[Origin], year: int) -> Iterator[Cell]:
    """Exact in each currency, and together in đồng: what moved at the rate of its year, what is
    held at the rate of `year`."""
    moved = {measure: Moved() for measure in MONEY}
    for row in rows:
        for measure, about, minor in measure_of(row):
            of = year if measure == "held" else int(row.month[:4])
            moved[measure].minor[about, row.currency, of] += minor
    years = {key[2] for one in moved.values() for key in one.minor}
    rates = {of: rates_of_year(of) for of in years}
    projects = _projects() if years else _Projects()
    pots = pots_of(origins)
    for measure in MONEY:
        yield from _cells(measure, moved[measure], projects, pots, rates)


@dataclass(frozen=True)
class _Projects:
    """The field of each round and project, and the rounds of each (a round: itself)."""

    fields: dict[str, str] = field(default_factory=dict)
    rounds: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def _projects() -> _Projects:
    found = _Projects()
    for round_id, name, project_id in rows_of(_FIELDS):
        found.fields[round_id] = found.fields[project_id] = name
        found.rounds[round_id].append(round_id)
        found.rounds[project_id].append(round_id)
    return found


def _cells(
    measure: str, moved: Moved, projects: _Projects, pots: Pots, rates: dict[int, dict[str, Rate]]
) -> Iterator[Cell]:
    facts = {key: minor for key, minor in moved.minor.items() if minor}
    people = payers(measure, sorted({about for about, _currency, _year in facts}))
    exact: dict[str, int] = defaultdict(int)
    by_field: dict[str, int] = defaultdict(int)
    by_country: dict[str, int] = defaultdict(int)
    for (about, currency, year), minor in facts.items():
        vnd = convert(Money(minor, currency), "VND", rates[year]).money.minor
        exact[currency] += minor
        by_field[projects.fields.get(about, "")] += vnd
        rounds = projects.rounds.get(about) or [about]
        for country, part in shared(vnd, _weights(measure, rounds, currency, year, pots)).items():
            by_country[country] += part
    # Where nobody can be counted the figure is hidden.
    least = 1 if facts else 0
    yield Cell("total", measure, "VND", sum(by_field.values()), people.get(("total", ""), least))
    for name, vnd in by_field.items():
        yield Cell("field", measure, "VND", vnd, people.get(("field", name), least), field=name)
    for currency, minor in exact.items():
        yield Cell("ledger", measure, currency, minor, people.get(("ledger", currency), least))
    yield from _by_country(measure, by_country, people, least)


def _weights(
    measure: str, rounds: Iterable[str], currency: str, year: int, pots: Pots
) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for round_id in rounds:
        held = f"held:{round_id}:{currency}"
        of = pots.back.get((held, year)) if measure == "returned" else pots.inside.get(held)
        for country, minor in (of or {}).items():
            found[country] += minor
    return found


def _by_country(
    measure: str, by_country: Mapping[str, int], people: Mapping[tuple[str, str], int], least: int
) -> Iterator[Cell]:
    """Countries that have a part, and their regions."""
    by_region: dict[str, int] = defaultdict(int)
    for country, vnd in by_country.items():
        region = region_of(country)
        by_region[region] += vnd
        yield Cell(
            "country", measure, "VND", vnd, people.get(("country", country), least),
            country=country, region=region,
        )  # fmt: skip
    for region, vnd in by_region.items():
        yield Cell(
            "region", measure, "VND", vnd, people.get(("region", region), least), region=region
        )


def region_of(country: str) -> str:
    """The region of the published series; nothing for money that names no pledge."""
    if not country:
        return ""
    known = corridors().get(country)
    return known.region if known else "other"


def payers(measure: str, abouts: list[str]) -> dict[tuple[str, str], int]:
    """Different people behind the money of these rounds or projects, by series and its key."""
    statuses = sorted(PLEDGE_PAID) if measure != "returned" else sorted(BACK)
    known = corridors()
    rows = rows_of(
        _PAYERS, abouts=abouts, statuses=statuses, countries=list(known),
        regions=[c.region for c in known.values()],
    )  # fmt: skip
    found: dict[tuple[str, str], int] = {}
    for which, name, currency, country, region, count in rows:
        series = _WHICH[which]
        key = {"total": "", "field": name, "ledger": currency, "country": country,
               "region": region}[series]  # fmt: skip
        found[series, key] = int(count)
    return found

"""Held, released and returned out of the ledger's turnovers. Workers and pages of the office.

held: what stands in the held accounts of rounds. released: left the payable accounts of projects
for the bank (with the fee, which comes out of it). returned: left the held accounts for the people
who gave, paid back or owed to them by bank transfer. By country: what is held and what was released
is shared in proportion to what each country has in the round, what was returned is whose it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from backend.core.money import Money
from backend.funding.queries import convert
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
GROUP BY GROUPING SETS
    ((), (j.field), (p.currency), (p.country), (g.region), (j.field, p.country))
"""
# Bits of GROUPING(field, currency, country, region): 1 where a column is not grouped by.
_WHICH = {
    0b1111: "total", 0b0111: "field", 0b1011: "ledger", 0b1101: "country", 0b1110: "region",
    0b0101: "corridor",
}  # fmt: skip
_FIELDS = """
SELECT r.public_id, coalesce(j.field, ''), j.public_id FROM funding_round r
JOIN projects_project j ON j.id = r.project_id
"""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a round or project has of a measure, in a currency and a year: minor units, and the
    same in đồng, whole and by country."""

    measure: str
    about: str
    currency: str
    year: int
    field: str
    minor: int
    vnd: int
    by_country: Mapping[str, int]


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
    facts = facts_of(rows, origins, year)
    for measure in MONEY:
        yield from _cells(measure, [fact for fact in facts if fact.measure == measure])


def facts_of(rows: Iterable[Turnover], origins: Iterable[Origin], year: int) -> list[Fact]:
    """What every figure of money is made of."""
    moved: dict[tuple[str, str, str, int], int] = defaultdict(int)
    for row in rows:
        for measure, about, minor in measure_of(row):
            of = year if measure == "held" else int(row.month[:4])
            moved[measure, about, row.currency, of] += minor
    rates = {of: rates_of_year(of) for of in {key[3] for key in moved}}
    projects = _projects() if moved else _Projects()
    pots, found = pots_of(origins), []
    for (measure, about, currency, of), minor in moved.items():
        if not minor:
            continue
        vnd = convert(Money(minor, currency), "VND", rates[of]).money.minor
        weights = _weights(measure, projects.rounds.get(about) or [about], currency, of, pots)
        found.append(
            Fact(measure, about, currency, of, projects.fields.get(about, ""), minor, vnd,
                 shared(vnd, weights))
        )  # fmt: skip
    return found


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


def _cells(measure: str, facts: Sequence[Fact]) -> Iterator[Cell]:
    people = payers(measure, sorted({fact.about for fact in facts}))
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for fact in facts:
        sums["ledger", fact.currency] += fact.minor
        sums["field", fact.field] += fact.vnd
        for country, vnd in fact.by_country.items():
            sums["country", country] += vnd
            sums["region", region_of(country)] += vnd
            sums["corridor", f"{country}|{fact.field}"] += vnd
    # Where nobody can be counted the figure is hidden.
    least = 1 if facts else 0
    total = sum(fact.vnd for fact in facts)
    yield Cell("total", measure, "VND", total, max(people.get(("total", ""), 0), least))
    for (series, name), value in sums.items():
        unit = name if series == "ledger" else "VND"
        place = _place(series, name)
        count = max(people.get((series, name), 0), least)
        yield Cell(series, measure, unit, value, count, **place)


def _place(series: str, name: str) -> dict[str, str]:
    """Where a cell stands."""
    if series in {"field", "region"}:
        return {series: name}
    country, _bar, field_ = name.partition("|")
    if series == "country":
        return {"country": country, "region": region_of(country)}
    if series == "corridor":
        return {"country": country, "region": region_of(country), "field": field_}
    return {}


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
               "region": region, "corridor": f"{country}|{name}"}[series]  # fmt: skip
        found[series, key] = int(count)
    return found

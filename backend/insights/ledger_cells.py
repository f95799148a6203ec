"""Held, released and returned out of the ledger's turnovers. Workers and pages of the office.

held: what stands in the held accounts of rounds. released: left the payable accounts of projects
for the bank (with the fee, which comes out of it). returned: left the held accounts for the people
who gave, paid back or owed to them by bank transfer.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backend.core.money import Money
from backend.funding.queries import Rate, convert
from backend.funding.workflow import PLEDGE_PAID
from backend.insights.facts import Cell
from backend.insights.rates import rates_of_year
from backend.insights.sql import rows_of
from backend.ledger.sums import Turnover

BACK = ("refunded", "part_refunded", "refunding")
MONEY = ("held", "released", "returned")

# Who stands behind money that was charged, of the rounds or projects that have some of it.
_PAYERS = """
SELECT coalesce(j.field, ''), p.currency, GROUPING(j.field, p.currency),
    count(DISTINCT p.investor_id)
FROM funding_pledge p JOIN funding_round r ON r.id = p.round_id
JOIN projects_project j ON j.id = r.project_id
WHERE (r.public_id = ANY(%(abouts)s) OR j.public_id = ANY(%(abouts)s))
    AND p.status = ANY(%(statuses)s)
GROUP BY GROUPING SETS ((), (j.field), (p.currency))
"""
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


def money_cells(rows: Iterable[Turnover], year: int) -> Iterator[Cell]:
    """Exact in each currency, and together in đồng: what moved at the rate of its year, what is
    held at the rate of `year`."""
    moved = {measure: Moved() for measure in MONEY}
    for row in rows:
        for measure, about, minor in measure_of(row):
            of = year if measure == "held" else int(row.month[:4])
            moved[measure].minor[about, row.currency, of] += minor
    years = {key[2] for one in moved.values() for key in one.minor}
    rates = {of: rates_of_year(of) for of in years}
    field_of: dict[str, str] = {}
    for round_id, name, project_id in rows_of(_FIELDS) if years else ():
        field_of[round_id] = field_of[project_id] = name
    for measure in MONEY:
        yield from _cells(measure, moved[measure], field_of, rates)


def _cells(
    measure: str, moved: Moved, field_of: dict[str, str], rates: dict[int, dict[str, Rate]]
) -> Iterator[Cell]:
    facts = {key: minor for key, minor in moved.minor.items() if minor}
    people = payers(measure, sorted({about for about, _currency, _year in facts}))
    exact: dict[str, int] = defaultdict(int)
    in_vnd: dict[str, int] = defaultdict(int)
    for (about, currency, year), minor in facts.items():
        exact[currency] += minor
        in_vnd[field_of.get(about, "")] += convert(
            Money(minor, currency), "VND", rates[year]
        ).money.minor
    # Where nobody can be counted the figure is hidden.
    least = 1 if facts else 0
    total = people.get(("total", ""), least)
    yield Cell("total", measure, "VND", sum(in_vnd.values()), total)
    for name, vnd in in_vnd.items():
        yield Cell("field", measure, "VND", vnd, people.get(("field", name), least), field=name)
    for currency, minor in exact.items():
        yield Cell("ledger", measure, currency, minor, people.get(("ledger", currency), least))


def payers(measure: str, abouts: list[str]) -> dict[tuple[str, str], int]:
    """Different people behind the money of these rounds or projects, by series and its key."""
    statuses = sorted(PLEDGE_PAID) if measure != "returned" else sorted(BACK)
    found: dict[tuple[str, str], int] = {}
    for name, currency, which, count in rows_of(_PAYERS, abouts=abouts, statuses=statuses):
        key = ("total", "") if which == 3 else ("field", name) if which == 1 else (
            "ledger", currency)  # fmt: skip
        found[key] = int(count)
    return found

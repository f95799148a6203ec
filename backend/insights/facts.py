"""The figures behind a snapshot, before anything is hidden. Pure.

A cell has its place (month, country, …), what is measured, a sum and the number of different
people behind it; None people means that the cell is about projects, not people.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.insights.chain import Row
from backend.insights.suppress import Sum, hidden_cells

MEASURES = ("calculated", "pledged", "held", "released", "returned")
SERIES = ("total", "month", "region", "country", "field", "pillar", "place", "corridor", "ledger",
          "milestone", "decision")  # fmt: skip
# Series whose parts make up the total of a measure; a project can have several pillars, so those
# overlap and are protected as if they did not.
PARTS = ("month", "region", "country", "field", "pillar", "place")


@dataclass(frozen=True)
class Cell:
    """One figure. `unit` is a currency code (the value in its minor units), people, count or
    days."""

    series: str
    measure: str
    unit: str
    value: int
    people: int | None = None
    period: str = ""
    country: str = ""
    region: str = ""
    field: str = ""
    pillar: str = ""
    place: str = ""

    @property
    def key(self) -> str:
        parts = (self.series, self.measure, self.unit, self.period, self.country, self.region,
                 self.field, self.pillar, self.place)  # fmt: skip
        return "|".join(parts)


def sums_of(cells: Sequence[Cell]) -> list[Sum]:
    """Which cells add up to which: parts to totals, corridors to countries and to fields."""
    found: list[Sum] = []
    by_measure: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.people is not None:
            by_measure[cell.measure, cell.unit].append(cell)
    found += _by_currency(cells)
    for group in by_measure.values():
        total = next((c.key for c in group if c.series == "total"), "")
        for series in PARTS:
            parts = tuple(c.key for c in group if c.series == series)
            if parts and total:
                found.append(Sum(total, parts))
        corridors = [c for c in group if c.series == "corridor"]
        for name in ("country", "field"):
            for margin in (c for c in group if c.series == name):
                own = getattr(margin, name)
                parts = tuple(c.key for c in corridors if getattr(c, name) == own)
                if parts:
                    found.append(Sum(margin.key, parts))
        for region in (c for c in group if c.series == "region"):
            parts = tuple(
                c.key for c in group if c.series == "country" and c.region == region.region
            )
            if parts:
                found.append(Sum(region.key, parts))
    return found


def _by_currency(cells: Sequence[Cell]) -> list[Sum]:
    """Each measure's sums in their own currencies make its total in đồng: at public rates one
    could be worked out from the others, so they protect each other like any parts."""
    found = []
    for measure in {c.measure for c in cells if c.series == "ledger"}:
        parts = tuple(c.key for c in cells if c.series == "ledger" and c.measure == measure)
        total = next(c.key for c in cells if c.series == "total" and c.measure == measure)
        found.append(Sum(total, parts))
    return found


def public_rows(cells: Sequence[Cell]) -> tuple[list[Row], int]:
    """Numbered rows with what must be hidden left empty, and how many those are."""
    people = {c.key: c.people for c in cells if c.people is not None}
    hidden = hidden_cells(people, sums_of(cells))
    rows = []
    for number, cell in enumerate(_in_order(cells), start=1):
        is_hidden = cell.key in hidden
        rows.append(
            Row(
                number=str(number), series=cell.series, period=cell.period, country=cell.country,
                region=cell.region, field=cell.field, pillar=cell.pillar, place=cell.place,
                measure=cell.measure, unit=cell.unit,
                value="" if is_hidden else str(cell.value),
                people="" if is_hidden or cell.people is None else str(cell.people),
                status="hidden" if is_hidden else "shown",
            )
        )  # fmt: skip
    return rows, len(hidden)


def _in_order(cells: Iterable[Cell]) -> list[Cell]:
    """Always the same order, so that the same figures give the same hashes."""
    return sorted(cells, key=lambda c: (SERIES.index(c.series), c.key))

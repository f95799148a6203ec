"""The figures behind a snapshot, before anything is hidden. Pure.

A cell has its place (month, country, …), what is measured, a sum and the number of different
people behind it; None people means that the cell is about projects, not people.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.insights.chain import Row
from backend.insights.suppress import Sum, hidden_cells

SERIES = ("total", "month", "region", "country", "field", "pillar", "place", "corridor",
          "country_month", "ledger", "milestone", "decision")  # fmt: skip
# Series whose parts make up the total of a measure; a project can have several pillars, so those
# overlap and are protected as if they did not.
PARTS = ("month", "region", "country", "field", "pillar", "place")
# Tables with two margins: (series of the cells, series of a margin, what they share).
CROSSED = (
    ("corridor", "country", "country"), ("corridor", "field", "field"),
    ("country_month", "country", "country"), ("country_month", "month", "period"),
)  # fmt: skip


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
    """Which cells add up to which: parts to totals, corridors to countries, fields and months."""
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
        for inner, margin_of, name in CROSSED:
            for margin in (c for c in group if c.series == margin_of):
                own = getattr(margin, name)
                parts = tuple(c.key for c in group if c.series == inner and getattr(c, name) == own)
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


@dataclass(frozen=True)
class Before:
    """What the public knows of a cell from an earlier snapshot: the figure, and how many different
    people's money went in or came out since (0: nobody's)."""

    value: int
    people: int | None
    since: str
    changed: int


def public_rows(
    cells: Sequence[Cell], before: Mapping[str, Before] | None = None
) -> tuple[list[Row], int]:
    """Numbered rows with what must be hidden left empty, and how many those are.

    A figure that fewer than ten people moved since it was last shown is shown as it was, with the
    version it is from: otherwise the difference of two snapshots would be about those few. The
    difference is protected like a figure, sums and all.
    """
    known = before or {}
    people = {c.key: c.people for c in cells if c.people is not None}
    sums = sums_of(cells)
    hidden = hidden_cells(people, sums)
    held_back = hidden_cells(_moved(cells, known), sums) if known else frozenset()
    rows = []
    for number, cell in enumerate(_in_order(cells), start=1):
        was = known.get(cell.key) if cell.key in held_back else None
        if cell.key in hidden or (cell.key in held_back and was is None):
            rows.append(_row(number, cell, None, None, "hidden"))
        elif was is not None:
            rows.append(_row(number, cell, was.value, was.people, "kept", f"since={was.since}"))
        else:
            rows.append(_row(number, cell, cell.value, cell.people, "shown"))
    return rows, sum(1 for row in rows if row.status == "hidden")


def _moved(cells: Sequence[Cell], before: Mapping[str, Before]) -> dict[str, int]:
    """Different people behind the change of each figure since it was last shown."""
    found = {}
    for cell in cells:
        if cell.people is None:
            continue
        was = before.get(cell.key)
        if was is None:
            # Never shown: nothing to take a difference with but nil.
            found[cell.key] = cell.people
        elif (was.value, was.people) != (cell.value, cell.people):
            # Another figure and nobody known to have moved it: as if it were one person.
            found[cell.key] = max(was.changed, 1)
        else:
            found[cell.key] = was.changed
    return found


def _row(
    number: int, cell: Cell, value: int | None, people: int | None, status: str, note: str = ""
) -> Row:
    return Row(
        number=str(number), series=cell.series, period=cell.period, country=cell.country,
        region=cell.region, field=cell.field, pillar=cell.pillar, place=cell.place,
        measure=cell.measure, unit=cell.unit, value="" if value is None else str(value),
        people="" if people is None else str(people), status=status, note=note,
    )  # fmt: skip


def _in_order(cells: Iterable[Cell]) -> list[Cell]:
    """Always the same order, so that the same figures give the same hashes."""
    return sorted(cells, key=lambda c: (SERIES.index(c.series), c.key))

"""Figures that others published: remittances to the city, and the programme's targets. Pure."""

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).parent / "data" / "remittances_hcmc.csv"


@dataclass(frozen=True)
class Figure:
    """One published figure as its source gives it; `status` is published, derived, forecast or
    conflict (two sources disagree, and both are kept)."""

    series: str
    period: str
    region: str
    value: Decimal
    unit: str
    basis: str
    source: str
    source_date: str
    status: str


@lru_cache(maxsize=1)
def figures() -> tuple[Figure, ...]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(_figure(row) for row in csv.DictReader(file))


def _figure(row: dict[str, str]) -> Figure:
    return Figure(
        row["series"], row["period"], row["region"], Decimal(row["value"]), row["unit"],
        row["basis"], row["source"], row["source_date"], row["status"],
    )  # fmt: skip


def series(name: str) -> list[Figure]:
    return [f for f in figures() if f.series == name]


def target(year: int, kind: str) -> Figure | None:
    """A year's target: `mobilised` and `fund` in billion đồng, `firms_reached` as a count."""
    found = [f for f in series("programme_target") if f.period == str(year) and f.region == kind]
    return found[0] if found else None

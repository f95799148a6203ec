"""Figures that owners claim, with units in the reader's language: `576,000 a year`, `3 tấn/năm`."""

from decimal import Decimal
from typing import Final

from backend.core.formats import NBSP, format_number

# Symbols of the sample file (its README) that read differently in words; others stand as they are.
UNITS: Final[dict[str, tuple[str, str]]] = {
    "count": ("", ""),
    "x": ("lần", "times"),
    "VND": ("₫", "₫"),
    "t": ("tấn", "t"),
    "l": ("lít", "l"),
    "m3": ("m³", "m³"),
    "tCO2e": ("tấn CO₂e", "t CO₂e"),
    "kgCO2e": ("kg CO₂e", "kg CO₂e"),
    "s": ("giây", "s"),
    "min": ("phút", "min"),
    "h": ("giờ", "hours"),
    "d": ("ngày", "days"),
}
ONE: Final = {"d": "day", "h": "hour"}
PER: Final[dict[str, tuple[str, str]]] = {
    "yr": ("mỗi năm", "a year"),
    "month": ("mỗi tháng", "a month"),
    "d": ("mỗi ngày", "a day"),
}


def format_measure(value: int | float | None, unit: str, language: str) -> str:
    """A figure with its unit, empty when there is none; a rate reads `… mỗi năm`, `… a year`."""
    if value is None:
        return ""
    number = format_number(Decimal(str(value)), language)
    if unit == "%":
        return f"{number}%"
    which = 0 if language == "vi" else 1
    what, _, per = unit.partition("/")
    named = ONE[what] if which and value == 1 and what in ONE else _named(what, which)
    text = f"{number}{NBSP}{named}" if named else number
    if per in PER:
        return f"{text} {PER[per][which]}"
    return f"{text}/{_named(per, which)}" if per else text


def _named(unit: str, which: int) -> str:
    return UNITS[unit][which] if unit in UNITS else unit

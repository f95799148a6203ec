"""The high-value sheet: whether a project makes much of what it takes in. Pure.

No rule gives a figure from which added value is "high", so the sheet gives none either: it shows
the facts that the law's words name, each with its inputs, claimed by the owner until an officer
confirmed them. Value-added ratio = (revenue − intermediate inputs) / revenue.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.formats import format_money, format_number, format_percent
from backend.core.money import Money

NAMES = {
    "list": ("Thuộc danh mục công nghệ chiến lược", "On the list of strategic technologies"),
    "ratio": ("Tỷ lệ giá trị gia tăng", "Value-added ratio"),
    "rnd": ("Tỷ lệ chi nghiên cứu và phát triển", "Share spent on research and development"),
    "readiness": ("Cấp độ sẵn sàng tăng thêm", "Readiness levels gained"),
    "jobs": ("Việc làm theo tay nghề", "Jobs by skill"),
    "co2": ("CO₂e trên một đơn vị sản phẩm", "CO₂e per unit of product"),
}


@dataclass(frozen=True)
class Fact:
    """One line: its name, its value and what it was worked out from (both empty: not stated)."""

    key: str
    name: str
    value: str
    inputs: str


def ratio_of(revenue: Any, inputs: Any) -> int | None:
    """Per cent of revenue that is not bought in, rounded half up; None when it cannot be said."""
    if not (_is_sum(revenue) and _is_sum(inputs)) or revenue <= 0 or inputs > revenue:
        return None
    return int((200 * (revenue - inputs) + revenue) // (2 * revenue))


def _is_sum(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def sheet_of(content: Mapping[str, Any], language: str) -> tuple[Fact, ...]:
    """The lines of the sheet from a proposal's `high_value`; empty when none is filled in."""
    given = content.get("high_value")
    if not isinstance(given, dict) or not given:
        return ()
    at = 0 if language == "vi" else 1
    currency = str(content.get("currency", "VND"))
    values = {
        "list": (str(given.get("list_item") or ""), ""),
        "ratio": _share(given, "revenue_minor", "inputs_minor", currency, language, rest=True),
        "rnd": _share(given, "revenue_minor", "rnd_minor", currency, language, rest=False),
        "readiness": _from_to(given, "readiness", language),
        "jobs": _jobs(given.get("jobs"), language),
        "co2": _from_to(given, "co2", language),
    }
    return tuple(Fact(key, NAMES[key][at], *values[key]) for key in NAMES)


def _share(
    given: Mapping[str, Any], whole: str, part: str, currency: str, language: str, *, rest: bool
) -> tuple[str, str]:
    total, some = given.get(whole), given.get(part)
    if not (_is_sum(total) and _is_sum(some)) or not total:
        return "", ""
    percent = ratio_of(total, some if rest else total - some)
    if percent is None:
        return "", ""
    sums = [format_money(Money(int(n or 0), currency), language) for n in (some, total)]
    return format_percent(percent, language), " / ".join(sums)


def _from_to(given: Mapping[str, Any], name: str, language: str) -> tuple[str, str]:
    before, after = given.get(f"{name}_before"), given.get(f"{name}_after")
    if before is None or after is None:
        return "", ""
    unit = str(given.get(f"{name}_unit") or "")
    return f"{before} → {after} {unit}".strip(), ""


def _jobs(rows: Any, language: str) -> tuple[str, str]:
    if not isinstance(rows, list):
        return "", ""
    parts = [
        f"{row.get('skill', '')}: {format_number(row['count'], language)}"
        for row in rows
        if isinstance(row, dict) and _is_sum(row.get("count"))
    ]
    return "; ".join(parts), ""

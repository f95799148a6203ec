"""The high-value sheet: whether a project makes much of what it takes in. Pure.

No rule gives a figure from which added value is "high", so the sheet gives none either: it shows
the facts that the law's words name, each with its inputs, claimed by the owner until an officer
confirmed them. Value-added ratio = (revenue − intermediate inputs) / revenue.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from backend.core.formats import format_money, format_number, format_percent
from backend.core.money import Money
from backend.reviews.built_in import built_in

NAMES = {
    "list": ("Thuộc danh mục công nghệ chiến lược", "On the list of strategic technologies"),
    "ratio": ("Tỷ lệ giá trị gia tăng", "Value-added ratio"),
    "rnd": ("Tỷ lệ chi nghiên cứu và phát triển", "Share spent on research and development"),
    "readiness": ("Mức TRL tăng thêm", "Readiness levels (TRL) gained"),
    "jobs": ("Việc làm mới theo tay nghề", "New jobs by skill"),
    "co2": ("CO₂e trên một đơn vị sản phẩm", "CO₂e per unit of product"),
}
JOBS = {
    "jobs_graduate": ("trình độ đại học trở lên", "graduates"),
    "jobs_technician": ("kỹ thuật viên", "technicians"),
    "jobs_worker": ("lao động khác", "others"),
}
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Fact:
    """One line: its name, its value and what it was worked out from (both empty: not stated)."""

    key: str
    name: str
    value: str
    inputs: str


def item_name(key: str, language: str, rows: Rows | None = None) -> str:
    """The name of a line of the list (by default the built-in one), or its key when it has none."""
    listed = built_in("strategic")["rows"] if rows is None else rows
    return next((str(row[f"name_{language}"]) for row in listed if row["key"] == key), key)


def ratio_of(revenue: Any, inputs: Any) -> int | None:
    """Per cent of revenue that is not bought in, rounded half up; None when it cannot be said."""
    if not (_is_sum(revenue) and _is_sum(inputs)) or revenue <= 0 or inputs > revenue:
        return None
    return int((200 * (revenue - inputs) + revenue) // (2 * revenue))


def _is_sum(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def sheet_of(
    content: Mapping[str, Any], language: str, rows: Rows | None = None
) -> tuple[Fact, ...]:
    """The lines of the sheet from a proposal's `high_value`; empty when none is filled in. `rows`
    is the list of strategic technologies in force."""
    given = content.get("high_value")
    if not isinstance(given, dict) or not given:
        return ()
    at = 0 if language == "vi" else 1
    currency = str(content.get("currency", "VND"))
    item = str(given.get("list_item") or "")
    values = {
        "list": (item_name(item, language, rows) if item else "", ""),
        "ratio": _share(given, "inputs_minor", currency, language, rest=True),
        "rnd": _share(given, "rnd_minor", currency, language, rest=False),
        "readiness": _from_to(given, "readiness", language),
        "jobs": (_jobs(given, language), ""),
        "co2": _from_to(given, "co2", language),
    }
    return tuple(Fact(key, NAMES[key][at], *values[key]) for key in NAMES)


def _share(
    given: Mapping[str, Any], part: str, currency: str, language: str, *, rest: bool
) -> tuple[str, str]:
    total, some = given.get("revenue_minor"), given.get(part)
    if not (_is_sum(total) and _is_sum(some)) or not total:
        return "", ""
    percent = ratio_of(total, some if rest else total - some)
    if percent is None:
        return "", ""
    sums = [format_money(Money(int(n or 0), currency), language) for n in (some, total)]
    year = f" ({given['figures_year']})" if given.get("figures_year") else ""
    words = {
        "inputs_minor": ("mua vào %s trong doanh thu %s", "%s bought in, of %s revenue"),
        "rnd_minor": ("chi %s trong doanh thu %s", "%s spent, of %s revenue"),
    }[part][0 if language == "vi" else 1]
    return format_percent(percent, language), words % tuple(sums) + year


def _from_to(given: Mapping[str, Any], name: str, language: str) -> tuple[str, str]:
    before, after = given.get(f"{name}_before"), given.get(f"{name}_after")
    if before is None or after is None:
        return "", ""
    numbers = [format_number(_exact(n), language) for n in (before, after)]
    return f"{numbers[0]} → {numbers[1]} {given.get(f'{name}_unit') or ''}".strip(), ""


def _exact(number: Any) -> int | Decimal:
    return number if isinstance(number, int) else Decimal(f"{number:.6f}".rstrip("0").rstrip("."))


def _jobs(given: Mapping[str, Any], language: str) -> str:
    at = 0 if language == "vi" else 1
    return "; ".join(
        f"{words[at]}: {format_number(given[name], language)}"
        for name, words in JOBS.items()
        if _is_sum(given.get(name))
    )

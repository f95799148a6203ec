"""What each kind of rule is made of, and what is wrong with a new version of it. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

MAX_ROWS = 60
MAX_TEXT = 2_000
_KEY = re.compile(r"^[A-Za-z0-9_-]{1,40}$")


@dataclass(frozen=True)
class Column:
    """One value: `kind` is key, line, text, whole (number), day, yes_no or outcome."""

    name: str
    kind: str = "line"
    low: int = 0
    high: int = 0
    is_required: bool = True


@dataclass(frozen=True)
class Shape:
    """Single values, and the columns of its rows (none: it has no rows)."""

    single: tuple[Column, ...] = ()
    columns: tuple[Column, ...] = ()
    # Rows that must stay because the product names them.
    fixed_keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """`path` such as `rows.2.weight`; `code` names the sentence; `params` its numbers."""

    path: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)


def _pair(name: str, kind: str = "line") -> tuple[Column, Column]:
    return Column(f"{name}_vi", kind), Column(f"{name}_en", kind)


_NAMED = (Column("key", "key"), *_pair("name"))
SHAPES: dict[str, Shape] = {
    "rubric": Shape(
        (Column("pass_total", "whole", 0, 100), Column("min_share", "whole", 0, 100)),
        (
            Column("key", "key"), Column("weight", "whole", 1, 100), *_pair("name"),
            *_pair("question"), *_pair("low"), *_pair("middle"), *_pair("high"),
        ),
    ),
    "reason_codes": Shape((), (*_NAMED, Column("outcome", "outcome"))),
    "checklist": Shape((), _NAMED),
    "letter": Shape(
        (Column("appeal_days", "whole", 1, 90), *_pair("appeal", "text")),
        (Column("key", "key"), *_pair("title"), *_pair("opening", "text")),
        ("list", "return", "decline"),
    ),
    "deadlines": Shape(
        (
            Column("screening", "whole", 1, 250), Column("review", "whole", 1, 250),
            Column("decision", "whole", 1, 250), Column("letter", "whole", 1, 250),
            Column("owner", "whole", 1, 250), Column("undo_minutes", "whole", 10, 1440),
        ),
    ),
    "days": Shape(
        (), (Column("day", "day"), Column("is_working", "yes_no"), Column("name"))
    ),
    "strategic": Shape((Column("source"),), _NAMED),
}  # fmt: skip


def faults_of(kind: str, content: Mapping[str, Any]) -> list[Fault]:
    """Everything that stands between this content and a new version of the rule."""
    shape = SHAPES[kind]
    found = list(_values(shape.single, content, ""))
    rows = content.get("rows", [])
    if not shape.columns:
        return found + list(_of_deadlines(content, found))
    if not isinstance(rows, list) or len(rows) > MAX_ROWS:
        return [*found, Fault("rows", "too_many", {"max": MAX_ROWS})]
    for index, row in enumerate(rows):
        found += _values(shape.columns, row, f"rows.{index}.")
    found += _keys(shape, rows)
    if kind == "rubric" and not found:
        found += _weights(rows)
    return found


def _values(columns: tuple[Column, ...], row: Mapping[str, Any], path: str) -> Iterator[Fault]:
    for column in columns:
        fault = _fault(column, row.get(column.name))
        if fault:
            yield Fault(f"{path}{column.name}", *fault)


def _fault(column: Column, value: Any) -> tuple[str, dict[str, Any]] | None:
    match column.kind:
        case "whole":
            is_whole = isinstance(value, int) and not isinstance(value, bool)
            if is_whole and column.low <= value <= column.high:
                return None
            return "out_of_range", {"min": column.low, "max": column.high}
        case "yes_no":
            return None if isinstance(value, bool) else ("choose", {})
        case "outcome":
            return None if value in {"list", "return", "decline"} else ("choose", {})
        case "day":
            return None if _is_day(value) else ("day", {})
        case "key":
            return None if isinstance(value, str) and _KEY.match(value) else ("key", {})
    if not isinstance(value, str) or (column.is_required and not value.strip()):
        return "missing", {}
    return ("too_long", {"max": MAX_TEXT}) if len(value) > MAX_TEXT else None


def _is_day(value: Any) -> bool:
    try:
        return 2000 <= date.fromisoformat(str(value)).year <= 2100
    except ValueError:
        return False


def _keys(shape: Shape, rows: list[Mapping[str, Any]]) -> Iterator[Fault]:
    name = "day" if any(c.kind == "day" for c in shape.columns) else "key"
    seen: set[Any] = set()
    for index, row in enumerate(rows):
        if row.get(name) in seen:
            yield Fault(f"rows.{index}.{name}", "twice")
        seen.add(row.get(name))
    if set(shape.fixed_keys) - seen:
        yield Fault("rows", "fixed", {"keys": ", ".join(sorted(set(shape.fixed_keys) - seen))})


def _weights(rows: list[Mapping[str, Any]]) -> Iterator[Fault]:
    total = sum(row["weight"] for row in rows)
    if total != 100:
        yield Fault("rows", "weights", {"sum": total})


def _of_deadlines(content: Mapping[str, Any], found: list[Fault]) -> Iterator[Fault]:
    steps = [content.get(name) for name in ("screening", "review", "decision", "letter")]
    if not found and None not in steps and steps != sorted(steps):  # type: ignore[type-var]
        yield Fault("letter", "order")

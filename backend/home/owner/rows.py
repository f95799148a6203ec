"""Lists of rows in a posted section: read, reorder, write back. Works without a script: every
button posts the whole section with `do` = add, remove-2, up-2 or down-2 (rows count from 0)."""

import re
from collections.abc import Sequence

from django.http import QueryDict

from backend.core.card_numbers import without_card_numbers

Typed = dict[str, list[str]]
Row = dict[str, list[str]]
_OPERATION = re.compile(r"(remove|up|down)-(\d{1,3})")


def storable(typed: Typed) -> Typed:
    """What may be kept of a draft before it is good: everything but the digits of a card."""
    return {name: [without_card_numbers(v) for v in values] for name, values in typed.items()}


def typed_of(data: QueryDict) -> Typed:
    """What was typed, without what the page itself sent along. NUL is no letter, and no database
    of ours can hold one."""
    dropped = {"csrfmiddlewaretoken", "version", "do"}
    return {
        name.replace("\0", ""): [str(v).replace("\0", "") for v in values]
        for name, values in data.lists()
        if name not in dropped
    }


def split_rows(typed: Typed, name: str) -> tuple[Typed, list[Row]]:
    """The fields outside the list, and its rows in the order of their numbers."""
    pattern = re.compile(rf"{name}-(\d{{1,3}})-(\w+)")
    rest: Typed = {}
    rows: dict[int, Row] = {}
    for key, values in typed.items():
        match = pattern.fullmatch(key)
        if match:
            rows.setdefault(int(match[1]), {})[match[2]] = values
        else:
            rest[key] = values
    return rest, [rows[number] for number in sorted(rows)]


def is_blank(row: Row) -> bool:
    return not any(value.strip() for values in row.values() for value in values)


def apply_operation(rows: Sequence[Row], operation: str) -> list[Row]:
    """The rows after a press; an operation that does not fit changes nothing."""
    done = list(rows)
    match = _OPERATION.fullmatch(operation)
    if match is None or int(match[2]) >= len(done):
        return done
    kind, at = match[1], int(match[2])
    if kind == "remove":
        del done[at]
    elif kind == "up" and at > 0:
        done[at - 1], done[at] = done[at], done[at - 1]
    elif kind == "down" and at + 1 < len(done):
        done[at + 1], done[at] = done[at], done[at + 1]
    return done


def joined(rest: Typed, name: str, rows: Sequence[Row]) -> Typed:
    """The whole section again, rows numbered from 0, without blank ones."""
    whole = dict(rest)
    for number, row in enumerate(r for r in rows if not is_blank(r)):
        whole |= {f"{name}-{number}-{field}": values for field, values in row.items()}
    return whole


def after_operation(typed: Typed, name: str, operation: str) -> Typed:
    """What was typed, after the press of a button of the list."""
    rest, rows = split_rows(typed, name)
    return joined(rest, name, apply_operation(rows, operation))

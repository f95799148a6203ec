"""Stripe's form encoding: `a[b][0]=c` as nested dicts and lists, and back out of nothing else."""

import re
from typing import Any
from urllib.parse import parse_qsl

MOST_FIELDS = 1000
_PART = re.compile(r"\[([^\[\]]*)\]")


def decode(body: str) -> dict[str, Any]:
    """Nested values, all of them text. ValueError for a body that is no form."""
    root: dict[str, Any] = {}
    for name, value in parse_qsl(
        body, keep_blank_values=True, strict_parsing=False, max_num_fields=MOST_FIELDS
    ):
        head = name.split("[", 1)[0]
        _put(root, [head, *_PART.findall(name[len(head) :])], value)
    found = _lists(root)
    assert isinstance(found, dict)
    return found


def _put(into: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        inner = into.setdefault(part if part else str(len(into)), {})
        if not isinstance(inner, dict):
            raise ValueError(f"{part} is a value and a structure")
        into = inner
    last = path[-1]
    into[last if last else str(len(into))] = value


def _lists(value: Any) -> Any:
    """Dicts whose keys count up from zero are lists."""
    if not isinstance(value, dict):
        return value
    inner = {key: _lists(v) for key, v in value.items()}
    if inner and list(inner) == [str(i) for i in range(len(inner))]:
        return list(inner.values())
    return inner

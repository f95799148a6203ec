"""Which cells of linked tables must be hidden so that nothing about fewer than ten people can be
read or computed. Pure; numpy.

A cell under `LEAST_PEOPLE` is hidden. Where a total is public, one hidden part could be computed
from the others, and several hidden parts together could still be fewer than ten people. So every
sum with a hidden cell hides at least one cell of ten people or more as well, unless its public
total leaves ten or more for the hidden parts together; and afterwards no hidden cell may follow
from the public ones by any combination of sums (linear algebra: no hidden cell lies in the row
space of the sums). People can be in several cells, so their numbers are never added up to a group;
but who is in a total is in one of its parts, so the hidden parts hold at least the people of the
total less those of every part that is shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEAST_PEOPLE = 10


@dataclass(frozen=True)
class Sum:
    """`parts` add up to `total`; all are keys of cells."""

    total: str
    parts: tuple[str, ...]


def hidden_cells(people: Mapping[str, int], sums: Sequence[Sum]) -> frozenset[str]:
    """Keys to hide. `people` counts the different people behind each cell; nobody is nil, which is
    shown."""
    hidden = {key for key, count in people.items() if 0 < count < LEAST_PEOPLE}
    while True:
        more = _unprotected(people, sums, hidden) or _computable(people, sums, hidden)
        if not more:
            return frozenset(hidden)
        hidden |= more


def _unprotected(people: Mapping[str, int], sums: Sequence[Sum], hidden: set[str]) -> set[str]:
    """One more cell for a sum whose hidden cells are all under ten people."""
    for one in sums:
        cells = [key for key in (*one.parts, one.total) if key in hidden]
        if not cells:
            continue
        if len(cells) > 1 and any(people[key] >= LEAST_PEOPLE for key in cells):
            continue
        if len(cells) > 1 and _left_to_hidden(people, one, hidden) >= LEAST_PEOPLE:
            continue
        found = _smallest_shown(people, one.parts, hidden) or _smallest_shown(
            people, (one.total,), hidden
        )
        if found:
            return {found}
    return set()


def _left_to_hidden(people: Mapping[str, int], one: Sum, hidden: set[str]) -> int:
    """At least so many people stand behind the hidden parts of a public total."""
    if one.total in hidden:
        return 0
    return people.get(one.total, 0) - sum(people.get(k, 0) for k in one.parts if k not in hidden)


def _smallest_shown(people: Mapping[str, int], keys: Sequence[str], hidden: set[str]) -> str | None:
    shown = [key for key in keys if key not in hidden and people[key] > 0]
    return min(shown, key=lambda key: (people[key], key), default=None)


def computable(sums: Sequence[Sum], hidden: Sequence[str]) -> list[str]:
    """Hidden cells that follow from public ones: what an attacker with algebra finds."""
    if not hidden:
        return []
    place = {key: i for i, key in enumerate(hidden)}
    rows = []
    for one in sums:
        row = np.zeros(len(hidden))
        for key in one.parts:
            if key in place:
                row[place[key]] += 1
        if one.total in place:
            row[place[one.total]] -= 1
        if row.any():
            rows.append(row)
    if not rows:
        return []
    _u, values, basis = np.linalg.svd(np.array(rows), full_matrices=True)
    rank = int((values > 1e-9).sum())
    free = np.abs(basis[rank:]).max(axis=0) if rank < len(hidden) else np.zeros(len(hidden))
    return [key for key, i in place.items() if free[i] < 1e-7]


def _computable(people: Mapping[str, int], sums: Sequence[Sum], hidden: set[str]) -> set[str]:
    for key in computable(sums, sorted(hidden)):
        for one in sums:
            if key == one.total or key in one.parts:
                found = _smallest_shown(people, one.parts, hidden)
                found = found or _smallest_shown(people, (one.total,), hidden)
                if found:
                    return {found}
    return set()

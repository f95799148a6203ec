"""What moves places beside the points: variety, the place outside the chosen fields, the places
kept for projects that are owed views, and that what takes nothing any more stands after what does.
Each moved place carries its rule's name and keeps its score.
numpy only; the same inputs give the same order, in whatever order the listings came."""

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backend.matching.engine.explain import Part
from backend.matching.engine.schema import Floats

FIRST_PAGE = 20
EVERY = 10  # one place in ten goes outside the chosen fields
# Which places of the first page the floor may take, in this order: the first ten stay those of the
# points as long as two are enough; never a tenth one.
FLOOR_AT = (13, 17, 7, 4)
DRAWN = 2  # of those that are owed views; the one of them that fits best gets the place
# … unless another of them is owed this much more: what fits nobody would else never be seen.
FAR_MORE = 1.5
EXPLORATION, FLOOR, VARIETY, CLOSED = "exploration", "floor", "variety", "closed"
# level -> (how many neighbours before are looked at, how alike at most, how far is looked ahead)
VARIETIES = {"medium": (2, 0.75, 10), "high": (4, 0.5, 20)}


@dataclass(frozen=True)
class Spot:
    """One place: the row of the catalogue, its score and parts, and the rule that moved it."""

    row: int
    score: int
    parts: tuple[Part, ...]
    moved_by: str = ""


def look_ahead(variety: str) -> int:
    """How many places beyond the last one must be known."""
    return VARIETIES[variety][2] if variety in VARIETIES else 0


def varied(spots: Sequence[Spot], features: Floats, variety: str) -> list[Spot]:
    """Neighbours that are less alike: a project that is too like those before it waits.

    At each place the first waiting project that is no more alike to the neighbours before than the
    level allows comes forward, marked; if none is found in reach, the order stays.
    """
    if variety not in VARIETIES:
        return list(spots)
    before, most, reach = VARIETIES[variety]
    waiting, out = list(spots), list[Spot]()
    by_points = {spot.row: place for place, spot in enumerate(spots)}
    while waiting:
        recent = features[[s.row for s in out[-before:]]]
        ahead = features[[s.row for s in waiting[:reach]]]
        alike = (ahead @ recent.T).max(axis=1) if len(recent) else np.zeros(len(ahead))
        fits = np.flatnonzero(alike <= most)
        chosen = int(fits[0]) if len(fits) else 0
        spot = waiting.pop(chosen)
        is_up = len(out) < by_points[spot.row]
        out.append(replace(spot, moved_by=VARIETY) if is_up else spot)
    return out


def floor_draws(
    owed: Iterable[tuple[str, float]], row_of: Callable[[str], int | None], seed: str, day: str
) -> list[int]:
    """Rows of projects that are owed views, in the order in which this list would give them one.

    Weighted by how much is missing (rendezvous hashing): over many lists each gets its part, and
    who gets a place in whose list is fixed for the day.
    """
    drawn = []
    for project_id, missing in owed:
        row = row_of(project_id)
        if row is None or missing <= 0:
            continue
        digest = hashlib.sha256(f"floor {day} {seed} {project_id}".encode()).digest()
        chance = (int.from_bytes(digest[:8], "big") + 1) / (2**64 + 1)
        drawn.append((-math.log(chance) / missing, project_id, row))
    return [row for _key, _id, row in sorted(drawn)]


def mixed(
    ranked: Sequence[Spot],
    end: int,
    *,
    turns: Sequence[Spot],
    outside: frozenset[int],
    owed: dict[int, Spot],
) -> list[Spot]:
    """The first `end` places: every tenth for a project outside the chosen fields (unless one
    stands there), `owed` places for those that are owed views, the rest in the order of `ranked`.
    """
    out: list[Spot] = []
    placed: set[int] = set()
    taken = {spot.row for spot in owed.values()}
    waiting = iter(ranked)
    ahead = next(waiting, None)
    for place in range(1, end + 1):
        while ahead is not None and ahead.row in placed:
            ahead = next(waiting, None)
        spot = ahead
        if place in owed and owed[place].row not in placed:
            spot = replace(owed[place], moved_by=FLOOR)
        elif turns and place % EVERY == 0 and (spot is None or spot.row not in outside):
            free = (s for s in turns if s.row not in placed and s.row not in taken)
            moved = next(free, None)
            spot = replace(moved, moved_by=EXPLORATION) if moved else spot
        if spot is None:
            break
        placed.add(spot.row)
        out.append(spot)
    return out

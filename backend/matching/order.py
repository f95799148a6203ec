"""One person's order as it is shown: the explained order, then the one place in ten that a rule
moved. A moved project keeps its score; its place carries the rule's name. numpy only."""

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from backend.matching.catalogue import Catalogue
from backend.matching.engine.explain import Part, against, parts_of
from backend.matching.engine.schema import Answers, Ints
from backend.matching.engine.score import Model, Ranked, place_one, rank_one

EVERY = 10  # one place in ten
POOL = 20  # of the best other fields, which take turns day by day
EXPLORATION = "exploration"


@dataclass(frozen=True)
class Spot:
    """One place: the row of the catalogue, its score and parts, and the rule that moved it."""

    row: int
    score: int
    parts: tuple[Part, ...]
    moved_by: str = ""


@dataclass(frozen=True)
class Order:
    """A stretch of an order. `max_points` per factor, zero when not counted."""

    spots: tuple[Spot, ...]
    total: int
    max_points: Ints
    is_personal: bool


@dataclass(frozen=True)
class Wish:
    """Everything that decides an order beside the listings and the model."""

    answers: Answers
    weights: Mapping[str, str]
    day: str
    explore: bool = False
    with_calls: bool = True


def order_of(wish: Wish, catalogue: Catalogue, model: Model, *, limit: int, offset: int) -> Order:
    """Places offset…offset+limit of one person's order. Same inputs, same order."""
    rows = None if wish.with_calls else catalogue.own_rows
    outside = _outside(wish, catalogue, rows)
    end = offset + limit
    if not wish.explore or end < EVERY or not len(outside):
        ranked = _rank(wish, catalogue, model, limit, offset, rows)
        return _order(ranked, tuple(_spots(ranked)))
    ranked = _rank(wish, catalogue, model, end, 0, rows)
    if not any(ranked.active):
        return _order(ranked, tuple(_spots(ranked))[offset:])
    pool = _rank(wish, catalogue, model, POOL, 0, outside)
    turns = sorted(_spots(pool), key=lambda s: _turn(wish.day, catalogue.arrays.ids[s.row]))
    return _order(ranked, _mixed(list(_spots(ranked)), turns, set(outside.tolist()))[offset:])


def _rank(
    wish: Wish, catalogue: Catalogue, model: Model, k: int, offset: int, only: Ints | None
) -> Ranked:
    return rank_one(
        wish.answers, catalogue.arrays, model,
        weights=wish.weights, k=k, offset=offset, day=wish.day, only=only,
    )  # fmt: skip


def _spots(ranked: Ranked) -> list[Spot]:
    return [
        Spot(row, int(ranked.scores[i]), parts_of(ranked, i))
        for i, row in enumerate(ranked.rows.tolist())
    ]


def _order(ranked: Ranked, spots: tuple[Spot, ...]) -> Order:
    return Order(spots, ranked.total, ranked.max_points, any(ranked.active))


def _outside(wish: Wish, catalogue: Catalogue, rows: Ints | None) -> Ints:
    """Rows of stated fields that the person did not choose; none when they chose no field or
    switched the field off, for then nothing is outside."""
    keys = catalogue.arrays.vocabulary.fields
    chosen = [keys.index(key) for key in wish.answers.fields if key in keys]
    if not chosen or wish.weights.get("field") == "off":
        return np.zeros(0, dtype=np.int64)
    column = catalogue.arrays.field_id
    found = np.flatnonzero((column >= 0) & ~np.isin(column, chosen))
    return found if rows is None else np.intersect1d(found, rows)


def _turn(day: str, project_id: str) -> str:
    return hashlib.sha256(f"explore {day} {project_id}".encode()).hexdigest()


def _mixed(ranked: list[Spot], turns: list[Spot], outside: set[int]) -> tuple[Spot, ...]:
    """Every tenth place goes to a project outside the chosen fields, unless one stands there."""
    mixed: list[Spot] = []
    placed: set[int] = set()
    waiting = deque(ranked)
    for place in range(1, len(ranked) + 1):
        while waiting[0].row in placed:
            waiting.popleft()
        spot = waiting[0]
        if place % EVERY == 0 and spot.row not in outside:
            moved = next((s for s in turns if s.row not in placed), None)
            spot = replace(moved, moved_by=EXPLORATION) if moved else spot
        placed.add(spot.row)
        mixed.append(spot)
    return tuple(mixed)


@dataclass(frozen=True)
class Standing:
    """Where one project stands by its points, and where it would with one mismatch gone."""

    place: int
    total: int
    spot: Spot
    is_personal: bool
    would: "Would | None"


@dataclass(frozen=True)
class Would:
    """If `factor` fitted fully: the score and the place, everything else as it is."""

    factor: str
    score: int
    place: int


def standing_of(wish: Wish, catalogue: Catalogue, model: Model, row: int) -> Standing:
    """The place of one project among all that its list holds."""
    rows = None if wish.with_calls else catalogue.own_rows
    place, ranked = _place(wish, catalogue, model, row, rows)
    spot = _spots(ranked)[0]
    worst = against(spot.parts)
    would = None
    if worst is not None:
        better, _ranked = _place(wish, catalogue, model, row, rows, extra=worst.lost)
        would = Would(worst.factor, spot.score + worst.lost, better)
    total = len(catalogue.arrays) if rows is None else len(rows)
    return Standing(place, total, spot, any(ranked.active), would)


def _place(
    wish: Wish, catalogue: Catalogue, model: Model, row: int, rows: Ints | None, extra: int = 0
) -> tuple[int, Ranked]:
    return place_one(
        wish.answers, catalogue.arrays, model, row,
        weights=wish.weights, day=wish.day, only=rows, extra=extra,
    )  # fmt: skip

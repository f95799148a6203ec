"""One person's order as it is shown: the explained order, then what four rules move (moving.py).
A moved project keeps its score; its place carries the rule's name. numpy only."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from backend.matching.catalogue import Catalogue
from backend.matching.engine.explain import against, parts_of
from backend.matching.engine.schema import Answers, Ints
from backend.matching.engine.score import Model, Ranked, Scored, first_of, place_one, score_all
from backend.matching.moving import (
    CLOSED,
    DRAWN,
    EVERY,
    FAR_MORE,
    FIRST_PAGE,
    FLOOR_AT,
    Spot,
    floor_draws,
    look_ahead,
    mixed,
    varied,
)

POOL = 20  # of the best other fields, which take turns day by day


@dataclass(frozen=True)
class Order:
    """A stretch of an order. `max_points` per factor, zero when not counted."""

    spots: tuple[Spot, ...]
    total: int
    max_points: Ints
    is_personal: bool


@dataclass(frozen=True)
class Floor:
    """What is owed: (public id, missing share of an even share), and on how many places of a first
    page. `seed` names the list, so that different people meet different projects."""

    owed: tuple[tuple[str, float], ...]
    places: int
    seed: str


@dataclass(frozen=True)
class Wish:
    """Everything that decides an order beside the listings and the model."""

    answers: Answers
    weights: Mapping[str, str]
    day: str
    explore: bool = False
    with_calls: bool = True
    variety: str = "low"
    hidden: frozenset[str] = frozenset()
    floor: Floor | None = None


def order_of(wish: Wish, catalogue: Catalogue, model: Model, *, limit: int, offset: int) -> Order:
    """Places offset…offset+limit of one person's order. Same inputs, same order.

    Projects whose round is closed follow all others, by their points alone.
    """
    front, closed = _parted(_rows(wish, catalogue), catalogue)
    scored = score_all(wish.answers, catalogue.arrays, model, wish.weights)
    shown = _front(wish, catalogue, scored, limit, offset, front)
    if not len(closed):
        return shown
    start = max(offset - shown.total, 0)
    count = max(offset + limit - shown.total - start, 0)
    behind = _spots(_rank(wish, scored, count, start, closed))
    return replace(
        shown,
        spots=(*shown.spots, *(replace(spot, moved_by=CLOSED) for spot in behind)),
        total=shown.total + len(closed),
    )


def _parted(rows: Ints | None, catalogue: Catalogue) -> tuple[Ints | None, Ints]:
    """Rows that may still be chosen (None for all), and those whose round is closed."""
    if not len(catalogue.closed_rows):
        return rows, catalogue.closed_rows
    here, behind = _mask(catalogue, rows), _mask(catalogue, catalogue.closed_rows)
    if not (here & behind).any():
        return rows, np.zeros(0, dtype=np.int64)
    return np.flatnonzero(here & ~behind), np.flatnonzero(here & behind)


def _mask(catalogue: Catalogue, rows: Ints | None) -> NDArray[np.bool_]:
    """Which listings are in these rows (None: all)."""
    mask = np.full(len(catalogue.arrays), rows is None)
    if rows is not None:
        mask[rows] = True
    return mask


def _front(
    wish: Wish, catalogue: Catalogue, scored: Scored, limit: int, offset: int, rows: Ints | None
) -> Order:
    outside = _outside(wish, catalogue, rows) if wish.explore else np.zeros(0, dtype=np.int64)
    ahead = look_ahead(wish.variety)
    if not (len(outside) or wish.floor or ahead):
        ranked = _rank(wish, scored, limit, offset, rows)
        return _order(ranked, tuple(_spots(ranked)))
    end = offset + limit
    ranked = _rank(wish, scored, max(end, FIRST_PAGE) + ahead, 0, rows)
    spots = _spots(ranked)
    if not any(ranked.active):
        return _order(ranked, tuple(spots[offset:end]))
    turns = _turns(wish, scored, outside) if end >= EVERY else []
    owed = _owed(wish, catalogue, scored, spots, rows)
    spots = varied(spots, catalogue.arrays.features, wish.variety)
    shown = mixed(spots, end, turns=turns, outside=frozenset(outside.tolist()), owed=owed)
    return _order(ranked, tuple(shown[offset:end]))


def _rows(wish: Wish, catalogue: Catalogue) -> Ints | None:
    """Rows of the list; None for all."""
    hidden = [catalogue.row_of[key] for key in wish.hidden if key in catalogue.row_of]
    rows = None if wish.with_calls else catalogue.own_rows
    if not hidden:
        return rows
    left = _mask(catalogue, rows)
    left[hidden] = False
    return np.flatnonzero(left)


def _rank(wish: Wish, scored: Scored, k: int, offset: int, only: Ints | None) -> Ranked:
    return first_of(scored, k=k, offset=offset, day=wish.day, only=only)


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
    found = (column >= 0) & ~np.isin(column, chosen)
    return np.flatnonzero(found & _mask(catalogue, rows))


def _turns(wish: Wish, scored: Scored, outside: Ints) -> list[Spot]:
    if not len(outside):
        return []
    pool = _spots(_rank(wish, scored, POOL, 0, outside))
    return sorted(pool, key=lambda s: _turn(wish.day, scored.listings.ids[s.row]))


def _turn(day: str, project_id: str) -> str:
    return hashlib.sha256(f"explore {day} {project_id}".encode()).hexdigest()


def _owed(
    wish: Wish, catalogue: Catalogue, scored: Scored, spots: list[Spot], rows: Ints | None
) -> dict[int, Spot]:
    """Place -> the project that is owed views and gets it. Of each DRAWN that are drawn, the one
    that fits best, unless another is owed FAR_MORE; those that stand on the first page by their
    points need no help."""
    if wish.floor is None or not wish.floor.places:
        return {}
    allowed = None if rows is None else frozenset(rows.tolist())
    near = {spot.row for spot in spots[:FIRST_PAGE]}

    def row_of(key: str) -> int | None:
        row = catalogue.row_of.get(key)
        return row if row not in near and (allowed is None or row in allowed) else None

    places = sorted(FLOOR_AT[: wish.floor.places])
    drawn = floor_draws(wish.floor.owed, row_of, wish.floor.seed, wish.day)[: DRAWN * len(places)]
    if not drawn:
        return {}
    best = _spots(_rank(wish, scored, len(drawn), 0, np.array(sorted(drawn))))
    order = {spot.row: (i, spot) for i, spot in enumerate(best)}
    missing = {row_of(key): share for key, share in wish.floor.owed}
    found = {}
    for number, place in enumerate(places):
        group = drawn[number * DRAWN : (number + 1) * DRAWN]
        if group:
            most = max(missing[row] for row in group)
            urgent = [row for row in group if missing[row] * FAR_MORE >= most]
            found[place] = min((order[row] for row in urgent), key=lambda pair: pair[0])[1]
    return found


@dataclass(frozen=True)
class Standing:
    """Where one project stands by its points, and where it would with one mismatch gone."""

    place: int
    total: int
    spot: Spot
    is_personal: bool
    is_closed: bool
    would: "Would | None"


@dataclass(frozen=True)
class Would:
    """If `factor` fitted fully: the score and the place, everything else as it is."""

    factor: str
    score: int
    place: int


def standing_of(wish: Wish, catalogue: Catalogue, model: Model, row: int) -> Standing:
    """The place of one project among all that its list holds; a closed one is after the rest."""
    rows = _rows(wish, catalogue)
    if rows is not None:
        rows = np.union1d(rows, [row])
    total = len(catalogue.arrays) if rows is None else len(rows)
    front, closed = _parted(rows, catalogue)
    is_closed = row in closed
    rows, before = (closed, total - len(closed)) if is_closed else (front, 0)
    place, ranked = _place(wish, catalogue, model, row, rows)
    spot = _spots(ranked)[0]
    worst = against(spot.parts)
    would = None
    if worst is not None:
        better, _ranked = _place(wish, catalogue, model, row, rows, extra=worst.lost)
        would = Would(worst.factor, spot.score + worst.lost, better + before)
    return Standing(place + before, total, spot, any(ranked.active), is_closed, would)


def _place(
    wish: Wish, catalogue: Catalogue, model: Model, row: int, rows: Ints | None, extra: int = 0
) -> tuple[int, Ranked]:
    return place_one(
        wish.answers, catalogue.arrays, model, row,
        weights=wish.weights, day=wish.day, only=rows, extra=extra,
    )  # fmt: skip

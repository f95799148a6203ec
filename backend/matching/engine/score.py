"""From answers and listings to scores that are sums of points. numpy only.

Each factor has a value in [0, 1] per listing, or is missing (NaN). A factor's contribution is
`coefficient × value`; fixed bounds of the run map it to 0…max_points, whole numbers that sum to
100. Points are rounded by largest remainder, so that they add up to the score that is shown.
"""

import hashlib
import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from backend.matching.engine import chosen as mine
from backend.matching.engine.schema import (
    FACTORS,
    MINE,
    PEOPLE,
    STEERING,
    Answers,
    Floats,
    Ints,
    ListingArrays,
    answer_features,
    log2_or_nan,
)

NEUTRAL = 0.6  # a missing value: just no mismatch (a mismatch is under 60 % of the points)
MISMATCH_BELOW = 0.6
TOTAL = 100
MOST_FOR_PEOPLE = 0.3  # of all points, at normal steering
HALVINGS = 4.0  # a smallest pledge 2^4 times the budget is worth nothing


@dataclass(frozen=True)
class Model:
    """A fitted order. `max_points` sums to 100; `low` and `high` bound each contribution."""

    run_id: str
    coefficients: Floats
    low: Floats
    high: Floats
    max_points: Ints
    answer_names: tuple[str, ...]
    lift: Floats  # answer features × listing features
    # Answer features × listings that were chosen often enough to say something of their own.
    lift_ids: tuple[str, ...]
    lift_listings: Floats
    is_rules: bool


@dataclass(frozen=True)
class Ranked:
    """The first `k` listings of one person's order, aligned by row."""

    rows: Ints  # row numbers in the ListingArrays
    scores: Ints
    points: Ints  # k × factors, each row sums to its score
    max_points: Ints
    raw: Floats
    known: "np.ndarray[tuple[int, int], np.dtype[np.bool_]]"  # False: not stated by the project
    active: tuple[bool, ...]  # per factor: answered and not switched off
    total: int


def rule_model(run_id: str = "rules") -> Model:
    """Stated criteria only, with fixed weights: the baseline and the cold start."""
    points = np.array([26, 16, 8, 16, 12, 8, 6, 4, 4, 0, 0], dtype=np.int64)
    return Model(
        run_id=run_id,
        coefficients=points / TOTAL,
        low=np.zeros(len(FACTORS)),
        high=points / TOTAL,
        max_points=points,
        answer_names=(),
        lift=np.zeros((0, 0)),
        lift_ids=(),
        lift_listings=np.zeros((0, 0)),
        is_rules=True,
    )


def factor_values(answers: Answers, listings: ListingArrays, model: Model) -> Floats:
    """listings × factors: 0…1 (people_like_you: any real), NaN where missing."""
    values = np.full((len(listings), len(FACTORS)), np.nan)
    for column, read in enumerate(_READERS):
        value = read(answers, listings)
        if value is not None:
            values[:, column] = value
    if len(model.answer_names):
        vector = answer_features(answers, _index_of(model.answer_names))
        if vector.any():
            values[:, PEOPLE] = people_values(vector, listings, model)
    if answers.chosen is not None and model.max_points[MINE]:
        values[:, MINE] = mine.values_of(answers.chosen, listings)
    return values


@lru_cache(maxsize=4)
def _index_of(names: tuple[str, ...]) -> dict[str, int]:
    return {name: i for i, name in enumerate(names)}


def people_values(vector: Floats, listings: ListingArrays, model: Model) -> Floats:
    """What people with these answers chose: kinds of project, and known projects by themselves."""
    values: Floats = listings.features @ (vector @ model.lift)
    if model.lift_ids:
        own = np.append(vector @ model.lift_listings, 0.0)
        values = values + own[_columns_of(listings, model)]
    return values


def _columns_of(listings: ListingArrays, model: Model) -> Ints:
    """Per listing its column in `lift_listings`, or the last one (zero) when it has none."""
    kept = listings.columns.get(model.run_id)
    # A run is fitted twice, on the past and on everything: the two know other listings.
    if kept is None or kept[0] is not model.lift_ids:
        index = {key: i for i, key in enumerate(model.lift_ids)}
        missing = len(model.lift_ids)
        column = np.array([index.get(key, missing) for key in listings.ids], dtype=np.int64)
        kept = (model.lift_ids, column)
        listings.columns[model.run_id] = kept
    return kept[1]


def _field(answers: Answers, listings: ListingArrays) -> Floats | None:
    return _membership(answers.fields, listings.vocabulary.fields, listings.field_id)


def _instrument(answers: Answers, listings: ListingArrays) -> Floats | None:
    return _membership(answers.instruments, listings.vocabulary.instruments, listings.instrument)


def _membership(chosen: Sequence[str], keys: Sequence[str], column: Ints) -> Floats | None:
    wanted = [keys.index(key) for key in chosen if key in keys]
    if not wanted:
        return None
    return np.where(column < 0, np.nan, np.isin(column, wanted).astype(np.float64))


def _overlap(
    chosen: Sequence[str], keys: Sequence[str], mask: "NDArray[np.bool_]"
) -> Floats | None:
    """1 when all that was chosen is there, at least 0.6 when something is, NaN when not stated."""
    wanted = [keys.index(key) for key in chosen if key in keys]
    if not wanted:
        return None
    hits = np.sum([mask[:, column] for column in wanted], axis=0, dtype=np.int64)
    value = np.where(hits == 0, 0.0, 0.6 + 0.4 * hits / len(wanted))
    return np.where(mask.any(axis=1), value, np.nan)


def _technology(answers: Answers, listings: ListingArrays) -> Floats | None:
    return _overlap(answers.technologies, listings.vocabulary.technologies, listings.technologies)


def _skills(answers: Answers, listings: ListingArrays) -> Floats | None:
    return _overlap(answers.skills, listings.vocabulary.skills, listings.skills)


def _language(answers: Answers, listings: ListingArrays) -> Floats | None:
    keys = listings.vocabulary.languages
    wanted = [keys.index(key) for key in answers.languages if key in keys]
    if not wanted:
        return None
    readable = listings.languages[:, wanted].any(axis=1).astype(np.float64)
    return np.where(listings.languages.any(axis=1), readable, np.nan)


def _place(answers: Answers, listings: ListingArrays) -> Floats | None:
    places = listings.vocabulary.places
    if answers.home_place not in places:
        return None
    codes = list(places)
    areas = list(dict.fromkeys(places.values()))
    same = listings.place == codes.index(answers.home_place)
    near = listings.area == areas.index(places[answers.home_place])
    return np.where(listings.place < 0, np.nan, np.where(same, 1.0, np.where(near, 0.7, 0.3)))


def _ticket(answers: Answers, listings: ListingArrays) -> Floats | None:
    budget = log2_or_nan(answers.budget)
    if np.isnan(budget):
        return None
    over = np.maximum(listings.log_ticket - budget, 0.0)
    value: Floats = np.clip(1.0 - over / HALVINGS, 0.0, 1.0)
    return value


def _stage(answers: Answers, listings: ListingArrays) -> Floats | None:
    if not answers.stages:
        return None
    wanted = np.array(answers.stages, dtype=np.float64)
    gap = np.min([np.abs(listings.trl - level) for level in wanted], axis=0)
    value: Floats = np.clip(1.0 - 0.25 * gap, 0.0, 1.0)
    return value


def _horizon(answers: Answers, listings: ListingArrays) -> Floats | None:
    if not answers.horizon_months:
        return None
    over = np.maximum(listings.horizon - answers.horizon_months, 0.0)
    value: Floats = np.clip(1.0 - over / answers.horizon_months, 0.0, 1.0)
    return value


_READERS = (
    _field, _technology, _place, _instrument, _ticket, _stage, _horizon, _language, _skills,
)  # fmt: skip


def steered(model: Model, answered: Sequence[float], weights: Mapping[str, str]) -> Floats:
    """max_points per factor after steering, rescaled to 100; all zero when nothing is left.
    `answered`: 1 for what was answered, 0 for what was not; between them for few choices."""
    steer = np.array([STEERING[weights.get(name, "normal")] for name in FACTORS])
    share = model.max_points * steer * np.array(answered, dtype=np.float64)
    total = share.sum()
    scaled: Floats = share * (TOTAL / total) if total else share
    # With few answers the choices of others would outweigh what the person said.
    most = min(MOST_FOR_PEOPLE * steer[PEOPLE], 1.0) * TOTAL
    stated = scaled.sum() - scaled[PEOPLE]
    if stated > 0 and scaled[PEOPLE] > most:
        scaled *= (TOTAL - most) / stated
        scaled[PEOPLE] = most
    return scaled


def whole_parts(shares: Floats, total: int) -> Ints:
    """Round shares to whole numbers that add up to `total` (largest remainder, then order)."""
    floors = np.floor(shares + 1e-9).astype(np.int64)
    missing = total - int(floors.sum())
    order = np.lexsort((np.arange(len(shares)), -(shares - floors)))
    floors[order[: max(missing, 0)]] += 1
    return floors


def share_of_points(values: Floats, model: Model) -> Floats:
    """Where each contribution stands between the run's bounds: 0…1, missing is NEUTRAL."""
    contributions = values * model.coefficients
    span = np.where(model.high > model.low, model.high - model.low, 1.0)
    share = np.clip((contributions - model.low) / span, 0.0, 1.0)
    return np.where(np.isnan(share), NEUTRAL, share)


def average_for_people(model: Model) -> float:
    """The share of its points that `people_like_you` gives to what is chosen as on average (0)."""
    low, high = float(model.low[PEOPLE]), float(model.high[PEOPLE])
    return min(max(-low / (high - low), 0.0), 1.0) if high > low else 0.0


def rank_one(
    answers: Answers,
    listings: ListingArrays,
    model: Model,
    *,
    weights: Mapping[str, str] | None = None,
    k: int = 20,
    offset: int = 0,
    day: str = "",
    only: Ints | None = None,
) -> Ranked:
    """One person's order over all listings (or the rows in `only`), places offset…offset+k.

    Order: shown score, raw score rounded to 1e-4, SHA-256 of run, day and project id.
    """
    scored = score_all(answers, listings, model, weights or {})
    return first_of(scored, k=k, offset=offset, day=day, only=only)


def first_of(
    scored: "Scored", *, k: int = 20, offset: int = 0, day: str = "", only: Ints | None = None
) -> Ranked:
    """The same from scores that are there already: an order takes several stretches of them."""
    ids = scored.listings.ids
    rows = np.arange(len(ids)) if only is None else only
    chosen = _first(scored.raw[rows], ids, rows, offset + k, scored.run_id, day)
    return _ranked(scored, rows[chosen][offset:], len(rows))


def place_one(
    answers: Answers,
    listings: ListingArrays,
    model: Model,
    row: int,
    *,
    weights: Mapping[str, str] | None = None,
    day: str = "",
    only: Ints | None = None,
    extra: int = 0,
) -> tuple[int, Ranked]:
    """The place of one listing in the person's order (from 1), and its points.

    Linear. `only`: the rows of that order, else all. `extra` points are added to the listing for
    its place alone: "where would it stand if …".
    """
    scored = score_all(answers, listings, model, weights or {})
    raised = scored.raw.copy()
    raised[row] += extra
    keys = _keys(raised)
    if only is not None:
        outside = np.ones(len(keys), dtype=np.bool_)
        outside[only] = False
        outside[row] = False
        keys[outside] = -1.0
    before = int((keys > keys[row]).sum())
    mine = _tie(model.run_id, day, listings.ids[row])
    ties = np.flatnonzero(keys == keys[row]).tolist()
    before += sum(_tie(model.run_id, day, listings.ids[i]) < mine for i in ties)
    return before + 1, _ranked(scored, np.array([row], dtype=np.int64), 1)


@dataclass(frozen=True)
class Scored:
    """One person's score of every listing: what each factor says, of how many points."""

    listings: ListingArrays
    run_id: str
    values: Floats
    maxima: Ints
    share: Floats
    raw: Floats


def score_all(
    answers: Answers, listings: ListingArrays, model: Model, weights: Mapping[str, str]
) -> Scored:
    values = factor_values(answers, listings, model)
    answered = [float(not np.isnan(values[:, i]).all()) for i in range(len(FACTORS))]
    # Few choices say little: the factor takes its points as they come.
    answered[MINE] *= mine.weight_of(answers.chosen)
    maxima = whole_parts_or_zero(steered(model, answered, weights))
    share = share_of_points(values, model)
    raw = share @ maxima.astype(np.float64)
    return Scored(listings, model.run_id, values, maxima, share, raw)


def _ranked(scored: Scored, top: Ints, total: int) -> Ranked:
    points = np.array(
        [whole_parts(scored.share[r] * scored.maxima, int(np.rint(scored.raw[r]))) for r in top],
        dtype=np.int64,
    ).reshape(len(top), len(FACTORS))
    return Ranked(
        rows=top,
        scores=np.rint(scored.raw[top]).astype(np.int64),
        points=points,
        max_points=scored.maxima,
        raw=scored.raw[top],
        known=~np.isnan(scored.values[top]),
        active=tuple(bool(m) for m in scored.maxima),
        total=total,
    )


def whole_parts_or_zero(maxima: Floats) -> Ints:
    return whole_parts(maxima, TOTAL) if maxima.any() else maxima.astype(np.int64)


def _first(raw: Floats, ids: Sequence[str], rows: Ints, k: int, run_id: str, day: str) -> Ints:
    """Positions in `rows` of the first k in the order; only ties that reach the first k are
    hashed."""
    k = min(k, len(raw))
    if k == 0:
        return np.zeros(0, dtype=np.int64)
    key = _keys(raw)
    border = np.partition(key, len(key) - k)[len(key) - k]
    near = np.flatnonzero(key >= border).astype(np.int64)

    def place(i: int) -> tuple[float, bytes]:
        return (-key[i], _tie(run_id, day, ids[rows[i]]))

    return np.array(heapq.nsmallest(k, near.tolist(), key=place), dtype=np.int64)


def _keys(raw: Floats) -> Floats:
    """What the order compares first: the shown score, then the raw score."""
    keys: Floats = np.rint(raw) * 1e6 + np.round(raw, 4)
    return keys


def _tie(run_id: str, day: str, listing_id: str) -> bytes:
    return hashlib.sha256(f"{run_id} {day} {listing_id}".encode()).digest()

"""What one person chose, as one factor of their own order: how much more than others they take
projects like this one. numpy only.

Each kind of fact (field, technology, form, area) is a share: of what the person chose, against all
listings. A share of few choices is pulled towards that of the listings (Dirichlet, PRIOR choices),
so that one choice says little. The mean of the logarithms is bounded and laid on 0…1, where NEUTRAL
says: neither more nor less than others.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backend.matching.engine.schema import Answers, Chosen, Floats, Ints, Listing, ListingArrays

PRIOR = 8.0
HALF_LIFE_DAYS = 730.0
MOST = 200  # the newest choices of a person
FADE = 0.5  # of choices' weight, with which the factor counts half
NEUTRAL = 0.6
BOUND = 0.6  # a mean logarithm (e^0.6: 1.8 times as often) beyond which nothing is added
KINDS = {"field": 1.0, "technology": 1.0, "instrument": 0.5, "area": 0.25}


@dataclass(frozen=True)
class Taken:
    """One choice: the project's facts, how much it weighs, how old it is. `refused`: the kind of
    fact that the person gave as the reason against the project ("" for what they took)."""

    listing: Listing
    weight: float
    age_days: float = 0.0
    refused: str = ""


def keys_of(listing: Listing, areas: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The facts of a project that are compared, by kind."""
    area = areas.get(listing.place or "")
    return {
        "field": (listing.field,) if listing.field else (),
        "technology": listing.technologies,
        "instrument": (listing.instrument,) if listing.instrument else (),
        "area": (area,) if area else (),
    }


def chosen_of(taken: Iterable[Taken], areas: Mapping[str, str]) -> Chosen | None:
    """The choices of one person, counted; None without any. Older ones count less, and only the
    newest MOST count at all."""
    total, number = 0.0, 0
    stated: Counter[str] = Counter()
    liked: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for one in sorted(taken, key=lambda t: (t.age_days, t.listing.id))[:MOST]:
        weight = one.weight * 0.5 ** (max(one.age_days, 0.0) / HALF_LIFE_DAYS)
        keys = keys_of(one.listing, areas)
        if one.refused:
            refused.update({f"{one.refused}:{k}": weight for k in keys.get(one.refused, ())})
            continue
        total, number = total + weight, number + 1
        for kind, values in keys.items():
            if values:
                stated[kind] += weight
                liked.update({f"{kind}:{value}": weight for value in values})
                times.update(f"{kind}:{value}" for value in values)
    if not total and not refused:
        return None
    return Chosen(
        total=round(total, 4),
        stated=_rounded(stated),
        liked=_rounded(liked),
        number=number,
        times=dict(sorted(times.items())),
        refused=_rounded(refused),
    )


def _rounded(counts: Counter[str]) -> dict[str, float]:
    return {key: round(value, 4) for key, value in sorted(counts.items())}


def weight_of(chosen: Chosen | None) -> float:
    """How much of its points the factor has: 0 without a choice, a half at FADE, never quite 1."""
    if chosen is None:
        return 0.0
    said = chosen.total + sum(chosen.refused.values())
    return said / (said + FADE)


def values_of(chosen: Chosen, listings: ListingArrays, rows: Any = slice(None)) -> Floats:
    """Per listing (or those in `rows`) 0…1: NEUTRAL is what the person takes as often as it is
    listed."""
    parts = [
        weight * _read(kind, _lifts(chosen, kind, listings), listings, rows)
        for kind, weight in KINDS.items()
    ]
    return _bounded(np.sum(parts, axis=0))


def _bounded(total: Floats) -> Floats:
    affinity = np.clip(total / (BOUND * sum(KINDS.values())), -1.0, 1.0)
    values: Floats = NEUTRAL + np.where(affinity > 0, 1 - NEUTRAL, NEUTRAL) * affinity
    return values


def values_without_one(
    listings: ListingArrays, chosen: Ints, weights: Floats, rows: Ints, left_out: Ints
) -> Floats:
    """Value of listing `rows[j]` as it counts (near NEUTRAL after few choices) for somebody who
    took `chosen` but for the `left_out[j]`-th of them. All of one age; two choices or more.

    The same numbers as `chosen_of` and `values_of` give one by one, for thousands of people.
    """
    parts = [
        weight * _read_without(kind, listings, chosen, weights, rows, left_out)
        for kind, weight in KINDS.items()
    ]
    total = (weights.sum() - weights)[left_out]
    values: Floats = NEUTRAL + total / (total + FADE) * (_bounded(np.sum(parts, axis=0)) - NEUTRAL)
    return values


def _read_without(
    kind: str, listings: ListingArrays, chosen: Ints, weights: Floats, rows: Ints, left_out: Ints
) -> Floats:
    share = _share(kind, listings)
    if kind == "technology":
        has = listings.technologies[chosen].astype(np.float64)
    else:
        column = _column(kind, listings)[chosen]
        has = (column[:, None] == np.arange(len(share))).astype(np.float64)
    one = weights[:, None] * has
    stated = weights * has.any(axis=1)
    liked, stated = one.sum(axis=0) - one, stated.sum() - stated
    lifts = np.log((liked + PRIOR * share) / ((stated[:, None] + PRIOR) * share))
    if kind == "technology":
        mask = listings.technologies[rows]
        mean: Floats = (mask * lifts[left_out]).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)
        return mean
    padded = np.append(lifts, np.zeros((len(lifts), 1)), axis=1)
    found: Floats = padded[left_out, _column(kind, listings)[rows]]
    return found


def _lifts(chosen: Chosen, kind: str, listings: ListingArrays) -> Floats:
    """Per key of the vocabulary: the logarithm of how much more often the person takes it."""
    keys, share = _keys(kind, listings), _share(kind, listings)
    liked = np.array([chosen.liked.get(f"{kind}:{key}", 0.0) for key in keys])
    refused = np.array([chosen.refused.get(f"{kind}:{key}", 0.0) for key in keys])
    stated = chosen.stated.get(kind, 0.0)
    often: Floats = (liked + PRIOR * share) / ((stated + PRIOR) * share)
    lifts: Floats = np.log(often) - np.log1p(refused)
    return lifts


def _keys(kind: str, listings: ListingArrays) -> tuple[str, ...]:
    known = listings.vocabulary
    if kind == "area":
        return tuple(dict.fromkeys(known.places.values()))
    found: tuple[str, ...] = getattr(known, {"technology": "technologies"}.get(kind, f"{kind}s"))
    return found


def _share(kind: str, listings: ListingArrays) -> Floats:
    """How often each key stands in the listings that state the kind; no key has none."""
    if kind not in listings.shares:
        size = len(_keys(kind, listings))
        if kind == "technology":
            counts = listings.technologies.sum(axis=0).astype(np.float64)
            stating = float(listings.technologies.any(axis=1).sum())
        else:
            column = _column(kind, listings)
            counts = np.bincount(column[column >= 0], minlength=size).astype(np.float64)
            stating = float((column >= 0).sum())
        listings.shares[kind] = np.clip((counts + 0.5) / (stating + 1.0), 0.0, 1.0)
    return listings.shares[kind]


def _column(kind: str, listings: ListingArrays) -> Any:
    return {
        "field": listings.field_id,
        "instrument": listings.instrument,
        "area": listings.area,
    }[kind]


def _read(kind: str, lifts: Floats, listings: ListingArrays, rows: Any) -> Floats:
    """Each listing's lift: of its key, or the mean of its technologies; 0 where not stated."""
    if kind == "technology":
        mask = listings.technologies[rows]
        mean: Floats = (mask @ lifts) / np.maximum(mask.sum(axis=1), 1)
        return mean
    padded: Floats = np.append(lifts, 0.0)[_column(kind, listings)[rows]]
    return padded


def taken_at(listings: ListingArrays, rows: Iterable[int], weights: Iterable[float]) -> list[Taken]:
    """Choices of listings that stand in arrays, all of one age (training and evaluation)."""
    known = listings.vocabulary
    areas = _keys("area", listings)
    by_area = {area: code for code, area in known.places.items()}
    found = []
    for row, weight in zip(rows, weights, strict=True):
        field, form, area = (
            int(_column(kind, listings)[row]) for kind in ("field", "instrument", "area")
        )
        techs = np.flatnonzero(listings.technologies[row]).tolist()
        one = Listing(
            id=listings.ids[row],
            field=known.fields[field] if field >= 0 else None,
            technologies=tuple(known.technologies[i] for i in techs),
            instrument=known.instruments[form] if form >= 0 else None,
            place=by_area[areas[area]] if area >= 0 else None,
        )
        found.append(Taken(one, float(weight)))
    return found


def having_chosen(
    answers: Answers, listings: ListingArrays, rows: Iterable[int], weights: Iterable[float]
) -> Answers:
    """The same person with these choices."""
    taken = taken_at(listings, rows, weights)
    return replace(answers, chosen=chosen_of(taken, listings.vocabulary.places))

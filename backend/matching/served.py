"""How good the order is as it is served: with the places for other fields and of the floor.

The floor is measured before it is served: the lists by points alone say who would be seen too
little, those are owed views, and the same lists are made again with the places that they are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backend.matching.catalogue import Catalogue
from backend.matching.engine.evaluate import gini, ndcg
from backend.matching.engine.fit import Choices
from backend.matching.engine.schema import Answers, Floats
from backend.matching.engine.score import Model
from backend.matching.exposure import MARGIN
from backend.matching.moving import FIRST_PAGE
from backend.matching.order import Floor, Wish, order_of

MOST_PEOPLE = 400
DAY = "evaluation"
# Nights of measuring and owing. What is owed catches up in about five of them, and the city's rule
# counts thirty days. Three judged a floor that was still filling: .79 to .82 of the listings, by
# chance of ids on either side of what the gate asks; six .87 to .91.
ROUNDS = 6


@dataclass(frozen=True)
class Exposure:
    """One way of serving the same people: `reached` is the share of listings at their floor."""

    ndcg_at_10: float
    recall_at_20: float
    coverage_at_20: float
    gini_at_20: float
    reached: float

    def as_metrics(self) -> dict[str, float]:
        return {name: round(value, 4) for name, value in self.__dict__.items()}


def exposure_of(
    model: Model,
    people: Sequence[Answers],
    catalogue: Catalogue,
    seen: Choices,
    held_out: Choices,
    *,
    floor_percent: int,
    places: int,
) -> dict[str, Any]:
    """`by_points`, `served` and what serving costs, on the same people; ids are those of rows.
    `people`: with what they had chosen until then (`evaluate.as_they_were`)."""
    persons = np.unique(held_out.person)
    if len(persons) > MOST_PEOPLE:
        persons = np.random.default_rng(0).choice(persons, MOST_PEOPLE, replace=False)
    lists = _lists_of(people, catalogue, seen, held_out, persons.tolist())
    plain, views = _serve(model, catalogue, lists)
    floor, total = floor_percent / 100, views.copy()
    served, by_points = plain, _reading(plain, views, floor)
    for night in range(ROUNDS):
        owed = _owed(total, floor, catalogue)
        tonight = [
            replace(one, wish=replace(one.wish, explore=True, floor=Floor(owed, places, seed)))
            for one, seed in ((one, f"{one.person} {night}") for one in lists)
        ]
        served, shown = _serve(model, catalogue, tonight)
        total += shown
    # What people see once the floor works: all nights but the first, which had none.
    after = _reading(served, total - views, floor)
    return {
        "people": len(persons),
        "by_points": by_points.as_metrics(),
        "served": after.as_metrics(),
        "cost_in_ndcg": _cost(by_points.ndcg_at_10, after.ndcg_at_10),
        # The floor's places stand below the tenth, where NDCG@10 does not look.
        "cost_in_recall": _cost(by_points.recall_at_20, after.recall_at_20),
        "floor_percent": floor_percent,
    }


def _cost(plain: float, served: float) -> float:
    return round(1 - served / plain, 4) if plain else 0.0


Gains = list[tuple[float, float]]  # NDCG@10 and Recall@20 of each person


@dataclass(frozen=True)
class _List:
    """One person's list by points alone, and what they chose of it later (rows)."""

    person: int
    wish: Wish
    truth: frozenset[int]


def _lists_of(
    people: Sequence[Answers],
    catalogue: Catalogue,
    seen: Choices,
    held_out: Choices,
    persons: Sequence[int],
) -> list[_List]:
    ids = catalogue.arrays.ids
    found = []
    for person in persons:
        before = seen.listing[seen.person == person].tolist()
        truth = set(held_out.listing[held_out.person == person].tolist()) - set(before)
        if truth:
            hidden = frozenset(ids[row] for row in before)
            wish = Wish(people[person], {}, DAY, hidden=hidden)
            found.append(_List(person, wish, frozenset(truth)))
    return found


def _serve(model: Model, catalogue: Catalogue, lists: Sequence[_List]) -> tuple[Gains, Floats]:
    gains: Gains = []
    shown = np.zeros(len(catalogue.arrays))
    for one in lists:
        order = order_of(one.wish, catalogue, model, limit=FIRST_PAGE, offset=0)
        rows = [spot.row for spot in order.spots]
        shown[rows] += 1
        hits = np.array([row in one.truth for row in rows])
        gains.append((ndcg(hits[:10], len(one.truth)), float(hits.sum()) / len(one.truth)))
    return gains, shown


def _reading(gains: Gains, views: Floats, floor: float) -> Exposure:
    even = views.sum() / max(len(views), 1) or 1.0
    ndcg_at_10, recall_at_20 = np.mean(gains, axis=0) if gains else (0.0, 0.0)
    return Exposure(
        ndcg_at_10=float(ndcg_at_10),
        recall_at_20=float(recall_at_20),
        coverage_at_20=float((views > 0).mean()) if len(views) else 0.0,
        gini_at_20=gini(views),
        reached=float((views / even >= floor).mean()) if len(views) else 0.0,
    )


def _owed(views: Floats, floor: float, catalogue: Catalogue) -> tuple[tuple[str, float], ...]:
    even = views.sum() / max(len(views), 1) or 1.0
    missing = MARGIN * floor - views / even
    ids = catalogue.arrays.ids
    return tuple((ids[i], float(missing[i])) for i in np.flatnonzero(missing > 0).tolist())

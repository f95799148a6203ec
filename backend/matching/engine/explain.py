"""Why a listing stands where it does: all factors, the strongest for and against. numpy only."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from backend.matching.engine.schema import FACTORS, Answers, ListingArrays
from backend.matching.engine.score import MISMATCH_BELOW, Model, Ranked, rank_one


@dataclass(frozen=True)
class Part:
    """One factor of one listing. `is_known` is False when the project does not state it."""

    factor: str
    points: int
    max_points: int
    is_known: bool

    @property
    def is_mismatch(self) -> bool:
        """What is not stated is none: its 60 % may be 4 of 8 once points are whole."""
        return self.is_known and self.points < MISMATCH_BELOW * self.max_points

    @property
    def lost(self) -> int:
        return self.max_points - self.points


def parts_of(ranked: Ranked, row: int) -> tuple[Part, ...]:
    """Every factor that counts, in the order of FACTORS; points add up to the score."""
    return tuple(
        Part(
            factor,
            int(ranked.points[row, i]),
            int(ranked.max_points[i]),
            bool(ranked.known[row, i]),
        )
        for i, factor in enumerate(FACTORS)
        if ranked.max_points[i]
    )


def strongest(parts: tuple[Part, ...], count: int = 2) -> tuple[Part, ...]:
    """The factors that gave most points and are stated and no mismatch."""
    good = [p for p in parts if p.is_known and not p.is_mismatch and p.points]
    return tuple(sorted(good, key=lambda p: (-p.points, FACTORS.index(p.factor)))[:count])


def against(parts: tuple[Part, ...]) -> Part | None:
    """The mismatch that lost most points, if any factor is under 60 % of its maximum."""
    bad = [p for p in parts if p.is_mismatch]
    return min(bad, key=lambda p: (-p.lost, FACTORS.index(p.factor))) if bad else None


def explain(
    answers: Answers,
    listings: ListingArrays,
    row: int,
    model: Model,
    weights: Mapping[str, str] | None = None,
) -> tuple[int, tuple[Part, ...]]:
    """The score of one listing for one person and its parts, as the list shows them."""
    only = np.array([row], dtype=np.int64)
    ranked = rank_one(answers, listings, model, weights=weights, k=1, only=only)
    return int(ranked.scores[0]), parts_of(ranked, 0)

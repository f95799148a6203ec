"""What a listing is scored by: weighted criteria with anchors, in versions. Pure.

Weights sum to 100; a score is 0–5; the weighted total is out of 100. The words are ours. Version 1
is built in (data/rules.json); later ones are written by the city (reviews.rulesets).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backend.reviews.built_in import built_in

MAX_SCORE = 5
REASON_NEEDED_BELOW = 3
# Two reviewers who differ by this much must each say why.
GAP = 2
ANCHORS = ((0, "low"), (3, "middle"), (5, "high"))


@dataclass(frozen=True)
class Anchor:
    """What a score of `value` looks like."""

    value: int
    vi: str
    en: str

    def words(self, language: str) -> str:
        return self.vi if language == "vi" else self.en


@dataclass(frozen=True)
class Criterion:
    key: str
    weight: int
    name_vi: str
    name_en: str
    question_vi: str = ""
    question_en: str = ""
    anchors: tuple[Anchor, ...] = ()

    def name(self, language: str) -> str:
        return self.name_vi if language == "vi" else self.name_en

    def question(self, language: str) -> str:
        return self.question_vi if language == "vi" else self.question_en


@dataclass(frozen=True)
class Rubric:
    """One version: `pass_total` points of 100, and no criterion under `min_share` per cent."""

    number: int
    criteria: tuple[Criterion, ...]
    pass_total: int
    min_share: int

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(c.key for c in self.criteria)

    def passes(self, points: Mapping[str, int]) -> bool:
        """Whether points per criterion meet both thresholds."""
        return sum(points.values()) >= self.pass_total and all(
            100 * points.get(c.key, 0) >= self.min_share * c.weight for c in self.criteria
        )


def rubric_from(content: Mapping[str, Any], number: int) -> Rubric:
    """A version as it is stored (reviews.rule_shapes checks it)."""
    return Rubric(
        number,
        tuple(_criterion(row) for row in content["rows"]),
        int(content["pass_total"]),
        int(content["min_share"]),
    )


def _criterion(row: Mapping[str, Any]) -> Criterion:
    return Criterion(
        row["key"], int(row["weight"]), row["name_vi"], row["name_en"],
        row.get("question_vi", ""), row.get("question_en", ""),
        tuple(
            Anchor(value, row.get(f"{name}_vi", ""), row.get(f"{name}_en", ""))
            for value, name in ANCHORS
        ),
    )  # fmt: skip


FIRST = rubric_from(built_in("rubric"), 1)
CRITERIA = FIRST.criteria
KEYS = FIRST.keys
PASS_TOTAL = FIRST.pass_total


def points_of(
    scores: Mapping[str, int], criteria: Sequence[Criterion] = CRITERIA
) -> dict[str, int]:
    """Points per criterion out of its weight, rounded half up; missing criteria give no entry."""
    return {
        c.key: (scores[c.key] * c.weight * 2 + MAX_SCORE) // (2 * MAX_SCORE)
        for c in criteria
        if c.key in scores
    }


def total_of(scores: Mapping[str, int], criteria: Sequence[Criterion] = CRITERIA) -> int:
    """The sum of the points, 0–100."""
    return sum(points_of(scores, criteria).values())


def mean_points(values: Sequence[int], weight: int) -> int:
    """Points of several reviewers on one criterion: their mean, rounded half up."""
    total = sum(values) * weight
    return (2 * total + MAX_SCORE * len(values)) // (2 * MAX_SCORE * len(values))


def gaps_of(first: Mapping[str, int], second: Mapping[str, int]) -> tuple[str, ...]:
    """The criteria on which two reviewers differ by GAP or more."""
    return tuple(k for k in first if k in second and abs(first[k] - second[k]) >= GAP)

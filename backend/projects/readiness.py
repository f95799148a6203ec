"""The self-check: levels by principle, and points out of a hundred. Pure.

Two frames, each a document with a version that the city may replace (models_owner.QuestionSet):

- `levels`: six principles, five cumulative levels. A level counts only when every criterion of it
  and of all levels below is met; the lowest principle sets the whole.
- `points`: 26 criteria in five groups T, E, O, R, I of 30, 20, 19, 17 and 14 points, as in Circular
  17/2019/TT-BKHCN. Names, the split inside the groups and the scale of answers are ours.

What comes out is what an owner says of itself. It is no official score and no certificate.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
FRAMES = ("levels", "points")
LEVELS = (1, 2, 3, 4, 5)
# Share of a criterion's points by answer: not at all, a little, mostly, fully.
QUARTERS = (0, 1, 2, 3)
GROUP_POINTS = {"T": (7, 30), "E": (5, 20), "O": (5, 19), "R": (5, 17), "I": (4, 14)}
MAX_PROOF = 500
# Longest text of a criterion.
MAX_WORDS = 300

Frame = Mapping[str, Any]


@dataclass(frozen=True)
class PrincipleResult:
    """A principle's level (0 to 5), criteria met of the next level, and what that one lacks."""

    key: str
    level: int
    next_met: int
    next_total: int
    gaps: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class LevelsResult:
    level: int
    answered: int
    total: int
    principles: tuple[PrincipleResult, ...]


@dataclass(frozen=True)
class GroupResult:
    """Points of a group in thirds of a point, so that nothing is rounded before the end."""

    key: str
    thirds: int
    of: int

    @property
    def points(self) -> int:
        """Whole points, half up."""
        return (2 * self.thirds + 3) // 6


@dataclass(frozen=True)
class PointsResult:
    answered: int
    total: int
    groups: tuple[GroupResult, ...]

    @property
    def points(self) -> int:
        return (2 * sum(g.thirds for g in self.groups) + 3) // 6


@lru_cache(maxsize=4)
def built_in(frame: str) -> Frame:
    """The questions that come with the product."""
    text = (DATA / f"readiness_{frame}.json").read_text(encoding="utf-8")
    found: Frame = json.loads(text)
    return found


def levels_of(frame: Frame, answers: Mapping[str, Any]) -> LevelsResult:
    """`answers` maps criteria to `{"met": bool, "proof": text}`; what is absent is not answered."""
    results = []
    for principle in frame["principles"]:
        own = [c for c in frame["criteria"] if c["principle"] == principle["key"]]
        results.append(_principle(principle["key"], own, answers))
    keys = {c["key"] for c in frame["criteria"]}
    return LevelsResult(
        level=min((r.level for r in results), default=0),
        answered=len(keys & set(answers)),
        total=len(keys),
        principles=tuple(results),
    )


def _principle(
    key: str, criteria: Sequence[Mapping[str, Any]], answers: Mapping[str, Any]
) -> PrincipleResult:
    reached = 0
    for level in LEVELS:
        here = [c for c in criteria if c["level"] == level]
        missing = [c for c in here if not is_met(answers.get(c["key"]))]
        if missing:
            return PrincipleResult(key, reached, len(here) - len(missing), len(here),
                                   tuple(missing))  # fmt: skip
        reached = level
    return PrincipleResult(key, reached, 0, 0, ())


def is_met(answer: Any) -> bool:
    return isinstance(answer, Mapping) and answer.get("met") is True


def points_of(frame: Frame, answers: Mapping[str, Any]) -> PointsResult:
    """`answers` maps criteria to 0 (not at all) to 3 (fully)."""
    groups, answered, total = [], 0, 0
    for group in frame["groups"]:
        thirds = 0
        for criterion in group["criteria"]:
            total += 1
            answer = answers.get(criterion["key"])
            if answer in QUARTERS and not isinstance(answer, bool):
                answered += 1
                thirds += int(answer) * criterion["points"]
        of = sum(c["points"] for c in group["criteria"])
        groups.append(GroupResult(group["key"], thirds, of))
    return PointsResult(answered, total, tuple(groups))


def problems_of_frame(frame: str, content: Any) -> list[str]:
    """What is wrong with a set of questions that somebody wants to publish; codes with a place."""
    try:
        rows = _rows(frame, content)
    except (KeyError, TypeError, AttributeError):
        return ["shape"]
    found = [f"{row.get('key')}: {code}" for row in rows if (code := _wrong_texts(row))]
    keys = [row["key"] for row in rows]
    if len(set(keys)) != len(keys):
        found.append("keys_twice")
    if frame == "points":
        sums = {
            g["key"]: (len(g["criteria"]), sum(c["points"] for c in g["criteria"]))
            for g in content["groups"]
        }
        if sums != GROUP_POINTS:
            found.append("group_points")
        return found
    principles = {p["key"] for p in content["principles"]}
    cells = {(c["principle"], c["level"]) for c in content["criteria"]}
    if cells != {(p, level) for p in principles for level in LEVELS}:
        found.append("empty_level")
    return found


def _wrong_texts(row: Mapping[str, Any]) -> str:
    """A code where a text of the row is missing in a language or too long, else nothing."""
    if not (row.get("vi") and row.get("en")):
        return "texts"
    texts = [value for value in row.values() if isinstance(value, str)]
    return "too_long" if max(map(len, texts)) > MAX_WORDS else ""


def _rows(frame: str, content: Any) -> list[Mapping[str, Any]]:
    if frame == "points":
        return [row for group in content["groups"] for row in (group, *group["criteria"])]
    return [*content["principles"], *content["criteria"]]

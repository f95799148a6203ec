"""The whole text of a proposal as one document, and what is wrong or missing in it. Pure.

Money is in minor units of `currency`; times are months after the round closes. Texts come in
vi/en pairs; the one in `original_language` is required, the other may follow.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend.projects import taxonomy

Content = dict[str, Any]

TITLE_MAX = 200
SUMMARY_MAX = 400
TEXT_MAX = 5_000
MAX_ROWS = 40
MAX_MINOR = 10**15
LANGUAGES = ("vi", "en")
PAIRS = {
    "title": TITLE_MAX,
    "summary": SUMMARY_MAX,
    "problem": TEXT_MAX,
    "solution": TEXT_MAX,
    "market": TEXT_MAX,
}
# key -> kind in the taxonomy
SINGLE = {"field": "field", "instrument": "instrument"}
MULTIPLE = {
    "pillars": "pillar",
    "values": "value",
    "technologies": "technology",
    "skills": "skill",
    "languages": "language",
}
ROW_TEXTS = {
    "team": ("role", "background"),
    "budget": ("item",),
    "milestones": ("title", "evidence"),
    "risks": ("risk", "answer"),
}
REQUIRED = ("field", "place_code", "trl", "instrument", "goal_minor", "horizon_months")


@dataclass(frozen=True)
class Problem:
    """One thing to mend: a path such as `milestones.2.amount_minor`, a code, its numbers."""

    path: str
    code: str
    params: dict[str, Any] = field(default_factory=dict)


def sha256_of(content: Content) -> str:
    """The hash that a submitted version carries; the same for equal documents."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def problems_of_draft(content: Mapping[str, Any]) -> list[Problem]:
    """What may not even be saved: wrong kinds of value, unknown keys, texts that are too long."""
    return [
        *_pair_problems(content),
        *_key_problems(content),
        *_number_problems(content),
        *_row_problems(content),
    ]


def problems_of_submission(content: Mapping[str, Any]) -> list[Problem]:
    """Everything that stands between this document and a submission, missing parts named."""
    return [*problems_of_draft(content), *_missing(content), *_sum_problems(content)]


def _pair_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    for name, limit in PAIRS.items():
        for language in LANGUAGES:
            value = content.get(f"{name}_{language}", "")
            if not isinstance(value, str):
                yield Problem(f"{name}_{language}", "wrong_type")
            elif len(value) > limit:
                yield Problem(f"{name}_{language}", "too_long", {"max": limit, "n": len(value)})


def _key_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    for name, kind in SINGLE.items():
        value = content.get(name)
        if value is not None and not (isinstance(value, str) and taxonomy.is_known(kind, value)):
            yield Problem(name, "unknown_key")
    for name, kind in MULTIPLE.items():
        values = content.get(name, [])
        if not isinstance(values, list) or len(set(map(str, values))) != len(values):
            yield Problem(name, "wrong_type")
        elif not all(isinstance(v, str) and taxonomy.is_known(kind, v) for v in values):
            yield Problem(name, "unknown_key")
    place = content.get("place_code")
    if place is not None and not (isinstance(place, str) and taxonomy.is_known("place", place)):
        yield Problem("place_code", "unknown_key")
    if content.get("original_language", "vi") not in LANGUAGES:
        yield Problem("original_language", "unknown_key")


def _number_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    limits = {
        "trl": (1, 9),
        "goal_minor": (1, MAX_MINOR),
        "min_ticket_minor": (1, MAX_MINOR),
        "own_funds_minor": (0, MAX_MINOR),
        "horizon_months": (1, 240),
        "jobs_skilled": (0, 1_000_000),
    }
    for name, (low, high) in limits.items():
        value = content.get(name)
        if value is not None and not _whole_between(value, low, high):
            yield Problem(name, "out_of_range", {"min": low, "max": high})
    if content.get("currency", "VND") not in {"VND", "USD"}:
        yield Problem("currency", "unknown_key")


def _whole_between(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _row_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    for name, texts in ROW_TEXTS.items():
        rows = content.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            yield Problem(name, "wrong_type")
            continue
        if len(rows) > MAX_ROWS:
            yield Problem(name, "too_many", {"max": MAX_ROWS, "n": len(rows)})
        for index, row in enumerate(rows):
            yield from _one_row(f"{name}.{index}", row, texts)


def _one_row(path: str, row: Mapping[str, Any], texts: tuple[str, ...]) -> Iterator[Problem]:
    for text in texts:
        for language in LANGUAGES:
            value = row.get(f"{text}_{language}", "")
            if not isinstance(value, str) or len(value) > TEXT_MAX:
                yield Problem(f"{path}.{text}_{language}", "too_long", {"max": TEXT_MAX})
    for name, high in (("amount_minor", MAX_MINOR), ("months_after_close", 240)):
        value = row.get(name)
        if value is not None and not _whole_between(value, 1, high):
            yield Problem(f"{path}.{name}", "out_of_range", {"min": 1, "max": high})


def _missing(content: Mapping[str, Any]) -> Iterator[Problem]:
    original = content.get("original_language", "vi")
    for name in PAIRS:
        if not str(content.get(f"{name}_{original}", "")).strip():
            yield Problem(f"{name}_{original}", "missing")
    for name in REQUIRED:
        if content.get(name) is None:
            yield Problem(name, "missing")
    for name in ("languages", "technologies", "team", "budget", "milestones", "risks"):
        if not content.get(name):
            yield Problem(name, "missing")


def _sum_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    goal = content.get("goal_minor")
    for name in ("budget", "milestones"):
        total = sum(row.get("amount_minor") or 0 for row in content.get(name, []) or [])
        if goal is not None and total != goal:
            yield Problem(name, "sum_mismatch", {"sum": total, "goal": goal})
    months = [row.get("months_after_close") or 0 for row in content.get("milestones", []) or []]
    if months != sorted(months):
        yield Problem("milestones", "out_of_order")
    ticket = content.get("min_ticket_minor")
    if ticket and goal and ticket > goal:
        yield Problem("min_ticket_minor", "above_goal", {"goal": goal})

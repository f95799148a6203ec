"""The whole text of a proposal as one document, and what is wrong or missing in it. Pure.

Money is in minor units of `currency`; times are months after the round closes. Texts come in
vi/en pairs; the one in `original_language` is required, the other may follow.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from backend.projects import taxonomy

Content = dict[str, Any]

TITLE_MAX = 200
SUMMARY_MAX = 400
TEXT_MAX = 5_000
ROW_TEXT_MAX = 1_000
MAX_ROWS = 40
UNIT_MAX = 40
MAX_MINOR = 10**15
LANGUAGES = ("vi", "en")
PAIRS = {
    "title": TITLE_MAX,
    "summary": SUMMARY_MAX,
    "problem": TEXT_MAX,
    "solution": TEXT_MAX,
    "market": TEXT_MAX,
    "place_note": SUMMARY_MAX,
}
REQUIRED_PAIRS = ("title", "summary", "problem", "solution", "market")
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
    "impact": ("kpi",),
}
# Numbers that a row of these lists must have before it can be submitted.
ROW_NUMBERS = {"budget": ("amount_minor",), "milestones": ("months_after_close", "amount_minor")}
REQUIRED = ("field", "place_code", "trl", "instrument", "goal_minor", "horizon_months")
# What an owner confirms before a submission; the sentences stand on the page of that section.
DECLARATIONS = ("facts_are_true", "may_speak_for_it", "not_paid_twice", "may_be_published")
# Terms by form: key -> lowest and highest whole number. Shares and rates are in basis points.
TERMS: dict[str, dict[str, tuple[int, int]]] = {
    "contribution": {},
    "reward": {"delivered_months": (1, 240)},
    "loan": {"rate_bps_per_year": (0, 10_000), "months": (1, 240)},
    "convertible": {"discount_bps": (0, 10_000), "maturity_months": (1, 240)},
    "equity": {"share_bps": (1, 10_000)},
    "fund_unit": {},
}
TERM_TEXTS = {"reward": ("what",)}
# The high-value sheet: what an owner claims, in whole numbers within these bounds. Sums are of one
# year, in minor units of the document's currency.
HIGH_VALUE: dict[str, tuple[int, int]] = {
    "figures_year": (2000, 2100),
    "revenue_minor": (1, MAX_MINOR),
    "inputs_minor": (0, MAX_MINOR),
    "rnd_minor": (0, MAX_MINOR),
    "readiness_before": (1, 9),
    "readiness_after": (1, 9),
    "jobs_graduate": (0, 1_000_000),
    "jobs_technician": (0, 1_000_000),
    "jobs_worker": (0, 1_000_000),
}
HIGH_VALUE_FIGURES = ("co2_before", "co2_after")
# What says nothing alone: whoever gives one of a row must give the others.
HIGH_VALUE_TOGETHER = (
    ("figures_year", "revenue_minor", "inputs_minor"),
    ("readiness_before", "readiness_after"),
    ("co2_before", "co2_after", "co2_unit"),
)
_LIST_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


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
        *_term_problems(content),
        *_high_value_problems(content),
        *_other_problems(content),
    ]


def problems_of_submission(content: Mapping[str, Any], *, on: date) -> list[Problem]:
    """Everything that stands between this document and a submission on that day, missing parts
    named."""
    found = problems_of_draft(content)
    broken = {problem.path.partition(".")[0] for problem in found}
    rest = [*_missing(content), *_missing_terms(content), *_sum_problems(content, broken)]
    if "high_value" not in broken:
        rest += _high_value_gaps(content.get("high_value") or {})
    return [*found, *rest, *_date_problems(content, on)]


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
            if not isinstance(value, str):
                yield Problem(f"{path}.{text}_{language}", "wrong_type")
            elif len(value) > ROW_TEXT_MAX:
                limit = {"max": ROW_TEXT_MAX, "n": len(value)}
                yield Problem(f"{path}.{text}_{language}", "too_long", limit)
    for name, high in (("amount_minor", MAX_MINOR), ("months_after_close", 240)):
        value = row.get(name)
        if value is not None and not _whole_between(value, 1, high):
            yield Problem(f"{path}.{name}", "out_of_range", {"min": 1, "max": high})
    if not isinstance(row.get("criterion", ""), str) or len(row.get("criterion", "")) > 60:
        yield Problem(f"{path}.criterion", "wrong_type")
    for name in ("baseline", "target"):
        value = row.get(name)
        if value is not None and not _is_figure(value):
            yield Problem(f"{path}.{name}", "wrong_type")
    if not isinstance(row.get("unit", ""), str) or len(row.get("unit", "")) > UNIT_MAX:
        yield Problem(f"{path}.unit", "too_long", {"max": UNIT_MAX, "n": len(str(row["unit"]))})


def _is_figure(value: Any) -> bool:
    """A finite number of any size that a page can hold."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and -MAX_MINOR <= value <= MAX_MINOR


def _term_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    terms = content.get("terms") or {}
    if not isinstance(terms, dict):
        yield Problem("terms", "wrong_type")
        return
    for limits in TERMS.values():
        for name, (low, high) in limits.items():
            value = terms.get(name)
            if value is not None and not _whole_between(value, low, high):
                yield Problem(f"terms.{name}", "out_of_range", {"min": low, "max": high})
    for language in LANGUAGES:
        what = terms.get(f"what_{language}", "")
        if not isinstance(what, str):
            yield Problem(f"terms.what_{language}", "wrong_type")
        elif len(what) > SUMMARY_MAX:
            limit = {"max": SUMMARY_MAX, "n": len(what)}
            yield Problem(f"terms.what_{language}", "too_long", limit)


def _high_value_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    sheet = content.get("high_value") or {}
    if not isinstance(sheet, dict):
        yield Problem("high_value", "wrong_type")
        return
    for name in sheet.keys() - {*HIGH_VALUE, *HIGH_VALUE_FIGURES, "co2_unit", "list_item"}:
        yield Problem(f"high_value.{str(name)[:40]}", "unknown_key")
    for name, (low, high) in HIGH_VALUE.items():
        value = sheet.get(name)
        if value is not None and not _whole_between(value, low, high):
            yield Problem(f"high_value.{name}", "out_of_range", {"min": low, "max": high})
    for name in HIGH_VALUE_FIGURES:
        value = sheet.get(name)
        if value is not None and not (_is_figure(value) and value >= 0):
            yield Problem(f"high_value.{name}", "out_of_range", {"min": 0, "max": MAX_MINOR})
    unit, item = sheet.get("co2_unit", ""), sheet.get("list_item")
    if not isinstance(unit, str) or len(unit) > UNIT_MAX:
        yield Problem("high_value.co2_unit", "too_long", {"max": UNIT_MAX, "n": len(str(unit))})
    if item is not None and not (isinstance(item, str) and _LIST_KEY.fullmatch(item)):
        yield Problem("high_value.list_item", "unknown_key")


def _high_value_gaps(sheet: Mapping[str, Any]) -> Iterator[Problem]:
    """Halves of a figure, and figures that cannot stand beside each other."""
    for names in HIGH_VALUE_TOGETHER:
        given = [name for name in names if sheet.get(name) not in (None, "")]
        if given:
            yield from (Problem(f"high_value.{n}", "missing") for n in names if n not in given)
    revenue = sheet.get("revenue_minor")
    for name in ("inputs_minor", "rnd_minor"):
        if revenue is not None and (sheet.get(name) or 0) > revenue:
            yield Problem(f"high_value.{name}", "above_revenue")
    if sheet.get("rnd_minor") is not None and revenue is None:
        yield Problem("high_value.revenue_minor", "missing")
    before, after = sheet.get("readiness_before"), sheet.get("readiness_after")
    if before and after and after < before:
        yield Problem("high_value.readiness_after", "readiness_falls")


def _other_problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    files = content.get("documents", [])
    if not isinstance(files, list) or not all(isinstance(f, dict) for f in files):
        yield Problem("documents", "wrong_type")
    for name in ("readiness", "readiness_answers"):
        if not isinstance(content.get(name, {}), dict):
            yield Problem(name, "wrong_type")
    said = content.get("declarations", [])
    if not isinstance(said, list) or not all(isinstance(d, str) for d in said):
        yield Problem("declarations", "wrong_type")
    elif not set(said) <= set(DECLARATIONS):
        yield Problem("declarations", "unknown_key")
    close = content.get("planned_close_on")
    if close is not None and day_of(close) is None:
        yield Problem("planned_close_on", "bad_date")


def day_of(text: Any) -> date | None:
    """`2027-03-30` as a day; None for everything else."""
    try:
        return date.fromisoformat(text) if isinstance(text, str) and len(text) == 10 else None
    except ValueError:
        return None


def _missing(content: Mapping[str, Any]) -> Iterator[Problem]:
    original = content.get("original_language", "vi")
    for name in REQUIRED_PAIRS:
        if not str(content.get(f"{name}_{original}", "")).strip():
            yield Problem(f"{name}_{original}", "missing")
    for name in REQUIRED:
        if content.get(name) is None:
            yield Problem(name, "missing")
    for name in ("languages", "technologies", "team", "budget", "milestones", "risks"):
        if not content.get(name):
            yield Problem(name, "missing")
    said = content.get("declarations")
    if not isinstance(said, list) or not set(DECLARATIONS) <= set(map(str, said)):
        yield Problem("declarations", "missing")
    for name in ROW_TEXTS:
        rows = content.get(name)
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            if isinstance(row, dict):
                yield from _missing_in_row(name, index, row, original)


def _missing_in_row(
    name: str, index: int, row: Mapping[str, Any], original: str
) -> Iterator[Problem]:
    for text in ROW_TEXTS[name]:
        if not str(row.get(f"{text}_{original}", "")).strip():
            path = f"{name}.{index}.{text}_{original}"
            yield Problem(path, "row_missing", {"row": index + 1})
    for number in ROW_NUMBERS.get(name, ()):
        if row.get(number) is None:
            yield Problem(f"{name}.{index}.{number}", "row_missing", {"row": index + 1})


def _missing_terms(content: Mapping[str, Any]) -> Iterator[Problem]:
    form, terms = content.get("instrument"), content.get("terms") or {}
    if not isinstance(form, str) or not isinstance(terms, dict):
        return
    original = content.get("original_language", "vi")
    texts = [f"{text}_{original}" for text in TERM_TEXTS.get(form, ())]
    for name in [*texts, *TERMS.get(form, {})]:
        if terms.get(name) in (None, ""):
            yield Problem(f"terms.{name}", "missing")


def _sum_problems(content: Mapping[str, Any], broken: Set[str]) -> Iterator[Problem]:
    """Sums and order, where every number in them is one."""
    goal = content.get("goal_minor")
    for name in ("budget", "milestones"):
        rows = content.get(name) or []
        if goal is None or not rows or broken & {name, "goal_minor"}:
            continue
        total = sum(row.get("amount_minor") or 0 for row in rows)
        if total != goal:
            yield Problem(name, "sum_mismatch", {"sum": total, "goal": goal})
    months = [] if "milestones" in broken else [
        row["months_after_close"]
        for row in content.get("milestones") or []
        if row.get("months_after_close")
    ]  # fmt: skip
    if months != sorted(months):
        yield Problem("milestones", "out_of_order")
    ticket = content.get("min_ticket_minor")
    if ticket and goal and not broken & {"goal_minor", "min_ticket_minor"} and ticket > goal:
        yield Problem("min_ticket_minor", "above_goal", {"goal": goal})


def _date_problems(content: Mapping[str, Any], on: date) -> Iterator[Problem]:
    close = day_of(content.get("planned_close_on"))
    if close is not None and close <= on:
        yield Problem("planned_close_on", "in_the_past")

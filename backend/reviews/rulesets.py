"""Which version of each rule is in force, and reading one by its number."""

from datetime import date
from typing import Any

from backend.core.errors import NotFound
from backend.reviews.built_in import built_in
from backend.reviews.models import RuleSet
from backend.reviews.rubric import FIRST, Rubric, rubric_from
from backend.reviews.rule_shapes import SHAPES
from backend.reviews.workdays import WorkCalendar

Content = dict[str, Any]


def in_force(kind: str, on: date) -> tuple[int, Content]:
    """Number and content of the newest version that is in force on that day."""
    row = RuleSet.objects.filter(kind=kind, effective_from__lte=on).order_by("-number").first()
    return (row.number, row.content) if row else (1, built_in(kind))


def all_in_force(on: date) -> dict[str, tuple[int, Content]]:
    """The same for every kind, in one query."""
    found = {kind: (1, built_in(kind)) for kind in SHAPES}
    rows = (
        RuleSet.objects.filter(effective_from__lte=on).order_by("kind", "-number").distinct("kind")
    )
    return found | {row.kind: (row.number, row.content) for row in rows}


def numbered(kind: str, number: int) -> Content:
    """One version; NotFound when there is none of that number."""
    if number == 1 and kind in SHAPES:
        return built_in(kind)
    row = RuleSet.objects.filter(kind=kind, number=number).first()
    if row is None:
        raise NotFound()
    content: Content = row.content
    return content


def rubric_in_force(on: date) -> Rubric:
    number, content = in_force("rubric", on)
    return FIRST if number == 1 else rubric_from(content, number)


def rubrics(numbers: set[int]) -> dict[int, Rubric]:
    """Several versions of the criteria by number; a query only for those that are not built in."""
    found = {1: FIRST}
    if numbers - {1}:
        rows = RuleSet.objects.filter(kind="rubric", number__in=numbers)
        found |= {row.number: rubric_from(row.content, row.number) for row in rows}
    return found


def calendar_from(content: Content) -> WorkCalendar:
    days = [(date.fromisoformat(row["day"]), row["is_working"]) for row in content["rows"]]
    return WorkCalendar(
        frozenset(day for day, works in days if not works),
        frozenset(day for day, works in days if works),
    )

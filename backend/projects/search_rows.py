"""One page of the list as plain rows, for answers that need no model objects. One query."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection

from backend.projects.models import Project
from backend.projects.search import PAGE_SIZE, SearchPage, page_query, sort_rows
from backend.projects.search_filters import ListFilters
from backend.projects.workflow import PUBLIC


class CardRow(NamedTuple):
    """The public facts of one project, and of the call that it was read from (or None each)."""

    public_id: str
    slug: str
    origin: str
    is_example: bool
    public_status: str
    original_language: str
    title_vi: str
    title_en: str
    summary_vi: str
    summary_en: str
    owner_name_vi: str
    owner_name_en: str
    owner_kind: str
    field: str | None
    pillars: list[str]
    values: list[str]
    technologies: list[str]
    place_code: str | None
    trl: int | None
    instrument: str | None
    goal_minor: int | None
    min_ticket_minor: int | None
    currency: str
    horizon_months: int | None
    languages: list[str]
    skills: list[str]
    is_high_value: bool
    content_version: int
    listed_at: datetime
    call_status: str | None
    announcing_body: str | None
    announced_on: str | None
    source_url: str | None
    source_date: str | None
    location_text: str | None
    capital_vnd_bn: Decimal | None
    capital_usd_m: Decimal | None
    name_vi_is_published: bool | None


_FIRST_OF_CALL: Final = CardRow._fields.index("call_status")
_COLUMNS: Final = ", ".join(
    f'{"c" if number >= _FIRST_OF_CALL else "p"}."{name}"'
    for number, name in enumerate(CardRow._fields)
)
_JOINS: Final = (
    "JOIN projects_project p ON p.id = f.project_id "
    "LEFT JOIN projects_publishedcall c ON c.project_id = p.id"
)


def card_rows(filters: ListFilters, size: int = PAGE_SIZE) -> tuple[SearchPage, list[CardRow]]:
    """One page with the facts of its projects, in order."""
    query = page_query(filters, size)
    inner, params = query.statement
    rows = _fetch(
        f"SELECT f.*, {_COLUMNS} FROM ({inner}) AS f {_JOINS}",  # noqa: S608 (names are ours)
        params,
    )
    shown = sort_rows(filters, rows)[:size]
    return query.page_of([row[:4] for row in rows]), [CardRow(*row[4:]) for row in shown]


def card_rows_of(public_ids: Sequence[str]) -> list[CardRow]:
    """The facts of these projects in this order; what is not public any more is left out."""
    rows = _fetch(
        f"SELECT {_COLUMNS} FROM projects_project p "  # noqa: S608 (names are ours)
        "LEFT JOIN projects_publishedcall c ON c.project_id = p.id "
        "WHERE p.public_id = ANY(%s) AND p.status = ANY(%s)",
        [list(public_ids), sorted(PUBLIC)],
    )
    found = {row[0]: CardRow(*row) for row in rows}
    return [found[key] for key in public_ids if key in found]


def row_of_project(project: Project) -> CardRow:
    """The same facts of a row that is loaded already (with its call)."""
    call = getattr(project, "call", None) if project.is_call else None
    facts = [getattr(project, name) for name in CardRow._fields[:_FIRST_OF_CALL]]
    return CardRow(
        *facts, *(getattr(call, name, None) for name in CardRow._fields[_FIRST_OF_CALL:])
    )


def _fetch(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

"""Lists, search and facets of public projects: filters in, a page out. Pages and API use this.

filters = parse_filters(request.GET, convert=…)
page = search_projects(filters)          # one query; ids in order and the next cursor
projects_on(page)                        # the rows themselves, one query more
count_matches(filters)                   # at most 60 s old
facet_counts(filters)                    # at most 60 s old
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.cache import caches
from django.db import connection

from backend.projects import search_codes as codes
from backend.projects.models import Project
from backend.projects.search_cursor import Position, read_cursor, write_cursor
from backend.projects.search_filters import (
    ORDERINGS,
    RELEVANCE,
    ListFilters,
    parse_filters,
)
from backend.projects.search_index import refresh_search, refresh_search_bulk
from backend.projects.search_recent import recent_lexemes
from backend.projects.search_sql import (
    FACET_SETS,
    Statement,
    count_statement,
    facet_key,
    facet_statement,
    facets_with_filters,
    page_statement,
)
from backend.projects.workflow import PUBLIC

__all__ = [
    "ORDERINGS", "FacetCounts", "ListFilters", "MatchCount", "SearchPage", "count_matches",
    "facet_counts", "page_query", "parse_filters", "projects_on", "refresh_search",
    "refresh_search_bulk", "search_projects",
]  # fmt: skip

PAGE_SIZE: Final = 20
MAX_PAGE_SIZE: Final = 100
COUNT_CAP: Final = 5_000
FRESH_S: Final = 60


@dataclass(frozen=True)
class SearchPage:
    """Ids of the projects on one page, in order; `next_cursor` is "" on the last one."""

    ids: tuple[int, ...]
    next_cursor: str


@dataclass(frozen=True)
class MatchCount:
    """How many projects match; with `is_capped`, more than this number do."""

    number: int
    is_capped: bool


@dataclass(frozen=True)
class FacetCounts:
    """Of each facet, how many projects each value would give beside the other filters."""

    total: int
    field: Mapping[str, int]
    pillar: Mapping[str, int]
    technology: Mapping[str, int]
    place: Mapping[str, int]
    instrument: Mapping[str, int]
    trl: Mapping[str, int]
    status: Mapping[str, int]
    origin: Mapping[str, int]
    language: Mapping[str, int]
    high_value: Mapping[str, int]


@dataclass(frozen=True)
class PageQuery:
    """The statement of a page with what is needed to read its rows (for callers that join)."""

    filters: ListFilters
    size: int
    statement: Statement

    def page_of(self, rows: list[tuple[Any, ...]]) -> SearchPage:
        """Rows are (project_id, tier, column, tie), in any order, one more than the page's size."""
        ordered = sort_rows(self.filters, rows)
        shown = ordered[: self.size]
        ids = tuple(row[0] for row in shown)
        if len(ordered) <= self.size:
            return SearchPage(ids, "")
        position = _position(self.filters, shown[-1])
        filters = self.filters
        return SearchPage(ids, write_cursor(filters.fingerprint, filters.ordering, position))


def sort_rows(filters: ListFilters, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows (project_id, tier, column, tie, …) of one page in the order that was asked for."""
    ordered = sorted(rows, key=lambda row: (row[2], row[3]), reverse=_is_descending(filters))
    return sorted(ordered, key=lambda row: row[1])


def _is_descending(filters: ListFilters) -> bool:
    return filters.ordering in {"newest", "-goal", RELEVANCE}


def _position(filters: ListFilters, row: tuple[Any, ...]) -> Position:
    _, tier, column, tie = row[:4]
    value = column.isoformat() if isinstance(column, datetime) else column
    return [tier, value, tie] if filters.ordering == RELEVANCE else [value, tie]


def page_query(filters: ListFilters, size: int = PAGE_SIZE) -> PageQuery:
    """What to ask the database for one page. Raises Invalid for a cursor that is not ours."""
    after = None
    if filters.cursor:
        length = 3 if filters.ordering == RELEVANCE else 2
        after = read_cursor(filters.cursor, filters.fingerprint, filters.ordering, length)
    recent = recent_lexemes() if filters.q and filters.ordering == RELEVANCE else ()
    return PageQuery(filters, size, page_statement(filters, after, size, recent))


def search_projects(filters: ListFilters, size: int = PAGE_SIZE) -> SearchPage:
    """One page of ids. One query, which costs the same at every depth of the page (and
    once in ten minutes a second one: where the newest rows are)."""
    query = page_query(filters, size)
    return query.page_of(_rows(query.statement))


def projects_on(page: SearchPage) -> list[Project]:
    """The projects of a page in its order; one that was withdrawn meanwhile is left out."""
    found = Project.objects.filter(pk__in=page.ids, status__in=sorted(PUBLIC))
    by_id = {project.pk: project for project in found.select_related("call")}
    return [by_id[pk] for pk in page.ids if pk in by_id]


def count_matches(filters: ListFilters) -> MatchCount:
    """How many projects the filters leave, at most 60 s old; searches count up to 5,000."""
    key = f"count:{filters.fingerprint}"
    number: int | None = caches["memory"].get(key)
    if number is None:
        cap = COUNT_CAP if filters.q else 10**9
        number = int(_rows(count_statement(filters, cap))[0][0])
        caches["memory"].set(key, number, FRESH_S)
    is_capped = bool(filters.q) and number > COUNT_CAP
    return MatchCount(COUNT_CAP if is_capped else number, is_capped)


def facet_counts(filters: ListFilters) -> FacetCounts:
    """Counts of every facet, at most 60 s old. One query over the table when they are not kept."""
    key = f"facets:{filters.fingerprint}"
    kept: FacetCounts | None = caches["memory"].get(key)
    if kept is None:
        kept = _read_facets(filters)
        caches["memory"].set(key, kept, FRESH_S)
        caches["memory"].set(f"count:{filters.fingerprint}", kept.total, FRESH_S)
    return kept


def _rows(statement: Statement) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(*statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


_NUMBERED: Final[Mapping[str, Mapping[str, int]]] = {
    "field": codes.FIELD,
    "instrument": codes.INSTRUMENT,
    "status": codes.STATUS,
    "origin": codes.ORIGIN,
    "high_value": codes.HIGH_VALUE,
    "trl": {str(level): level for level in range(1, 10)},
}
_BITS: Final[Mapping[str, Mapping[str, int]]] = {
    "pillar": codes.PILLAR,
    "language": codes.LANGUAGE,
    "technology": codes.TECHNOLOGY,
}
_COLUMN: Final[Mapping[str, str]] = {
    "field": "field_code", "instrument": "instrument_code", "status": "status_code",
    "origin": "origin_code", "trl": "trl", "place": "place_code", "pillar": "pillar_bits",
    "language": "language_bits", "technology": "technology_bits",
    "high_value": "high_value_code",
}  # fmt: skip


def _read_facets(filters: ListFilters) -> FacetCounts:
    filtered = facets_with_filters(filters)
    counters: dict[str, Counter[int]] = {facet: Counter() for facet in _COLUMN}
    total = 0
    facets_of = [[(f, c) for f, c in _COLUMN.items() if c in group] for group in FACET_SETS]
    last = len(FACET_SETS) - 1
    # GROUPING has a 1 for each set that the row does not belong to.
    number_of = {(1 << len(FACET_SETS)) - 1 - (1 << (last - i)): i for i in range(last + 1)}
    for grouping, key, count in _rows(facet_statement(filters)):
        group = number_of[grouping]
        missed, values = facet_key(FACET_SETS[group], key)
        if group == 0 and missed == 0:
            total += count
        own = filtered[missed - 1] if missed else None
        for facet, column in facets_of[group]:
            if own is None or own == facet:
                counters[facet][values[column]] += count
    return FacetCounts(total=total, **{f: _named(f, c) for f, c in counters.items()})


def _named(facet: str, counter: Counter[int]) -> dict[str, int]:
    if facet in _NUMBERED:
        return {key: counter[number] for key, number in _NUMBERED[facet].items()}
    if facet in _BITS:
        return {
            key: sum(n for bits, n in counter.items() if bits & bit)
            for key, bit in _BITS[facet].items()
        }
    return {str(number): n for number, n in sorted(counter.items()) if number}

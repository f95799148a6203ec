"""The statements behind lists, search and facets. Every value is a parameter; every name is ours.

One pass over narrow rows. An order is an index and a row comparison, so the deepest page costs what
the first does. Searches always go through the index of words: the planner believes that comparing a
vector is cheap (it stands outside the row: 4 µs each), so MATCHES hides the query from its
statistics, and the order of a search is written so that no index can serve it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from backend.projects import search_codes as codes
from backend.projects.search_cursor import Position
from backend.projects.search_filters import NEWEST, RELEVANCE, ListFilters
from backend.projects.search_text import TextQuery, newest_first, text_query_of

TABLE: Final = "projects_projectsearch"


@dataclass(frozen=True)
class Condition:
    """One part of a WHERE; `facet` names the facet whose own filter it is."""

    sql: str
    params: tuple[Any, ...] = ()
    facet: str = ""


MATCHES: Final = "vector @@ (SELECT %s::tsquery)"


@dataclass(frozen=True)
class Order:
    """Columns of a keyset and their common direction; `same` is the first one, hidden from
    indexes."""

    columns: tuple[str, str]
    direction: str
    same: str

    def sql(self, *, by_index: bool) -> str:
        first = self.columns[0] if by_index else self.same
        return f"{first} {self.direction}, {self.columns[1]} {self.direction}"

    @property
    def beyond(self) -> str:
        sign = "<" if self.direction == "DESC" else ">"
        return f"({', '.join(self.columns)}) {sign} (%s, %s)"


ORDERS: Final[Mapping[str, Order]] = {
    "newest": Order(("listed_at", "tie"), "DESC", "listed_at + interval '0'"),
    "goal": Order(("goal_up", "tie"), "ASC", "goal_up + 0"),
    "-goal": Order(("goal_down", "tie"), "DESC", "goal_down + 0"),
    "title": Order(("title_key_vi", "tie"), "ASC", "title_key_vi || ''"),
    "title_en": Order(("title_key_en", "tie"), "ASC", "title_key_en || ''"),
}
Statement = tuple[str, list[Any]]


def conditions_of(filters: ListFilters, text: TextQuery | None) -> list[Condition]:
    """Everything a row must meet."""
    found = [_shelf(filters)]
    if filters.q:
        found.append(Condition(MATCHES, (text.matches,)) if text else Condition("false"))
    found += _equal_conditions(filters)
    found += _bit_conditions(filters)
    if filters.min_trl is not None:
        found.append(Condition("trl >= %s", (filters.min_trl,), "trl"))
    if filters.max_ticket is not None:
        found.append(_ticket(filters))
    return found


def _shelf(filters: ListFilters) -> Condition:
    if codes.CLOSED_STATUSES & set(filters.statuses):
        return Condition("shelf IN (1, 2)")
    return Condition("shelf = 1")


def _equal_conditions(filters: ListFilters) -> list[Condition]:
    chosen: list[tuple[str, str, list[int]]] = [
        ("field", "field_code", [codes.FIELD[key] for key in filters.fields]),
        ("instrument", "instrument_code", [codes.INSTRUMENT[key] for key in filters.instruments]),
        ("status", "status_code", [codes.STATUS[key] for key in filters.statuses]),
        ("origin", "origin_code", [codes.ORIGIN[key] for key in filters.origins]),
        ("high_value", "high_value_code", [codes.HIGH_VALUE[key] for key in filters.high_values]),
        ("place", "place_code", [codes.place_number(key) for key in filters.places]),
    ]
    return [
        Condition(f"{column} = %s", (numbers[0],), facet)
        if len(numbers) == 1
        else Condition(f"{column} = ANY(%s)", (numbers,), facet)
        for facet, column, numbers in chosen
        if numbers
    ]


def _bit_conditions(filters: ListFilters) -> list[Condition]:
    chosen = [
        ("pillar", "pillar_bits", codes.bits_of(filters.pillars, codes.PILLAR)),
        ("technology", "technology_bits", codes.bits_of(filters.technologies, codes.TECHNOLOGY)),
        ("language", "language_bits", codes.bits_of(filters.languages, codes.LANGUAGE)),
    ]
    return [
        Condition(f"({column} & %s) <> 0", (bits,), facet) for facet, column, bits in chosen if bits
    ]


def _ticket(filters: ListFilters) -> Condition:
    """Smallest tickets of open instruments only: the others are not in the table."""
    parts = ["(currency_code = %s AND open_ticket_minor <= %s)"] * len(filters.ticket_limits)
    params = [x for code, minor in filters.ticket_limits for x in (codes.CURRENCY[code], minor)]
    return Condition(f"({' OR '.join(parts)})", tuple(params))


def _where(conditions: Sequence[Condition]) -> Statement:
    return (
        " AND ".join(condition.sql for condition in conditions),
        [param for condition in conditions for param in condition.params],
    )


def page_statement(
    filters: ListFilters, after: Position | None, size: int, recent: Sequence[str] = ()
) -> Statement:
    """Rows (project_id, position…) of one page plus one, in order.

    `recent` are the words of days or months that hold the newest rows (search_recent).
    """
    text = text_query_of(filters.q) if filters.q else None
    if filters.ordering == RELEVANCE and text is not None:
        return _ranked(filters, text, after, size, recent)
    order = ORDERS[NEWEST if filters.ordering == RELEVANCE else filters.ordering]
    conditions = conditions_of(filters, text)
    if after is not None:
        conditions.append(Condition(order.beyond, tuple(after)))
    return _branch(order, conditions, size, by_index=text is None)


def _branch(
    order: Order, conditions: Sequence[Condition], size: int, *, tier: int = 0, by_index: bool
) -> Statement:
    where, params = _where(conditions)
    sql = (
        f"SELECT project_id, {tier} AS tier, {', '.join(order.columns)} "  # noqa: S608
        f"FROM {TABLE} WHERE {where} ORDER BY {order.sql(by_index=by_index)} LIMIT {int(size) + 1}"
    )
    return sql, params


def _ranked(
    filters: ListFilters,
    text: TextQuery,
    after: Position | None,
    size: int,
    recent: Sequence[str],
) -> Statement:
    """Tier after tier, newest first in each. The outer LIMIT stops at the part that fills the page,
    so most searches read only the few best and newest rows (the parts run in the order written: no
    parallel plans on this connection)."""
    order = ORDERS[NEWEST]
    first = int(after[0]) if after else 0
    rest = [c for c in conditions_of(filters, text) if c.sql != MATCHES]
    parts: list[str] = []
    params: list[Any] = []
    for tier in range(first, len(text.tiers)):
        beyond = [Condition(order.beyond, tuple(after[1:]))] if after and tier == first else []
        for query in newest_first(text.tiers[tier], recent):
            conditions = [*rest, Condition(MATCHES, (query,)), *beyond]
            sql, more = _branch(order, conditions, size, tier=tier, by_index=False)
            parts.append(f"({sql})")
            params += more
    return f"{' UNION ALL '.join(parts)} LIMIT {int(size) + 1}", params


def count_statement(filters: ListFilters, cap: int) -> Statement:
    """How many rows match, counting no further than `cap` + 1."""
    text = text_query_of(filters.q) if filters.q else None
    where, params = _where(conditions_of(filters, text))
    sql = f"SELECT 1 FROM {TABLE} WHERE {where} LIMIT {int(cap) + 1}"  # noqa: S608
    return f"SELECT count(*) FROM ({sql}) AS found", params  # noqa: S608


# Each set is counted in one pass; facets with few values share a set (fewer hash tables). A number
# is how many bits a column takes in the key of its set.
FACET_SETS: Final[tuple[Mapping[str, int], ...]] = (
    {"field_code": 8, "instrument_code": 8, "status_code": 8, "origin_code": 8},
    {"trl": 8, "pillar_bits": 8, "language_bits": 8, "high_value_code": 8},
    {"technology_bits": 32},
    {"place_code": 32},
)
MISSED_BITS: Final = 4  # room for fifteen filters; there are ten facets


def facet_statement(filters: ListFilters) -> Statement:
    """Rows (set, key, count): `set` is what GROUPING gives, `key` is read by `facet_key`.

    A facet's counts ignore its own filter. `missed` is 0 for a row that meets every filter and n
    for one that fails only the n-th facet filter; rows that fail two are of no use to any facet.
    The columns of a set are one whole number: hashing one key instead of five saves a quarter.
    """
    text = text_query_of(filters.q) if filters.q else None
    conditions = conditions_of(filters, text)
    own = [c for c in conditions if c.facet]
    where, params = _where([c for c in conditions if not c.facet])
    missed, missed_params = _missed(own)
    columns = [column for group in FACET_SETS for column in group]
    names = [f"set_{number}" for number in range(len(FACET_SETS))]
    keys = ", ".join(
        f"{_packed(group)}{' | missed' if own else ''} AS {name}"
        for name, group in zip(names, FACET_SETS, strict=True)
    )
    kept = "WHERE missed >= 0" if own else ""
    sql = (
        f"SELECT GROUPING({', '.join(names)}), coalesce({', '.join(names)}), count(*) "  # noqa: S608
        f"FROM (SELECT {keys} "
        f"FROM (SELECT {', '.join(columns)}, {missed} AS missed FROM {TABLE} WHERE {where}) AS r "
        f"{kept}) AS keyed GROUP BY GROUPING SETS ({', '.join(f'({n})' for n in names)})"
    )
    return sql, [*missed_params, *params]


def _packed(group: Mapping[str, int]) -> str:
    """The columns of a set side by side in one whole number, above the bits of `missed`."""
    parts, shift = [], MISSED_BITS
    for column, width in group.items():
        parts.append(f"({column}::bigint << {shift})")
        shift += width
    return " | ".join(parts)


def facet_key(group: Mapping[str, int], key: int) -> tuple[int, dict[str, int]]:
    """What stands in a key of a set: `missed`, and the value of each column."""
    missed, rest = key & ((1 << MISSED_BITS) - 1), key >> MISSED_BITS
    values = {}
    for column, width in group.items():
        values[column] = rest & ((1 << width) - 1)
        rest >>= width
    return missed, values


def _missed(own: Sequence[Condition]) -> Statement:
    if not own:
        return "0", []
    failed = " + ".join(f"(NOT {c.sql})::int" for c in own)
    numbered = " ".join(f"WHEN NOT {c.sql} THEN {n}" for n, c in enumerate(own, start=1))
    params = [param for c in own for param in c.params]
    return f"CASE WHEN {failed} > 1 THEN -1 {numbered} ELSE 0 END", [*params, *params]


def facets_with_filters(filters: ListFilters) -> list[str]:
    """Names of the facets that have a filter, in the order of `missed`."""
    return [c.facet for c in conditions_of(filters, None) if c.facet]

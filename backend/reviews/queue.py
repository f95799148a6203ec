"""The officers' queue: what is on the desk, grouped by due day, in two queries however long it is.

Counts look at the first COUNTED open cases by due day, so that a page costs the same with a hundred
thousand cases behind it; where there are more, the page says "at least".
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Q, QuerySet

from backend.accounts.models import OfficeMembership, User
from backend.core.formats import CITY_ZONE
from backend.core.text import clean_text, fold
from backend.projects import taxonomy
from backend.reviews.built_in import built_in
from backend.reviews.models import Case
from backend.reviews.rulesets import calendar_from
from backend.reviews.workdays import WorkCalendar

COUNTED = 1_000
PER_GROUP = 12
PER_PAGE = 50
MAX_QUERY = 80
MAX_VIEWS = 12


class Group(StrEnum):
    OVERDUE = "overdue"
    TODAY = "today"
    TOMORROW = "tomorrow"
    WEEK = "week"
    LATER = "later"


WHO = ("mine", "free", "all")
TASKS = tuple(t.value for t in Case.Task if t != Case.Task.DONE)


@dataclass(frozen=True)
class Filters:
    """What the address asks for."""

    who: str = "all"
    tasks: tuple[str, ...] = ()
    field: str = ""
    q: str = ""
    gap: bool = False
    group: str = ""
    after: tuple[date, int] | None = None

    def query(self, **changes: Any) -> str:
        """The address's query with these values instead; paging is dropped unless named."""
        values = {
            "who": self.who if self.who != "all" else "", "task": self.tasks,
            "field": self.field, "q": self.q, "gap": "1" if self.gap else "",
            "group": self.group, **changes,
        }  # fmt: skip
        return urlencode({k: v for k, v in values.items() if v}, doseq=True)


def filters_from(query: Mapping[str, Any]) -> Filters:
    """Read the address; what is unknown is left out, so that an old link still opens."""
    tasks = tuple(t for t in _list(query, "task") if t in TASKS)
    who, group = _one(query, "who"), _one(query, "group")
    known = _one(query, "field")
    return Filters(
        who if who in WHO else "all",
        tasks,
        known if taxonomy.is_known("field", known) else "",
        clean_text(_one(query, "q")).strip()[:MAX_QUERY],
        _one(query, "gap") == "1",
        group if group in set(Group) else "",
        _after(_one(query, "after")),
    )


def _one(query: Mapping[str, Any], name: str) -> str:
    return str(query.get(name) or "")


def _list(query: Any, name: str) -> list[str]:
    return list(query.getlist(name)) if hasattr(query, "getlist") else list(query.get(name, []))


def _after(text: str) -> tuple[date, int] | None:
    day, _dot, number = text.partition(".")
    try:
        return (date.fromisoformat(day), int(number[:18], 36)) if number else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Colleague:
    """A case officer of the office and how many open cases they have."""

    public_id: str
    name: str
    load: int


@dataclass(frozen=True)
class Desk:
    """Who sits here, where, and what is on it. One query."""

    now: datetime
    offices: tuple[dict[str, Any], ...]
    roles: frozenset[str]
    colleagues: tuple[Colleague, ...]
    counts: dict[str, int]
    is_capped: bool
    keys_on: bool
    views: tuple[dict[str, str], ...]
    calendar: WorkCalendar

    @property
    def today(self) -> date:
        return self.now.astimezone(CITY_ZONE).date()

    @property
    def office_ids(self) -> list[int]:
        return [o["id"] for o in self.offices]


DESK_SQL = """
WITH mine AS (
    SELECT m.office_id, array_agg(m.role) AS roles
    FROM accounts_officemembership m WHERE m.user_id = %(user)s GROUP BY m.office_id
), base AS MATERIALIZED (
    -- An office at a time, so that each is read in the order of its index and no further.
    SELECT c.* FROM mine CROSS JOIN LATERAL (
        SELECT c.task, c.due_on, c.id, c.first_id, c.second_id, c.has_gap
        FROM reviews_case c WHERE c.is_open AND c.office_id = mine.office_id
        ORDER BY c.due_on, c.id LIMIT %(counted)s
    ) AS c ORDER BY c.due_on, c.id LIMIT %(counted)s
), tasks AS (
    SELECT 'task_' || task AS name, count(*) AS n FROM base GROUP BY task
)
SELECT
    app_now(),
    (SELECT json_agg(json_build_object('id', o.id, 'public_id', o.public_id,
            'name_vi', o.name_vi, 'name_en', o.name_en, 'roles', mine.roles) ORDER BY o.id)
     FROM mine JOIN accounts_cityoffice o ON o.id = mine.office_id),
    (SELECT json_agg(json_build_object('id', u.public_id, 'name', u.full_name, 'load',
            (SELECT count(*) FROM (SELECT FROM reviews_case c
                WHERE c.is_open AND c.first_id = u.id LIMIT %(counted)s) AS f)
            + (SELECT count(*) FROM (SELECT FROM reviews_case c
                WHERE c.is_open AND c.second_id = u.id LIMIT %(counted)s) AS s)))
     FROM accounts_user u WHERE u.is_active AND u.id IN (
        SELECT m.user_id FROM accounts_officemembership m
        WHERE m.role = 'case_officer' AND m.office_id IN (SELECT office_id FROM mine))),
    (SELECT json_build_object(
        'all', count(*),
        'mine', count(*) FILTER (WHERE first_id = %(user)s OR second_id = %(user)s),
        'free', count(*) FILTER (WHERE first_id IS NULL OR second_id IS NULL),
        'gap', count(*) FILTER (WHERE has_gap)) FROM base),
    (SELECT json_object_agg(name, n) FROM tasks),
    (SELECT json_build_object('keys_on', s.keys_on, 'views', s.views)
     FROM reviews_desksettings s WHERE s.user_id = %(user)s),
    (SELECT r.content FROM reviews_ruleset r WHERE r.kind = 'days'
        AND r.effective_from <= (app_now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
     ORDER BY r.number DESC LIMIT 1)
"""


def desk_of(user: User) -> Desk:
    """Everything around the rows of the queue."""
    with connection.cursor() as cursor:
        cursor.execute(DESK_SQL, {"user": user.pk, "counted": COUNTED + 1})
        now, offices, people, counts, tasks, settings, days = map(_loaded, cursor.fetchone())
    roles = {role for office in offices or [] for role in office["roles"]}
    colleagues = [Colleague(p["id"], p["name"], p["load"]) for p in people or []]
    all_counts = {**(counts or {}), **(tasks or {})}
    return Desk(
        now,
        tuple(offices or ()),
        frozenset(roles),
        tuple(sorted(colleagues, key=lambda c: (c.load, c.name))),
        {name: min(n, COUNTED) for name, n in all_counts.items()},
        all_counts.get("all", 0) > COUNTED,
        (settings or {}).get("keys_on", True),
        tuple((settings or {}).get("views", ())),
        calendar_from(days or built_in("days")),
    )


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Row:
    """One case as the queue shows it."""

    pk: int
    reference: str
    project: str
    title: dict[str, str]
    owner: dict[str, str]
    version: int
    task: str
    reviews_in: int
    has_gap: bool
    is_frozen: bool
    due_on: date
    days_left: int
    last_code: str
    last_at: datetime
    first: tuple[str, str] | None
    second: tuple[str, str] | None

    @property
    def cursor(self) -> str:
        return f"{self.due_on.isoformat()}.{_base36(self.pk)}"


@dataclass(frozen=True)
class GroupRows:
    """A group with its first rows; `next` is the cursor behind the last one when there are more."""

    group: Group
    first_day: date | None
    last_day: date | None
    rows: tuple[Row, ...]
    next: str = ""


@dataclass(frozen=True)
class Queue:
    desk: Desk
    filters: Filters
    groups: tuple[GroupRows, ...] = field(default_factory=tuple)

    @property
    def total(self) -> int:
        return sum(len(g.rows) for g in self.groups)


def news_since(user: User, at: datetime) -> int:
    """How many proposals came to the person's offices after that moment, new or handed in again.
    One query."""
    offices = OfficeMembership.objects.filter(user=user).values("office")
    fresh = Case.objects.filter(
        is_open=True, office__in=offices, task=Case.Task.SCREENING, last_at__gt=at,
        last_code__in=["project.submitted", "project.resubmitted"],
    )  # fmt: skip
    return fresh.count()


def queue_of(user: User, filters: Filters, desk: Desk) -> Queue:
    """The rows of every group (or of one, longer), in one query."""
    spans = list(_spans(desk.today, desk.calendar))
    if filters.group:
        spans = [span for span in spans if span[0] == filters.group]
    size = PER_PAGE if filters.group else PER_GROUP
    seats = _seats(user, filters, _matching(filters, desk))
    parts = [_slice(cases, span, filters.after, size) for span in spans for cases in seats]
    found = list(parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0])
    rows = [_row(values, desk) for values in found]
    groups = []
    for group, first, last in spans:
        mine = [r for r in rows if _is_in(r.due_on, first, last)]
        mine.sort(key=lambda r: (r.due_on, r.pk))
        more = len(mine) > size
        mine = mine[:size]
        groups.append(GroupRows(group, first, last, tuple(mine), mine[-1].cursor if more else ""))
    return Queue(desk, filters, tuple(g for g in groups if g.rows or filters.group))


def _spans(today: date, calendar: WorkCalendar) -> Iterator[tuple[Group, date | None, date | None]]:
    """The next working day counts as tomorrow, so before a weekend the near week is the next."""
    tomorrow = calendar.add(today, 1)
    sunday = calendar.week_end(tomorrow)
    yield Group.OVERDUE, None, today - timedelta(days=1)
    yield Group.TODAY, today, today
    yield Group.TOMORROW, today + timedelta(days=1), tomorrow
    if sunday > tomorrow:
        yield Group.WEEK, tomorrow + timedelta(days=1), sunday
    yield Group.LATER, sunday + timedelta(days=1), None


def _is_in(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)


def _seats(user: User, filters: Filters, cases: QuerySet[Case]) -> list[QuerySet[Case]]:
    """Nobody holds both seats of a case, so one's own are two lists, each in the order of an index.
    As one list with OR all of them were read and sorted."""
    if filters.who == "mine":
        return [cases.filter(first=user), cases.filter(second=user)]
    return [cases]


def _matching(filters: Filters, desk: Desk) -> QuerySet[Case]:
    cases = Case.objects.filter(is_open=True, office__in=desk.office_ids)
    if filters.who == "free":
        cases = cases.filter(Q(first__isnull=True) | Q(second__isnull=True))
    if filters.tasks:
        cases = cases.filter(task__in=filters.tasks)
    if filters.field:
        cases = cases.filter(project__field=filters.field)
    if filters.gap:
        cases = cases.filter(has_gap=True)
    for word in fold(filters.q).split():
        cases = cases.filter(words__contains=word)
    return cases


COLUMNS = (
    "pk", "reference", "project__public_id", "project__title_vi", "project__title_en",
    "project__owner_name_vi", "project__owner_name_en", "version_number", "task", "reviews_in",
    "has_gap", "project__frozen_at", "due_on", "last_code", "last_at", "first__public_id",
    "first__full_name", "second__public_id", "second__full_name",
)  # fmt: skip


def _slice(
    cases: QuerySet[Case],
    span: tuple[Group, date | None, date | None],
    after: tuple[date, int] | None,
    size: int,
) -> QuerySet[Case, dict[str, Any]]:
    _group, first, last = span
    if first:
        cases = cases.filter(due_on__gte=first)
    if last:
        cases = cases.filter(due_on__lte=last)
    if after:
        # The bounded form keeps the index (interface.md section 9).
        cases = cases.filter(due_on__gte=after[0]).exclude(due_on=after[0], pk__lte=after[1])
    rows: QuerySet[Case, dict[str, Any]] = cases.order_by("due_on", "pk").values(*COLUMNS)
    return rows[: size + 1]


def _row(v: dict[str, Any], desk: Desk) -> Row:
    return Row(
        v["pk"], v["reference"], v["project__public_id"],
        {"title_vi": v["project__title_vi"], "title_en": v["project__title_en"]},
        {"owner_vi": v["project__owner_name_vi"], "owner_en": v["project__owner_name_en"]},
        v["version_number"], v["task"], v["reviews_in"], v["has_gap"],
        v["project__frozen_at"] is not None, v["due_on"],
        desk.calendar.between(desk.today, v["due_on"]), v["last_code"], v["last_at"],
        _person(v, "first"), _person(v, "second"),
    )  # fmt: skip


def _person(v: dict[str, Any], seat: str) -> tuple[str, str] | None:
    public_id = v[f"{seat}__public_id"]
    return (public_id, v[f"{seat}__full_name"]) if public_id else None


def _base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = digits[rest] + text
    return text or "0"

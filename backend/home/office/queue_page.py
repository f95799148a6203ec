"""The officers' queue: reading it, sharing out, kept views, keys."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from backend.accounts.models import Role, User
from backend.core.errors import DomainError, NotFound
from backend.core.formats import format_date
from backend.core.language import language_of_page
from backend.core.web import words_of
from backend.home.office import words
from backend.home.office.base import desk_page, person_of
from backend.home.words import Said, said
from backend.projects import taxonomy
from backend.projects.models import Project
from backend.reviews import case_actions, desk_actions
from backend.reviews.queue import TASKS, WHO, Desk, Filters, GroupRows, Row, desk_of, filters_from
from backend.reviews.queue import queue_of as read_queue

MAX_AT_ONCE = 100


@dataclass(frozen=True)
class Line:
    """A row of the table in one language."""

    row: Row
    title: Said
    owner: Said
    days: str
    tag: str
    task: str
    event: str
    mine: bool


@dataclass(frozen=True)
class Section:
    key: str
    name: str
    count: str
    lines: tuple[Line, ...]
    more: str


@desk_page()
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    return render(request, "office/queue.html", queue_context(request))


def queue_context(request: HttpRequest, **more: Any) -> dict[str, Any]:
    user, filters = person_of(request), filters_from(request.GET)
    desk = desk_of(user)
    found = read_queue(user, filters, desk)
    language = language_of_page()
    return {
        "desk": desk,
        "filters": filters,
        "sections": [_section(g, filters, desk, user, language) for g in found.groups],
        "total": found.total,
        "who": [(k, words.WHO[k], _count(desk, k), filters.who == k) for k in WHO],
        "tasks": [
            (t, words.TASKS[t], _count(desk, f"task_{t}"), t in filters.tasks) for t in TASKS
        ],
        "gap_count": _count(desk, "gap"),
        "fields": [(k, taxonomy.label("field", k, language)) for k in taxonomy.keys("field")],
        "all_count": _count(desk, "all"),
        "mine_count": _count(desk, "mine"),
        "is_lead": Role.LEAD in desk.roles,
        "can_take": Role.CASE_OFFICER in desk.roles,
        "key_help": [
            ("J K", _("down, up")),
            ("Enter", _("open")),
            ("X", _("choose")),
            ("A", _("give, or take it yourself")),
            ("/", _("search")),
            ("?", _("this line")),
        ],
        "query": filters.query(),
        "nav": "office",
        "office_nav": "queue",
        **more,
    }


def _count(desk: Desk, name: str) -> str:
    number = desk.counts.get(name, 0)
    return f"{number}+" if desk.is_capped and name in {"all", "mine", "free"} else str(number)


def _section(group: GroupRows, filters: Filters, desk: Desk, user: User, language: str) -> Section:
    name = str(words.GROUPS[group.group])
    if group.group == "today":
        name = f"{name}, {format_date(desk.today, language)}"
    if group.group == "tomorrow" and group.last_day != desk.today + timedelta(days=1):
        day = format_date(group.last_day, language) if group.last_day else ""
        name = _("Due on the next working day, %(day)s") % {"day": day}
    if group.group == "week" and group.last_day:
        end = format_date(group.last_day - timedelta(days=2), language)
        is_this = group.last_day - desk.today < timedelta(days=7)
        words_of_week = _("Later this week, to %(day)s") if is_this else _("Next week, to %(day)s")
        name = words_of_week % {"day": end}
    more = filters.query(group=group.group, after=group.next) if group.next else ""
    count = f"{len(group.rows)}+" if group.next else str(len(group.rows))
    lines = tuple(_line(row, desk, user, language) for row in group.rows)
    return Section(group.group, name, count, lines, more)


def _line(row: Row, desk: Desk, user: User, language: str) -> Line:
    seats = {s[0] for s in (row.first, row.second) if s}
    return Line(
        row, said(row.title, "title", language), said(row.owner, "owner", language),
        words.days_words(row.days_left if row.due_on != desk.today else 0),
        words.tag_of(row.days_left, row.due_on, desk.today),
        words.task_words(row.task, row.reviews_in), words.event_words(row.last_code),
        user.public_id in seats,
    )  # fmt: skip


@desk_page(Role.CASE_OFFICER, Role.LEAD)
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Chosen cases to one officer, to oneself, or to whoever has least."""
    user = person_of(request)
    keys = request.POST.getlist("case")[:MAX_AT_ONCE]
    projects = list(Project.objects.filter(public_id__in=keys).order_by("pk"))
    to = request.POST.get("officer", "")
    back = _back(request)
    if not projects:
        messages.error(request, _("Choose at least one case first."))
        return back
    if to == "load":
        filled = case_actions.share_out(projects, by=user)
        messages.success(request, _("Seats filled by load: %(n)s.") % {"n": filled})
        return back
    officer = user if to == "me" else User.objects.filter(public_id=to[:40]).first()
    if officer is None:
        messages.error(request, _("Choose an officer."))
        return back
    given, refused = 0, ""
    for project in projects:
        try:
            _give(project, officer, user)
            given += 1
        except DomainError as error:
            refused = str(error)
    if given:
        messages.success(request, _("Assigned: %(n)s.") % {"n": given})
    if refused:
        messages.error(request, refused)
    return back


def _give(project: Project, officer: User, by: User) -> None:
    """The first free seat; the case keeps who sits there already."""
    case = case_actions.take_in(project)
    if case is None:
        raise NotFound()
    if case_actions.seat_of(case, officer):
        return
    seat = "first" if case.first_id is None else "second"
    case_actions.assign_case(project, by=by, officer=officer, seat=seat)


def _back(request: HttpRequest) -> HttpResponse:
    query = QueryDict(request.POST.get("query", "")[:400]).urlencode()
    return redirect(f"{reverse('office:queue')}{'?' if query else ''}{query}")


@desk_page()
@require_POST
def views(request: HttpRequest) -> HttpResponse:
    """Keep the present filters under a name, or drop one."""
    user = person_of(request)
    try:
        if "drop" in request.POST:
            desk_actions.drop_view(user, by=user, name=request.POST["drop"])
        else:
            query = QueryDict(request.POST.get("query", "")[:400]).urlencode()
            desk_actions.keep_view(user, by=user, name=words_of(request, "name"), query=query)
            messages.success(request, _("The view is kept."))
    except DomainError as error:
        messages.error(request, str(error))
    return _back(request)


@desk_page()
@require_POST
def keys(request: HttpRequest) -> HttpResponse:
    """Single keys on or off for oneself."""
    user = person_of(request)
    on = request.POST.get("on") == "1"
    desk_actions.set_keys(user, by=user, on=on)
    messages.success(request, _("Single keys are on.") if on else _("Single keys are off."))
    there = request.POST.get("next", "")
    safe = there.startswith(("/vi/office/", "/en/office/"))
    return redirect(there if safe else reverse("office:queue"))

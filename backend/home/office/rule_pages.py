"""The city's rules in versions, and the people and offices: data that a lead changes here."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from backend.accounts import actions as accounts
from backend.accounts.models import CityOffice, OfficeMembership, Role, User
from backend.accounts.permissions import roles_of
from backend.accounts.queries import RoleChange, role_changes_of
from backend.core.clock import app_now
from backend.core.errors import DomainError, NotFound
from backend.core.language import language_of_page
from backend.core.text import clean_text
from backend.core.web import words_of
from backend.home.office import words
from backend.home.office.base import desk_page, done, errors_of, person_of, typed
from backend.projects import taxonomy
from backend.projects.owner_queries import questions_in_force
from backend.projects.readiness import FRAMES
from backend.reviews import case_actions, desk_actions, rulesets
from backend.reviews.models import RuleSet
from backend.reviews.rule_shapes import SHAPES, Column, Shape

BLANK_ROWS = 2


@desk_page()
@require_safe
def rules(request: HttpRequest) -> HttpResponse:
    now = rulesets.all_in_force(case_actions.city_day(app_now()))
    context = {
        "kinds": [(kind, words.KINDS[kind], now[kind][0]) for kind in SHAPES],
        "frames": [
            (frame, words.KINDS[f"{frame}_questions"], questions_in_force(frame)["version"])
            for frame in FRAMES
        ],
        "nav": "office",
        "office_nav": "rules",
    }
    return render(request, "office/rules.html", context)


@desk_page()
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, kind: str) -> HttpResponse:
    """One kind: what is in force, its versions, and (for a lead) the form of a new one."""
    if kind not in SHAPES:
        raise NotFound()
    user, shape = person_of(request), SHAPES[kind]
    today = case_actions.city_day(app_now())
    number, content = rulesets.in_force(kind, today)
    if asked := request.GET.get("version", ""):
        number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else number
        content = rulesets.numbered(kind, number)
    errors: dict[str, str] = {}
    reason, starts = "", today.isoformat()
    if request.method == "POST":
        content = _content(shape, typed(request))
        reason, starts = words_of(request, "reason"), request.POST.get("effective_from", "")
        try:
            row = desk_actions.write_rules(
                kind, content, by=user, effective_from=_day(starts), reason=reason
            )
        except DomainError as error:
            errors = errors_of(error)
        else:
            said = _("Version %(n)s is written.") % {"n": row.number}
            return done(request, said, "office:rule", kind)
    context = {
        "kind": kind, "name": words.KINDS[kind], "number": number, "errors": errors,
        "singles": [_field(c, content.get(c.name), c.name, errors) for c in shape.single],
        "rows": _rows(shape, content, errors), "has_rows": bool(shape.columns),
        "versions": RuleSet.objects.filter(kind=kind).select_related("written_by").order_by(
            "-number"
        ),
        "may_write": Role.LEAD in roles_of(user),
        "reason": reason, "starts": starts, "nav": "office", "office_nav": "rules",
    }  # fmt: skip
    return render(request, "office/rule.html", context, status=400 if errors else 200)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min


def _rows(shape: Shape, content: Mapping[str, Any], errors: dict[str, str]) -> list[list[Any]]:
    if not shape.columns:
        return []
    rows = [*content.get("rows", []), *({} for _blank in range(BLANK_ROWS))]
    return [
        [
            _field(column, row.get(column.name), f"rows.{index}.{column.name}", errors)
            for column in shape.columns
        ]
        for index, row in enumerate(rows)
    ]


def _field(column: Column, value: Any, path: str, errors: dict[str, str]) -> dict[str, Any]:
    name, language = column.name, ""
    if name.endswith(("_vi", "_en")):
        name, language = name[:-3], name[-2:]
    return {
        "path": path, "kind": column.kind, "language": language,
        "label": words.COLUMNS.get(name, name),
        "value": "" if value is None else value, "error": errors.get(path, ""),
        "low": column.low, "high": column.high,
    }  # fmt: skip


def _content(shape: Shape, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, as content; rows without a key (or day) are left out."""
    content = {c.name: _value(c, str(sent.get(c.name, ""))) for c in shape.single}
    if not shape.columns:
        return content
    rows = []
    for index in range(200):
        row = {
            c.name: _value(c, str(sent.get(f"rows.{index}.{c.name}", ""))) for c in shape.columns
        }
        if f"rows.{index}.{shape.columns[0].name}" not in sent:
            break
        if row[shape.columns[0].name]:
            rows.append(row)
    return {**content, "rows": rows}


def _value(column: Column, text: str) -> Any:
    text = clean_text(text).strip()
    if column.kind == "whole":
        return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text
    if column.kind == "yes_no":
        return text == "yes"
    return text


@desk_page()
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    """Who works in my offices; a lead gives and takes roles and opens offices."""
    user, language = person_of(request), language_of_page()
    errors: dict[str, str] = {}
    if request.method == "POST":
        try:
            _change(request, user)
            return redirect("office:people")
        except DomainError as error:
            errors = errors_of(error)
    mine = OfficeMembership.objects.filter(user=user).values("office")
    offices = CityOffice.objects.filter(pk__in=mine).prefetch_related("memberships__user")
    context = {
        "offices": [
            {
                "office": o, "name": getattr(o, f"name_{language}"),
                "fields": [taxonomy.label("field", k, language) for k in o.fields],
                "members": sorted(
                    (_member(m) for m in o.memberships.all()),
                    key=lambda row: (row[0].full_name, row[1]),
                ),
                "changes": _role_history(role_changes_of(o)),
                "is_lead": any(
                    m.user_id == user.pk and m.role == Role.LEAD for m in o.memberships.all()
                ),
            }
            for o in offices
        ],
        "roles": [(r.value, words.ROLES[r.value]) for r in Role],
        "field_choices": [
            (k, taxonomy.label("field", k, language)) for k in taxonomy.keys("field")
        ],
        "is_lead": Role.LEAD in roles_of(user),
        "errors": errors, "typed": request.POST, "nav": "office", "office_nav": "people",
    }  # fmt: skip
    return render(request, "office/people.html", context, status=400 if errors else 200)


def _member(m: OfficeMembership) -> tuple[User, str, Any, Any]:
    return m.user, m.role, words.ROLES[m.role], m.since_at


def _role_history(changes: Iterable[RoleChange]) -> list[tuple[str, list[tuple[Any, Any]]]]:
    """By person, whoever changed last first; each person's own numbers, newest first."""
    people: dict[str, list[RoleChange]] = {}
    for change in changes:
        people.setdefault(change.person_id, []).append(change)
    return [
        (mine[0].person, [(c, words.ROLES.get(c.role, c.role)) for c in mine])
        for mine in people.values()
    ]


def _change(request: HttpRequest, user: User) -> None:
    sent = request.POST
    if sent.get("do") == "open":
        fields = [k for k in sent.getlist("fields") if taxonomy.is_known("field", k)]
        accounts.open_office(
            sent.get("name_vi", ""), sent.get("name_en", ""), fields=fields, by=user
        )
        messages.success(request, _("The office is open. You are its lead."))
        return
    office = CityOffice.objects.filter(public_id=sent.get("office", "")[:40]).first()
    person = _person(sent.get("person", ""))
    if office is None or person is None:
        raise NotFound(_("Nobody has joined with this address."), field="person")
    if sent.get("do") == "remove":
        freed = case_actions.remove_officer(person, office, sent.get("role", ""), by=user)
        messages.success(
            request, _("The role is taken. Seats that became free: %(n)s.") % {"n": freed}
        )
        return
    accounts.add_to_office(person, office, sent.get("role", ""), by=user)
    messages.success(request, _("The role is given."))


def _person(text: str) -> User | None:
    """By address, or by public id (the buttons of the list)."""
    text = clean_text(text).strip()[:254]
    by = {"email": text.lower()} if "@" in text else {"public_id": text}
    return User.objects.filter(is_active=True, **by).first()

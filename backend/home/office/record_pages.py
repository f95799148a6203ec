"""The history of a case, with its files, and the office's figures."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from backend.accounts.models import Role
from backend.core.csv_safe import csv_bytes
from backend.core.language import language_of_page
from backend.home.office import words
from backend.home.office.base import desk_page, person_of
from backend.projects import taxonomy
from backend.reviews.case_file import case_for
from backend.reviews.figures import figures_of
from backend.reviews.history import details_of, history_of
from backend.reviews.queue import desk_of

HEAD = ("at", "code", "actor", "actor_id", "data")


@desk_page()
@require_safe
def history(request: HttpRequest, key: str) -> HttpResponse:
    found = case_for(person_of(request), key)
    rows = [
        {"event": h, "words": words.event_words(h.code), "details": list(details_of(h.data))}
        for h in history_of(found.project)
    ]
    context = {
        "case": found, "project": found.project, "rows": rows, "nav": "office",
        "title": words.title_said(found.project, language_of_page()),
        "may_export": bool(found.my_roles & {Role.AUDITOR, Role.LEAD}),  # type: ignore[attr-defined]
    }  # fmt: skip
    return render(request, "office/history.html", context)


@desk_page(Role.AUDITOR, Role.LEAD)
@require_safe
def history_csv(request: HttpRequest, key: str) -> HttpResponse:
    found = case_for(person_of(request), key)
    rows = (
        (h.at.isoformat(), h.code, h.actor, h.actor_id, json.dumps(h.data, ensure_ascii=False))
        for h in history_of(found.project)
    )
    return _file(csv_bytes(HEAD, rows), "text/csv; charset=utf-8", f"{found.reference}.csv")


@desk_page(Role.AUDITOR, Role.LEAD)
@require_safe
def history_json(request: HttpRequest, key: str) -> HttpResponse:
    found = case_for(person_of(request), key)
    rows: list[dict[str, Any]] = [
        {"at": h.at.isoformat(), "code": h.code, "actor": h.actor, "actor_id": h.actor_id,
         "data": h.data}
        for h in history_of(found.project)
    ]  # fmt: skip
    body = {"reference": found.reference, "project": found.project.public_id, "events": rows}
    data = json.dumps(body, ensure_ascii=False, indent=1).encode()
    return _file(data, "application/json", f"{found.reference}.json")


def _file(data: bytes, media_type: str, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@desk_page()
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    desk, language = desk_of(person_of(request)), language_of_page()
    found = figures_of(desk)
    most = max((c.load for c in desk.colleagues), default=0) or 1
    context = {
        "figures": found,
        "fields": [(taxonomy.label("field", f.key, language), f) for f in found.fields],
        "people": [(c, round(100 * c.load / most)) for c in desk.colleagues],
        "promise": settings.REVIEW_WORKING_DAYS,
        "offices": [o[f"name_{language}"] for o in desk.offices],
        "nav": "office",
        "office_nav": "figures",
    }
    return render(request, "office/figures.html", context)

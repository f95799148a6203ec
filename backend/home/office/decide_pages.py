"""The lead's decision, with the letter before it is kept; transfer and freeze."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from backend.accounts.models import CityOffice, Role
from backend.accounts.permissions import roles_of
from backend.core.clock import app_now
from backend.core.errors import DomainError
from backend.core.language import language_of_page
from backend.core.web import words_of
from backend.home.office import words
from backend.home.office.base import desk_page, done, errors_of, person_of, typed
from backend.home.office.case_page import ASK_ROWS, asks_of
from backend.projects import actions as projects
from backend.reviews import case_actions, decision_actions, letters, permissions, rulesets
from backend.reviews.case_file import case_for
from backend.reviews.models import Case, Decision, Letter
from backend.reviews.permissions import DESK_ROLES
from backend.reviews.request_actions import Ask
from backend.reviews.sections import SECTIONS

TEXTS = ("words_vi", "words_en", "conditions_vi", "conditions_en")


@desk_page(Role.LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, key: str) -> HttpResponse:
    """The form, the preview of the letter, and keeping it."""
    user, language = person_of(request), language_of_page()
    found = case_for(user, key)
    permissions.check_can_decide(user, found)
    values, asks, errors = typed(request), asks_of(request), {}
    preview: Letter | None = None
    if request.method == "POST":
        fields = _fields(request, values, asks)
        try:
            if values.get("do") == "keep":
                decision = decision_actions.decide_project(found.project, by=user, **fields)
                return done(
                    request, _("Decided. The letter waits for a signature."), "office:letter",
                    decision.letter.public_id,
                )  # fmt: skip
            if values.get("do") == "preview":
                preview = decision_actions.preview_letter(found.project, by=user, **fields)
        except DomainError as error:
            errors = errors_of(error)
    context = _context(found, values, language) | {
        "errors": errors,
        "kept_asks": asks,
        "asks": range(max(ASK_ROWS - len(asks), 1)),
        "chosen_codes": request.POST.getlist("reason_codes"),
        "preview": letters.blocks_of(preview, language) if preview else None,
        "other": letters.blocks_of(preview, "en" if language == "vi" else "vi") if preview else (),
        "passes": preview.body["passes"] if preview else True,
    }
    return render(request, "office/decide.html", context, status=400 if errors else 200)


def _fields(request: HttpRequest, values: Mapping[str, str], asks: list[Ask]) -> dict[str, Any]:
    return {
        "outcome": values.get("outcome", ""),
        "reason_codes": request.POST.getlist("reason_codes"),
        "asks": asks,
        **{name: values.get(name, "") for name in TEXTS},
    }


def _context(found: Case, values: Mapping[str, str], language: str) -> dict[str, Any]:
    codes = rulesets.in_force("reason_codes", case_actions.city_day(app_now()))[1]["rows"]
    return {
        "case": found,
        "project": found.project,
        "title": words.title_said(found.project, language),
        "typed": values,
        "outcomes": [(o.value, words.OUTCOMES[o.value]) for o in Decision.Outcome],
        "codes": [(c["key"], c[f"name_{language}"], words.OUTCOMES[c["outcome"]]) for c in codes],
        "section_choices": [(s.key, s.name(language)) for s in SECTIONS],
        "nav": "office",
    }


@desk_page(Role.LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def transfer(request: HttpRequest, key: str) -> HttpResponse:
    """Hand the case to another office."""
    user, language = person_of(request), language_of_page()
    found = case_for(user, key)
    errors: dict[str, str] = {}
    if request.method == "POST":
        office = CityOffice.objects.filter(public_id=request.POST.get("office", "")[:40]).first()
        try:
            case_actions.transfer_case(
                found.project, by=user, office=office or found.office,
                reason=words_of(request, "reason"),
            )  # fmt: skip
        except DomainError as error:
            errors = errors_of(error)
        else:
            return done(request, _("The case is with the other office now."), "office:queue")
    others = CityOffice.objects.exclude(pk=found.office_id).order_by(f"name_{language}")
    context = {
        "case": found, "project": found.project, "errors": errors, "typed": typed(request),
        "title": words.title_said(found.project, language), "nav": "office",
        "offices": [(o.public_id, getattr(o, f"name_{language}")) for o in others],
    }  # fmt: skip
    return render(request, "office/transfer.html", context, status=400 if errors else 200)


@desk_page(Role.LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def freeze(request: HttpRequest, key: str) -> HttpResponse:
    """One press stops everything about a project; another, with a reason, ends it."""
    user = person_of(request)
    found = case_for(user, key)
    project = found.project
    errors: dict[str, str] = {}
    if request.method == "POST":
        reason = words_of(request, "reason")
        try:
            if project.frozen_at is None:
                projects.freeze_project(project, by=user, reason=reason)
                said = _("Frozen: nothing about it can change until you end it.")
            else:
                projects.unfreeze_project(project, by=user, reason=reason)
                said = _("The freeze is over.")
            case_actions.take_in(project)
            return done(request, said, "office:case", key)
        except DomainError as error:
            errors = errors_of(error)
    context = {
        "case": found, "project": project, "errors": errors, "typed": typed(request),
        "title": words.title_said(project, language_of_page()), "nav": "office",
    }  # fmt: skip
    return render(request, "office/freeze.html", context, status=400 if errors else 200)


def to_queue(request: HttpRequest) -> HttpResponse:
    """To the room where this person's work is."""
    held = roles_of(request.user)
    if held and not held & set(DESK_ROLES):
        return redirect("home:finance")
    return redirect("office:queue")

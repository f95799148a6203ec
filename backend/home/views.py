"""The public pages. Each reads through queries and renders; no rule stands here."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from backend.core.errors import Conflict, NotFound
from backend.core.language import language_of_page
from backend.core.money import CURRENCIES
from backend.core.web import public_page
from backend.funding.queries import convert
from backend.home import compare as comparing
from backend.home.browse import list_page
from backend.home.cards import cards_of
from backend.home.matching_pages import fit_for, question_in, start_form
from backend.home.owner.talk import talk_of
from backend.home.project_page import project_page
from backend.home.texts import text_page
from backend.matching.catalogue import current_catalogue
from backend.matching.similar import similar_to
from backend.projects import search, taxonomy
from backend.projects.queries import browsable_projects, project_for
from backend.remittances.views import calculator_context

NEWEST = 3


@require_safe
@public_page
def landing(request: HttpRequest) -> HttpResponse:
    language = language_of_page()
    newest = browsable_projects().filter(origin="proposal").order_by("-listed_at", "-id")[:NEWEST]
    context = {
        "cards": cards_of(list(newest), language),
        "total": search.count_matches(search.ListFilters()).number,
        "form": start_form(request.GET, language),
        "cooling_off_days": settings.COOLING_OFF_DAYS,
        **calculator_context(QueryDict()),
    }
    return render(request, "home/landing.html", context)


@require_safe
@public_page
def projects(request: HttpRequest) -> HttpResponse:
    page = list_page(request, language_of_page())
    dropped = {"ordering", "cursor"}
    kept = [(n, v) for n, vs in request.GET.lists() if n not in dropped for v in vs if v]
    context = {
        "page": page,
        "kept": kept,
        "max_ticket": request.GET.get("max_ticket", ""),
        "nav": "projects",
    }
    # htmx swaps the results only; a restored history entry needs the whole page again.
    partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    template = "components/results.html" if partial else "home/projects.html"
    return render(request, template, context)


@require_safe
@public_page
def project(request: HttpRequest, key: str) -> HttpResponse:
    user = request.user if request.COOKIES else None
    found = project_for(user, key)
    language = language_of_page()
    page = project_page(found, user, language)
    fit = fit_for(request)
    explained = fit.of(found, language) if fit else None
    goal = page.card.goal
    context: dict[str, Any] = {
        "page": page,
        "land": Decimal(page.card.call.land_m2)
        if page.card.call and page.card.call.land_m2
        else None,
        "state_words": taxonomy.label("project_status", found.status, language),
        "explained": explained,
        "match": explained.place if explained else None,
        "similar": similar_to(found, language),
        "currencies": CURRENCIES,
        "shown_currency": _shown_currency(request),
        "talk": talk_of(found),
        "nav": "projects",
    }
    if goal is not None:
        try:
            context["goal_in"] = convert(goal, _shown_currency(request), current_catalogue().rates)
        except Conflict:
            context["goal_in"] = None
    return render(request, "home/project.html", context)


def _shown_currency(request: HttpRequest) -> str:
    wanted = request.GET.get("currency", "USD")
    return wanted if wanted in CURRENCIES else "USD"


@require_safe
@public_page
def compare(request: HttpRequest) -> HttpResponse:
    keys = list(dict.fromkeys(k for k in request.GET.getlist("p") if k))
    fit, question = fit_for(request), question_in(request.GET)
    context = {
        "table": comparing.comparison(keys, request, fit, language_of_page()),
        "has_fit": fit is not None,
        "carry": f"?{urlencode(question)}" if question else "",
        "all_rows": urlencode([*(("p", key) for key in keys[: comparing.MOST]), *question]),
        "only": request.GET.get("only") == "1",
        "too_many": len(keys) > comparing.MOST,
        "nav": "compare",
    }
    return render(request, "home/compare.html", context)


@require_safe
@public_page
def footer_page(request: HttpRequest, name: str) -> HttpResponse:
    page = text_page(name, language_of_page())
    if page is None:
        raise NotFound()
    return render(request, "home/text.html", {"page": page, "nav": name})

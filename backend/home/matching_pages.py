"""The list by a person's own answers, for people with and without an account."""

from dataclasses import dataclass, replace
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backend.accounts.answers import FACTORS, LEVELS, Answers, answers_of
from backend.accounts.models import InvestorProfile
from backend.core.formats import format_money
from backend.core.money import CURRENCIES, AmbiguousAmount, MoneyError, parse_amount
from backend.core.web import public_page
from backend.home.answer_words import answer_rows
from backend.home.browse import Option
from backend.home.cards import cards_of
from backend.matching import actions, queries
from backend.matching.queries import Explained, RankedList
from backend.projects import taxonomy
from backend.projects.models import Project
from backend.projects.queries import saved_ids_of

PAGE = 20
MAX_PAGES = 50
RULES = ("outside", "calls")


@dataclass(frozen=True)
class StartForm:
    """The three questions, as they stand in the address."""

    fields: tuple[Option, ...]
    instruments: tuple[Option, ...]
    amount: str
    currency: str
    currencies: tuple[str, ...]
    amount_error: str


@dataclass(frozen=True)
class Steer:
    """One factor of the steering panel."""

    factor: str
    label: str
    max_points: int
    level: str


def start_form(query: QueryDict, language: str, error: str = "") -> StartForm:
    chosen, forms = query.getlist("fields"), query.getlist("instruments")
    currency = query.get("currency", "USD")
    return StartForm(
        fields=tuple(Option(t.key, t.label(language), 0, t.key in chosen)
                     for t in taxonomy.terms("field")),
        instruments=tuple(Option(t.key, t.label(language), 0, t.key in forms)
                          for t in taxonomy.terms("instrument")),
        amount=query.get("amount", "")[:40],
        currency=currency if currency in CURRENCIES else "USD",
        currencies=CURRENCIES,
        amount_error=error,
    )  # fmt: skip


def answers_in(query: QueryDict) -> tuple[Answers, str]:
    """Answers from an address (unknown keys are dropped) and what is wrong with the amount."""
    answers = Answers(
        fields=_known(query, "fields", "field"),
        technologies=_known(query, "technologies", "technology"),
        instruments=_known(query, "instruments", "instrument"),
    )
    text, currency = query.get("amount", "").strip(), query.get("currency", "USD")
    if not text or currency not in CURRENCIES:
        return answers, ""
    try:
        budget = parse_amount(text, currency)
    except AmbiguousAmount as error:
        low, high = (format_money(m, get_language() or "vi") for m in error.readings)
        message = _("“%(input)s” can be read two ways: %(a)s or %(b)s. Type it without points and "
                    "commas") % {"input": text[:40], "a": low, "b": high}  # fmt: skip
        return answers, message
    except MoneyError:
        return answers, _("Enter an amount above 0, for example 200")
    return replace(answers, budget_minor=budget.minor, budget_currency=currency), ""


def _known(query: QueryDict, name: str, kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in query.getlist(name) if taxonomy.is_known(kind, v)))


def weights_in(query: QueryDict) -> dict[str, str]:
    """Steering from an address: `w_field=more`."""
    named = {factor: query.get(f"w_{factor}", "") for factor in FACTORS}
    return {k: v for k, v in named.items() if v in LEVELS and v != "normal"}


def profile_of(request: HttpRequest) -> InvestorProfile | None:
    user = request.user if request.COOKIES else None
    if user is None or not user.is_authenticated:
        return None
    return InvestorProfile.objects.filter(user=user).first()


def _has_question(query: QueryDict) -> bool:
    return any(query.get(name) for name in ("fields", "technologies", "instruments", "amount"))


@require_safe
@public_page
def for_you(request: HttpRequest) -> HttpResponse:
    language = "en" if (get_language() or "vi").startswith("en") else "vi"
    profile = profile_of(request)
    from_profile = profile is not None and not _has_question(request.GET)
    answers, error = answers_in(request.GET)
    weights = weights_in(request.GET)
    if from_profile and profile is not None:
        answers = answers_of(profile)
        weights = weights or profile.weights
        actions.list_for(profile.user, by=profile.user, **_rules_in(request.GET))
    context: dict[str, Any] = {
        "form": start_form(request.GET, language, error),
        "from_profile": from_profile,
        "nav": "for_you",
    }
    if answers == Answers() or error:
        return render(request, "home/for_you.html", context, status=400 if error else 200)
    page = min(max(_number(request.GET.get("page", "1")), 1), MAX_PAGES)
    ranked = queries.preview(
        answers, weights=weights, limit=PAGE, offset=(page - 1) * PAGE, language=language,
        **_rules_in(request.GET),
    )  # fmt: skip
    context |= _list_context(request, ranked, answers, weights, page, language)
    return render(request, "home/for_you.html", context)


def _rules_in(query: QueryDict) -> dict[str, bool]:
    """What stands in the list beside the order by points: both can be switched off."""
    return {"explore": query.get("outside") != "off", "with_calls": query.get("calls") != "off"}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _list_context(
    request: HttpRequest,
    ranked: RankedList,
    answers: Answers,
    weights: dict[str, str],
    page: int,
    language: str,
) -> dict[str, Any]:
    saved = saved_ids_of(request.user) if request.COOKIES else frozenset()
    cards = cards_of([p.project for p in ranked.places], language, saved)
    more = _page_url(request.GET, page + 1) if page * PAGE < ranked.total else ""
    return {
        "ranked": ranked,
        "rows": list(zip(ranked.places, cards, strict=True)),
        "steering": _steering(ranked, answers, weights, language),
        "kept": [(n, v) for n, vs in request.GET.lists() for v in vs
                 if v and n not in RULES and n != "page" and not n.startswith("w_")],
        "rules": _rules_in(request.GET),
        "answers": [row for row in answer_rows(answers, {}, language) if row.text],
        "next_url": more,
        "page": page,
        "carry": _carry(request.GET),
        "changed": bool(weights),
    }  # fmt: skip


def _page_url(query: QueryDict, page: int) -> str:
    changed = query.copy()
    changed["page"] = str(page)
    return f"?{changed.urlencode()}"


def _carry(query: QueryDict) -> str:
    """The answers in the address travel to the project page, so that its table can use them."""
    changed = query.copy()
    changed.pop("page", None)
    return f"?{changed.urlencode()}" if _has_question(query) else ""


def _steering(
    ranked: RankedList, answers: Answers, weights: dict[str, str], language: str
) -> list[Steer]:
    """Factors that were answered, or that the person switched off."""
    asked = {
        "field": answers.fields, "technology": answers.technologies, "place": answers.home_place,
        "instrument": answers.instruments, "ticket": answers.budget_minor,
        "stage": answers.stages, "horizon": answers.horizon_months,
        "language": answers.languages, "skills": answers.skills,
        "people_like_you": None if ranked.is_rules else True,
    }  # fmt: skip
    return [
        Steer(
            factor,
            taxonomy.label("factor", factor, language),
            ranked.max_points.get(factor, 0),
            weights.get(factor, "normal"),
        )
        for factor in FACTORS
        if asked[factor]
    ]


def match_for_page(request: HttpRequest, project: Project, language: str) -> Explained | None:
    """The whole table for a project page: from the address, else from the person's profile."""
    answers, _error = answers_in(request.GET)
    weights = weights_in(request.GET)
    if answers == Answers():
        profile = profile_of(request)
        if profile is None:
            return None
        answers, weights = answers_of(profile), profile.weights
    return queries.explain_for(answers, project, weights=weights, language=language)

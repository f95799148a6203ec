"""The list by a person's own answers, for people with and without an account."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backend.accounts.answers import FACTORS, LEVELS, Answers, answers_of
from backend.accounts.models import InvestorProfile
from backend.core.formats import format_money
from backend.core.language import language_of_page
from backend.core.money import CURRENCIES, AmbiguousAmount, MoneyError, parse_amount
from backend.core.web import public_page
from backend.home.answer_words import answer_rows
from backend.home.browse import Option
from backend.home.cards import cards_of
from backend.matching import actions, queries
from backend.matching.engine.schema import Chosen
from backend.matching.exposure import count_views
from backend.matching.models import Variety
from backend.matching.moving import CLOSED
from backend.matching.own import from_stored, own_choices
from backend.matching.queries import Explained, ListRules, RankedList
from backend.projects import taxonomy
from backend.projects.models import Project
from backend.projects.queries import saved_ids_of

PAGE = 20
MAX_PAGES = 50
# Parameters of the steering form, beside w_<factor>.
STEERING = ("outside", "calls", "floor", "variety", "steer", "page")


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
    if not text:
        return answers, ""
    if currency not in CURRENCIES:
        return answers, _("Choose one of the currencies in the list")
    try:
        budget = parse_amount(text, currency)
    except AmbiguousAmount as error:
        low, high = (format_money(m, language_of_page()) for m in error.readings)
        message = _("“%(input)s” can be read two ways: %(a)s or %(b)s. Type it without points and "
                    "commas") % {"input": text[:40], "a": low, "b": high}  # fmt: skip
        return answers, message
    except MoneyError:
        return answers, _("Enter an amount above 0, for example 200")
    return replace(answers, budget_minor=budget.minor, budget_currency=currency), ""


def _known(query: QueryDict, name: str, kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in query.getlist(name) if taxonomy.is_known(kind, v)))


def weights_in(query: QueryDict, kept: Mapping[str, str]) -> dict[str, str]:
    """Steering from an address (`w_field=more`) over what is kept; normal is not named."""
    named = {factor: query.get(f"w_{factor}", "") for factor in FACTORS}
    found = dict(kept) | {k: v for k, v in named.items() if v in LEVELS}
    return {k: v for k, v in found.items() if v != "normal"}


def profile_of(request: HttpRequest) -> InvestorProfile | None:
    user = request.user if request.COOKIES else None
    if user is None or not user.is_authenticated:
        return None
    profile = InvestorProfile.objects.filter(user=user).first()
    if profile is not None:
        profile.user = user  # is read already
    return profile


def _has_question(query: QueryDict) -> bool:
    return any(query.get(name) for name in ("fields", "technologies", "instruments", "amount"))


@require_safe
@public_page
def for_you(request: HttpRequest) -> HttpResponse:
    language = language_of_page()
    asked = _asked(request)
    context: dict[str, Any] = {
        "form": start_form(request.GET, language, asked.error),
        "from_profile": asked.profile is not None,
        "nav": "for_you",
    }
    if asked.answers == Answers() or asked.error:
        status = 400 if asked.error else 200
        return render(request, "home/for_you.html", context, status=status)
    page = min(max(_number(request.GET.get("page", "1")), 1), MAX_PAGES)
    stored, chosen, at = None, None, queries.this_moment()
    if asked.profile is not None:
        user = asked.profile.user
        stored = actions.list_for(
            user, by=user, weights=asked.weights, rules=asked.rules, hidden=asked.hidden, at=at
        )
        actions.note_view(stored, page)
        chosen = from_stored(stored.choices)
    ranked = queries.preview(
        asked.answers, weights=asked.weights, limit=PAGE, offset=(page - 1) * PAGE,
        language=language, rules=asked.rules, hidden=asked.hidden, seed=asked.seed,
        chosen=chosen, at=at,
    )  # fmt: skip
    count_views(
        [(p.project.pk, p.position, p.moved_by) for p in ranked.places],
        day=ranked.day,
        surface="member" if stored else "guest",
    )
    context |= _list_context(request, ranked, asked, page, language)
    return render(request, "home/for_you.html", context)


@dataclass(frozen=True)
class Asked:
    """What a list is made from: the address, or what the person keeps. `profile` when kept."""

    answers: Answers
    weights: dict[str, str]
    rules: ListRules
    hidden: frozenset[str]
    seed: str
    profile: InvestorProfile | None
    error: str


def _asked(request: HttpRequest) -> Asked:
    query = request.GET
    answers, error = answers_in(query)
    user = request.user if request.COOKIES and request.user.is_authenticated else None
    profile = profile_of(request)
    hidden = queries.hidden_of(user) if user else frozenset()
    seed = user.public_id if user else ""
    if user is None or profile is None or _has_question(query):
        rules = rules_in(query, queries.PAGE_RULES)
        return Asked(answers, weights_in(query, {}), rules, hidden, seed, None, error)
    return Asked(
        answers_of(profile),
        weights_in(query, profile.weights),
        rules_in(query, queries.rules_of(user)),
        hidden,
        seed,
        profile,
        "",
    )


def rules_in(query: QueryDict, kept: ListRules) -> ListRules:
    """What stands in the list beside the order by points; the steering form names all of it."""
    if "steer" not in query:
        return kept
    variety = query.get("variety", "low")
    return ListRules(
        explore=query.get("outside") != "off",
        with_calls=query.get("calls") != "off",
        variety=variety if variety in Variety.values else "low",
        with_floor=query.get("floor") != "off",
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _list_context(
    request: HttpRequest,
    ranked: RankedList,
    asked: Asked,
    page: int,
    language: str,
) -> dict[str, Any]:
    saved = saved_ids_of(request.user) if request.COOKIES else frozenset()
    cards = cards_of([p.project for p in ranked.places], language, saved)
    rows = list(zip(ranked.places, cards, strict=True))
    kept = [(n, v) for n, vs in request.GET.lists() for v in vs
            if v and n not in STEERING and not n.startswith("w_")]  # fmt: skip
    more = _page_url(request.GET, page + 1) if page * PAGE < ranked.total else ""
    return {
        "ranked": ranked,
        "rows": [row for row in rows if row[0].moved_by != CLOSED],
        "closed_rows": [row for row in rows if row[0].moved_by == CLOSED],
        "steering": _steering(ranked, asked.answers, asked.weights, language),
        "kept": kept,
        "normal_url": f"?{urlencode(kept)}",
        "rules": asked.rules,
        "varieties": _varieties(asked.rules.variety),
        "answers": [row for row in answer_rows(asked.answers, {}, language) if row.text],
        "next_url": more,
        "page": page,
        "carry": _carry(request.GET),
        "question": question_in(request.GET),
        "changes": _changes(asked, language),
        "hidden_count": len(asked.hidden),
        "outside_count": _outside_by_others(ranked) if page == 1 else 0,
        "is_pure": asked.rules == ListRules(with_calls=asked.rules.with_calls),
        "pure_url": _pure_url(request.GET, asked.rules),
    }  # fmt: skip


def _page_url(query: QueryDict, page: int) -> str:
    changed = query.copy()
    changed["page"] = str(page)
    return f"?{changed.urlencode()}"


def question_in(query: QueryDict) -> list[tuple[str, str]]:
    """Answers and steering in the address travel to the pages that explain or compare by them."""
    if not _has_question(query):
        return []
    return [(n, v) for n, vs in query.lists() for v in vs if v and n not in {"page", "p", "only"}]


def _carry(query: QueryDict) -> str:
    found = question_in(query)
    return f"?{urlencode(found)}" if found else ""


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
        "your_choices": ranked.max_points["your_choices"] or weights.get("your_choices"),
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


def _varieties(chosen: str) -> tuple[Option, ...]:
    words = {"low": _("Little"), "medium": _("Medium"), "high": _("Much")}
    return tuple(Option(key, label, 0, key == chosen) for key, label in words.items())


def _changes(asked: Asked, language: str) -> list[tuple[str, str]]:
    """What the person changed of the order, in words: (factor, level), then the list's rules."""
    found = [
        (taxonomy.label("factor", factor, language), taxonomy.label("weight", level, language))
        for factor, level in asked.weights.items()
    ]
    rules, usual = asked.rules, queries.PAGE_RULES
    if rules.variety != usual.variety:
        label = next(v.label for v in _varieties(rules.variety) if v.is_on)
        found.append((_("Variety"), label))
    if not rules.with_calls:
        found.append((_("Leave out calls that others published"), ""))
    if not rules.explore:
        found.append((_("No place for projects outside my fields"), ""))
    if not rules.with_floor:
        found.append((_("No places kept so that every project is seen"), ""))
    return found


def _outside_by_others(ranked: RankedList) -> int:
    """How many of these places went to projects outside the chosen fields for which the choices of
    others speak; 0 unless they are a third or more, which nobody who chose fields would expect."""
    by_points = [place for place in ranked.places if not place.moved_by]
    outside = 0
    for place in by_points:
        reasons = {reason.factor: reason for reason in place.reasons}
        field, others = reasons.get("field"), reasons.get("people_like_you")
        outside += bool(field and field.is_mismatch and others and not others.is_mismatch)
    return outside if 3 * outside >= len(by_points) else 0


def _pure_url(query: QueryDict, rules: ListRules) -> str:
    """The same list by points alone; calls stay out where they were left out."""
    changed = query.copy()
    changed.pop("page", None)
    changed.pop("calls", None)
    if not rules.with_calls:
        changed["calls"] = "off"
    for name, value in (("steer", "1"), ("outside", "off"), ("floor", "off"), ("variety", "low")):
        changed[name] = value
    return f"?{changed.urlencode()}"


@dataclass(frozen=True)
class Fit:
    """Whose order other pages speak of: answers in the address, else those of the profile, with
    the same steering and the same projects as in that person's list."""

    answers: Answers
    weights: dict[str, str]
    with_calls: bool
    hidden: frozenset[str]
    chosen: Chosen | None

    def of(self, project: Project, language: str) -> Explained | None:
        return queries.explain_for(
            self.answers, project, weights=self.weights, language=language,
            with_calls=self.with_calls, hidden=self.hidden, chosen=self.chosen,
        )  # fmt: skip


def fit_for(request: HttpRequest) -> Fit | None:
    """None when neither the address nor a profile has an answer."""
    asked = _asked(request)
    if asked.answers == Answers():
        return None
    user = asked.profile.user if asked.profile else None
    chosen = own_choices(user, queries.today()) if user else None
    return Fit(asked.answers, asked.weights, asked.rules.with_calls, asked.hidden, chosen)

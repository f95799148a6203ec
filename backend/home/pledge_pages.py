"""From the sum to the promise: one thing per page. Each calls one action; no rule stands here."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from backend.accounts.actions import save_profile
from backend.accounts.answers import Answers, answers_of
from backend.accounts.models import User
from backend.accounts.queries import profile_of
from backend.core.clock import app_now
from backend.core.errors import Conflict, DomainError, NotFound
from backend.core.language import language_of_page
from backend.core.money import CURRENCIES, Money
from backend.funding import eligibility, standing
from backend.funding.actions import pledges, telling
from backend.funding.models import Acknowledgement, Pledge, Round, Route
from backend.funding.queries import current_round_of, pledge_for
from backend.funding.workflow import PledgeStatus, RoundStatus
from backend.home.cards import Card, card_of
from backend.home.me_forms import tell_zone
from backend.home.me_pages import person_of
from backend.home.my_pledges import may_leave_for_stripe, to_card
from backend.home.pledge_forms import (
    AmountForm,
    ConfirmForm,
    CountryForm,
    FiguresForm,
    KnowledgeForm,
    first_currency,
)
from backend.home.pledge_texts import agreement, extra_warning, loss_result, rate_source_of
from backend.home.vocabulary import vocabulary
from backend.projects import taxonomy
from backend.projects.models import Milestone
from backend.projects.queries import project_for

BOTH = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Step:
    """Where a page stands on the way: `number` of `total`."""

    number: int
    total: int


WAY = ("amount", "country", "knowledge", "figures", "loss", "warning", "check")
# In the session: which draft is under way, and what was asked for it.
ASKED = "pledge_asked"


def _step(request: HttpRequest, name: str, pledge: Pledge | None, todo: Sequence[str]) -> Step:
    """Counts what this person is asked: what was known before is no step of theirs."""
    asked = _asked(request, pledge) if pledge else []
    theirs = {"amount", "check", name, *asked, *todo}
    names = [one for one in WAY if one in theirs]
    return Step(names.index(name) + 1, len(names))


def _asked(request: HttpRequest, pledge: Pledge) -> list[str]:
    kept = request.session.get(ASKED, {})
    return list(kept["names"]) if kept.get("pledge") == pledge.public_id else []


def _round_for(request: HttpRequest, key: str) -> Round:
    """The open round of a project; NotFound where nothing can be pledged."""
    project = project_for(request.user, key)
    round_ = current_round_of(project)
    if round_ is None or round_.status != RoundStatus.OPEN:
        raise NotFound()
    round_.project = project
    return round_


def _card(round_: Round) -> Card:
    amounts = Milestone.objects.filter(project=round_.project).values_list(
        "amount_minor", flat=True
    )
    return card_of(round_.project, list(amounts), language_of_page(), pledged=round_.reserved_minor)


def _page(request: HttpRequest, pledge: Pledge, name: str, **more: Any) -> dict[str, Any]:
    """What every page of the way shows, under `context`."""
    user = pledge.investor
    now = app_now()
    stands = standing.standing_of(user, pledge.round, pledge.amount, now, pledge)
    return {
        "pledge": pledge,
        "round": pledge.round,
        "card": _card(pledge.round),
        "stands": stands,
        "step": _step(request, name, pledge, stands.todo),
        "target": Money(pledge.target_minor, pledge.round.currency),
        "ends_at": _ends_at(pledge, stands.needs, now),
        "charged_from": _ends_at(pledge, stands.needs, now),
        "zone": user.time_zone,
        "rate_source": rate_source_of(pledge),
        "is_bank": pledge.route == Route.BANK,
        "no_fee": Money(0, pledge.currency),
        "fee_percent": Decimal(pledge.round.platform_fee_bps) / 100,
        "enough_percent": Decimal(pledge.round.enough_bps) / 100,
        "country_words": _country_words(stands.country),
        "nav": "projects",
        **more,
    }


def _country_words(key: str) -> str:
    return taxonomy.label("country", key, language_of_page()) if key else ""


def _ends_at(pledge: Pledge, needs: eligibility.Requirements, now: datetime) -> datetime:
    cooling = pledge.cooling_until or eligibility.cooling_until(
        now, needs, pledge.round.cooling_off_days
    )
    return max(cooling, pledge.round.closes_at)


# --- the sum ----------------------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(BOTH)
def start(request: HttpRequest, key: str) -> HttpResponse:
    """The first page: how much. The project page hands the sum over in the address."""
    round_ = _round_for(request, key)
    user = person_of(request)
    needs = standing.requirements_for(user, round_.instrument, app_now().date())
    form = _amount_form(request, round_, user)
    if request.method == "POST" and form.is_valid():
        try:
            pledge = pledges.start_pledge(
                round_, by=user, money=form.cleaned_data["money"],
                client_token=form.cleaned_data["token"],
            )  # fmt: skip
        except DomainError as refused:
            _put(form, refused)
        else:
            return next_step(request, pledge)
    return _amount_page(request, round_, form, needs, None)


@never_cache
@login_required
@require_http_methods(BOTH)
def amount(request: HttpRequest, plg: str) -> HttpResponse:
    """Another sum for a draft."""
    pledge = _draft(request, plg)
    data = request.POST if request.method == "POST" else None
    written = f"{pledge.amount.major:f}"
    initial = {"amount": written, "currency": pledge.currency, "token": pledge.client_token}
    form = AmountForm(data, initial=initial)
    if data is not None and form.is_valid():
        try:
            pledges.change_amount(pledge, by=pledge.investor, money=form.cleaned_data["money"])
        except DomainError as refused:
            _put(form, refused)
        else:
            return next_step(request, pledge)
    needs = standing.requirements_for(pledge.investor, pledge.round.instrument, app_now().date())
    return _amount_page(request, pledge.round, form, needs, pledge)


def _amount_form(request: HttpRequest, round_: Round, user: User) -> AmountForm:
    if request.method == "POST":
        return AmountForm(request.POST)
    wanted = request.GET.get("currency", "")
    currency = wanted if wanted in CURRENCIES else first_currency(round_, standing.country_of(user))
    sent = request.GET.get("amount", "")[:60]
    initial = {"amount": sent, "currency": currency, "token": uuid.uuid4().hex}
    return AmountForm(initial=initial)


def _amount_page(
    request: HttpRequest,
    round_: Round,
    form: AmountForm,
    needs: eligibility.Requirements,
    pledge: Pledge | None,
) -> HttpResponse:
    now = app_now()
    cooling = eligibility.cooling_until(now, needs, round_.cooling_off_days)
    nothing = Money(0, round_.currency)
    todo = standing.standing_of(person_of(request), round_, nothing, now, pledge).todo
    context = {
        "form": form,
        "round": round_,
        "card": _card(round_),
        "pledge": pledge,
        "charged_from": max(cooling, round_.closes_at),
        "zone": person_of(request).time_zone,
        "least": Money(round_.min_pledge_minor, round_.currency)
        if round_.min_pledge_minor
        else None,
        "is_bank": round_.route == Route.BANK,
        "step": _step(request, "amount", pledge, todo),
        "nav": "projects",
    }
    return render(request, "pledge/amount.html", context, status=400 if form.errors else 200)


def _put(form: Any, refused: DomainError) -> None:
    """A refusal beside the field that it is about, else above the form."""
    field = refused.field if refused.field in form.fields else None
    form.add_error(field, str(refused))


def _draft(request: HttpRequest, plg: str) -> Pledge:
    pledge = pledge_for(request.user, plg)
    if pledge.status != PledgeStatus.DRAFT:
        raise Conflict(code="made_already")
    return pledge


def next_step(request: HttpRequest, pledge: Pledge) -> HttpResponseRedirect:
    """To the first step that the rules still ask for, else to the check of all answers."""
    pledge.refresh_from_db()
    stands = standing.standing_of(pledge.investor, pledge.round, pledge.amount, app_now(), pledge)
    name = stands.todo[0] if stands.todo else "check"
    names = sorted({*_asked(request, pledge), *stands.todo}, key=WAY.index)
    request.session[ASKED] = {"pledge": pledge.public_id, "names": names}
    address = reverse(f"home:pledge_{name}", args=[pledge.public_id])
    return HttpResponseRedirect(address)


# --- what the rules ask -----------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(BOTH)
def country(request: HttpRequest, plg: str) -> HttpResponse:
    pledge = _draft(request, plg)
    user = person_of(request)
    data = request.POST if request.method == "POST" else None
    initial = {"country": standing.country_of(user)}
    form = CountryForm(data, initial=initial, language=language_of_page())
    if data is not None and form.is_valid():
        _say_country(request, user, form.cleaned_data["country"])
        return next_step(request, pledge_for(user, plg))
    context = _page(request, pledge, "country", form=form)
    return render(request, "pledge/country.html", context, status=400 if form.errors else 200)


def _say_country(request: HttpRequest, user: User, key: str) -> None:
    profile = profile_of(user)
    answers = answers_of(profile) if profile else Answers()
    save_profile(
        user,
        replace(answers, country=key),
        profile.weights if profile else {},
        by=user,
        expected_version=profile.version if profile else 0,
        vocabulary=vocabulary(),
    )
    tell_zone(request, user)


@never_cache
@login_required
@require_http_methods(BOTH)
def terms(request: HttpRequest, key: str) -> HttpResponse:
    """Terms of the four forms that are not for everybody: who said where they live sees them, where
    the rules offer the form."""
    project = project_for(request.user, key)
    user = person_of(request)
    data = request.POST if request.method == "POST" else None
    initial = {"country": standing.country_of(user)}
    form = CountryForm(data, initial=initial, language=language_of_page())
    if data is not None and form.is_valid():
        _say_country(request, user, form.cleaned_data["country"])
        return redirect("home:project", project.slug)
    context = {"form": form, "project": project, "nav": "projects"}
    return render(request, "pledge/terms.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(BOTH)
def knowledge(request: HttpRequest, plg: str) -> HttpResponse:
    """Questions about risk; wrong answers are explained, and who has read that goes on."""
    pledge = _draft(request, plg)
    user = person_of(request)
    language = language_of_page()
    if request.method == "POST" and "go_on" in request.POST:
        telling.acknowledge_knowledge(user, by=user)
        return next_step(request, pledge)
    form = KnowledgeForm(request.POST if request.method == "POST" else None, language=language)
    wrong: list[Any] = []
    if request.method == "POST" and form.is_valid():
        check = telling.answer_knowledge(user, form.cleaned_data, by=user)
        if not check.wrong:
            return next_step(request, pledge)
        wrong = [question for question in form.questions if question.key in check.wrong]
    context = _page(request, pledge, "knowledge", form=form, wrong=wrong)
    return render(request, "pledge/knowledge.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(BOTH)
def figures(request: HttpRequest, plg: str) -> HttpResponse:
    pledge = _draft(request, plg)
    user = person_of(request)
    data = request.POST if request.method == "POST" else None
    form = FiguresForm(data, initial=_figures_told(user, pledge))
    if data is not None and form.is_valid():
        try:
            telling.tell_figures(
                user, by=user, income=form.cleaned_data["income_money"],
                liquid=form.cleaned_data["liquid_money"],
                commitments=form.cleaned_data["commitments_money"],
            )  # fmt: skip
        except DomainError as refused:
            _put(form, refused)
        else:
            return next_step(request, pledge)
    context = _page(request, pledge, "figures", form=form)
    return render(request, "pledge/figures.html", context, status=400 if form.errors else 200)


def _figures_told(user: User, pledge: Pledge) -> dict[str, str]:
    """What the person told within the last year, to be changed rather than typed again."""
    told = standing.figures_of(user, app_now())
    if told is None:
        return {"currency": pledge.currency}
    sums = {"income": told.income_minor, "liquid": told.liquid_minor,
            "commitments": told.commitments_minor}  # fmt: skip
    return {"currency": told.currency} | {
        name: f"{Money(minor, told.currency).major:f}" for name, minor in sums.items()
    }


@never_cache
@login_required
@require_http_methods(BOTH)
def loss(request: HttpRequest, plg: str) -> HttpResponse:
    """What a loss of a tenth would be, by the person's own figures."""
    return _acknowledge(request, plg, "loss", Acknowledgement.Kind.LOSS_SIMULATION, loss_result)


@never_cache
@login_required
@require_http_methods(BOTH)
def warning(request: HttpRequest, plg: str) -> HttpResponse:
    """A sum above the threshold of the rules asks for a consent of its own."""
    return _acknowledge(request, plg, "warning", Acknowledgement.Kind.EXTRA_WARNING, extra_warning)


def _acknowledge(request: HttpRequest, plg: str, name: str, kind: str, words: Any) -> HttpResponse:
    pledge = _draft(request, plg)
    context = _page(request, pledge, name)
    if context["stands"].figures is None:
        return redirect("home:pledge_figures", plg)
    text = words(pledge, context["stands"], language_of_page())
    if request.method == "POST":
        telling.acknowledge(
            pledge, kind, by=pledge.investor, text=text, language=language_of_page()
        )
        return next_step(request, pledge)
    context |= {"text": text, "kind": name}
    return render(request, "pledge/acknowledge.html", context)


# --- check and promise -------------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(BOTH)
@may_leave_for_stripe
def check(request: HttpRequest, plg: str) -> HttpResponse:
    """Every fact of the pledge before it is made; the button names the act and the sum."""
    pledge = pledge_for(request.user, plg)
    if pledge.status != PledgeStatus.DRAFT:
        return redirect("home:pledge", plg)
    stands = standing.standing_of(pledge.investor, pledge.round, pledge.amount, app_now(), pledge)
    if stands.todo:
        return next_step(request, pledge)
    context = _page(request, pledge, "check")
    language = language_of_page()
    agreed = agreement(pledge, context["ends_at"], language)
    form = ConfirmForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            pledge = pledges.confirm_pledge(
                pledge, by=pledge.investor, agreed_text=agreed, language=language
            )
        except pledges.RateChanged as changed:
            pledges.change_amount(pledge, by=pledge.investor, money=pledge.amount)
            pledge.refresh_from_db()
            context = _page(request, pledge, "check", changed=changed)
            form, status = ConfirmForm(), 409
        except DomainError as refused:
            form.add_error(None, str(refused))
            status = refused.status
        else:
            return _after_promise(request, pledge)
    elif request.method == "POST":
        status = 400
    context |= {"form": form, "agreed": agreed}
    return render(request, "pledge/check.html", context, status=status)


def _after_promise(request: HttpRequest, pledge: Pledge) -> HttpResponse:
    """By card to the payment provider's page, which saves it; by bank to the receipt. When the
    provider does not answer, the receipt offers the step again."""
    if pledge.status != PledgeStatus.CARD_PENDING:
        return redirect("home:pledge", pledge.public_id)
    try:
        return to_card(request, pledge)
    except DomainError as refused:
        messages.error(request, str(refused))
        return redirect("home:pledge", pledge.public_id)

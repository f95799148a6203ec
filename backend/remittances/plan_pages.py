"""Pages of redirect plans. Each reads through queries, calls one action and holds no rule."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.accounts.models import User
from backend.accounts.queries import profile_of
from backend.core.clock import app_now
from backend.core.errors import DomainError, Invalid, ManyInvalid, NotFound
from backend.core.language import language_of_page
from backend.remittances import actions, queries
from backend.remittances.calculator_page import everies
from backend.remittances.models import PlanRun, RemittancePlan
from backend.remittances.plan_forms import STANDING_ORDER, PlanForm, initial_from, initial_of
from backend.remittances.plan_page import plan_page, two_clocks
from backend.remittances.views import calculator_context


def person_of(request: HttpRequest) -> User:
    """The signed-in person; only behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user


@never_cache
@login_required
@require_safe
def plans(request: HttpRequest) -> HttpResponse:
    user, at, language = person_of(request), app_now(), language_of_page()
    rows = [plan_page(plan, at=at, language=language) for plan in queries.plans_of(user)[:20]]
    often = dict(everies())
    kept = [(row, often[row.every]) for row in queries.calculations_of(user)]
    context = {"plans": rows, "calculations": kept, "nav": "plans"}
    return render(request, "remittances/plans.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_plan(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    profile = profile_of(user)
    initial = initial_from(request.GET.dict(), profile.country if profile else "", user.time_zone)
    form = PlanForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        made = _tried(form, lambda: actions.create_plan(
            form.wishes(), by=user, agreed_text=form.standing_order(), language=language_of_page()
        ))  # fmt: skip
        if made:
            messages.success(request, _("Your plan is made. Nothing is pledged before the first "
                                        "proposal, and you are told before."))  # fmt: skip
            return redirect("remittances:plan", made.public_id)
    return _form_page(request, form, None)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change_plan(request: HttpRequest, key: str) -> HttpResponse:
    user = person_of(request)
    plan = queries.plan_for(user, key)
    form = PlanForm(request.POST if request.method == "POST" else None, initial=initial_of(plan))
    if request.method == "POST" and form.is_valid():
        made = _tried(form, lambda: actions.change_plan(
            plan, form.wishes(), by=user, agreed_text=form.standing_order(),
            language=language_of_page(),
        ))  # fmt: skip
        if made:
            messages.success(request, _("The plan is changed from now on."))
            return redirect("remittances:plan", made.public_id)
    return _form_page(request, form, plan)


def _tried(form: PlanForm, work: Callable[[], RemittancePlan]) -> RemittancePlan | None:
    try:
        return work()
    except ManyInvalid as refused:
        form.add_refusals(refused.errors)
    except Invalid as refused:
        form.add_refusals([refused])
    except DomainError as refused:
        form.add_error(None, str(refused))
    return None


def _form_page(request: HttpRequest, form: PlanForm, plan: RemittancePlan | None) -> HttpResponse:
    context = {"form": form, "plan": plan, "order": STANDING_ORDER, "nav": "plans"}
    status = 400 if form.errors else 200
    return render(request, "remittances/plan_form.html", context, status=status)


@never_cache
@login_required
@require_safe
def plan(request: HttpRequest, key: str) -> HttpResponse:
    found = queries.plan_for(person_of(request), key)
    language = language_of_page()
    page = plan_page(found, at=app_now(), language=language)
    context: dict[str, Any] = {"page": page, "plan": found, "nav": "plans"}
    if page.open is not None:
        context["until"] = two_clocks(page.open.row.pledges_at, found.zone, language)
    if page.coming is not None:
        context["next_proposal"] = two_clocks(page.coming.proposal_at, found.zone, language)
        context["next_pledges"] = two_clocks(page.coming.pledges_at, found.zone, language)
    return render(request, "remittances/plan.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def stop_plan(request: HttpRequest, key: str) -> HttpResponse:
    """A page that says what stopping means, then one press."""
    found = queries.plan_for(person_of(request), key)
    if request.method == "POST":
        actions.stop_plan(found, by=person_of(request))
        messages.success(request, _("The plan is stopped. It makes no more pledges."))
        return redirect("remittances:plan", found.public_id)
    return render(request, "remittances/plan_stop.html", {"plan": found, "nav": "plans"})


@never_cache
@login_required
@require_POST
def pause_or_resume(request: HttpRequest, key: str, act: str) -> HttpResponse:
    found = queries.plan_for(person_of(request), key)
    if act == "pause":
        actions.pause_plan(found, by=person_of(request))
        messages.success(request, _("The plan is paused. It makes no new pledges until you resume "
                                    "it; pledges already made stay."))  # fmt: skip
    else:
        actions.resume_plan(found, by=person_of(request))
        messages.success(request, _("The plan goes on with the next month."))
    return redirect("remittances:plan", found.public_id)


@never_cache
@login_required
@require_POST
def decide_run(request: HttpRequest, key: str, act: str) -> HttpResponse:
    run: PlanRun = queries.run_for(person_of(request), key)
    if act == "skip":
        actions.skip_period(run, by=person_of(request))
        messages.success(request, _("This month is skipped. Nothing of it is pledged."))
    else:
        actions.agree_to_proposal(run, by=person_of(request))
        messages.success(request, _("Noted. What stands becomes pledges when the time is over."))
    return redirect("remittances:plan", run.plan.public_id)


@never_cache
@login_required
@require_POST
def decide_line(request: HttpRequest, key: str, number: int, act: str) -> HttpResponse:
    line = queries.line_for(person_of(request), key, number)
    if act == "remove":
        actions.remove_line(line, by=person_of(request))
        messages.success(request, _("Removed. Its sum stays with you."))
    else:
        actions.keep_line(line, by=person_of(request))
        messages.success(request, _("Kept."))
    return redirect("remittances:plan", line.run.plan.public_id)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def save_calculation(request: HttpRequest) -> HttpResponse:
    """The page behind “keep this” of the calculator, which holds no form of its own."""
    context = calculator_context(request.GET)
    page = context["calc"]
    if request.method == "POST" and page.answer is not None:
        actions.save_calculation(page.answer, by=person_of(request))
        messages.success(request, _("Kept in your account."))
        return redirect("remittances:plans")
    status = 400 if page.problems else 200
    return render(request, "remittances/keep.html", context | {"nav": "plans"}, status=status)


@never_cache
@login_required
@require_POST
def drop_calculation(request: HttpRequest, key: str) -> HttpResponse:
    row = queries.calculations_of(person_of(request)).filter(public_id=key).first()
    if row is None:
        raise NotFound()
    actions.drop_calculation(row, by=person_of(request))
    messages.success(request, _("Taken off the list."))
    return redirect("remittances:plans")

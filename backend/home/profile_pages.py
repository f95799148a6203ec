"""An investor's answers and steering: see, change, and settle a change in two windows."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from backend.accounts import actions
from backend.accounts.answers import FACTORS, LEVELS, Answers, answers_of
from backend.accounts.models import InvestorProfile, User
from backend.accounts.queries import profile_of
from backend.core.errors import Conflict, ManyInvalid
from backend.core.language import language_of_page
from backend.home.answer_words import answer_rows
from backend.home.me_forms import asks_for_zone, tell_zone
from backend.home.profile_forms import ProfileForm, initial_of
from backend.home.vocabulary import vocabulary

# Answers of the short form stand in the URL; they are taken over when the person asks for it.
FROM_URL = {"fields": "fields_", "technologies": "technologies", "instruments": "instruments"}


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    if request.method != "POST":
        return _show(request, ProfileForm(initial=_initial(request, user)))
    form = ProfileForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=400)
    try:
        actions.save_profile(
            user,
            form.answers(),
            form.weights(),
            by=user,
            expected_version=form.cleaned_data["version"],
            vocabulary=vocabulary(),
        )
    except ManyInvalid as refused:
        form.add_refusals(refused.errors)
        return _show(request, form, status=400)
    except Conflict as conflict:
        if conflict.code != "profile_changed":
            raise
        return _both(request, user, form)
    messages.success(request, _("Your answers are saved. The order of the list follows them."))
    tell_zone(request, user)
    return redirect("home:profile")


def _initial(request: HttpRequest, user: User) -> dict[str, object]:
    """What is saved, with the answers of the URL laid over it; nothing is saved by looking."""
    saved = InvestorProfile.objects.filter(user=user).first()
    if saved:
        initial = initial_of(answers_of(saved), saved.weights, saved.version)
    else:
        initial = initial_of(Answers(), {}, 0)
    for name, field in FROM_URL.items():
        if name in request.GET:
            initial[field] = request.GET.getlist(name)
    if request.GET.get("amount"):
        initial["budget_amount"] = request.GET["amount"][:60]
        initial["budget_currency"] = request.GET.get("currency", "")
    for factor in FACTORS:
        if request.GET.get(f"w_{factor}") in LEVELS:
            initial[f"weight_{factor}"] = request.GET[f"w_{factor}"]
    return initial


def _show(request: HttpRequest, form: ProfileForm, status: int = 200) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    saved = profile_of(user)
    asks = asks_for_zone(user, saved.country if saved else "")
    context = {"form": form, "asks_for_zone": asks}
    return render(request, "me/profile.html", context, status=status)


def _both(request: HttpRequest, user: User, form: ProfileForm) -> HttpResponse:
    """Both versions side by side. "Keep mine" posts these answers on top of the saved version."""
    saved = InvestorProfile.objects.get(user=user)
    language = language_of_page()
    mine = answer_rows(form.answers(), form.weights(), language)
    theirs = answer_rows(answers_of(saved), saved.weights, language)
    posted = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in {"version", "csrfmiddlewaretoken"}
        for value in values
    ]
    rows = [(m.label, m.text, t.text) for m, t in zip(mine, theirs, strict=True)]
    context = {"rows": rows, "posted": posted, "saved": saved}
    return render(request, "me/profile_conflict.html", context, status=409)

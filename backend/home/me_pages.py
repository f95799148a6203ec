"""A person's own pages: overview, details, saved projects, keys of programs, data."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.accounts import actions, queries
from backend.accounts.answers import Answers, answers_of
from backend.accounts.models import ApiToken, OfficeMembership, User
from backend.accounts.permissions import passed_code, roles_of
from backend.core import kept_files
from backend.core.errors import DomainError
from backend.core.language import language_of_page
from backend.home.answer_words import answer_rows
from backend.home.me_forms import (
    ConsentForm,
    DetailsForm,
    TokenForm,
    asks_for_zone,
    zone_name,
)
from backend.home.my_data import encode, record_of
from backend.matching.models import Dismissal
from backend.notifications.queries import new_notices_of
from backend.projects import actions as projects
from backend.projects.models import SavedProject
from backend.projects.queries import project_for, saved_ids_of
from backend.projects.workflow import PUBLIC

View = Callable[..., HttpResponse]


def confirmed_recently(view: View) -> View:
    """What this page changes asks for the password (or code) of the last minutes. A form that was
    sent goes on after that by itself, with its files."""
    asked: View = reauthentication_required(allow_get=True)(kept_files.keeps_files(view))

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_post = request.method == "POST" and request.user.is_authenticated
        if is_post and request.FILES and is_reauthentication_required(request, app="account"):
            kept_files.keep(request)
        return asked(request, *args, **kwargs)

    return wrapped


def confirmed_first(view: View) -> View:
    """Even reading asks for the password (or code) of the last minutes: bank details, proofs, a
    form with a file. What was sent by somebody who is asked first is not kept anywhere."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_reauthentication_required(request, app="account"):
            query = urlencode({"next": request.path})
            return redirect(f"{reverse('account_reauthenticate')}?{query}")
        return view(request, *args, **kwargs)

    return wrapped


def person_of(request: HttpRequest) -> User:
    """The signed-in person; only behind `login_required`."""
    assert isinstance(request.user, User)
    return request.user


@never_cache
@login_required
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    profile = queries.profile_of(user)
    answers = answers_of(profile) if profile else Answers()
    weights = profile.weights if profile else {}
    rows = answer_rows(answers, weights, language_of_page())
    context = {
        "person": user,
        "zone": zone_name(user.time_zone),
        "asks_for_zone": asks_for_zone(user, answers.country),
        "profile": profile,
        "answers": [row for row in rows if row.text],
        "keys": queries.keys_of(user, at=timezone.now()),
        "roles": sorted(roles_of(user)),
        "new_notices": new_notices_of(user),
        "dismissed_count": Dismissal.objects.filter(user=user).count(),
        "saved_count": SavedProject.objects.filter(user=user).count(),
        "consents": queries.consents_of(user),
        "to_agree": queries.texts_to_agree_to(user, language_of_page()),
    }
    return render(request, "me/overview.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    profile = queries.profile_of(user)
    initial = {
        "full_name": user.full_name,
        "language": user.language,
        "time_zone": user.time_zone if user.has_chosen_zone else "",
    }
    form = DetailsForm(
        request.POST if request.method == "POST" else None, initial=initial,
        person=user, country=profile.country if profile else "",
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        actions.change_details(user, by=user, **form.cleaned_data)
        messages.success(request, _("Your details are saved."))
        return redirect("home:me")
    return render(request, "me/details.html", {"form": form}, status=400 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest) -> HttpResponse:
    """Texts that changed since the person agreed are agreed to again here."""
    user = person_of(request)
    texts = queries.texts_to_agree_to(user, language_of_page())
    form = ConsentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        for text in texts:
            actions.give_consent(user, text, by=user)
        messages.success(request, _("Noted, with today's date."))
        return redirect("home:me")
    status = 400 if form.errors else 200
    return render(request, "me/consent.html", {"form": form, "texts": texts}, status=status)


@never_cache
@login_required
@require_safe
def saved(request: HttpRequest) -> HttpResponse:
    rows = (
        SavedProject.objects.filter(user=person_of(request))
        .select_related("project")
        .order_by("-saved_at", "-id")
    )
    return render(request, "me/saved.html", {"rows": rows, "public": PUBLIC})


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def save_project(request: HttpRequest, key: str) -> HttpResponse:
    """The page behind "Save" on public pages, which hold no form of their own (no session)."""
    project = project_for(request.user, key)
    if request.method == "POST":
        projects.save_for_later(project, by=person_of(request))
        if back := list_of_ours(request, request.POST.get("next", "")):
            return redirect(f"{back}#t-{project.public_id}")  # where the card now says "Saved"
        messages.success(request, _("Saved."))
        return redirect("home:saved")
    context = {
        "project": project,
        "is_saved": project.public_id in saved_ids_of(request.user),
        "back": list_of_ours(request, request.headers.get("Referer", "")),
    }
    return render(request, "me/save.html", context)


def list_of_ours(request: HttpRequest, address: str) -> str:
    """Path and query of the page with cards on which "Save" or "Hide" was pressed, else empty."""
    parts = urlsplit(address[:2000])
    lists = {reverse(name) for name in ("home:landing", "home:projects", "home:for_you")}
    if parts.path not in lists or parts.netloc not in {"", request.get_host()}:
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@never_cache
@login_required
@require_POST
def drop_project(request: HttpRequest, key: str) -> HttpResponse:
    row = get_object_or_404(
        SavedProject.objects.select_related("project"),
        user=person_of(request),
        project__public_id=key,
    )
    projects.drop_from_saved(row.project, by=person_of(request))
    messages.success(request, _("Taken off the list."))
    return redirect("home:saved")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed_recently
def tokens(request: HttpRequest) -> HttpResponse:
    """The list of keys; a new key's text stands in the one answer that made it."""
    user = person_of(request)
    form = TokenForm(request.POST if request.method == "POST" else None)
    context: dict[str, object] = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            token, text = actions.issue_api_token(
                user, by=user, name=form.cleaned_data["name"], with_code=passed_code(request)
            )
        except DomainError as refused:
            form.add_error("name", str(refused))
        else:
            values = {"user": user, "prefix": token.prefix}
            get_adapter(request).send_mail("account/email/token_issued", user.email, values)
            context |= {"new_text": text, "form": TokenForm()}
    context["tokens"] = queries.tokens_of(user)
    context["in_office"] = OfficeMembership.objects.filter(user=user).exists()
    return render(request, "me/tokens.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_POST
def revoke_token(request: HttpRequest, prefix: str) -> HttpResponse:
    user = person_of(request)
    token = get_object_or_404(ApiToken, user=user, prefix=prefix)
    actions.revoke_api_token(token, by=user)
    messages.success(request, _("The key no longer works."))
    return redirect("home:tokens")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@confirmed_recently
def data(request: HttpRequest) -> HttpResponse:
    """Everything held about the person as one JSON file; a mail tells that it was taken."""
    user = person_of(request)
    if request.method != "POST":
        return render(request, "me/data.html")
    actions.record_data_download(user, by=user)
    get_adapter(request).send_mail("account/email/data_downloaded", user.email, {"user": user})
    response = HttpResponse(encode(record_of(user)), content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="cau-kieu-my-data.json"'
    return response


@never_cache
@login_required
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    actions.sign_out_everywhere(user, by=user)
    request.session.flush()
    return redirect("account_login")

"""Closing one's account: what goes, what stays, and a proof that it is the person."""

import hashlib
import secrets
import time

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from allauth.core.exceptions import RateLimited
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from backend.accounts.models import User
from backend.accounts.views import too_many
from backend.core.errors import Conflict
from backend.home.account_actions import close_account
from backend.home.me_forms import CloseCodeForm, ClosePasswordForm
from backend.home.me_pages import person_of

SESSION_KEY = "close_code"
CODE_SECONDS = 15 * 60
Form = CloseCodeForm | ClosePasswordForm


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    if request.method != "POST":
        return _show(request, _form(user))
    try:
        if request.POST.get("send") == "code":
            return _send_code(request, user)
        ratelimit.consume(request, action="close_try", key=user.public_id, raise_exception=True)
    except RateLimited:
        return too_many(request)
    form = _form(user, request)
    if not form.is_valid() or not _proves(request, user, form):
        return _show(request, form, status=400)
    try:
        close_account(user, by=user)
    except Conflict as refused:
        form.add_error(None, str(refused))
        return _show(request, form, status=409)
    logout(request)
    return redirect("home:closed")


@never_cache
@require_safe
def closed(request: HttpRequest) -> HttpResponse:
    return render(request, "me/closed.html")


def _form(user: User, request: HttpRequest | None = None) -> Form:
    data = request.POST if request else None
    return ClosePasswordForm(data) if user.has_usable_password() else CloseCodeForm(data)


def _show(request: HttpRequest, form: Form, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "by_code": isinstance(form, CloseCodeForm),
        "code_sent": SESSION_KEY in request.session,
    }
    return render(request, "me/close.html", context, status=status)


def _send_code(request: HttpRequest, user: User) -> HttpResponse:
    ratelimit.consume(request, action="close_code", key=user.public_id, raise_exception=True)
    code = f"{secrets.randbelow(10**8):08d}"
    request.session[SESSION_KEY] = {"sha256": _hash(code), "until": time.time() + CODE_SECONDS}
    values = {"user": user, "code": code}
    get_adapter(request).send_mail("account/email/close_code", user.email, values)
    return redirect("home:close")


def _proves(request: HttpRequest, user: User, form: Form) -> bool:
    """Whether the password, or the code from the mail, is right; a mistake lands in the form."""
    if isinstance(form, ClosePasswordForm):
        if user.check_password(form.cleaned_data["password"]):
            return True
        form.add_error("password", _("This is not your present password."))
        return False
    kept = request.session.get(SESSION_KEY) or {"sha256": "", "until": 0}
    given = _hash("".join(form.cleaned_data["code"].split()))
    if kept["until"] > time.time() and secrets.compare_digest(given, kept["sha256"]):
        return True
    form.add_error("code", _("This code is not right, or it is too old. Ask for a new one."))
    return False


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()

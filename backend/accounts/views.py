"""The pages of signing in that allauth does not have, or has with another end."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url
from allauth.core.exceptions import RateLimited
from allauth.core.ratelimit import respond_429
from allauth.mfa.recovery_codes.views import ViewRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from backend.accounts.forms import MailLinkForm
from backend.accounts.mail_link import check_still_works, send_mail_link, sign_in_by_link
from backend.core.errors import Conflict


class SetUpCode(ActivateTOTPView):  # type: ignore[misc]  # allauth has no types
    """Setting the code up proves it as well, and leads on to where the person wanted to go."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        next_url = get_next_redirect_url(self.request)
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"next_url": next_url}

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        user = self.request.user
        record_authentication(self.request, user, method="mfa", type="totp", reauthenticated=True)
        return response

    def get_success_url(self) -> str:
        next_url = get_next_redirect_url(self.request)
        query = f"?{urlencode({'next': next_url})}" if next_url else ""
        return f"{super().get_success_url()}{query}"


class RecoveryCodes(ViewRecoveryCodesView):  # type: ignore[misc]
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        next_url = get_next_redirect_url(self.request)
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"next_url": next_url}


def too_many(request: HttpRequest) -> HttpResponse:
    """The page of a rate limit, 429."""
    response: HttpResponse = respond_429(request)
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def mail_link(request: HttpRequest) -> HttpResponse:
    """Ask for a link. The sign-in page posts its `login` field here as well."""
    data = request.POST.copy()
    if "email" not in data and "login" in data:
        data["email"] = str(data["login"])
    next_url = get_next_redirect_url(request) or ""
    form = MailLinkForm(data if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            send_mail_link(request, form.cleaned_data["email"], next_url)
        except RateLimited:
            return too_many(request)
        return redirect("account_mail_link_sent")
    status = 400 if form.errors else 200
    context = {"form": form, "next_url": next_url}
    return render(request, "account/mail_link.html", context, status=status)


@never_cache
@require_safe
def mail_link_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "account/mail_link_sent.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """A page with one button: mail programs that open links themselves must not spend the token."""
    next_url = get_next_redirect_url(request)
    try:
        if request.method == "POST":
            return sign_in_by_link(request, token, next_url)
        check_still_works(token)
    except Conflict:
        return render(request, "account/link_used_up.html", status=410)
    return render(request, "account/open_link.html", {"next_url": next_url})

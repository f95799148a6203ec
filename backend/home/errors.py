"""Pages for what went wrong; the API answers in problem+json instead."""

import sys

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from backend.core.problem_json import problem


def _answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return problem(status, code, detail, request_id=getattr(request, "request_id", ""))
    return render(request, "error.html", {"status": status}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "bad_request", _("The request could not be read."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "not_allowed", _("Your account does not have the role for this."))


def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose page was opened before a sign-in in another tab, or without cookies: nothing of
    it was done. `reason` is Django's, for logs."""
    if request.path.startswith("/api/"):
        return _answer(request, 403, "csrf", _("This form can no longer be sent."))
    context = {"status": 403, "is_old_form": True}
    return render(request, "error.html", context, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "not_found", _("There is nothing at this address."))


def server_error(request: HttpRequest) -> HttpResponse:
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        return _without_database(request)
    return _answer(request, 500, "server_error", _("Something broke on our side."))


def _without_database(request: HttpRequest) -> HttpResponse:
    """PostgreSQL is away: a 503 on a page that asks it for nothing, not even who you are."""
    request.COOKIES.pop(settings.SESSION_COOKIE_NAME, None)
    request.user = AnonymousUser()
    response = _answer(request, 503, "unavailable", _("The database does not answer just now."))
    response.headers["Retry-After"] = "5"
    return response

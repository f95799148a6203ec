"""The request id, refusals as pages, and what a proxy may keep."""

import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _

from backend.core.card_checks import CARD_NUMBER
from backend.core.card_numbers import has_card_number
from backend.core.errors import DomainError, Invalid
from backend.core.problem_json import problem

GetResponse = Callable[[HttpRequest], HttpResponse]
# Made by this site or by Stripe, never typed.
OPAQUE = frozenset({"cursor", "next", "setup", "token"})


class RequestIdMiddleware:
    """Give each request an id that its log lines, audit rows and error page carry."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex[:16]
        request.request_id = request_id  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response


class DomainErrorMiddleware:
    """Render a refusal as a page, or as a fragment for htmx.

    NUL is no letter and PostgreSQL holds none: in an address it names nothing; in a field by which
    a page looks something up, the request cannot be read. Texts have it taken out (core.text).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: list[object], kwargs: dict[str, object]
    ) -> None:
        if any("\0" in str(value) for value in kwargs.values()):
            raise Http404

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, DataError) and "NUL (0x00)" in str(error):
            return render(request, "error.html", {"status": 400}, status=400)
        if not isinstance(error, DomainError):
            return None
        return refusal(request, error)


def refusal(request: HttpRequest, error: DomainError) -> HttpResponse:
    """What the person reads: a page, or a fragment for htmx."""
    htmx = getattr(request, "htmx", False)
    template = "components/refusal.html" if htmx else "error.html"
    return render(request, template, {"error": error, "status": error.status}, None, error.status)


class CardInAddressMiddleware:
    """Refuse a card's number that was typed into a box of a search or a filter.

    Such boxes send it in the address, which is remembered by browsers and written down by proxies:
    the page that says so repeats no part of it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        values = (v for n, vs in request.GET.lists() if n not in OPAQUE for v in vs)
        if not any(map(has_card_number, values)):
            return self.get_response(request)
        error = Invalid(CARD_NUMBER, code="card_number")
        request.GET = QueryDict()
        request.META["QUERY_STRING"] = ""
        if request.path.startswith("/api/"):
            return problem(error.status, error.code, str(error))
        return refusal(request, error)


class CacheHeadersMiddleware:
    """Nothing that a session touched may be kept by a proxy.

    Public pages mark themselves (`core.web.public_page`); everything else is private.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        sets_cookie = bool(response.cookies)
        public = getattr(response, "is_public_page", False)
        if public and not has_session and not sets_cookie:
            response.headers["Cache-Control"] = (
                "public, max-age=0, s-maxage=60, stale-while-revalidate=600"
            )
        elif "Cache-Control" not in response.headers or (public and (has_session or sets_cookie)):
            response.headers.pop("Cache-Control", None)
            patch_cache_control(response, private=True, no_store=True)
        if public:
            patch_vary_headers(response, ["Cookie"])
        return response


class FormOnlyMiddleware:
    """Somebody who opens the address of a form's button (a bookmark, a reload after signing in)
    reads what to do; Django's own answer is an empty page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = request.path.startswith(tuple(f"/{code}/" for code, _name in settings.LANGUAGES))
        if response.status_code != 405 or response.content or not is_page:
            return response
        said = _("This address belongs to a button. Go back to its page and press it there.")
        page = render(request, "error.html", {"error": said, "status": 405}, status=405)
        page.headers["Allow"] = response.headers["Allow"]
        return page

"""Errors of the API as problem+json (RFC 9457) with a stable `code`."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from backend.core.errors import DomainError, ManyInvalid, TooMany
from backend.core.formats import CITY_ZONE

CONTENT_TYPE = "application/problem+json"


def problem(status: int, code: str, detail: str, **extra: Any) -> JsonResponse:
    """One answer body: type, title, status, code, detail and, where there are fields, errors."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "code": code}
    body |= {"detail": detail, **extra}
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | JsonResponse | None:
    """DRF's hook: every refusal in one shape, everything else a 500 with the request id."""
    set_rollback()
    if isinstance(error, DomainError):
        return _domain_problem(error)
    if isinstance(error, Http404):
        return problem(404, "not_found", _("No such thing, or not for you."))
    if isinstance(error, PermissionDenied):
        return problem(403, "not_allowed", _("Your account does not have the role for this."))
    if isinstance(error, exceptions.Throttled):
        return _domain_problem(_too_many(int(getattr(error, "wait", None) or 0) + 1))
    if isinstance(error, exceptions.APIException):
        return _drf_problem(error)
    return None


def _too_many(wait_s: int) -> TooMany:
    at = timezone.now() + timedelta(seconds=wait_s)
    clock = f"{at.astimezone(CITY_ZONE):%H:%M:%S}"
    return TooMany(code="throttled", retry_after_s=wait_s, clock=clock)


def _domain_problem(error: DomainError) -> JsonResponse:
    extra: dict[str, Any] = {}
    if isinstance(error, ManyInvalid):
        extra["errors"] = [
            {"field": e.field, "code": e.code, "detail": str(e)} for e in error.errors
        ]
    elif error.field:
        extra["errors"] = [{"field": error.field, "code": error.code, "detail": str(error)}]
    response = problem(error.status, error.code, str(error), **extra)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(error.params.get("retry_after_s", 60))
    return response


def _drf_problem(error: exceptions.APIException) -> JsonResponse:
    codes = error.get_codes()
    code = codes if isinstance(codes, str) else "invalid"
    extra: dict[str, Any] = {}
    detail = error.detail
    if isinstance(error, exceptions.ValidationError):
        extra["errors"] = list(_flatten("", detail))
        detail = _("Some fields need another value.")  # type: ignore[assignment]
    response = problem(error.status_code, code, str(detail), **extra)
    for name, value in _headers(error).items():
        response.headers[name] = value
    return response


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    wait = getattr(error, "wait", None)
    if wait is not None:
        headers["Retry-After"] = str(int(wait) + 1)
    return headers


def _flatten(path: str, detail: Any) -> Any:
    if isinstance(detail, dict):
        for key, value in detail.items():
            whole = key == "non_field_errors"
            yield from _flatten(path if whole else f"{path}.{key}".strip("."), value)
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            deeper = f"{path}.{index}" if isinstance(value, dict | list) else path
            yield from _flatten(deeper, value)
    else:
        yield {
            "field": path or None,
            "code": getattr(detail, "code", "invalid"),
            "detail": str(detail),
        }

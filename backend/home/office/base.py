"""What every page of the desk shares: its gate, the case behind an address, answers to mistakes."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache

from backend.accounts.models import User
from backend.accounts.permissions import require_staff_code
from backend.core.errors import DomainError, ManyInvalid
from backend.core.web import words_of
from backend.reviews.permissions import DESK_ROLES

View = Callable[..., HttpResponse]


def desk_page(*roles: str) -> Callable[[View], View]:
    """A page of the office: signed in with a code, with one of the roles (default: any here)."""

    def decorate(view: View) -> View:
        guarded: View = never_cache(require_staff_code(*(roles or DESK_ROLES))(view))
        return wraps(view)(guarded)

    return decorate


def person_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def errors_of(error: DomainError) -> dict[str, str]:
    """Field name to sentence; what belongs to no field stands under an empty name."""
    if isinstance(error, ManyInvalid):
        return {one.field or "": str(one) for one in error.errors}
    return {error.field or "": str(error)}


def done(request: HttpRequest, words: str, name: str, *args: Any, anchor: str = "") -> HttpResponse:
    """Back to a page with a sentence of what happened."""
    messages.success(request, words)
    response = redirect(name, *args)
    if anchor:
        response["Location"] += f"#{anchor}"
    return response


def typed(request: HttpRequest) -> Mapping[str, str]:
    """What was sent, as plain text by name; Invalid when one holds a card number."""
    return {name: words_of(request, name) for name in request.POST}

"""Small things that every view needs."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

from backend.core.card_checks import check_no_card


def words_of(request: HttpRequest, name: str, default: str = "") -> str:
    """A text that a page reads without a form; Invalid when it holds a card number."""
    text = request.POST.get(name, default)
    check_no_card(text, name)
    return str(text)


def public_page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Mark a page that a proxy may keep for people without a session."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response.is_public_page = response.status_code == 200  # type: ignore[attr-defined]
        return response

    return wrapped

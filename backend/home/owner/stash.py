"""What somebody typed when the sign-in had expired: kept until they are back (works without a
script, too; with one the browser keeps it as well).

It stands in the session that the browser has anyway; signing in keeps that session's content.
"""

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse

from backend.core.throttle import client_address, take
from backend.home.owner.rows import Typed, storable, typed_of

SESSION_KEY = "typed_before_sign_in"
MOST_BYTES = 200_000
A_MINUTE = 20


def keep_and_sign_in(request: HttpRequest) -> HttpResponse:
    """Lead a stranger to the sign-in and back to this page, with what they had typed."""
    typed = typed_of(request.POST)
    is_small = sum(len(v) for values in typed.values() for v in values) <= MOST_BYTES
    asked = take("typed", client_address(request), limit=A_MINUTE, window_s=60)
    if typed and is_small and asked.is_allowed:
        request.session[SESSION_KEY] = {"path": request.path, "typed": storable(typed)}
    return redirect_to_login(request.path)


def kept_for(request: HttpRequest) -> Typed | None:
    """What was typed on this page before the sign-in, once; None when there is nothing."""
    kept = request.session.get(SESSION_KEY)
    if not isinstance(kept, dict) or kept.get("path") != request.path:
        return None
    del request.session[SESSION_KEY]
    typed: Typed = kept["typed"]
    return typed

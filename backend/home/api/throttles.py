"""Limits of the API, shared by all processes (core.throttle)."""

from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from backend.core.throttle import client_address, take

WINDOW_S = 60


class SharedThrottle(BaseThrottle):
    """So many calls a minute of one person, or of one network without an account.

    The numbers stand in settings.API_CALLS_A_MINUTE; a view's `throttle_scope` picks one.
    """

    def __init__(self) -> None:
        self._wait_s: int | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        scope = getattr(view, "throttle_scope", "read")
        user = request.user
        if user.is_authenticated:
            scope, who = f"{scope}_person", user.public_id
        else:
            who = client_address(request._request)
        taken = take(scope, who, limit=settings.API_CALLS_A_MINUTE[scope], window_s=WINDOW_S)
        self._wait_s = taken.retry_after_s
        return taken.is_allowed

    def wait(self) -> float | None:
        # DRF rounds up once more when it writes Retry-After.
        return self._wait_s

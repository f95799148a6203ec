"""`/healthz`: the process answers. `/readyz`: what it needs is there, each part by name."""

from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache

from backend.matching.runs import matcher_state


@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def database_state() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return f"unreachable: {type(error).__name__}"
    return "ok"


# What must be "ok" for traffic; the rest is told, but does not take the server out.
REQUIRED: dict[str, Callable[[], str]] = {"database": database_state}
REPORTED: dict[str, Callable[[], str]] = {"matcher": matcher_state}


@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    required = {name: check() for name, check in REQUIRED.items()}
    ready = all(state == "ok" for state in required.values())
    reported = {name: check() for name, check in REPORTED.items()} if ready else {}
    body = {"status": "ready" if ready else "not ready", **required, **reported}
    return JsonResponse(body, status=200 if ready else 503)

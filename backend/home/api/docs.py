"""`/api/schema/` and `/api/docs/`: the same document for programs and for people."""

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView

from backend.core.web import public_page

METHODS = ("get", "post", "put", "patch", "delete")


class Schema(SpectacularAPIView):
    """The OpenAPI 3 document of this API."""

    throttle_scope = "read"


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    """Made once: the paths do not change while the process runs."""
    generator: Any = SchemaGenerator
    document: dict[str, Any] = generator().get_schema(request=None, public=True)
    return document


def _operations() -> list[dict[str, Any]]:
    """Every call, in the order of its path."""
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "about": operation.get("description", ""),
            "parameters": operation.get("parameters", []),
            "answers": operation.get("responses", {}),
            "id": operation["operationId"],
        }
        for path, methods in sorted(_document()["paths"].items())
        for method, operation in methods.items()
        if method in METHODS
    ]


@public_page
def docs_page(request: HttpRequest) -> HttpResponse:
    """A plain page: no script, nothing from elsewhere, readable on a phone."""
    return render(request, "home/api_docs.html", {"operations": _operations()})

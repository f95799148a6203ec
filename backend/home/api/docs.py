"""`/api/schema/` and `/api/docs/`: the same document for programs and for people."""

import json
import re
from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
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
            "shown": _breakable(path),
            "summary": _coded(operation.get("summary", "")),
            "about": _coded(operation.get("description", "")),
            "parameters": operation.get("parameters", []),
            "answers": operation.get("responses", {}),
            "body": _example(operation.get("requestBody", {})),
            "answer": _example(_first_good(operation.get("responses", {}))),
            "id": operation["operationId"],
        }
        for path, methods in sorted(_document()["paths"].items())
        for method, operation in methods.items()
        if method in METHODS
    ]


def _breakable(path: str) -> SafeString:
    """A path that a narrow screen breaks after a slash, not inside a word."""
    return mark_safe(escape(path).replace("/", "/<wbr>"))  # noqa: S308  # escaped just before


def _coded(text: str) -> SafeString:
    """What the docstrings mark with backticks, as code."""
    return mark_safe(re.sub("`([^`]+)`", r"<code>\1</code>", escape(text)))  # noqa: S308


def _first_good(answers: dict[str, Any]) -> dict[str, Any]:
    return next((answers[status] for status in sorted(answers) if status < "3"), {})


def _example(part: dict[str, Any]) -> str:
    """The first example of a body, as a reader would type it; empty when there is none."""
    examples = part.get("content", {}).get("application/json", {}).get("examples", {})
    first = next(iter(examples.values()), None)
    return json.dumps(first["value"], ensure_ascii=False, indent=2) if first else ""


@public_page
def docs_page(request: HttpRequest) -> HttpResponse:
    """A plain page: no script, nothing from elsewhere, readable on a phone."""
    return render(request, "home/api_docs.html", {"operations": _operations()})

"""`flows/` and `flows.csv`: the newest snapshot of the public account, or one by its version."""

from typing import Any

from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from backend.core.errors import NotFound
from backend.home.api.base import ReadView
from backend.home.api.schema import refusals
from backend.insights import queries
from backend.insights.flows_page import machine_rows

VERSION = OpenApiParameter(
    "version", str, description="A snapshot's version; the newest one without it."
)


def _version(request: Request) -> str:
    asked = request.query_params.get("version", "")
    found = asked if asked.isascii() and asked.isprintable() else ""
    version = found[:20] or ("" if asked else queries.newest_version())
    if not version:
        raise NotFound()
    return version


class Flows(ReadView):
    @extend_schema(
        summary="Public account: figures of a snapshot, small groups hidden",
        parameters=[VERSION],
        responses={200: OpenApiTypes.OBJECT, **refusals(304, 401, 404, 429)},
        tags=["flows"],
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponseBase:
        snapshot = queries.snapshot_for(_version(request))
        body: dict[str, Any] = {
            "version": snapshot.version,
            "is_example": snapshot.is_example,
            "taken_at": snapshot.taken_at,
            "previous_sha256": snapshot.previous_sha256,
            "head_sha256": snapshot.head_sha256,
            "ledger_head": snapshot.ledger_head,
            "rows": machine_rows(snapshot),
            "licence": "CC-BY-4.0",
        }
        return self.public(request, body)


class FlowsCsv(ReadView):
    @extend_schema(
        summary="The same rows as a file, each with its hash",
        parameters=[VERSION],
        responses={(200, "text/csv"): OpenApiTypes.STR, **refusals(304, 401, 404, 429)},
        tags=["flows"],
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponseBase:
        content = queries.csv_of(_version(request))
        response = HttpResponse(content, content_type="text/csv; charset=utf-8")
        response.is_public_page = not request.user.is_authenticated  # type: ignore[attr-defined]
        return response

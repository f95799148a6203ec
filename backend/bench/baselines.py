"""What the API is measured against: the same paths, middleware, limit and paging; other queries and
other serialising. Written as one would write them, not to lose."""

import json
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from psycopg.rows import dict_row
from rest_framework import filters, serializers, viewsets
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from backend.home.api.base import ReadView
from backend.projects.models import Milestone, Project, PublishedCall
from backend.projects.search import count_matches, parse_filters
from backend.projects.search_cursor import read_cursor, write_cursor
from backend.projects.search_filters import ListFilters
from backend.projects.search_text import text_query_of

FACTS = (
    "public_id", "slug", "origin", "is_example", "public_status", "original_language", "title_vi",
    "title_en", "summary_vi", "summary_en", "owner_name_vi", "owner_name_en", "owner_kind",
    "field", "pillars", "values", "technologies", "place_code", "trl", "instrument", "goal_minor",
    "min_ticket_minor", "currency", "horizon_months", "languages", "skills", "content_version",
    "listed_at",
)  # fmt: skip
CALL = (
    "call_status", "announcing_body", "announced_on", "source_url", "source_date",
    "location_text", "capital_vnd_bn", "capital_usd_m", "name_vi_is_published",
)  # fmt: skip


class CallSerializer(serializers.ModelSerializer[PublishedCall]):
    class Meta:
        model = PublishedCall
        fields = CALL


class MilestoneSerializer(serializers.ModelSerializer[Milestone]):
    class Meta:
        model = Milestone
        fields = ("number", "title_vi", "title_en", "months_after_close", "amount_minor")


class ProjectSerializer(serializers.ModelSerializer[Project]):
    call = CallSerializer(read_only=True, default=None)
    # A list field of strings, as ModelSerializer makes it for an array of keys.
    milestones = MilestoneSerializer(many=True, read_only=True)

    class Meta:
        model = Project
        fields = (*FACTS, "call", "milestones")


class ListSerializer(serializers.ModelSerializer[Project]):
    call = CallSerializer(read_only=True, default=None)

    class Meta:
        model = Project
        fields = (*FACTS, "call")


class NewestFirst(CursorPagination):
    page_size = 20
    ordering = ("-listed_at", "-id")


class DrfProjects(viewsets.ReadOnlyModelViewSet[Project]):
    """(a) A plain ModelViewSet with prefetch and DRF's own cursor, filter and renderer."""

    throttle_scope = "read"
    lookup_field = "public_id"
    pagination_class = NewestFirst
    renderer_classes = [JSONRenderer]
    filter_backends = [filters.SearchFilter]
    search_fields = ["title_vi", "title_en", "summary_vi", "summary_en"]

    def get_queryset(self) -> QuerySet[Project]:
        rows = Project.objects.filter(status="listed", frozen_at__isnull=True)
        query = self.request.GET
        if fields := query.getlist("field"):
            rows = rows.filter(field__in=fields)
        if technologies := query.getlist("technology"):
            rows = rows.filter(technologies__overlap=technologies)
        return rows.select_related("call").prefetch_related("milestones")

    def get_serializer_class(self) -> type[serializers.ModelSerializer[Project]]:
        return ListSerializer if self.action == "list" else ProjectSerializer

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        response = super().list(request, *args, **kwargs)
        response.data["count"] = count_matches(_filters(request)).number
        return response


def _filters(request: Request) -> ListFilters:
    return parse_filters(request._request.GET, also=("search", "limit"))


_SELECT = (
    "SELECT "  # noqa: S608 (names are ours)
    + ", ".join(f'p."{name}"' for name in FACTS)
    + ", "
    + ", ".join(f'c."{name}"' for name in CALL)
    + " FROM projects_project p LEFT JOIN projects_publishedcall c ON c.project_id = p.id "
)

_SELECT_WITH_ID = _SELECT.replace(" FROM", ", p.id FROM", 1)


def _fetch(sql: str, params: list[Any]) -> list[dict[str, Any]]:
    connection.ensure_connection()
    with connection.connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(sql, params)
        rows: list[dict[str, Any]] = cursor.fetchall()
        return rows


class RawList(ReadView):
    """(b) psycopg and json: one statement, rows as dicts, dumped as they are."""

    def get(self, request: Request) -> HttpResponseBase:
        asked = _filters(request)
        where: list[str] = ["p.status = 'listed'", "p.frozen_at IS NULL"]
        params: list[Any] = []
        if asked.fields:
            where.append("p.field = ANY(%s)")
            params.append(list(asked.fields))
        if asked.technologies:
            where.append("p.technologies && %s::varchar[]")
            params.append(list(asked.technologies))
        if asked.q and (text := text_query_of(asked.q)):
            where.append(
                "p.id IN (SELECT project_id FROM projects_projectsearch "
                "WHERE vector @@ (SELECT %s::tsquery))"
            )
            params.append(text.matches)
        if asked.cursor:
            after = read_cursor(asked.cursor, asked.fingerprint, "raw", 2)
            where.append("(p.listed_at, p.id) < (%s, %s)")
            params += after
        rows = _fetch(
            f"{_SELECT_WITH_ID} WHERE {' AND '.join(where)} "
            "ORDER BY p.listed_at DESC, p.id DESC LIMIT 21",
            params,
        )
        last = rows[19] if len(rows) > 20 else None
        cursor = ""
        if last:
            position: list[int | str] = [last["listed_at"].isoformat(), last["id"]]
            cursor = write_cursor(asked.fingerprint, "raw", position)
        body = {"count": count_matches(asked).number, "next": cursor, "results": rows[:20]}
        return HttpResponse(json.dumps(body, default=str), content_type="application/json")


class RawDetail(ReadView):
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        rows = _fetch(f"{_SELECT} WHERE p.public_id = %s AND p.status = 'listed'", [public_id])
        milestones = _fetch(
            "SELECT m.number, m.title_vi, m.title_en, m.months_after_close, m.amount_minor "
            "FROM projects_milestone m JOIN projects_project p ON p.id = m.project_id "
            "WHERE p.public_id = %s ORDER BY m.number",
            [public_id],
        )
        body = json.dumps({**rows[0], "milestones": milestones}, default=str)
        return HttpResponse(body, content_type="application/json")

"""`/api/v1/`: where a program that knows only the address of the API goes next."""

from typing import Any, Final

from django.http import HttpResponseBase
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from backend.home.api.base import ReadView
from backend.home.api.schema import refusals

# Name in the answer -> name of the path. Those of `ACCOUNT` want a session or a key.
PUBLIC: Final = {
    "projects": "api_projects",
    "taxonomy": "api_taxonomy",
    "matches_preview": "api_preview",
    "ranking": "api_ranking",
    "flows": "api_flows",
    "flows_csv": "api_flows_csv",
}
ACCOUNT: Final = {
    "profile": "api_profile",
    "matches": "api_matches",
    "saved": "api_saved",
    "dismissals": "api_dismissals",
    "searches": "api_searches",
    "pledges": "api_pledges",
    "plans": "api_plans",
    "review_queue": "api_review_queue",
}


class IndexShape(serializers.Serializer[Any]):
    """Addresses, whole."""

    documentation = serializers.URLField()
    schema = serializers.URLField()
    public = serializers.DictField(child=serializers.URLField())
    with_account = serializers.DictField(child=serializers.URLField())


class Index(ReadView):
    @extend_schema(
        operation_id="index",
        summary="Where to begin: the documentation, the schema and the collections",
        tags=["index"],
        responses={200: IndexShape, **refusals(304, 401, 429)},
    )
    def get(self, request: Request) -> HttpResponseBase:
        def links(names: dict[str, str]) -> dict[str, str]:
            return {key: request.build_absolute_uri(reverse(name)) for key, name in names.items()}

        pages = links({"documentation": "api_docs", "schema": "api_schema"})
        return self.public(
            request, {**pages, "public": links(PUBLIC), "with_account": links(ACCOUNT)}
        )

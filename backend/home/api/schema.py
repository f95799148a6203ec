"""What the OpenAPI document says of each call: parameters, answers, refusals, examples."""

from collections.abc import Iterable
from typing import Any, Final

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from backend.core.money import CURRENCIES
from backend.home.api import shapes
from backend.home.api.serializers import (
    PledgeSerializer,
    PreviewSerializer,
    ProfileSerializer,
)
from backend.projects import search
from backend.projects import search_codes as codes
from backend.projects.search_filters import MAX_QUERY


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the document names keys of programs; registered by being defined."""

    target_class = "backend.accounts.authentication.TokenAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "ck_…"}


_REFUSALS: Final = {
    304: "Not modified: what the caller has (If-None-Match) is still right.",
    400: "Something in the call is wrong; `errors` names each part.",
    401: "Sign in, or send a key that is known.",
    403: "Not allowed, or the CSRF token is missing.",
    404: "No such thing, or not for you.",
    409: "It changed meanwhile, or the idempotency key stands for another call.",
    415: "The body must be JSON.",
    428: "Send If-Match: a change must say which version it changes.",
    429: "Too many calls; Retry-After says when to come back.",
}
_PROBLEM: Final = OpenApiExample(
    "Unknown value",
    value={
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "code": "invalid",
        "detail": "There is a problem",
        "errors": [
            {
                "field": "field",
                "code": "unknown_value",
                "detail": "Choose one of the values in the list",
            }
        ],
    },
    response_only=True,
    status_codes=["400"],
    media_type="application/problem+json",
)


def refusals(*numbers: int) -> dict[Any, Any]:
    """The documented answers of these statuses, as problem+json (304 has no body)."""
    return {
        (n, "application/problem+json"): OpenApiResponse(shapes.ProblemShape, _REFUSALS[n])
        for n in numbers
        if n != 304
    } | {n: OpenApiResponse(description=_REFUSALS[n]) for n in numbers if n == 304}


def _many(name: str, values: Iterable[str], about: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, many=True, enum=list(values), description=about)


def _one(name: str, about: str, kind: Any = OpenApiTypes.STR, **options: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, description=about, **options)


_OR: Final = "Repeat it to ask for any of several."
_FILTERS: Final = [
    _many("field", codes.FIELD, _OR),
    _many("pillar", codes.PILLAR, _OR),
    _many("technology", codes.TECHNOLOGY, _OR),
    _one(
        "place", f"Code of a ward, commune or special zone (`taxonomy/`). {_OR}",
        {"type": "array", "items": {"type": "string", "pattern": "^[0-9]{5}$"}}, explode=True,
    ),
    _many("instrument", codes.INSTRUMENT, _OR),
    _many("status", codes.STATUS, f"{_OR} Stopped and completed ones appear only when named."),
    _many("origin", codes.ORIGIN, "`proposal`, or `call` for those that others announced."),
    _many("language", codes.LANGUAGE, "Languages that the owner answers in."),
    _many("high_value", codes.HIGH_VALUE, "Those whose high-value sheet the city confirmed."),
    _one("min_trl", "Smallest technology readiness level.",
         {"type": "integer", "minimum": 1, "maximum": 9}),
    _one("max_ticket", "Smallest pledge at most this much. Covers contributions and rewards only: "
         "terms of the other forms need a check first."),
    _one("currency", "Currency of `max_ticket`.", enum=list(CURRENCIES)),
    _one("q", "Words; marks need not be typed, and exact marks come first. In quotes: side by "
         "side. The last word may be a beginning.",
         {"type": "string", "maxLength": MAX_QUERY}),
    _one("ordering", "Default: relevance with `q`, else newest.", enum=list(search.ORDERINGS)),
    _one("cursor", "From `next`; opaque and signed."),
    _one("limit", "Items on a page.",
         {"type": "integer", "minimum": 1, "maximum": search.MAX_PAGE_SIZE,
          "default": search.PAGE_SIZE}),
    _one("facets", "`1` adds counts for every facet.", enum=["0", "1"]),
]  # fmt: skip

_NONE_MATCH: Final = OpenApiParameter(
    "If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER, description="An ETag from before."
)
_KEY: Final = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Made by the caller: the same key and call are answered once.",
)
_MATCH: Final = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag of the profile that was read (or `version` in the body).",
)
_ID: Final = OpenApiParameter(
    "public_id", {"type": "string", "pattern": "^prj_[0-9a-z]{1,36}$"}, OpenApiParameter.PATH
)

_CARD: Final = {
    "id": "prj_01k8w3m7dq4t9x",
    "slug": "nha-be-salinity-posts",
    "origin": "proposal",
    "example": True,
    "status": "upcoming",
    "original_language": "vi",
    "title": {"vi": "Trạm báo mặn cho hộ nuôi tôm", "en": "Salinity posts for shrimp farms"},
    "summary": {"vi": "Cảnh báo trước 36 giờ.", "en": "A warning 36 hours ahead."},
    "owner": {"name": {"vi": "Tổ hợp tác Ví dụ", "en": "Example Group"}, "kind": "cooperative"},
    "field": "digital_urban_services",
    "pillars": ["net_zero"],
    "values": ["green"],
    "technologies": ["iot_sensors"],
    "place": {"code": "27655", "name": {"vi": "Xã Nhà Bè", "en": "Nhà Bè commune"}},
    "trl": 7,
    "instrument": "contribution",
    "goal": {"amount": "1200000000", "currency": "VND"},
    "horizon_months": 18,
    "languages": ["vi", "en"],
    "skills": ["engineering"],
    "high_value": None,
    "listed_at": "2026-11-20T02:00:00Z",
    "version": 3,
    "terms": {"smallest_pledge": {"amount": "500000", "currency": "VND"}},
    "terms_note": None,
    "call": None,
}


def _example(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=["200"])


PROJECT_LIST: Final[dict[str, Any]] = {
    "operation_id": "projects_list",
    "summary": "Projects on the public list",
    "tags": ["projects"],
    "parameters": [*_FILTERS, _NONE_MATCH],
    "responses": {200: shapes.ListShape, **refusals(304, 400, 401, 409, 429)},
    "examples": [
        _example(
            "Two fields",
            {"count": 1, "count_is_capped": False, "next": None, "results": [_CARD]},
        ),
        _PROBLEM,
    ],
}
PROJECT_DETAIL: Final[dict[str, Any]] = {
    "operation_id": "projects_read",
    "summary": "One project, whole",
    "tags": ["projects"],
    "parameters": [_ID, _NONE_MATCH],
    "responses": {200: shapes.DetailShape, **refusals(304, 401, 404, 429)},
}
TAXONOMY: Final[dict[str, Any]] = {
    "operation_id": "taxonomy_read",
    "summary": "Keys and their names in both languages",
    "tags": ["projects"],
    "parameters": [_NONE_MATCH],
    "responses": {200: shapes.TaxonomyShape, **refusals(304, 401, 429)},
}
_ANSWERS: Final = {
    "fields": ["smart_manufacturing"],
    "technologies": [],
    "country": "US",
    "home_place": None,
    "budget": {"amount": "200", "currency": "USD"},
    "instruments": ["contribution"],
    "horizon_months": 24,
    "stages": [6, 7],
    "languages": ["vi"],
    "skills": [],
    "weights": {"field": "more"},
}


def _reason(factor: str, points: int, of: int, you: str, project: str) -> dict[str, Any]:
    return {
        "factor": factor,
        "points": points,
        "max_points": of,
        "you": you,
        "project": project,
        "is_known": True,
        "is_mismatch": False,
    }


PREVIEW: Final[dict[str, Any]] = {
    "operation_id": "matches_preview",
    "summary": "Projects in the order of their fit with a few answers, with the reasons",
    "description": "An order, not advice: sorted by fit with what was told. Points of the reasons "
    "add up to the score. Nothing is stored.",
    "tags": ["matches"],
    "request": PreviewSerializer,
    "responses": {200: shapes.MatchesShape, **refusals(400, 401, 415, 429)},
    "examples": [
        OpenApiExample("Three answers", value={**_ANSWERS, "limit": 20}, request_only=True),
        _example(
            "The first place",
            {
                "results": [
                    {
                        "position": 1,
                        "project": _CARD,
                        "score": 92,
                        "moved_by": "",
                        "reasons": [
                            _reason("field", 52, 52, "Đô thị số", "Đô thị số"),
                            _reason("stage", 40, 48, "TRL 6, 7", "TRL 7"),
                        ],
                    }
                ],
                "total": 156,
                "model": {"version": "rules", "is_rules": True},
            },
        ),
    ],
}
MY_MATCHES: Final[dict[str, Any]] = {
    "operation_id": "me_matches",
    "summary": "Projects in the order of their fit with my profile",
    "tags": ["me"],
    "parameters": [
        _one(
            "limit", "How many.", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}
        ),
        _one(
            "as_page",
            "`1`: with the places that my page gives to other fields, to variety and to projects "
            "that are owed views (`moved_by` names the rule). Default: by points alone, closed "
            "rounds last.",
            enum=["0", "1"],
        ),
    ],
    "responses": {200: shapes.MatchesShape, **refusals(400, 401, 403, 429)},
}
PROFILE_READ: Final[dict[str, Any]] = {
    "operation_id": "me_profile_read",
    "summary": "What I told about myself as an investor",
    "tags": ["me"],
    "responses": {200: shapes.ProfileShape, **refusals(401, 403, 429)},
}
PROFILE_CHANGE: Final[dict[str, Any]] = {
    "operation_id": "me_profile_change",
    "summary": "Change some answers; what is not named stays",
    "tags": ["me"],
    "parameters": [_MATCH, _KEY],
    "request": ProfileSerializer,
    "responses": {
        200: shapes.ProfileShape,
        **refusals(400, 401, 403, 409, 415, 428, 429),
    },
    "examples": [OpenApiExample("A change", value=_ANSWERS, request_only=True)],
}
SAVED_LIST: Final[dict[str, Any]] = {
    "operation_id": "me_saved_list",
    "summary": "Projects that I saved, newest first",
    "tags": ["me"],
    "responses": {200: shapes.CardsShape, **refusals(401, 403, 429)},
}
SAVE: Final[dict[str, Any]] = {
    "operation_id": "me_saved_add",
    "summary": "Save a project",
    "tags": ["me"],
    "parameters": [_ID, _KEY],
    "request": None,
    "responses": {
        204: OpenApiResponse(description="Saved."),
        **refusals(400, 401, 403, 404, 409, 429),
    },
}
UNSAVE: Final[dict[str, Any]] = {
    "operation_id": "me_saved_remove",
    "summary": "Take a project off my list",
    "tags": ["me"],
    "parameters": [_ID, _KEY],
    "request": None,
    "responses": {
        204: OpenApiResponse(description="Taken off, or it was not there."),
        **refusals(400, 401, 403, 404, 409, 429),
    },
}
PLEDGES_LIST: Final[dict[str, Any]] = {
    "operation_id": "me_pledges_list",
    "summary": "What I pledged, newest first, and where the money is",
    "tags": ["me"],
    "responses": {200: shapes.PledgesShape, **refusals(401, 403, 429)},
}
PLEDGE_START: Final[dict[str, Any]] = {
    "operation_id": "rounds_pledges_start",
    "summary": "Begin a pledge; the person confirms it on the page",
    "tags": ["me"],
    "parameters": [_KEY],
    "request": PledgeSerializer,
    "responses": {
        201: shapes.StartedPledgeShape,
        **refusals(400, 401, 403, 404, 409, 415, 429),
    },
    "examples": [
        OpenApiExample("A sum", value={"amount": "150", "currency": "USD"}, request_only=True)
    ],
}

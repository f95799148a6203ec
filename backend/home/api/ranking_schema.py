"""Shapes of the matcher's side of the API: what is read from callers, what the document says."""

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from backend.accounts.answers import FACTORS
from backend.home.api.schema import _CARD as CARD
from backend.home.api.schema import _ID as ID
from backend.home.api.schema import _KEY as KEY
from backend.home.api.schema import _NONE_MATCH as NONE_MATCH
from backend.home.api.schema import refusals
from backend.home.api.serializers import StrictText
from backend.home.api.shapes import CardShape, PairShape
from backend.matching.models import Reason

SEARCH_ID: Final = OpenApiParameter(
    "search_id", {"type": "string", "pattern": "^srch_[0-9a-z]{1,36}$"}, OpenApiParameter.PATH
)


class StrictYesNo(serializers.BooleanField):
    """true or false as JSON writes them: no "yes", no 1."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=str(data)[:40])
        return bool(data)


class DismissalSerializer(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=Reason.values)


class SearchSerializer(serializers.Serializer[Any]):
    name = StrictText(max_length=80)
    query = StrictText(
        max_length=2000,
        help_text="The filters of `projects/` as its address writes them: "
        "`field=digital_urban_services&min_trl=5`.",
    )
    alert = StrictYesNo(help_text="A mail in the morning when something new is listed in it.")


class AlertSerializer(serializers.Serializer[Any]):
    alert = StrictYesNo()


class DismissalShape(serializers.Serializer[Any]):
    project = serializers.CharField()
    reason = serializers.ChoiceField(choices=Reason.values)
    dismissed_at = serializers.DateTimeField()


class DismissalsShape(serializers.Serializer[Any]):
    results = DismissalShape(many=True)


class SearchShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    query = serializers.CharField(help_text="The filters in one fixed order.")
    alert = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class SearchesShape(serializers.Serializer[Any]):
    results = SearchShape(many=True)


class SharedShape(serializers.Serializer[Any]):
    factor = serializers.CharField()
    words = serializers.CharField(help_text="The value that both state, in the caller's language.")


class AlikeShape(serializers.Serializer[Any]):
    project = CardShape()
    shared = SharedShape(many=True)


class AlikesShape(serializers.Serializer[Any]):
    results = AlikeShape(many=True)


def _band(text: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.IntegerField(), min_length=2, max_length=2, help_text=text
    )


class EditShape(serializers.Serializer[Any]):
    factor = serializers.CharField()
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)
    gain = _band("How many more would fit.")
    then = _band("How many would fit then.")


class DemandReportShape(serializers.Serializer[Any]):
    """Bands `[from, to]`, both included; `[0, 9]` is fewer than ten, a `to` of 0 is open."""

    fits = _band("People who fit with 70 points or more.")
    answered = _band("People who said anything that it could be compared with.")
    kinds = serializers.DictField(
        help_text="country, budget, field, language: [[key, from, to], …]"
    )
    hidden = serializers.DictField(help_text="How many cells of each kind are under ten.")
    edits = EditShape(many=True)
    tried = serializers.IntegerField()
    simulated = serializers.BooleanField(help_text="True: invented people of the sample are in it.")
    made_at = serializers.DateTimeField()


class DemandShape(serializers.Serializer[Any]):
    is_current = serializers.BooleanField(help_text="False: a newer count is being made.")
    report = DemandReportShape(allow_null=True)


class ServingShape(serializers.Serializer[Any]):
    version = serializers.CharField()
    is_rules = serializers.BooleanField()


class FactorShape(serializers.Serializer[Any]):
    factor = serializers.ChoiceField(choices=FACTORS)
    max_points = serializers.IntegerField()


class GateShape(serializers.Serializer[Any]):
    rule = serializers.CharField()
    seen = serializers.FloatField()
    asked = serializers.FloatField()
    passed = serializers.BooleanField()


class RunShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    trained_at = serializers.DateTimeField()
    choices_from = serializers.DateTimeField(allow_null=True)
    choices_until = serializers.DateTimeField(allow_null=True)
    artifact_sha256 = serializers.CharField()
    metrics = serializers.DictField()
    gate = GateShape(many=True)


class RuleShape(serializers.Serializer[Any]):
    floor_percent = serializers.IntegerField(help_text="Of an even share of first-page views.")
    places = serializers.IntegerField()
    window_days = serializers.IntegerField()
    in_force_from = serializers.DateTimeField()
    decision = PairShape()


class ShareShape(serializers.Serializer[Any]):
    key = serializers.CharField(allow_null=True, help_text="Null: not stated.")
    projects = serializers.IntegerField()
    percent_of_projects = serializers.CharField()
    percent_of_views = serializers.CharField()


class ExposureShape(serializers.Serializer[Any]):
    rule = RuleShape(allow_null=True)
    since = serializers.DateField()
    until = serializers.DateField()
    views = serializers.IntegerField()
    listed = serializers.IntegerField(help_text="Listed projects whose round is not closed.")
    reached = serializers.IntegerField(
        allow_null=True, help_text="Listed projects at their floor when it was last measured."
    )
    fields_ = ShareShape(many=True)
    owners = ShareShape(many=True)

    def get_fields(self) -> dict[str, Any]:
        """`fields` is a name that serializers keep for themselves."""
        found = super().get_fields()
        found["fields"] = found.pop("fields_")
        return found


class ReportShape(serializers.Serializer[Any]):
    model = ServingShape()
    factors = FactorShape(many=True)
    run = RunShape(allow_null=True, help_text="Null while the fixed rules serve.")
    exposure = ExposureShape()


def _answer(name: str, value: Any, status: str = "200") -> OpenApiExample:
    return OpenApiExample(name, value=value, response_only=True, status_codes=[status])


_SEARCH: Final = {
    "id": "srch_01k8w3m7dq4t9x",
    "name": "Sensors for the coast",
    "query": "field=digital_urban_services&technology=iot_sensors",
    "alert": True,
    "created_at": "2026-11-26T02:00:00Z",
}
DISMISSALS: Final[dict[str, Any]] = {
    "operation_id": "me_dismissals_list",
    "summary": "Projects that I left out of my list, newest first",
    "tags": ["me"],
    "responses": {200: DismissalsShape, **refusals(401, 403, 429)},
    "examples": [
        _answer(
            "One project",
            {
                "results": [
                    {
                        "project": "prj_01k8w3m7dq4t9x",
                        "reason": "ticket",
                        "dismissed_at": "2026-11-26T02:00:00Z",
                    }
                ]
            },
        )
    ],
}
DISMISS: Final[dict[str, Any]] = {
    "operation_id": "me_dismissals_add",
    "summary": "Leave a project out of my list, because …",
    "description": "Nobody else's list changes, and the owner never learns who it was.",
    "tags": ["me"],
    "parameters": [ID, KEY],
    "request": DismissalSerializer,
    "responses": {
        204: OpenApiResponse(description="Left out."),
        **refusals(400, 401, 403, 404, 409, 415, 429),
    },
    "examples": [OpenApiExample("Too much at once", value={"reason": "ticket"}, request_only=True)],
}
UNDISMISS: Final[dict[str, Any]] = {
    "operation_id": "me_dismissals_remove",
    "summary": "Let a project stand in my list again",
    "tags": ["me"],
    "parameters": [ID, KEY],
    "request": None,
    "responses": {
        204: OpenApiResponse(description="It may stand there, or it already might."),
        **refusals(400, 401, 403, 404, 409, 429),
    },
}
SEARCHES: Final[dict[str, Any]] = {
    "operation_id": "me_searches_list",
    "summary": "Searches that I keep, newest first",
    "tags": ["me"],
    "responses": {200: SearchesShape, **refusals(401, 403, 429)},
    "examples": [_answer("One search", {"results": [_SEARCH]})],
}
KEEP_SEARCH: Final[dict[str, Any]] = {
    "operation_id": "me_searches_keep",
    "summary": "Keep a search; the same filters again change its name and its mail",
    "tags": ["me"],
    "parameters": [KEY],
    "request": SearchSerializer,
    "responses": {201: SearchShape, **refusals(400, 401, 403, 409, 415, 429)},
    "examples": [
        OpenApiExample(
            "With a mail",
            value={name: _SEARCH[name] for name in ("name", "query", "alert")},
            request_only=True,
        ),
        _answer("Kept", _SEARCH, "201"),
    ],
}
SET_ALERT: Final[dict[str, Any]] = {
    "operation_id": "me_searches_alert",
    "summary": "Switch the morning mail of a search on or off",
    "tags": ["me"],
    "parameters": [SEARCH_ID, KEY],
    "request": AlertSerializer,
    "responses": {200: SearchShape, **refusals(400, 401, 403, 404, 409, 415, 429)},
    "examples": [OpenApiExample("No mail", value={"alert": False}, request_only=True)],
}
DROP_SEARCH: Final[dict[str, Any]] = {
    "operation_id": "me_searches_drop",
    "summary": "Delete a search",
    "tags": ["me"],
    "parameters": [SEARCH_ID, KEY],
    "request": None,
    "responses": {
        204: OpenApiResponse(description="Deleted."),
        **refusals(400, 401, 403, 404, 409, 429),
    },
}
SIMILAR: Final[dict[str, Any]] = {
    "operation_id": "projects_similar",
    "summary": "Listed projects most like this one, with what they share",
    "description": "By stated facts alone: nobody's choices are in it.",
    "tags": ["projects"],
    "parameters": [ID, NONE_MATCH],
    "responses": {200: AlikesShape, **refusals(304, 401, 404, 429)},
    "examples": [
        _answer(
            "One project",
            {
                "results": [
                    {
                        "project": CARD,
                        "shared": [{"factor": "technology", "words": "IoT and sensors"}],
                    }
                ]
            },
        )
    ],
}
DEMAND: Final[dict[str, Any]] = {
    "operation_id": "projects_demand",
    "summary": "For its owner: who could fit a project, and which edit would widen that",
    "description": "Bands only, nothing under ten people; members of the owner's own organisation "
    "are not counted. The first call asks a worker to count and answers 202.",
    "tags": ["projects"],
    "parameters": [ID],
    "responses": {200: DemandShape, 202: DemandShape, **refusals(401, 403, 404, 429)},
    "examples": [
        _answer(
            "Counted",
            {
                "is_current": True,
                "report": {
                    "fits": [50, 99],
                    "answered": [200, 499],
                    "kinds": {"country": [["US", 20, 49]], "budget": [], "field": [],
                              "language": [["vi", 50, 99]]},
                    "hidden": {"country": 4, "budget": 1, "field": 0, "language": 0},
                    "edits": [{"factor": "ticket", "old": 5000000, "new": 1000000,
                               "gain": [20, 49], "then": [100, 199]}],
                    "tried": 12,
                    "simulated": True,
                    "made_at": "2026-11-26T02:00:00Z",
                },
            },
        ),
        _answer("Being counted", {"is_current": False, "report": None}, "202"),
    ],
}  # fmt: skip
REPORT: Final[dict[str, Any]] = {
    "operation_id": "ranking_report",
    "summary": "How the order is made now: factors, measured quality, who is seen",
    "tags": ["matches"],
    "parameters": [NONE_MATCH],
    "responses": {200: ReportShape, **refusals(304, 401, 429)},
}

"""What the OpenAPI document says of the calls of the office."""

from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from backend.home.api.schema import _ID, _KEY, refusals
from backend.home.api.shapes import PairShape
from backend.reviews.models import Decision
from backend.reviews.queue import TASKS, WHO, Group
from backend.reviews.workflow import LETTER


class CaseShape(serializers.Serializer[Any]):
    """A case in the queue. Days are working days of the city."""

    reference = serializers.CharField()
    project = serializers.CharField()
    title = PairShape()
    owner = PairShape()
    version = serializers.IntegerField()
    task = serializers.ChoiceField(choices=list(TASKS))
    reviews_in = serializers.IntegerField(min_value=0, max_value=2)
    has_gap = serializers.BooleanField()
    frozen = serializers.BooleanField()
    due_on = serializers.DateField()
    working_days_left = serializers.IntegerField()
    officers = serializers.ListField(child=serializers.CharField())


class GroupShape(serializers.Serializer[Any]):
    group = serializers.ChoiceField(choices=[g.value for g in Group])
    next = serializers.CharField(allow_null=True, help_text="Query of the next page.")
    cases = CaseShape(many=True)


class QueueShape(serializers.Serializer[Any]):
    groups = GroupShape(many=True)


class ScoreShape(serializers.Serializer[Any]):
    criterion = serializers.CharField()
    value = serializers.IntegerField(min_value=0, max_value=5)
    reason = PairShape()


class ReviewShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    project = serializers.CharField()
    version = serializers.IntegerField()
    rubric = serializers.IntegerField(help_text="Version of the scoring criteria.")
    submitted_at = serializers.DateTimeField(allow_null=True)
    scores = ScoreShape(many=True)
    comment = PairShape()


class LetterShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.ChoiceField(choices=LETTER.statuses)
    number = serializers.CharField(allow_null=True)
    sent_at = serializers.DateTimeField(allow_null=True)


class DecisionShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    outcome = serializers.ChoiceField(choices=Decision.Outcome.values)
    version = serializers.IntegerField()
    reason_codes = serializers.ListField(child=serializers.CharField())
    words = PairShape()
    conditions = PairShape()
    decided_at = serializers.DateTimeField()
    undone_at = serializers.DateTimeField(allow_null=True)
    letter = LetterShape()


class DecisionsShape(serializers.Serializer[Any]):
    results = DecisionShape(many=True)


QUEUE: Final[dict[str, Any]] = {
    "operation_id": "reviews_queue",
    "summary": "Open cases of my offices, by due day",
    "tags": ["office"],
    "parameters": [
        OpenApiParameter("who", OpenApiTypes.STR, enum=list(WHO)),
        OpenApiParameter("task", OpenApiTypes.STR, many=True, enum=list(TASKS)),
        OpenApiParameter("field", OpenApiTypes.STR),
        OpenApiParameter("q", OpenApiTypes.STR),
        OpenApiParameter("group", OpenApiTypes.STR, enum=[g.value for g in Group]),
        OpenApiParameter("after", OpenApiTypes.STR, description="From `next`."),
    ],
    "responses": {200: QueueShape, **refusals(401, 403, 429)},
}
REVIEW: Final[dict[str, Any]] = {
    "operation_id": "reviews_read",
    "summary": "One review: one's own, or both once both are in",
    "tags": ["office"],
    "responses": {200: ReviewShape, **refusals(401, 403, 404, 429)},
}
REVIEW_SUBMIT: Final[dict[str, Any]] = {
    "operation_id": "projects_reviews_submit",
    "summary": "Hand in my review of the current version",
    "tags": ["office"],
    "parameters": [_ID, _KEY],
    "responses": {201: ReviewShape, **refusals(400, 401, 403, 404, 409, 415, 429)},
}
DECISIONS: Final[dict[str, Any]] = {
    "operation_id": "projects_decisions",
    "summary": "What was decided about a project, as far as the caller may know",
    "tags": ["office"],
    "parameters": [_ID],
    "responses": {200: DecisionsShape, **refusals(401, 403, 404, 429)},
}
DECIDE: Final[dict[str, Any]] = {
    "operation_id": "projects_decide",
    "summary": "Decide as lead; the letter then waits for a signature",
    "tags": ["office"],
    "parameters": [_ID, _KEY],
    "responses": {201: DecisionShape, **refusals(400, 401, 403, 404, 409, 415, 429)},
}

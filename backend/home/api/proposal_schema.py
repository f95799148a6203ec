"""Shapes of the owner's side of the API: what is read from callers, what the document says."""

from typing import Any, Final

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from backend.home.api.schema import _ID as ID
from backend.home.api.schema import _KEY as KEY
from backend.home.api.schema import _MATCH as MATCH
from backend.home.api.schema import refusals
from backend.home.api.serializers import StrictText, StrictWhole
from backend.home.api.shapes import PairShape
from backend.projects.sections import Progress

LANGUAGES = ("vi", "en")


class CreateSerializer(serializers.Serializer[Any]):
    organisation = StrictText(max_length=40, help_text="Public id of one of your organisations.")
    content = serializers.DictField(
        required=False, help_text="Any part of the document; see `draft/`. Sums in minor units."
    )


class SectionSerializer(serializers.Serializer[Any]):
    values = serializers.DictField(help_text="The whole section: what is left out is emptied.")
    version = StrictWhole(required=False, min_value=0, help_text="Instead of `If-Match`.")


class WithdrawSerializer(serializers.Serializer[Any]):
    reason = StrictText(required=False, allow_blank=True, max_length=1_000)


class QuestionSerializer(serializers.Serializer[Any]):
    text = StrictText(max_length=1_000)
    language = serializers.ChoiceField(choices=LANGUAGES)


class AnswerSerializer(serializers.Serializer[Any]):
    answer = StrictText(max_length=3_000)
    language = serializers.ChoiceField(choices=LANGUAGES)


class TextsSerializer(serializers.Serializer[Any]):
    vi = StrictText(required=False, allow_blank=True, max_length=5_000)
    en = StrictText(required=False, allow_blank=True, max_length=5_000)


class UpdateSerializer(serializers.Serializer[Any]):
    title = TextsSerializer()
    text = TextsSerializer()


class MissingShape(serializers.Serializer[Any]):
    field = serializers.CharField()
    code = serializers.CharField()


class SectionShape(serializers.Serializer[Any]):
    key = serializers.CharField()
    version = serializers.IntegerField(help_text="Send it back as If-Match.")
    progress = serializers.ChoiceField(choices=[str(p) for p in Progress])
    missing = MissingShape(many=True)


class DraftShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    status = serializers.CharField()
    version_number = serializers.IntegerField(allow_null=True)
    sections = SectionShape(many=True)
    content = serializers.DictField()


class VersionShape(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    submitted_at = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField(allow_null=True)


class VersionsShape(serializers.Serializer[Any]):
    results = VersionShape(many=True)


class WholeVersionShape(VersionShape):
    content = serializers.DictField()


class PublicAnswerShape(serializers.Serializer[Any]):
    text = serializers.CharField()
    language = serializers.CharField()
    at = serializers.DateTimeField()


class QuestionShape(serializers.Serializer[Any]):
    """Who asked is shown to nobody."""

    id = serializers.CharField()
    text = serializers.CharField()
    language = serializers.CharField()
    asked_at = serializers.DateTimeField()
    answer = PublicAnswerShape(allow_null=True)


class QuestionsShape(serializers.Serializer[Any]):
    results = QuestionShape(many=True)


class UpdateShape(serializers.Serializer[Any]):
    id = serializers.CharField()
    posted_at = serializers.DateTimeField()
    title = PairShape()
    text = PairShape()


class UpdatesShape(serializers.Serializer[Any]):
    results = UpdateShape(many=True)


def _call(
    name: str, summary: str, *parameters: Any, answer: Any, refuses: tuple[int, ...], ok: int = 200,
    request: Any = None, tag: str = "proposals",
) -> dict[str, Any]:  # fmt: skip
    return {
        "operation_id": name, "summary": summary, "tags": [tag], "parameters": [*parameters],
        "request": request, "responses": {ok: answer, **refusals(*refuses)},
    }  # fmt: skip


_SECTION: Final = OpenApiParameter("section", OpenApiTypes.STR, OpenApiParameter.PATH)
_NUMBER: Final = OpenApiParameter("number", OpenApiTypes.INT, OpenApiParameter.PATH)
_QUESTION: Final = OpenApiParameter("question", OpenApiTypes.STR, OpenApiParameter.PATH)
_WRITES: Final = (400, 401, 403, 404, 409, 415, 429)
_READS: Final = (401, 403, 404, 429)

CREATE: Final = _call(
    "projects_create", "Begin a proposal of one of my organisations", KEY, ok=201,
    request=CreateSerializer, answer=DraftShape, refuses=_WRITES,
)  # fmt: skip
DRAFT_READ: Final = _call(
    "projects_draft_read", "My proposal: its text, sections and what is missing", ID,
    answer=DraftShape, refuses=_READS,
)  # fmt: skip
DRAFT_CHANGE: Final = _call(
    "projects_draft_change", "Replace one section of a draft", ID, _SECTION, MATCH, KEY,
    request=SectionSerializer, answer=DraftShape, refuses=(*_WRITES, 428),
)  # fmt: skip
SUBMIT: Final = _call(
    "projects_submit", "Hand the proposal in; every missing part is named", ID, KEY,
    answer=DraftShape, refuses=_WRITES,
)  # fmt: skip
WITHDRAW: Final = _call(
    "projects_withdraw", "Take the proposal back for good", ID, KEY,
    request=WithdrawSerializer, answer=DraftShape, refuses=_WRITES,
)  # fmt: skip
VERSIONS: Final = _call(
    "projects_versions", "Versions of my proposal, newest first", ID,
    answer=VersionsShape, refuses=_READS,
)  # fmt: skip
VERSION: Final = _call(
    "projects_version", "One version, whole", ID, _NUMBER,
    answer=WholeVersionShape, refuses=_READS,
)  # fmt: skip
QUESTIONS: Final = _call(
    "projects_questions", "Questions about a listed project, with the owner's answers", ID,
    answer=QuestionsShape, refuses=(401, 404, 429), tag="projects",
)  # fmt: skip
ASK: Final = _call(
    "projects_ask", "Ask the owner in public", ID, KEY, ok=201,
    request=QuestionSerializer, answer=QuestionShape, refuses=_WRITES, tag="projects",
)  # fmt: skip
ANSWER: Final = _call(
    "projects_answer", "Answer a question in public, once", ID, _QUESTION, KEY,
    request=AnswerSerializer, answer=QuestionShape, refuses=_WRITES,
)  # fmt: skip
UPDATES: Final = _call(
    "projects_updates", "News of a listed project, newest first", ID,
    answer=UpdatesShape, refuses=(401, 404, 429), tag="projects",
)  # fmt: skip
POST_UPDATE: Final = _call(
    "projects_update_post", "Post news of my listed project", ID, KEY, ok=201,
    request=UpdateSerializer, answer=UpdateShape, refuses=_WRITES,
)  # fmt: skip

"""`reviews/queue/`, `reviews/{id}/`, `projects/{id}/reviews|decisions/`: the desk for programs.

The same actions, permissions and refusals as the pages. A session must have passed the code; a key
must have been made in a session that had.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.models import ApiToken, User
from backend.accounts.permissions import check_has_role, staff_code_problem
from backend.core.errors import NotAllowed, NotFound
from backend.home.api import review_schema as schema
from backend.home.api.base import MyView
from backend.projects.queries import project_for
from backend.reviews import actions, decision_actions
from backend.reviews.case_file import case_for
from backend.reviews.models import Decision, Review
from backend.reviews.permissions import DESK_ROLES
from backend.reviews.queries import decisions_for, review_for
from backend.reviews.queue import desk_of, filters_from, queue_of
from backend.reviews.request_actions import Ask


def _officer(request: Request) -> User:
    """The signed-in person of an office, past the code, or with a key that was made past it."""
    user = request.user
    assert isinstance(user, User)
    check_has_role(user, *DESK_ROLES)
    if isinstance(request.auth, ApiToken):
        if not request.auth.made_with_code:
            raise NotAllowed(
                _("This key was made without a code, so it does not open the office. Sign in with "
                  "the code and make another one."), code="key_without_code",
            )  # fmt: skip
    elif staff_code_problem(request._request):
        raise NotAllowed(_("People of a city office sign in with a code."), code="code_needed")
    return user


class Queue(MyView):
    @extend_schema(**schema.QUEUE)
    def get(self, request: Request) -> Response:
        """Open cases in the order of their due day; `next` continues one group."""
        user, filters = _officer(request), filters_from(request.query_params)
        found = queue_of(user, filters, desk_of(user))
        groups = [
            {
                "group": g.group,
                "next": filters.query(group=g.group, after=g.next) if g.next else None,
                "cases": [_case(row) for row in g.rows],
            }
            for g in found.groups
        ]
        return Response({"groups": groups})


def _case(row: Any) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "project": row.project,
        "title": {"vi": row.title["title_vi"], "en": row.title["title_en"]},
        "owner": {"vi": row.owner["owner_vi"], "en": row.owner["owner_en"]},
        "version": row.version,
        "task": row.task,
        "reviews_in": row.reviews_in,
        "has_gap": row.has_gap,
        "frozen": row.is_frozen,
        "due_on": row.due_on.isoformat(),
        "working_days_left": row.days_left,
        "officers": [seat[0] for seat in (row.first, row.second) if seat],
    }


class OneReview(MyView):
    @extend_schema(**schema.REVIEW)
    def get(self, request: Request, review_id: str) -> Response:
        """A review that the caller may read: one's own, or both once both are in."""
        return Response(_review(review_for(_officer(request), review_id)))


def _review(review: Review) -> dict[str, Any]:
    return {
        "id": review.public_id,
        "project": review.version.project.public_id,
        "version": review.version.number,
        "rubric": review.rubric_number,
        "submitted_at": review.submitted_at.isoformat() if review.submitted_at else None,
        "scores": [
            {"criterion": s.criterion, "value": s.value,
             "reason": {"vi": s.reason_vi, "en": s.reason_en}}
            for s in review.scores.all()
        ],
        "comment": {"vi": review.comment_vi, "en": review.comment_en},
    }  # fmt: skip


class ScoreInput(serializers.Serializer[Any]):
    criterion = serializers.CharField(max_length=40)
    value = serializers.IntegerField(min_value=0, max_value=5)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=4000)


class ReviewInput(serializers.Serializer[Any]):
    language = serializers.ChoiceField(choices=["vi", "en"], default="vi")
    scores = ScoreInput(many=True)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=4000)


class ProjectReviews(MyView):
    @extend_schema(**schema.REVIEW_SUBMIT, request=ReviewInput)
    def post(self, request: Request, public_id: str) -> Response:
        return self.once(request, lambda: self._submit(request, public_id))

    def _submit(self, request: Request, public_id: str) -> Response:
        user = _officer(request)
        found = case_for(user, public_id)
        given = ReviewInput(data=request.data)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = given.validated_data
        language = data["language"]
        rows = {row["criterion"]: row for row in data["scores"]}
        review = actions.submit_review(
            found.project, by=user, scores={k: row["value"] for k, row in rows.items()},
            reasons={k: {language: row.get("reason", "")} for k, row in rows.items()},
            **{f"comment_{language}": data.get("comment", "")},
        )  # fmt: skip
        return Response(_review(review), status=status.HTTP_201_CREATED)


class AskInput(serializers.Serializer[Any]):
    section = serializers.CharField(max_length=40)
    words_vi = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")
    words_en = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")


class DecisionInput(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=Decision.Outcome.values)
    reason_codes = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, default=list, max_length=30
    )
    words_vi = serializers.CharField(required=False, allow_blank=True, max_length=4000, default="")
    words_en = serializers.CharField(required=False, allow_blank=True, max_length=4000, default="")
    conditions_vi = serializers.CharField(
        required=False, allow_blank=True, max_length=4000, default=""
    )
    conditions_en = serializers.CharField(
        required=False, allow_blank=True, max_length=4000, default=""
    )
    requests = AskInput(many=True, required=False, default=list)


class Decisions(MyView):
    @extend_schema(**schema.DECISIONS)
    def get(self, request: Request, public_id: str) -> Response:
        """What was decided: to officers all of it, to the owner what a letter said, to others
        what listed the project."""
        user = request.user
        project = project_for(user, public_id)
        rows = decisions_for(user, project)
        if not rows and project.public_status is None:
            raise NotFound(_("No such thing, or not for you."))
        return Response({"results": [_decision(d) for d in rows]})

    @extend_schema(**schema.DECIDE, request=DecisionInput)
    def post(self, request: Request, public_id: str) -> Response:
        return self.once(request, lambda: self._decide(request, public_id))

    def _decide(self, request: Request, public_id: str) -> Response:
        user = _officer(request)
        found = case_for(user, public_id)
        given = DecisionInput(data=request.data)
        given.is_valid(raise_exception=True)
        data = dict(given.validated_data)
        asks = [Ask(**row) for row in data.pop("requests")]
        decision = decision_actions.decide_project(found.project, by=user, asks=asks, **data)
        return Response(_decision(decision), status=status.HTTP_201_CREATED)


def _decision(decision: Decision) -> dict[str, Any]:
    letter = decision.letter
    return {
        "id": decision.public_id,
        "outcome": decision.outcome,
        "version": decision.version.number,
        "reason_codes": decision.reason_codes,
        "words": {"vi": decision.words_vi, "en": decision.words_en},
        "conditions": {"vi": decision.conditions_vi, "en": decision.conditions_en},
        "decided_at": decision.decided_at.isoformat(),
        "undone_at": decision.undone_at.isoformat() if decision.undone_at else None,
        "letter": {
            "id": letter.public_id,
            "status": letter.status,
            "number": f"{letter.number:04d}/TĐ-{letter.year}" if letter.number else None,
            "sent_at": letter.sent_at.isoformat() if letter.sent_at else None,
        },
    }

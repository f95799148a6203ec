"""`matches/preview/` and `me/matches/`: an order with its reasons. The matcher decides; here its
answer only gets its shape."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.answers import Answers, answers_of, problems_of
from backend.accounts.models import User
from backend.accounts.queries import profile_of
from backend.core.errors import ManyInvalid
from backend.core.language import language_of_page
from backend.home.api import schema
from backend.home.api.base import MyView, limit_of
from backend.home.api.cards import card
from backend.home.api.serializers import PreviewSerializer, answers_from
from backend.home.vocabulary import vocabulary
from backend.matching.own import own_choices
from backend.matching.queries import (
    ListRules,
    Place,
    RankedList,
    hidden_of,
    preview,
    rules_of,
    today,
)
from backend.projects.search_rows import row_of_project


class Preview(APIView):
    """Nothing is stored, so neither a session nor a CSRF token is asked for."""

    throttle_scope = "preview"

    @extend_schema(**schema.PREVIEW)
    def post(self, request: Request) -> Response:
        serializer = PreviewSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data: dict[str, Any] = serializer.validated_data
        answers = answers_from(data)
        problems = problems_of(answers, vocabulary())
        if problems:
            raise ManyInvalid(problems)
        weights = dict(data.get("weights", {}))
        ranked = preview(answers, weights=weights, limit=data["limit"], language=language_of_page())
        return Response(_shape(ranked))


class MyMatches(MyView):
    @extend_schema(**schema.MY_MATCHES)
    def get(self, request: Request) -> Response:
        assert isinstance(request.user, User)
        profile = profile_of(request.user)
        answers = answers_of(profile) if profile else Answers()
        weights = dict(profile.weights) if profile else {}
        user = request.user
        query = request._request.GET
        # By points alone, or with what the person's page adds (places that it moved are marked).
        rules = rules_of(user) if query.get("as_page") == "1" else ListRules()
        ranked = preview(
            answers, weights=weights, limit=limit_of(query), language=language_of_page(),
            rules=rules, hidden=hidden_of(user), seed=user.public_id,
            chosen=own_choices(user, today()),
        )  # fmt: skip
        return Response(_shape(ranked))


def _shape(ranked: RankedList) -> dict[str, Any]:
    return {
        "results": [_place(place) for place in ranked.places],
        "total": ranked.total,
        "model": {"version": ranked.version, "is_rules": ranked.is_rules},
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "position": place.position,
        "project": card(row_of_project(place.project)),
        "score": place.score,
        "moved_by": place.moved_by,
        "reasons": [
            {
                "factor": reason.factor,
                "points": reason.points,
                "max_points": reason.max_points,
                "you": reason.you,
                "project": reason.project,
                "is_known": reason.is_known,
                "is_mismatch": reason.is_mismatch,
            }
            for reason in place.reasons
        ],
    }

"""`me/profile/` and `me/saved/`: a person's own rows."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.actions import save_profile
from backend.accounts.answers import Answers, answers_of
from backend.accounts.models import InvestorProfile, User
from backend.accounts.queries import profile_of
from backend.core.errors import NotFound
from backend.home.api import schema
from backend.home.api.base import MyView
from backend.home.api.cards import card, money
from backend.home.api.serializers import ProfileSerializer, answers_from
from backend.home.vocabulary import vocabulary
from backend.projects.actions import drop_from_saved, save_for_later
from backend.projects.models import Project
from backend.projects.queries import public_projects
from backend.projects.search_rows import card_rows_of

MAX_SAVED = 200


class VersionRequired(APIException):
    """A change must say which version it changes, or two windows overwrite each other."""

    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_code = "version_required"
    default_detail = _("Send If-Match with the ETag of the profile that you read.")


class Profile(MyView):
    @extend_schema(**schema.PROFILE_READ)
    def get(self, request: Request) -> Response:
        return _answer(profile_of(_person(request)))

    @extend_schema(**schema.PROFILE_CHANGE)
    def patch(self, request: Request) -> Response:
        return self.once(request, lambda: self._change(request))

    def _change(self, request: Request) -> Response:
        serializer = ProfileSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        data: dict[str, Any] = serializer.validated_data
        person = _person(request)
        profile = profile_of(person)
        before = answers_of(profile) if profile else None
        weights = dict(data.get("weights", profile.weights if profile else {}))
        saved = save_profile(
            person,
            answers_from(data, before),
            weights,
            by=person,
            expected_version=_expected_version(request, data),
            vocabulary=vocabulary(),
        )
        return _answer(saved)


def _person(request: Request) -> User:
    user = request.user
    assert isinstance(user, User)
    return user


def _expected_version(request: Request, data: dict[str, Any]) -> int:
    """From `If-Match: "3"`, or `version` in the body."""
    header = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if header.isascii() and header.isdigit() and len(header) < 10:
        return int(header)
    if header or "version" not in data:
        raise VersionRequired()
    return int(data["version"])


def _answer(profile: InvestorProfile | None) -> Response:
    answers = answers_of(profile) if profile else Answers()
    version = profile.version if profile else 0
    budget = None
    if answers.budget_minor is not None:
        budget = money(answers.budget_minor, answers.budget_currency)
    body = {
        "version": version,
        "fields": answers.fields,
        "technologies": answers.technologies,
        "country": answers.country or None,
        "home_place": answers.home_place or None,
        "budget": budget,
        "instruments": answers.instruments,
        "horizon_months": answers.horizon_months,
        "stages": answers.stages,
        "languages": answers.languages,
        "skills": answers.skills,
        "weights": profile.weights if profile else {},
        "updated_at": profile.updated_at.isoformat() if profile else None,
    }
    return Response(body, headers={"ETag": f'"{version}"'})


class SavedList(MyView):
    @extend_schema(**schema.SAVED_LIST)
    def get(self, request: Request) -> Response:
        """The newest saved projects that are still public."""
        saved = _person(request).saved_projects.order_by("-saved_at", "-id")
        ids = list(saved.values_list("project__public_id", flat=True)[:MAX_SAVED])
        return Response({"results": [card(row) for row in card_rows_of(ids)]})


class SavedItem(MyView):
    @extend_schema(**schema.SAVE)
    def put(self, request: Request, public_id: str) -> Response:
        return self.once(request, lambda: self._save(request, public_id))

    def _save(self, request: Request, public_id: str) -> Response:
        save_for_later(public_project(public_id), by=_person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(**schema.UNSAVE)
    def delete(self, request: Request, public_id: str) -> Response:
        return self.once(request, lambda: self._drop(request, public_id))

    def _drop(self, request: Request, public_id: str) -> Response:
        drop_from_saved(public_project(public_id), by=_person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def public_project(public_id: str) -> Project:
    """A project on the public list; everything else is absent."""
    found = public_projects().filter(public_id=public_id).first()
    if found is None:
        raise NotFound(_("No such thing, or not for you."))
    return found

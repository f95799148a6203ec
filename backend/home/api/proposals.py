"""The owner's side for programs: begin, write, submit, withdraw; versions, questions, news.

The same actions as the pages, the same permissions, the same refusals.
"""

from typing import Any

from django.http import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.models import Organisation, User
from backend.core.clock import app_now, city_day
from backend.core.errors import Conflict, NotFound
from backend.core.paste import plain_text
from backend.core.text import clean_text
from backend.home.api import proposal_schema as schema
from backend.home.api.base import MyView, ReadView, RunsOnce
from backend.home.api.cards import pair
from backend.home.api.mine import VersionRequired
from backend.home.api.projects import ProjectList
from backend.home.owner.submit import submit_proposal
from backend.projects.actions import create_proposal, withdraw_project
from backend.projects.draft_actions import save_section
from backend.projects.models import Project, ProjectVersion
from backend.projects.models_owner import ProjectUpdate, Question
from backend.projects.owner_queries import proposal_for, states_of, version_for, versions_of
from backend.projects.queries import project_for
from backend.projects.sections import SECTIONS, merged, progress_of
from backend.projects.talk_actions import (
    answer_question,
    ask_question,
    post_update,
    questions_of,
    updates_of,
)
from backend.projects.workflow import PUBLIC

# Files and the self-check have pages of their own; programs read them in the versions.
WRITABLE = tuple(s for s in SECTIONS if s.key not in {"documents", "readiness"})
MOST = 100


def cleaned(value: Any) -> Any:
    """Every text inside, without control signs and tags."""
    if isinstance(value, str):
        return plain_text(clean_text(value)).strip()
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {str(name)[:60]: cleaned(item) for name, item in value.items()}
    return value


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _checked(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    data: dict[str, Any] = serializer.validated_data
    return data


class Projects(RunsOnce, ProjectList):
    """Anybody reads the list; members of an organisation begin a proposal."""

    def get_permissions(self) -> list[Any]:
        return [] if self.request.method in {"GET", "HEAD", "OPTIONS"} else [IsAuthenticated()]

    def get_throttles(self) -> list[Any]:
        self.throttle_scope = "write" if self.request.method == "POST" else "read"
        return super().get_throttles()

    @extend_schema(**schema.CREATE)
    def post(self, request: Request) -> Response:
        return self.once(request, lambda: self._create(request))

    def _create(self, request: Request) -> Response:
        data = _checked(schema.CreateSerializer(data=request.data))
        mine = Organisation.objects.filter(
            memberships__user=_person(request), public_id=data["organisation"]
        ).first()
        if mine is None:
            raise NotFound(_("No such organisation, or you do not belong to it."))
        content: dict[str, Any] = {}
        for section in WRITABLE:
            content = merged(section, content, cleaned(data.get("content") or {}) | content)
        project = create_proposal(mine, content, by=_person(request))
        return Response(_draft(project), status.HTTP_201_CREATED)


class Draft(MyView):
    @extend_schema(**schema.DRAFT_READ)
    def get(self, request: Request, public_id: str) -> Response:
        return Response(_draft(proposal_for(request.user, public_id)))


class DraftSection(MyView):
    @extend_schema(**schema.DRAFT_CHANGE)
    def patch(self, request: Request, public_id: str, section: str) -> Response:
        return self.once(request, lambda: self._change(request, public_id, section))

    def _change(self, request: Request, public_id: str, section: str) -> Response:
        project = proposal_for(request.user, public_id)
        if section not in {s.key for s in WRITABLE}:
            raise NotFound(_("No such thing, or not for you."))
        data = _checked(schema.SectionSerializer(data=request.data))
        expected = _expected(request, data)
        values = cleaned(data["values"])
        save_section(project, section, values, by=_person(request), expected=expected)
        return Response(_draft(proposal_for(request.user, public_id)))


def _expected(request: Request, data: dict[str, Any]) -> int:
    """From `If-Match: "3"`, or `version` in the body."""
    header = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if header.isascii() and header.isdigit() and len(header) < 10:
        return int(header)
    if header or "version" not in data:
        raise VersionRequired()
    return int(data["version"])


def _draft(project: Project) -> dict[str, Any]:
    version = project.current_version
    content = dict(version.content) if version else {}
    states = states_of(project)
    sections = [
        {
            "key": one.section.key,
            "version": states[one.section.key].version if one.section.key in states else 0,
            "progress": str(one.progress),
            "missing": [{"field": p.path, "code": p.code} for p in one.problems],
        }
        for one in progress_of(content, on=city_day(app_now()))
    ]
    return {
        "id": project.public_id,
        "status": project.status,
        "version_number": version.number if version else None,
        "sections": sections,
        "content": content,
    }


class Submit(MyView):
    @extend_schema(**schema.SUBMIT)
    def post(self, request: Request, public_id: str) -> Response:
        return self.once(request, lambda: self._submit(request, public_id))

    def _submit(self, request: Request, public_id: str) -> Response:
        project = submit_proposal(proposal_for(request.user, public_id), by=_person(request))
        return Response(_draft(project))


class Withdraw(MyView):
    @extend_schema(**schema.WITHDRAW)
    def post(self, request: Request, public_id: str) -> Response:
        return self.once(request, lambda: self._withdraw(request, public_id))

    def _withdraw(self, request: Request, public_id: str) -> Response:
        project = proposal_for(request.user, public_id)
        data = _checked(schema.WithdrawSerializer(data=request.data or {}))
        reason = cleaned(data.get("reason", ""))
        return Response(_draft(withdraw_project(project, by=_person(request), reason=reason)))


class Versions(MyView):
    @extend_schema(**schema.VERSIONS)
    def get(self, request: Request, public_id: str) -> Response:
        project = proposal_for(request.user, public_id)
        return Response({"results": [_version(v) for v in versions_of(project)]})


class Version(MyView):
    @extend_schema(**schema.VERSION)
    def get(self, request: Request, public_id: str, number: int) -> Response:
        project = proposal_for(request.user, public_id)
        found = version_for(request.user, project, number)
        return Response({**_version(found), "content": found.content})


def _version(version: ProjectVersion) -> dict[str, Any]:
    at = version.submitted_at
    return {
        "number": version.number,
        "submitted_at": at.isoformat() if at else None,
        "sha256": version.content_sha256 or None,
    }


def _public(request: Request, public_id: str) -> Project:
    project = project_for(request.user, public_id)
    if project.status not in PUBLIC or project.is_call:
        raise NotFound(_("No such thing, or not for you."))
    return project


class _OpenToRead(RunsOnce, ReadView):
    """Anybody reads; signed-in people write."""

    def get_permissions(self) -> list[Any]:
        return [] if self.request.method in {"GET", "HEAD", "OPTIONS"} else [IsAuthenticated()]

    def get_throttles(self) -> list[Any]:
        self.throttle_scope = "write" if self.request.method == "POST" else "read"
        return super().get_throttles()


class Questions(_OpenToRead):
    @extend_schema(**schema.QUESTIONS)
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        rows = questions_of(_public(request, public_id))[:MOST]
        return self.public(request, {"results": [_question(row) for row in rows]})

    @extend_schema(**schema.ASK)
    def post(self, request: Request, public_id: str) -> Response:
        return self.once(request, lambda: self._ask(request, public_id))

    def _ask(self, request: Request, public_id: str) -> Response:
        project = _public(request, public_id)
        data = _checked(schema.QuestionSerializer(data=request.data))
        asked = ask_question(project, by=_person(request), **data)
        return Response(_question(asked), status.HTTP_201_CREATED)


class QuestionAnswer(MyView):
    @extend_schema(**schema.ANSWER)
    def post(self, request: Request, public_id: str, question: str) -> Response:
        return self.once(request, lambda: self._answer(request, public_id, question))

    def _answer(self, request: Request, public_id: str, question: str) -> Response:
        project = proposal_for(request.user, public_id)
        row = questions_of(project).filter(public_id=question[:40]).first()
        if row is None:
            raise NotFound(_("No such thing, or not for you."))
        data = _checked(schema.AnswerSerializer(data=request.data))
        return Response(_question(answer_question(row, by=_person(request), **data)))


def _question(row: Question) -> dict[str, Any]:
    """Who asked is in no answer."""
    answer = None
    if row.answered_at is not None:
        answer = {
            "text": row.answer,
            "language": row.answer_language,
            "at": row.answered_at.isoformat(),
        }
    return {
        "id": row.public_id,
        "text": row.text,
        "language": row.language,
        "asked_at": row.asked_at.isoformat(),
        "answer": answer,
    }


class Updates(_OpenToRead):
    @extend_schema(**schema.UPDATES)
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        rows = updates_of(_public(request, public_id))[:MOST]
        return self.public(request, {"results": [_update(row) for row in rows]})

    @extend_schema(**schema.POST_UPDATE)
    def post(self, request: Request, public_id: str) -> Response:
        return self.once(request, lambda: self._post(request, public_id))

    def _post(self, request: Request, public_id: str) -> Response:
        project = proposal_for(request.user, public_id)
        if project.status not in PUBLIC:
            raise Conflict(_("News can be posted once the project is listed."), code="wrong_state")
        data = _checked(schema.UpdateSerializer(data=request.data))
        texts = {
            f"{name}_{language}": data.get(name, {}).get(language, "")
            for name in ("title", "text")
            for language in ("vi", "en")
        }
        posted = post_update(project, by=_person(request), **texts)
        return Response(_update(posted), status.HTTP_201_CREATED)


def _update(row: ProjectUpdate) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "posted_at": row.posted_at.isoformat(),
        "title": pair(row.title_vi, row.title_en),
        "text": pair(row.text_vi, row.text_en),
    }

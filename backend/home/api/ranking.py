"""The matcher for programs: what a person left out, searches that they keep, projects alike, who
fits an owner's project, and the report on the order itself. The same actions as the pages."""

from typing import Any

from django.http import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from backend.accounts.answers import FACTORS
from backend.accounts.models import User
from backend.core.errors import NotFound
from backend.core.language import language_of_page
from backend.home.api import ranking_schema as schema
from backend.home.api.base import MyView, ReadView
from backend.home.api.cards import card
from backend.home.api.mine import public_project
from backend.home.ranking_page import first_pages
from backend.matching import actions
from backend.matching.exposure import current_reading, policy_in_force
from backend.matching.models import Dismissal, ExposurePolicy, MatchRun, SavedSearch
from backend.matching.runs import current_model, serving_run
from backend.matching.similar import similar_to
from backend.projects.queries import project_for
from backend.projects.search_rows import row_of_project
from backend.projects.workflow import PUBLIC

MOST_LISTED = 200
MOST_SIMILAR = 10


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _checked(serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    data: dict[str, Any] = serializer.validated_data
    return data


class Dismissals(MyView):
    @extend_schema(**schema.DISMISSALS)
    def get(self, request: Request) -> Response:
        rows = Dismissal.objects.filter(user=_person(request), project__status__in=sorted(PUBLIC))
        rows = rows.select_related("project").order_by("-dismissed_at", "-id")[:MOST_LISTED]
        return Response({
            "results": [
                {"project": row.project.public_id, "reason": row.reason,
                 "dismissed_at": row.dismissed_at}
                for row in rows
            ]
        })  # fmt: skip


class DismissalItem(MyView):
    @extend_schema(**schema.DISMISS)
    def put(self, request: Request, public_id: str) -> Response:
        return self.once(request, lambda: self._dismiss(request, public_id))

    def _dismiss(self, request: Request, public_id: str) -> Response:
        reason = _checked(schema.DismissalSerializer(data=request.data))["reason"]
        person = _person(request)
        actions.dismiss_project(public_project(public_id), user=person, by=person, reason=reason)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(**schema.UNDISMISS)
    def delete(self, request: Request, public_id: str) -> Response:
        return self.once(request, lambda: self._undo(request, public_id))

    def _undo(self, request: Request, public_id: str) -> Response:
        person = _person(request)
        actions.undo_dismissal(public_project(public_id), user=person, by=person)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Searches(MyView):
    @extend_schema(**schema.SEARCHES)
    def get(self, request: Request) -> Response:
        rows = SavedSearch.objects.filter(user=_person(request)).order_by("-id")
        return Response({"results": [_search(row) for row in rows]})

    @extend_schema(**schema.KEEP_SEARCH)
    def post(self, request: Request) -> Response:
        return self.once(request, lambda: self._keep(request))

    def _keep(self, request: Request) -> Response:
        data = _checked(schema.SearchSerializer(data=request.data))
        person = _person(request)
        return Response(_search(actions.keep_search(person, by=person, **data)), status=201)


class SearchItem(MyView):
    @extend_schema(**schema.SET_ALERT)
    def patch(self, request: Request, search_id: str) -> Response:
        return self.once(request, lambda: self._set(request, search_id))

    def _set(self, request: Request, search_id: str) -> Response:
        alert = _checked(schema.AlertSerializer(data=request.data))["alert"]
        kept = _mine(request, search_id)
        return Response(_search(actions.set_alert(kept, by=_person(request), alert=alert)))

    @extend_schema(**schema.DROP_SEARCH)
    def delete(self, request: Request, search_id: str) -> Response:
        return self.once(request, lambda: self._drop(request, search_id))

    def _drop(self, request: Request, search_id: str) -> Response:
        actions.drop_search(_mine(request, search_id), by=_person(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _mine(request: Request, search_id: str) -> SavedSearch:
    """One of one's own searches: those of others are as absent as none."""
    found = SavedSearch.objects.filter(user=_person(request), public_id=search_id).first()
    if found is None:
        raise NotFound(_("No such thing, or not for you."))
    return found


def _search(row: SavedSearch) -> dict[str, Any]:
    return {
        "id": row.public_id, "name": row.name, "query": row.query, "alert": row.alert,
        "created_at": row.created_at,
    }  # fmt: skip


class SimilarProjects(ReadView):
    @extend_schema(**schema.SIMILAR)
    def get(self, request: Request, public_id: str) -> HttpResponseBase:
        project = public_project(public_id)
        found = similar_to(project, language_of_page(), MOST_SIMILAR)
        return self.public(request, {
            "results": [
                {"project": card(row_of_project(one.project)),
                 "shared": [{"factor": s.factor, "words": s.words} for s in one.shared]}
                for one in found
            ]
        })  # fmt: skip


class Demand(MyView):
    @extend_schema(**schema.DEMAND)
    def get(self, request: Request, public_id: str) -> Response:
        """Who fits, in bands; 202 while the first count is being made."""
        person = _person(request)
        project = project_for(person, public_id)
        found = actions.ask_for_demand(project, by=person)
        if found is None:
            return Response({"is_current": False, "report": None}, status=202)
        is_current = found.made_from == actions.made_from(project)
        report = {**found.content, "made_at": found.made_at}
        return Response({"is_current": is_current, "report": report})


class RankingReport(ReadView):
    @extend_schema(**schema.REPORT)
    def get(self, request: Request) -> HttpResponseBase:
        serving, run = current_model(), serving_run()
        body: dict[str, Any] = {
            "model": {"version": serving.version, "is_rules": serving.model.is_rules},
            "factors": [
                {"factor": factor, "max_points": int(points)}
                for factor, points in zip(FACTORS, serving.model.max_points, strict=True)
            ],
            "run": _run(run) if run else None,
            "exposure": _exposure(policy_in_force()),
        }
        return self.public(request, body)


def _run(run: MatchRun) -> dict[str, Any]:
    return {
        "id": run.public_id, "trained_at": run.trained_at, "metrics": run.metrics,
        "gate": run.gate, "artifact_sha256": run.artifact_sha256,
        "choices_from": run.window_from, "choices_until": run.window_until,
    }  # fmt: skip


def _exposure(policy: ExposurePolicy | None) -> dict[str, Any]:
    seen, reading = first_pages(), current_reading()
    rule = None
    if policy is not None:
        rule = {
            "floor_percent": policy.floor_percent, "places": policy.places,
            "window_days": policy.window_days, "in_force_from": policy.in_force_from,
            "decision": {"vi": policy.source_vi, "en": policy.source_en},
        }  # fmt: skip
    return {
        "rule": rule,
        "since": seen.since, "until": seen.until, "views": seen.views, "listed": seen.listed,
        "reached": reading.reached if reading else None,
        "fields": [_share(key, numbers, seen) for key, numbers in seen.fields],
        "owners": [_share(key, numbers, seen) for key, numbers in seen.owners],
    }  # fmt: skip


def _share(key: str, views: list[int], seen: Any) -> dict[str, Any]:
    return {
        "key": key or None,
        "projects": len(views),
        "percent_of_projects": str(seen.of_listed(views)),
        "percent_of_views": str(seen.of_views(views)),
    }

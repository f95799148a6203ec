"""The matcher for programs: the same actions and refusals as its pages."""

import json
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from backend.accounts.models import User
from backend.core import jobs
from backend.matching import catalogue, exposure
from backend.matching.models import DemandReport, Dismissal, SavedSearch
from tests import factories

pytestmark = pytest.mark.django_db
SEARCHES = "/api/v1/me/searches/"


def send(client: Client, method: str, path: str, body: Any = None) -> Any:
    data = "" if body is None else json.dumps(body)
    return getattr(client, method)(path, data=data, content_type="application/json")


@pytest.fixture
def person() -> User:
    return factories.a_user()


@pytest.fixture
def me(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def test_a_dismissed_project_leaves_my_order_and_comes_back(me: Client) -> None:
    one, other = factories.a_listed_project(), factories.a_listed_project()
    catalogue.forget_catalogue()
    path = f"/api/v1/me/dismissals/{one.public_id}/"
    bad = send(me, "put", path, {"reason": "because"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (400, "reason")
    assert send(me, "put", path, {"reason": "ticket"}).status_code == 204
    assert send(me, "put", path, {"reason": "seen"}).status_code == 204
    rows = me.get("/api/v1/me/dismissals/").json()["results"]
    assert [(r["project"], r["reason"]) for r in rows] == [(one.public_id, "seen")]
    shown = [p["project"]["id"] for p in me.get("/api/v1/me/matches/").json()["results"]]
    assert shown == [other.public_id]
    assert me.delete(path).status_code == me.delete(path).status_code == 204
    assert not Dismissal.objects.exists()


def test_searches_are_kept_once_changed_and_deleted(me: Client, client: Client) -> None:
    body = {"name": "Sensors", "query": "technology=iot_sensors&page=9", "alert": True}
    made = send(me, "post", SEARCHES, body)
    assert (made.status_code, made.json()["query"]) == (201, "technology=iot_sensors")
    again = send(me, "post", SEARCHES, {**body, "name": "Cảm biến"}).json()
    assert (again["id"], again["name"]) == (made.json()["id"], "Cảm biến")
    path = f"{SEARCHES}{again['id']}/"
    assert send(me, "patch", path, {"alert": False}).json()["alert"] is False
    assert len(me.get(SEARCHES).json()["results"]) == 1
    stranger = Client()
    stranger.force_login(factories.a_user())
    assert send(stranger, "patch", path, {"alert": True}).status_code == 404
    assert stranger.delete(path).status_code == 404
    assert me.delete(path).status_code == 204
    assert not SavedSearch.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"query": ""}, "query"),
        ({"query": "a=b"}, "query"),
        ({"query": "field=no_such"}, "field"),
        ({"query": "&" * 2000}, "query"),
        ({"query": "x" * 2001}, "query"),
        ({"alert": "yes"}, "alert"),
    ],
)
def test_a_search_that_cannot_be_kept_names_what_is_wrong(
    me: Client, change: dict[str, Any], field: str
) -> None:
    body = {"name": "x", "query": "min_trl=5", "alert": False} | change
    reply = send(me, "post", SEARCHES, body)
    assert reply.status_code == 400
    assert field in [error["field"] for error in reply.json()["errors"]]
    assert not SavedSearch.objects.exists()


def test_similar_projects_say_what_they_share(client: Client) -> None:
    one = factories.a_listed_project(technologies=["ai"])
    two = factories.a_listed_project(technologies=["ai"])
    catalogue.forget_catalogue()
    found = client.get(f"/api/v1/projects/{one.public_id}/similar/").json()["results"]
    assert [row["project"]["id"] for row in found] == [two.public_id]
    assert "technology" in {shared["factor"] for shared in found[0]["shared"]}


def test_an_owner_reads_bands_once_they_are_counted(client: Client) -> None:
    owner = factories.a_user()
    project = factories.a_listed_project(owner=owner)
    client.force_login(owner)
    path = f"/api/v1/projects/{project.public_id}/demand/"
    assert client.get(path).status_code == 202
    jobs.run_due_jobs()
    assert DemandReport.objects.get().project == project
    body = client.get(path).json()
    assert body["is_current"] is True
    assert body["report"]["fits"] == [0, 9]


def test_the_report_has_the_factors_and_who_was_seen(client: Client) -> None:
    project = factories.a_listed_project(field="digital_urban_services", owner_kind="lab")
    catalogue.forget_catalogue()
    caches["memory"].clear()
    client.get("/en/for-you/?fields=digital_urban_services")
    exposure.flush_views()
    body = client.get("/api/v1/ranking/").json()
    assert sum(factor["max_points"] for factor in body["factors"]) == 100
    assert body["model"]["is_rules"] is True
    assert body["exposure"]["rule"]["floor_percent"] == 40
    assert [row["key"] for row in body["exposure"]["fields"]] == [project.field]
    assert body["exposure"]["owners"][0]["percent_of_views"] == "100.0"

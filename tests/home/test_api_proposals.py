"""The owner's side for programs walks the same road as the pages, with the same refusals."""

import json
from typing import Any

import pytest
from django.test import Client

from backend.accounts.models import User
from backend.projects.models import Project
from backend.projects.workflow import Status
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return factories.a_user()


@pytest.fixture
def api(owner: User) -> Any:
    client = Client()
    client.force_login(owner)

    def call(method: str, path: str, body: Any = None, **headers: str) -> Any:
        return client.generic(
            method, f"/api/v1/projects/{path}", b"" if body is None else json.dumps(body),
            content_type="application/json", headers=headers,
        )  # fmt: skip

    return call


def test_a_program_begins_writes_submits_and_withdraws(api: Any, owner: User) -> None:
    factories.an_office()
    organisation = factories.an_organisation(owner)
    whole = factories.a_content()
    body = {"organisation": organisation.public_id, "content": whole}
    made = api("POST", "", body, **{"Idempotency-Key": "one"})
    assert made.status_code == 201
    again = api("POST", "", body, **{"Idempotency-Key": "one"})
    assert again.json()["id"] == made.json()["id"]
    assert Project.objects.count() == 1
    key = made.json()["id"]
    emptied = api("PATCH", f"{key}/draft/risks/", {"values": {}, "version": 0})
    assert emptied.status_code == 200
    refused = api("POST", f"{key}/submit/")
    assert refused.status_code == 400
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert [e["field"] for e in refused.json()["errors"]] == ["risks"]
    late = api("PATCH", f"{key}/draft/risks/", {"values": {"risks": whole["risks"]}, "version": 0})
    assert late.status_code == 409
    assert late.json()["code"] == "section_changed"
    api(
        "PATCH", f"{key}/draft/risks/", {"values": {"risks": whole["risks"]}}, **{"If-Match": '"1"'}
    )
    assert api("POST", f"{key}/submit/").json()["status"] == "submitted"
    versions = api("GET", f"{key}/versions/").json()["results"]
    assert versions[0]["sha256"]
    assert api("GET", f"{key}/versions/1/").json()["content"]["title_vi"] == whole["title_vi"]
    assert api("POST", f"{key}/withdraw/", {"reason": "Đổi ý"}).json()["status"] == "withdrawn"


@pytest.mark.parametrize(
    "values",
    [
        {"risks": "x"}, {"risks": [1]}, {"risks": [{"risk_vi": 5}]},
        {"risks": [{"risk_vi": "x" * 1_001}]}, {"risks": [{}] * 41},
    ],
)  # fmt: skip
def test_values_that_cannot_be_saved_are_named(api: Any, owner: User, values: Any) -> None:
    project = factories.a_draft(owner=owner)
    path = f"{project.public_id}/draft/risks/"
    response = api("PATCH", path, {"values": values, "version": 0})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"].startswith("risks")


def test_html_and_odd_signs_are_taken_out(api: Any, owner: User) -> None:
    project = factories.a_draft(owner=owner)
    text = "<p>Nước\u0000 mặn</p><script>alert(1)</script>"
    values = {"market_vi": text}
    api("PATCH", f"{project.public_id}/draft/market/", {"values": values, "version": 0})
    project.refresh_from_db()
    assert project.current_version is not None
    assert project.current_version.content["market_vi"] == "Nước mặn"


def test_another_organisation_cannot_be_written_for(api: Any) -> None:
    foreign = factories.an_organisation(factories.a_user())
    assert api("POST", "", {"organisation": foreign.public_id}).status_code == 404
    draft = factories.a_draft()
    assert api("GET", f"{draft.public_id}/draft/").status_code == 404
    assert api("POST", f"{draft.public_id}/submit/").status_code == 404


def test_questions_and_news_are_public_and_name_nobody(api: Any, owner: User) -> None:
    project = factories.a_project_at(Status.LISTED, owner=owner)
    asker = Client()
    asker.force_login(factories.a_user(full_name="Trần Mai Anh"))
    path = f"/api/v1/projects/{project.public_id}/questions/"
    body = {"text": "Pin dùng mấy năm?", "language": "vi"}
    asked = asker.post(path, body, content_type="application/json").json()
    api("POST", f"{project.public_id}/questions/{asked['id']}/answer/",
        {"answer": "Năm năm.", "language": "vi"})  # fmt: skip
    news = {"title": {"vi": "Tin"}, "text": {"vi": "Đã lắp 12 trạm"}}
    assert api("POST", f"{project.public_id}/updates/", news).status_code == 201
    public = Client().get(path)
    assert public.json()["results"][0]["answer"]["text"] == "Năm năm."
    assert "Mai Anh" not in public.content.decode()
    listed = Client().get(f"/api/v1/projects/{project.public_id}/updates/").json()["results"]
    assert listed[0]["text"]["vi"] == "Đã lắp 12 trạm"

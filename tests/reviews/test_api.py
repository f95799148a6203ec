"""The desk for programs: the same answers and refusals as the pages."""

import json
from typing import Any

import pytest
from django.test import Client

from backend.accounts.actions import issue_api_token
from backend.accounts.models import User
from backend.projects.models import Project
from backend.projects.workflow import Status
from backend.reviews.models import Decision, Review
from tests import factories

pytestmark = pytest.mark.django_db


def call(person: User, method: str, path: str, body: Any = None) -> Any:
    _token, text = issue_api_token(person, by=person, name="x", with_code=True)
    return Client().generic(
        method, f"/api/v1/{path}", b"" if body is None else json.dumps(body),
        content_type="application/json", headers={"Authorization": f"Bearer {text}"},
    )  # fmt: skip


def a_case() -> tuple[Project, tuple[User, User], User]:
    project = factories.a_project_at(Status.IN_REVIEW)
    lead = factories.an_officer("lead")
    factories.declared(project, lead)
    return project, factories.two_reviewers(project), lead


def scores(**changes: int) -> list[dict[str, Any]]:
    values = factories.scores() | changes
    return [{"criterion": key, "value": value} for key, value in values.items()]


def test_the_queue_has_the_case_with_its_working_days() -> None:
    project, (first, _second), _lead = a_case()
    groups = call(first, "GET", "reviews/queue/").json()["groups"]
    cases = [case for group in groups for case in group["cases"]]
    assert [case["project"] for case in cases] == [project.public_id]
    assert cases[0]["task"] == "review"


def test_two_reviews_and_a_decision_through_the_api() -> None:
    project, (first, second), lead = a_case()
    path = f"projects/{project.public_id}/reviews/"
    refused = call(first, "POST", path, {"scores": scores(team=1)})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "team_why"
    assert not Review.objects.filter(submitted_at__isnull=False).exists()
    one = call(first, "POST", path, {"scores": scores()})
    assert one.status_code == 201, one.content
    review = f"reviews/{one.json()['id']}/"
    assert call(second, "GET", review).status_code == 404, "blind until both are in"
    assert call(first, "GET", review).status_code == 200
    assert call(second, "POST", path, {"scores": scores()}).status_code == 201
    assert call(second, "GET", review).status_code == 200
    decisions = f"projects/{project.public_id}/decisions/"
    assert call(first, "POST", decisions, {"outcome": "list"}).status_code == 403
    decided = call(lead, "POST", decisions, {"outcome": "list"})
    assert decided.status_code == 201, decided.content
    assert decided.json()["letter"]["status"] == "prepared"
    assert call(lead, "POST", decisions, {"outcome": "list"}).status_code == 409
    owner = project.owner.memberships.get().user
    assert call(owner, "GET", decisions).status_code == 404, "nothing is out yet"
    factories.a_letter_for(Decision.objects.get())
    assert len(call(owner, "GET", decisions).json()["results"]) == 1
    assert len(call(factories.a_user(), "GET", decisions).json()["results"]) == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"scores": []}, {"scores": [{"criterion": "team", "value": 9}]},
     {"scores": [{"criterion": "\x00", "value": 1}]}, {"scores": "x"},
     {"scores": [{"criterion": "nowhere", "value": 3}]}],
)  # fmt: skip
def test_a_wrong_review_is_refused_with_its_place(body: dict[str, Any]) -> None:
    project, (first, _second), _lead = a_case()
    response = call(first, "POST", f"projects/{project.public_id}/reviews/", body)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert not Review.objects.filter(submitted_at__isnull=False).exists()


def test_a_key_that_was_made_without_a_code_does_not_open_the_office() -> None:
    project, (first, _second), _lead = a_case()
    token, text = issue_api_token(first, by=first, name="old")
    assert not token.made_with_code
    for path in ("reviews/queue/", f"projects/{project.public_id}/reviews/"):
        method = Client().get if "queue" in path else Client().post
        answer = method(f"/api/v1/{path}", headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == 403
        assert answer.json()["code"] == "key_without_code"
    mine = Client().get("/api/v1/me/profile/", headers={"Authorization": f"Bearer {text}"})
    assert mine.status_code in {200, 404}, "everything else stays open to it"

"""Who may call what: every path of the API × every kind of person, the reply and that a refusal
changed nothing. A path that is in no row fails."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from backend.accounts.actions import issue_api_token
from backend.accounts.models import InvestorProfile, User
from backend.home.urls_api import urlpatterns
from backend.matching.catalogue import forget_catalogue
from backend.matching.models import DemandReport, Dismissal, SavedSearch
from backend.projects.models import Project, SavedProject
from backend.projects.models_owner import ProjectUpdate, Question
from tests import factories

pytestmark = pytest.mark.django_db
OF_THE_MATCHER = (Dismissal, SavedSearch, DemandReport)
PEOPLE = ("stranger", "revoked key", "investor", "key", "owner", "case_officer", "auditor")
ANYBODY = dict.fromkeys(PEOPLE, 200) | {"revoked key": 401}
MEMBERS = ANYBODY | {"stranger": 401}
OFFICE = {person: 403 if reply == 200 else reply for person, reply in MEMBERS.items()}
# Only the owner's people; others see a listed project and lack the role.
OWNERS = dict.fromkeys(PEOPLE, 403) | {"stranger": 401, "revoked key": 401, "owner": 200}
CLOSED = OWNERS | {"owner": 409}
WRITERS = dict.fromkeys(PEOPLE, 400) | {"stranger": 401, "revoked key": 401}
ASKERS = dict.fromkeys(PEOPLE, 201) | {"stranger": 401, "revoked key": 401, "owner": 403}
EMPTY = {person: 204 if reply == 200 else reply for person, reply in MEMBERS.items()}
ABSENT = {person: 404 if reply == 200 else reply for person, reply in MEMBERS.items()}
# Name of the path, method, body -> the reply for each person.
MATRIX: dict[tuple[str, str], tuple[Any, dict[str, int]]] = {
    ("api_index", "get"): (None, ANYBODY),
    ("api_projects", "get"): (None, ANYBODY),
    ("api_project", "get"): (None, ANYBODY),
    ("api_taxonomy", "get"): (None, ANYBODY),
    ("api_preview", "post"): ({}, ANYBODY),
    ("api_profile", "get"): (None, MEMBERS),
    ("api_profile", "patch"): ({"country": "US", "version": 0}, MEMBERS),
    ("api_matches", "get"): (None, MEMBERS),
    ("api_saved", "get"): (None, MEMBERS),
    ("api_saved_item", "put"): (None, EMPTY),
    ("api_saved_item", "delete"): (None, EMPTY),
    ("api_pledges", "get"): (None, MEMBERS),
    # No round of this id exists: absent for everybody with an account.
    ("api_round_pledges", "post"): (
        {"amount": "100", "currency": "USD"},
        ABSENT,
    ),
    # A session of the office without its code, and everybody else, stays outside; who gets in with
    # one is in tests/reviews/test_api.py.
    ("api_review_queue", "get"): (None, OFFICE),
    ("api_review", "get"): (None, OFFICE),
    ("api_project_reviews", "post"): ({}, OFFICE),
    ("api_decisions", "get"): (None, MEMBERS),
    ("api_decisions", "post"): ({}, OFFICE),
    ("api_projects", "post"): ({}, WRITERS),
    ("api_draft", "get"): (None, OWNERS),
    ("api_draft_section", "patch"): ({"values": {}, "version": 0}, CLOSED),
    ("api_submit", "post"): (None, CLOSED),
    ("api_withdraw", "post"): ({}, OWNERS),
    ("api_versions", "get"): (None, OWNERS),
    ("api_version", "get"): (None, OWNERS),
    ("api_questions", "get"): (None, ANYBODY),
    ("api_questions", "post"): ({"text": "Pin?", "language": "vi"}, ASKERS),
    ("api_answer", "post"): ({"answer": "Có", "language": "vi"}, OWNERS | {"owner": 404}),
    ("api_updates", "get"): (None, ANYBODY),
    ("api_updates", "post"): (
        {"title": {"vi": "Tin"}, "text": {"vi": "Đã lắp"}},
        OWNERS | {"owner": 201},
    ),
    ("api_plans", "get"): (None, MEMBERS),
    ("api_plans", "post"): ({}, {p: 400 if s == 200 else s for p, s in MEMBERS.items()}),
    # Somebody else's plan is as absent as none; its own person's calls: tests/remittances.
    ("api_plan", "get"): (None, ABSENT),
    ("api_plan_act", "post"): (None, ABSENT),
    # No snapshot yet; read in tests/insights.
    ("api_flows", "get"): (None, {p: 404 if s == 200 else s for p, s in ANYBODY.items()}),
    ("api_flows_csv", "get"): (None, {p: 404 if s == 200 else s for p, s in ANYBODY.items()}),
    ("api_similar", "get"): (None, ANYBODY),
    ("api_ranking", "get"): (None, ANYBODY),
    # Counted by a worker: the first call says that it was asked for.
    ("api_demand", "get"): (None, OWNERS | {"owner": 202}),
    ("api_dismissals", "get"): (None, MEMBERS),
    ("api_dismissal", "put"): ({"reason": "seen"}, EMPTY),
    ("api_dismissal", "delete"): (None, EMPTY),
    ("api_searches", "get"): (None, MEMBERS),
    ("api_searches", "post"): (
        {"name": "x", "query": "min_trl=5", "alert": False},
        {p: 201 if s == 200 else s for p, s in MEMBERS.items()},
    ),
    # Somebody else's search is as absent as none; one's own: tests/matching/test_api.py.
    ("api_search", "patch"): ({"alert": True}, ABSENT),
    ("api_search", "delete"): (None, ABSENT),
    ("api_schema", "get"): (None, ANYBODY),
    ("api_docs", "get"): (None, dict.fromkeys(PEOPLE, 200)),
}


@pytest.fixture(autouse=True)
def _fresh_catalogue() -> None:
    forget_catalogue()


def person_of(kind: str, owner: User) -> User | None:
    if kind in {"case_officer", "auditor"}:
        return factories.an_officer(kind)
    return {"stranger": None, "owner": owner}.get(kind, factories.a_user())


def caller(kind: str, owner: User) -> tuple[Client, dict[str, str]]:
    client, person = Client(), person_of(kind, owner)
    if person is None:
        return client, {}
    if "key" in kind:
        token, text = issue_api_token(person, by=person, name="x", with_code=True)
        if kind == "revoked key":
            type(token).objects.filter(pk=token.pk).update(revoked_at=token.created_at)
        return client, {"Authorization": f"Bearer {text}"}
    client.force_login(person)
    return client, {}


def addresses(project: Project) -> Iterator[tuple[str, str]]:
    for pattern in urlpatterns:
        route = str(pattern.pattern).replace("<project_id:public_id>", project.public_id)
        route = route.replace("<round_id:round_id>", "rnd_" + "0" * 20)
        route = route.replace("<review_id:review_id>", "rev_none")
        for kind, value in (("slug:section", "team"), ("int:number", "1"), ("str:question", "q")):
            route = route.replace(f"<{kind}>", value)
        route = route.replace("<search_id:search_id>", "srch_0")
        route = route.replace("<plan_id:public_id>", "pln_0").replace("<plan_act:act>", "pause")
        yield str(pattern.name), f"/api/{route}"


def test_every_path_is_in_the_matrix() -> None:
    assert {p.name for p in urlpatterns} == {name for name, _method in MATRIX}


@pytest.mark.parametrize(("name", "method"), MATRIX)
def test_the_reply_is_the_one_of_the_matrix(name: str, method: str) -> None:
    """One project for all kinds of people: what each of them changed is undone."""
    owner = factories.a_user()
    project = factories.a_listed_project(owner=owner)
    for kind in PEOPLE:
        with transaction.atomic():
            check_reply(kind, name, method, project, owner)
            transaction.set_rollback(True)


def check_reply(kind: str, name: str, method: str, project: Project, owner: User) -> None:
    path = dict(addresses(project))[name]
    body, replies = MATRIX[(name, method)]
    client, headers = caller(kind, owner)
    response = client.generic(
        method.upper(), path, b"" if body is None else json.dumps(body),
        content_type="application/json", headers=headers,
    )  # fmt: skip
    assert response.status_code == replies[kind], f"{kind}: {response.content[:300]!r}"
    if replies[kind] >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"
        for model in (InvestorProfile, SavedProject, Question, ProjectUpdate, *OF_THE_MATCHER):
            assert not model.objects.exists(), f"{kind} left a {model.__name__}"
        assert Project.objects.get(pk=project.pk).status == "listed"

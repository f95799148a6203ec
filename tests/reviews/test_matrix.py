"""Who may open and press what: every address of the desk × every kind of person, at three statuses.
A refusal changes nothing. An address that is in no row fails."""

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from backend.accounts.models import User
from backend.core.models import AuditEvent
from backend.home.office import urls
from backend.projects.models import Project
from backend.projects.workflow import Status
from backend.reviews import case_actions
from backend.reviews.models import Case, Letter
from tests import factories
from tests.reviews.desk import sign_in

pytestmark = pytest.mark.django_db

CASE_OFFICER, LEAD, SIGNER, AUDITOR = "case_officer", "lead", "signer", "auditor"
DESK = frozenset({CASE_OFFICER, LEAD, SIGNER, AUDITOR})
ACTING = DESK - {AUDITOR}
TAKERS = frozenset({CASE_OFFICER, LEAD, "elsewhere"})
PEOPLE = (
    "stranger", "investor", "owner", "finance", "elsewhere", CASE_OFFICER, LEAD, SIGNER, AUDITOR,
)  # fmt: skip
# name -> (kind of address, method, data, who may)
MATRIX: dict[str, tuple[str, str, dict[str, Any], frozenset[str]]] = {
    "home": ("", "get", {}, frozenset(PEOPLE)),  # leads to the queue, which asks
    "queue": ("", "get", {}, DESK | {"elsewhere"}),
    "assign": ("", "post", {"case": [], "officer": "me"}, TAKERS),
    "views": ("", "post", {"name": "x", "query": "who=mine"}, DESK | {"elsewhere"}),
    "keys": ("", "post", {"on": "0"}, DESK | {"elsewhere"}),
    "case": ("case", "get", {}, DESK),
    "declarations": ("case", "get", {}, frozenset({LEAD})),
    "document": ("document", "get", {}, DESK),
    "news": ("", "get", {"since": "2026-11-26T00:00:00+00:00"}, DESK | {"elsewhere"}),
    "declare": ("case", "get", {}, ACTING),
    "screen": ("case", "post", {"do": "begin"}, frozenset({CASE_OFFICER})),
    "review": ("case", "post", {"do": "draft"}, frozenset({CASE_OFFICER})),
    "gap": ("case", "post", {}, frozenset({CASE_OFFICER})),
    "note": ("case", "post", {"words": "Xem lại"}, ACTING),
    "value": ("case", "post", {"confirmed": "yes"}, frozenset({CASE_OFFICER})),
    "settle": ("request", "post", {}, frozenset({CASE_OFFICER})),
    "decide": ("case", "get", {}, frozenset({LEAD})),
    "transfer": ("case", "get", {}, frozenset({LEAD})),
    "freeze": ("case", "post", {"reason": "Kiểm tra"}, frozenset({LEAD})),
    "history": ("case", "get", {}, DESK),
    "history_csv": ("case", "get", {}, frozenset({LEAD, AUDITOR})),
    "history_json": ("case", "get", {}, frozenset({LEAD, AUDITOR})),
    "letters": ("", "get", {}, DESK | {"elsewhere"}),
    "letter": ("letter", "get", {}, DESK),
    "sign": ("letter", "post", {}, frozenset({SIGNER})),
    "undo": ("letter", "post", {"reason": "Sai"}, frozenset({LEAD, SIGNER})),
    "letter_pdf": ("letter", "get", {}, DESK),
    "figures": ("", "get", {}, DESK | {"elsewhere"}),
    "rules": ("", "get", {}, DESK | {"elsewhere"}),
    "questions": ("frame", "get", {}, DESK | {"elsewhere"}),
    "rule": ("kind", "get", {}, DESK | {"elsewhere"}),
    "offices": ("", "get", {}, DESK | {"elsewhere"}),
    "office": ("office", "get", {}, DESK | {"elsewhere"}),
    "exposure": ("", "get", {}, DESK | {"elsewhere"}),
    "people": ("", "get", {}, DESK | {"elsewhere"}),
}  # fmt: skip


def test_every_address_is_in_the_matrix() -> None:
    assert {p.name for p in urls.urlpatterns} == set(MATRIX)


def person_of(kind: str, project: Project) -> User | None:
    if kind == "stranger":
        return None
    if kind == "investor":
        return factories.a_user()
    if kind == "owner":
        return project.owner.memberships.get().user
    if kind == "elsewhere":
        return factories.an_officer(CASE_OFFICER, office=factories.an_office("Other office"))
    person = factories.an_officer(kind)
    if kind in ACTING:
        factories.declared(project, person)
    return person


def address(name: str, kind: str, project: Project) -> str:
    letter = Letter.objects.filter(decision__version__project=project).first()
    arguments = {
        "": [],
        "case": [project.public_id],
        "request": [project.public_id, "req_none"],
        "document": [project.public_id, "doc_none"],
        "frame": ["levels"],
        "letter": [letter.public_id if letter else "ltr_none"],
        "kind": ["rubric"],
        "office": [factories.an_office().public_id],
    }[kind]
    return reverse(f"office:{name}", args=arguments)


@pytest.mark.parametrize(
    "status",
    [
        Status.IN_REVIEW,
        *(pytest.param(s, marks=pytest.mark.slow)
          for s in (Status.LISTED, Status.SUBMITTED, Status.SCREENING, Status.RETURNED,
                    Status.DECIDED, Status.DECLINED, Status.WITHDRAWN)),
    ],
)  # fmt: skip
def test_only_those_who_may_get_in(status: str) -> None:
    project = factories.a_project_at(status)
    case_actions.take_in(project)
    people = {kind: person_of(kind, project) for kind in PEOPLE}
    clients = {kind: sign_in(p) if p else Client() for kind, p in people.items()}
    has_letter = Letter.objects.exists()
    for name, (kind, method, data, who) in MATRIX.items():
        if kind == "letter" and not has_letter:
            continue
        path = address(name, kind, project)
        for person in PEOPLE:
            with transaction.atomic():
                before = state()
                response = getattr(clients[person], method)(path, data)
                check(name, kind, person, person in who, response, before == state())
                transaction.set_rollback(True)


def state() -> tuple[int, list[Any]]:
    """What a refusal must leave alone."""
    seats = Case.objects.order_by("pk").values_list("first", "second", "task", "office")
    return AuditEvent.objects.count(), list(seats)


def check(name: str, kind: str, person: str, may: bool, response: Any, is_unchanged: bool) -> None:
    said = (name, person, response.status_code, response.get("Location"))
    if may:
        # 404: a row that does not exist; 400, 409: refused for its content or the status.
        allowed = {200, 302, 400, 409} | ({404} if kind in {"request", "document"} else set())
        assert response.status_code in allowed, said
        assert "sign-in" not in response.get("Location", ""), said
        return
    assert response.status_code in {302, 403, 404}, said
    assert response.status_code != 302 or "sign-in" in response["Location"], said
    assert is_unchanged, said


def test_nul_in_an_address_names_nothing_and_in_a_field_cannot_be_read() -> None:
    """PostgreSQL holds no NUL; it was a 500."""
    desk = sign_in(factories.an_officer())
    for path in ("projects/%00/", "projects/%00/documents/x/", "office/cases/%00/"):
        assert desk.get(f"/en/{path}").status_code == 404, path
    assign = reverse("office:assign")
    assert desk.post(assign, {"case": ["\0"], "officer": "me"}).status_code == 400
    assert desk.get(reverse("office:queue"), {"q": "\0", "after": "\0"}).status_code == 200


@pytest.mark.parametrize("name", ["my_letter", "my_letter_pdf", "agree_letter"])
def test_a_letter_is_read_by_its_owner_alone(name: str) -> None:
    project = factories.a_project_at(Status.DECIDED)
    letter = Letter.objects.get()
    path = reverse(name, args=[letter.public_id])
    owner = project.owner.memberships.get().user
    method = "post" if name == "agree_letter" else "get"
    for person in (None, factories.a_user(), factories.an_officer("lead")):
        client = Client()
        if person:
            client.force_login(person)
        response = getattr(client, method)(path)
        assert response.status_code == (404 if person else 302)
    project.refresh_from_db()
    assert project.status == Status.DECIDED
    client = Client()
    client.force_login(owner)
    assert getattr(client, method)(path).status_code in {200, 302}
    project.refresh_from_db()
    assert project.status == (Status.LISTED if name == "agree_letter" else Status.DECIDED)


def test_a_session_without_a_code_is_led_to_it() -> None:
    client = Client()
    client.force_login(factories.an_officer())
    response = client.get(reverse("office:queue"))
    assert response.status_code == 302
    assert "/code/" in response["Location"]

"""Every page of the owner's side × who asks × where the proposal stands, and that a refusal changed
nothing. `tests/house` sees that every address answers a stranger; here each has its row."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from backend.accounts.models import OrganisationInvitation, OrganisationMembership, User
from backend.core.errors import NotFound
from backend.core.models import AuditEvent
from backend.home.owner.urls import urlpatterns
from backend.projects.document_actions import add_document, path_of, read_upload
from backend.projects.models import Project
from backend.projects.models_owner import Document, ProjectUpdate, Question, SectionSave
from backend.projects.talk_actions import ask_question
from backend.projects.workflow import Status
from tests import factories

pytestmark = pytest.mark.django_db
IN = "sign in"
PEOPLE = ("stranger", "investor", "officer", "owner")
# Name of the page -> extra arguments, method, answers for PEOPLE while it is a draft.
DRAFT: dict[tuple[str, str], tuple[dict[str, Any], tuple[Any, ...]]] = {
    ("proposals", "get"): ({}, (IN, 200, 200, 200)),
    ("new", "get"): ({}, (IN, 302, 302, 200)),
    ("new_organisation", "get"): ({}, (IN, 200, 200, 200)),
    ("organisation", "get"): ({"org": 1}, (IN, 404, 404, 200)),
    ("organisation", "post"): ({"org": 1}, (IN, 404, 404, 400)),
    ("leave", "post"): ({"org": 1}, (IN, 404, 404, 409)),
    ("call_back", "post"): ({"org": 1, "invitation": "inv_x"}, (IN, 404, 404, 404)),
    ("invitation", "get"): ({"token": "x"}, (IN, 404, 404, 404)),
    ("invitation", "post"): ({"token": "x"}, (IN, 404, 404, 404)),
    ("proposal", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("check", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("preview", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("withdraw", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("withdraw", "post"): ({"key": 1}, (IN, 404, 404, 400)),
    ("requests", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("requests", "post"): ({"key": 1}, (IN, 404, 404, 404)),
    ("versions", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("version", "get"): ({"key": 1, "number": 1}, (IN, 404, 404, 200)),
    ("questions", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("questions", "post"): ({"key": 1}, (IN, 404, 404, 404)),
    ("updates", "get"): ({"key": 1}, (IN, 404, 404, 302)),
    ("documents", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("documents", "post"): ({"key": 1}, (IN, 404, 404, 400)),
    ("remove_document", "post"): ({"key": 1, "document": "doc_x"}, (IN, 404, 404, 404)),
    ("readiness", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("principle", "get"): ({"key": 1, "principle": "connected_flows"}, (IN, 404, 404, 200)),
    ("principle", "post"): ({"key": 1, "principle": "connected_flows"}, (IN, 404, 404, 409)),
    ("answers_csv", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("points", "get"): ({"key": 1}, (IN, 404, 404, 200)),
    ("points", "post"): ({"key": 1}, (IN, 404, 404, 409)),
    ("gap", "post"): ({"key": 1}, (IN, 404, 404, 404)),
    ("section", "get"): ({"key": 1, "name": "budget"}, (IN, 404, 404, 200)),
    ("section", "post"): ({"key": 1, "name": "budget"}, (IN, 404, 404, 409)),
    ("saves", "get"): ({"key": 1, "name": "budget"}, (IN, 404, 404, 200)),
    ("restore", "post"): ({"key": 1, "name": "budget", "number": 1}, (IN, 404, 404, 404)),
}


def person(kind: str, owner: User) -> User | None:
    if kind == "officer":
        return factories.an_officer()
    return {"stranger": None, "owner": owner}.get(kind, factories.a_user())


def address(name: str, arguments: dict[str, Any], project: Project) -> str:
    made = dict(arguments)
    if "key" in made:
        made["key"] = project.public_id
    if made.pop("org", None):
        assert project.owner is not None
        made["key"] = project.owner.public_id
    return reverse(f"owner:{name}", kwargs=made)


def what_stands() -> list[Any]:
    return [
        list(Project.objects.order_by("pk").values_list("status", "content_version")),
        SectionSave.objects.count(),
        OrganisationMembership.objects.count(),
        OrganisationInvitation.objects.count(),
        Document.objects.count(),
        ProjectUpdate.objects.count(),
        list(Question.objects.values_list("answer", flat=True)),
        AuditEvent.objects.count(),
    ]


def answer_of(response: Any) -> Any:
    if response.status_code == 302 and "/sign-in/" in response["Location"]:
        return IN
    return response.status_code


def test_every_page_is_in_the_matrix() -> None:
    assert {pattern.name for pattern in urlpatterns} == {name for name, _method in DRAFT}


@pytest.mark.parametrize("kind", PEOPLE)
@pytest.mark.parametrize(("name", "method"), DRAFT)
def test_a_draft_answers_its_own_people_only(name: str, method: str, kind: str) -> None:
    owner = factories.a_user()
    project = factories.a_draft(owner=owner)
    arguments, answers = DRAFT[(name, method)]
    client, who = Client(), person(kind, owner)
    if who:
        client.force_login(who)
    before = what_stands()
    response = getattr(client, method)(address(name, arguments, project))
    assert answer_of(response) == answers[PEOPLE.index(kind)]
    assert what_stands() == before


@pytest.mark.parametrize("status", [s for s in Status if s != Status.COMPLETED])
def test_what_an_owner_may_do_in_each_state(status: Status) -> None:
    owner = factories.a_user()
    project = factories.a_project_at(status, owner=owner)
    client = Client()
    client.force_login(owner)
    may_edit = status in {Status.DRAFT, Status.RETURNED}
    section = client.get(reverse("owner:section", args=[project.public_id, "team"]))
    assert section.status_code == (200 if may_edit else 302)
    saved = client.post(
        reverse("owner:section", args=[project.public_id, "team"]),
        {"version": "0", "team-0-role_vi": "Kỹ sư", "languages": "vi"},
    )
    assert saved.status_code == (302 if may_edit else 409)
    file = SimpleUploadedFile("a.txt", b"text")
    added = client.post(reverse("owner:documents", args=[project.public_id]), {"file": file})
    assert added.status_code == 302
    assert Document.objects.count() == (1 if may_edit else 0)
    is_public = status in {Status.LISTED, Status.SUSPENDED, Status.STOPPED}
    news = {"title_vi": "Tin", "text_vi": "Đã lắp trạm đầu"}
    client.post(reverse("owner:updates", args=[project.public_id]), news)
    assert ProjectUpdate.objects.count() == (1 if is_public else 0)
    assert client.get(reverse("owner:proposal", args=[project.public_id])).status_code == 200
    assert client.get(reverse("owner:preview", args=[project.public_id])).status_code == 200


@pytest.mark.parametrize("kind", PEOPLE)
@pytest.mark.parametrize("is_public", [True, False])
@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.LISTED])
def test_who_may_read_a_file(kind: str, is_public: bool, status: Status) -> None:
    owner = factories.a_user()
    project = factories.a_draft(owner=owner)
    file = read_upload(b"MZ is not how this begins", "bao gia.txt")
    document = add_document(
        project, file, by=owner, title="Báo giá", language="vi", is_public=is_public
    )
    factories.submitted_and_on(project, owner, status)
    client, who = Client(), person(kind, owner)
    if who:
        client.force_login(who)
    path = f"/en/projects/{project.public_id}/documents/{document.public_id}/"
    response = client.get(path)
    everybody = is_public and status == Status.LISTED
    # Officers read files in the office, after their declaration (tests/reviews/test_side.py).
    assert response.status_code == (200 if everybody or kind == "owner" else 404)
    if response.status_code == 200:
        assert response["Content-Security-Policy"].startswith("sandbox")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Content-Disposition"].startswith("attachment")
        assert "private" in response["Cache-Control"] or "no-store" in response["Cache-Control"]


def test_a_question_is_answered_in_public_and_stands() -> None:
    owner = factories.a_user()
    project = factories.a_project_at(Status.LISTED, owner=owner)
    investor = factories.a_user(full_name="Trần Mai Anh")
    web = Client()
    assert "/sign-in/" in web.get(f"/vi/projects/{project.slug}/ask/")["Location"]
    web.force_login(investor)
    web.post(f"/vi/projects/{project.slug}/ask/", {"text": "Pin dùng được mấy năm?"})
    question = Question.objects.get()
    page = Client().get(f"/vi/projects/{project.slug}/").content.decode()
    assert "Pin dùng được mấy năm?" in page
    assert "Trần Mai Anh" not in page
    web.post(f"/vi/projects/{project.slug}/ask/", {"text": "Pin dùng được mấy năm?"})
    assert Question.objects.count() == 1
    mine = Client()
    mine.force_login(owner)
    listed = mine.get(f"/en/proposals/{project.public_id}/questions/").content.decode()
    assert "waiting for 0 days" in listed
    answer = {"question": question.public_id, f"{question.public_id}-answer": "Năm năm."}
    mine.post(f"/vi/proposals/{project.public_id}/questions/", answer)
    again = mine.post(f"/vi/proposals/{project.public_id}/questions/", answer)
    assert again.status_code == 400
    assert "Năm năm." in Client().get(f"/vi/projects/{project.slug}/").content.decode()


def test_nobody_asks_about_a_draft_or_their_own_project() -> None:
    owner = factories.a_user()
    project = factories.a_project_at(Status.LISTED, owner=owner)
    web = Client()
    web.force_login(owner)
    refused = web.post(f"/en/projects/{project.slug}/ask/", {"text": "Hỏi chính mình?"})
    assert refused.status_code == 400
    draft = factories.a_draft(owner=owner)
    assert web.get(f"/en/projects/{draft.public_id}/ask/").status_code == 404
    with pytest.raises(NotFound):
        ask_question(draft, by=factories.a_user(), text="x", language="vi")


def test_a_file_that_is_too_large_is_named_beside_the_field() -> None:
    owner = factories.a_user()
    project = factories.a_draft(owner=owner)
    web = Client()
    web.force_login(owner)
    big = SimpleUploadedFile("lớn.pdf", b"%PDF-" + b"0" * (20 * 1024 * 1024))
    page = web.post(
        reverse("owner:documents", args=[project.public_id]), {"title": "Phim", "file": big}
    )
    assert page.status_code == 400
    assert "20 MB" in page.content.decode()
    assert 'value="Phim"' in page.content.decode()


def test_a_file_that_the_store_lost_says_so_and_comes_back_when_it_is_added_again() -> None:
    owner = factories.a_user()
    project = factories.a_draft(owner=owner)
    file = read_upload("báo giá".encode(), "a.txt")
    document = add_document(project, file, by=owner, title="", language="vi", is_public=False)
    web = Client()
    web.force_login(owner)
    path = f"/en/projects/{project.public_id}/documents/{document.public_id}/"
    for left in (b"b", None):
        default_storage.delete(path_of(file.sha256))
        if left:
            default_storage.save(path_of(file.sha256), ContentFile(left))
        page = web.get(path)
        assert page.status_code == 409
        assert "The store has lost this file" in page.content.decode()
        assert (
            add_document(project, file, by=owner, title="", language="vi", is_public=False)
            == document
        )
        assert b"".join(web.get(path)) == file.content


def test_the_self_check_shows_gaps_and_makes_them_milestones() -> None:
    owner = factories.a_user()
    project = factories.a_draft(owner=owner)
    web = Client()
    web.force_login(owner)
    path = reverse("owner:principle", args=[project.public_id, "accelerated_digital"])
    answers = {
        "version": "0", "met-accelerated_digital.1.1": "yes",
        "proof-accelerated_digital.1.1": "Danh mục ngày 03/10",
        "met-accelerated_digital.1.2": "no",
    }  # fmt: skip
    assert web.post(path, answers).status_code == 302
    page = web.get(reverse("owner:readiness", args=[project.public_id])).content.decode()
    assert "Somebody is named for each set of data" in page or "Mỗi tập dữ liệu" in page
    gap = {"criterion": "accelerated_digital.1.2"}
    web.post(reverse("owner:gap", args=[project.public_id]), gap)
    project.refresh_from_db()
    assert project.current_version is not None
    content = project.current_version.content
    assert content["milestones"][-1]["criterion"] == "accelerated_digital.1.2"
    assert content["readiness"]["accelerated_digital"] == 0
    again = web.post(reverse("owner:gap", args=[project.public_id]), gap)
    assert again.status_code == 409
    web.post(reverse("owner:points", args=[project.public_id]), {"version": "1", "T1": "3"})
    page = web.get(reverse("owner:readiness", args=[project.public_id])).content.decode()
    assert "100" in page

"""The owner's pages from an empty account to a submitted proposal, as a person without a script."""

import re
import unicodedata
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse

from backend.accounts.models import PendingMail, User
from backend.core.models import AuditEvent
from backend.projects.actions import return_project
from backend.projects.models import Project, ProjectVersion
from backend.projects.models_owner import SectionSave, SectionState
from backend.projects.workflow import Status
from backend.reviews.request_actions import Ask, ask_for_changes
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return factories.a_user(full_name="Phạm Hồng Vân")


@pytest.fixture
def web(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def address(project: Project, section: str) -> str:
    return reverse("owner:section", args=[project.public_id, section])


def version_in(web: Client, path: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', web.get(path).content.decode())
    assert found
    return found[1]


def save(web: Client, path: str, do: str = "save", **fields: Any) -> Any:
    return web.post(path, {"version": version_in(web, path), "do": do, **fields})


ANSWERS: dict[str, dict[str, Any]] = {
    "problem": {
        "original_language": "vi", "title_vi": "Trạm báo mặn", "summary_vi": "Báo trước 36 giờ.",
        "problem_vi": "Nước mặn vào kênh mà không ai biết trước.",
    },
    "technology": {"solution_vi": "Bốn mươi trạm đo.", "technologies": ["iot_sensors"], "trl": "7"},
    "field": {"field": "digital_urban_services", "pillars": ["net_zero"], "values": ["green"]},
    "place": {"place_code": "25747"},
    "team": {"languages": ["vi"], "team-0-role_vi": "Kỹ sư", "team-0-background_vi": "Mười năm"},
    "market": {"market_vi": "1.240 hộ nuôi tôm."},
    "budget": {
        "currency": "VND", "goal_minor": "1 tỷ", "budget-0-item_vi": "Trạm đo",
        "budget-0-amount_minor": "1.000.000.000",
    },
    "milestones": {
        "milestones-0-title_vi": "Mười hai trạm", "milestones-0-evidence_vi": "Biên bản",
        "milestones-0-months_after_close": "4", "milestones-0-amount_minor": "400 triệu",
        "milestones-1-title_vi": "Đủ trạm", "milestones-1-evidence_vi": "Số liệu",
        "milestones-1-months_after_close": "12", "milestones-1-amount_minor": "600 triệu",
    },
    "risks": {"risks-0-risk_vi": "Muối", "risks-0-answer_vi": "Có dự phòng"},
    "terms": {"instrument": "contribution", "horizon_months": "18"},
    "declarations": {
        "declarations": [
            "facts_are_true", "may_speak_for_it", "not_paid_twice", "may_be_published",
        ]
    },
}  # fmt: skip


def fill(web: Client, project: Project) -> None:
    for section, fields in ANSWERS.items():
        response = save(web, address(project, section), **fields)
        assert response.status_code == 302, (section, response.content.decode()[:400])


def test_a_person_makes_an_organisation_writes_a_proposal_and_submits_it(web: Client) -> None:
    assert "organisations/new" in web.get("/vi/proposals/").content.decode()
    assert web.get("/vi/proposals/new/").status_code == 302
    web.post("/vi/proposals/organisations/new/", {"name_vi": "Tổ hợp tác Nhà Bè", "kind": "firm"})
    made = web.post(
        "/vi/proposals/new/", {"title": "Trạm báo mặn", "original_language": "vi"}, follow=True
    )
    assert "0 trên 11 phần đã xong" in made.content.decode()
    project = Project.objects.get()
    check = f"/vi/proposals/{project.public_id}/check/"
    refused = web.post(check)
    assert refused.status_code == 400
    assert f"/vi/proposals/{project.public_id}/section/milestones/" in refused.content.decode()
    summary = refused.content.decode().split('id="error-summary-h"')[1].split("</ul>")[0]
    assert summary.count("<li>") > 10
    assert "Thiếu phần này" not in summary, "the heading says it once for all of them"
    fill(web, project)
    assert "11 trên 11 phần đã xong" in web.get(check).content.decode()
    web.post(check)
    project.refresh_from_db()
    assert project.status == Status.SUBMITTED
    assert project.goal_minor == 1_000_000_000
    page = web.get(f"/en/proposals/{project.public_id}/").content.decode()
    assert "You submitted it" in page
    assert "An officer checks that the file is complete" in page


def test_rows_are_added_moved_and_removed_without_a_script(web: Client, owner: User) -> None:
    project = factories.a_draft(owner=owner)
    path = address(project, "risks")
    rows = {
        "risks-0-risk_vi": "Một", "risks-0-answer_vi": "a",
        "risks-1-risk_vi": "Hai", "risks-1-answer_vi": "b",
    }  # fmt: skip
    response = save(web, path, do="add", **rows)
    assert response["Location"].endswith("?add=1#new")
    assert "risks-2-risk_vi" in web.get(path + "?add=1").content.decode()
    save(web, path, do="up-1", **rows)
    version = Project.objects.get(pk=project.pk).current_version
    assert version is not None
    assert [row["risk_vi"] for row in version.content["risks"]] == ["Hai", "Một"]
    save(web, path, do="remove-0", **rows)
    version.refresh_from_db()
    assert [row["risk_vi"] for row in version.content["risks"]] == ["Hai"]


def test_two_windows_lose_neither_text(web: Client, owner: User) -> None:
    project = factories.a_draft(owner=owner)
    path = address(project, "market")
    old = version_in(web, path)
    web.post(path, {"version": old, "market_vi": "Bản của Vân"})
    late = web.post(path, {"version": old, "market_vi": "Bản của Khôi"})
    assert late.status_code == 409
    page = late.content.decode()
    assert "Bản của Vân" in page
    assert "Bản của Khôi" in page
    assert SectionSave.objects.get(is_aside=True).values["market_vi"] == "Bản của Khôi"
    saved = re.search(r'name="version" value="(\d+)"', page)
    assert saved
    web.post(path, {"version": saved[1], "market_vi": "Bản của Khôi"})
    project.refresh_from_db()
    assert project.current_version is not None
    assert project.current_version.content["market_vi"] == "Bản của Khôi"
    texts = {s.values.get("market_vi") for s in SectionSave.objects.all()}
    assert {"Bản của Khôi"} <= texts


def test_what_cannot_be_taken_is_kept_as_it_was_typed_and_named_before_submitting(
    web: Client, owner: User
) -> None:
    project = factories.a_draft(owner=owner)
    path = address(project, "problem")
    long = "Dài " * 1_250
    response = save(web, path, title_vi=long, summary_vi="Ngắn", problem_vi="Vấn đề",
                    original_language="vi")  # fmt: skip
    assert response.status_code == 400
    assert "Hiện có" in response.content.decode() or "There are" in response.content.decode()
    again = web.get(path).content.decode()
    assert long.strip() in again
    refused = web.post(f"/vi/proposals/{project.public_id}/check/")
    assert refused.status_code == 400
    project.refresh_from_db()
    assert project.status == Status.DRAFT
    save(web, path, title_vi="Ngắn", summary_vi="Ngắn", problem_vi="Vấn đề", original_language="vi")
    assert not SectionState.objects.exclude(pending={}).exists()


def test_every_mistake_of_a_section_is_named_at_once(web: Client, owner: User) -> None:
    project = factories.a_draft(owner=owner)
    path = address(project, "budget")
    typed = {
        "currency": "VND", "goal_minor": "1.5", "own_funds_minor": "-5",
        "budget-0-item_vi": "x" * 1001, "budget-0-amount_minor": "nhiều",
        "budget-1-item_vi": "Tr\0ạm", "budget-1-amount_minor": "1e309",
    }  # fmt: skip
    page = save(web, path, **typed)
    assert page.status_code == 400
    text = page.content.decode()
    summary = text[text.index("error-summary") :].partition("</ul>")[0]
    assert summary.count("<li>") == 5
    assert "Khoản mục 2, " in summary
    again = web.get(path).content.decode()
    for kept in ("1.5", "-5", "x" * 1001, "nhiều", "1e309", "Trạm"):
        assert kept in again


def test_what_stands_in_the_way_is_said_beside_its_field(web: Client, owner: User) -> None:
    project = factories.a_draft(owner=owner)
    terms = {"instrument": "contribution", "horizon_months": "18", "planned_close_on": "01/02/2020"}
    assert save(web, address(project, "terms"), **terms).status_code == 302
    text = web.get(address(project, "terms")).content.decode()
    assert 'aria-describedby="id_planned_close_on_helptext id_planned_close_on_note"' in text
    assert "Chọn một ngày sau hôm nay" in text.partition('id="id_planned_close_on_note"')[2][:80]
    rows = {
        "milestones-0-title_vi": "Sau", "milestones-0-months_after_close": "9",
        "milestones-1-title_vi": "Trước", "milestones-1-months_after_close": "3",
    }  # fmt: skip
    assert save(web, address(project, "milestones"), **rows).status_code == 302
    text = web.get(address(project, "milestones")).content.decode()
    assert '<p class="err">' in text.partition('id="rows-h"')[2][:200]


def test_a_place_that_is_gone_and_a_title_without_end_are_named_and_kept(
    web: Client, owner: User
) -> None:
    project = factories.a_draft(owner=owner)
    path, long = address(project, "problem"), "Dài " * 1_250
    assert save(web, path, title_vi=long, original_language="vi").status_code == 400
    assert long.strip() in web.get(path).content.decode()
    decomposed = unicodedata.normalize("NFD", "Trạm báo mặn")
    assert save(web, path, title_vi=decomposed, original_language="vi").status_code == 302
    version = Project.objects.get().current_version
    assert version.content["title_vi"] == "Trạm báo mặn"  # type: ignore[union-attr]
    assert save(web, address(project, "place"), place_code="00000").status_code == 400
    # A unit that was there when it was chosen, and is no more.
    content = version.content | {"place_code": "00000"}  # type: ignore[union-attr]
    ProjectVersion.objects.filter(pk=version.pk).update(content=content)  # type: ignore[union-attr]
    page = web.post(reverse("owner:check", args=[project.public_id]))
    assert page.status_code == 400
    assert "/section/place/" in page.content.decode().partition('id="error-summary"')[2][:4000]


def test_a_card_number_is_named_beside_its_field_and_stored_nowhere(
    web: Client, owner: User
) -> None:
    project = factories.a_draft(owner=owner)
    path = address(project, "market")
    for headers in ({}, {"X-Autosave": "1"}):
        sent = {"version": str(len(headers)), "market_vi": "Trả bằng 4242 4242 4242 4242 nhé"}
        response = web.post(path, sent, headers=headers)
        assert response.status_code == (200 if headers else 400)
    stored = [*SectionState.objects.values_list("pending", flat=True),
              *SectionSave.objects.values_list("values", flat=True)]  # fmt: skip
    assert "Trả bằng" in str(stored)
    assert "4242" not in str(stored)


def test_an_expired_sign_in_keeps_what_was_typed(owner: User) -> None:
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    project = factories.a_draft(owner=owner)
    path = address(project, "market")
    web = Client()
    response = web.post(path, {"version": "0", "market_vi": "Viết khi đã hết phiên"})
    assert "/account/sign-in/" in response["Location"]
    web.post(response["Location"], {"login": owner.email, "password": "mật khẩu dài"})
    assert "_auth_user_id" in web.session
    page = web.get(path).content.decode()
    assert "Viết khi đã hết phiên" in page
    stranger, files = Client(), address(project, "documents")
    assert "/account/sign-in/" in stranger.post(files, {"title": "Báo giá máy"})["Location"]
    stranger.force_login(owner)
    assert 'value="Báo giá máy"' in stranger.get(files).content.decode()
    assert "Báo giá máy" not in stranger.get(files).content.decode(), "once"


def test_a_colleague_sees_who_has_a_section_open(web: Client, owner: User) -> None:
    project = factories.a_draft(owner=owner)
    colleague = factories.a_user(full_name="Võ Minh Khôi")
    project.owner.memberships.create(user=colleague)  # type: ignore[union-attr]
    assert web.post(address(project, "team"), {"do": "take"}).status_code == 204
    other = Client()
    other.force_login(colleague)
    page = other.get(f"/en/proposals/{project.public_id}/").content.decode()
    assert "Phạm Hồng Vân is editing it" in page
    assert "is editing it" not in web.get(f"/en/proposals/{project.public_id}/").content.decode()


def test_autosave_answers_with_the_new_version_and_the_clock(web: Client, owner: User) -> None:
    project = factories.a_draft(owner=owner)
    path = address(project, "market")
    auto = {"headers": {"X-Autosave": "1"}}
    first = web.post(path, {"version": "0", "market_vi": "Một"}, **auto)  # type: ignore[arg-type]
    assert first.json()["version"] == 1
    again = web.post(path, {"version": "0", "market_vi": "Một"}, **auto)  # type: ignore[arg-type]
    assert again.json()["version"] == 1, "an answer that was lost on the way is no conflict"
    late = web.post(path, {"version": "0", "market_vi": "Hai"}, **auto)  # type: ignore[arg-type]
    assert late.status_code == 409
    assert SectionSave.objects.filter(is_aside=True, values__market_vi="Hai").exists()


def test_a_returned_proposal_is_answered_one_by_one_and_shows_what_changed(
    web: Client, owner: User
) -> None:
    project = factories.a_project_at(Status.SCREENING, owner=owner)
    officer = factories.an_officer()
    asks = [Ask("budget", "Chia nhỏ dự toán", ""), Ask("risks", "", "Name the main risk")]
    ask_for_changes(project, asks, by=officer, role="case_officer")
    return_project(project, by=officer, role="case_officer", reason="Thiếu")
    page = web.get(f"/en/proposals/{project.public_id}/requests/").content.decode()
    assert "Name the main risk" in page
    assert web.post(f"/en/proposals/{project.public_id}/check/").status_code == 400
    ids = re.findall(r'name="request" value="(req_\w+)"', page)
    for key in ids:
        web.post(f"/en/proposals/{project.public_id}/requests/",
                 {"request": key, f"{key}-answer": "Done, see the section"})  # fmt: skip
    save(web, address(project, "market"), market_vi="1.350 hộ nuôi tôm.")
    assert web.post(f"/en/proposals/{project.public_id}/check/").status_code == 302
    changed = web.get(f"/en/proposals/{project.public_id}/versions/2/").content.decode()
    assert "<del>1.240" in changed
    assert "<ins>1.350" in changed


def test_an_invitation_works_once_for_the_address_that_it_was_sent_to(
    web: Client, owner: User
) -> None:
    project = factories.a_draft(owner=owner)
    assert project.owner is not None
    path = f"/en/proposals/organisations/{project.owner.public_id}/"
    web.post(path, {"email": "khoi@example.com"})
    link = re.search(r"/\w\w/proposals/invitations/\S+/", PendingMail.objects.get().text)
    assert link
    stranger = Client()
    stranger.force_login(factories.a_user())
    assert stranger.post(link[0]).status_code == 403
    colleague = Client()
    colleague.force_login(factories.a_user(email="khoi@example.com"))
    assert colleague.post(link[0]).status_code == 302
    assert colleague.get(f"/en/proposals/{project.public_id}/").status_code == 200
    assert colleague.post(link[0]).status_code == 404
    assert not AuditEvent.objects.filter(data__icontains="khoi@example.com").exists()

"""Beside the review itself: files, declarations put right, new cases, the high-value sheet, and the
questions of the self-check. One desk serves the whole file."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from backend.accounts import actions as accounts
from backend.accounts.models import User
from backend.accounts.queries import role_changes_of
from backend.core.audit import events_of
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, ManyInvalid, NotAllowed
from backend.projects import search
from backend.projects.content import problems_of_submission
from backend.projects.document_actions import add_document, read_upload
from backend.projects.models import Project
from backend.projects.models_owner import Document
from backend.projects.owner_queries import questions_in_force
from backend.projects.question_actions import publish_questions
from backend.projects.readiness import built_in
from backend.projects.workflow import Status
from backend.reviews import actions, case_actions, high_value
from backend.reviews.built_in import built_in as rules
from backend.reviews.desk_actions import write_rules
from backend.reviews.models import Case, ConflictDeclaration, HighValueCheck
from backend.reviews.queue import news_since
from backend.reviews.sections import BY_KEY, lines_of
from tests import factories
from tests.reviews.desk import sign_in

pytestmark = pytest.mark.django_db

SHEET: dict[str, Any] = {
    "list_item": "chips", "figures_year": 2025, "revenue_minor": 10_000_000_000,
    "inputs_minor": 6_500_000_000, "rnd_minor": 500_000_000, "readiness_before": 6,
    "readiness_after": 8, "jobs_graduate": 12, "jobs_technician": 30, "co2_before": 8.7,
    "co2_after": 5, "co2_unit": "kg CO₂e/t",
}  # fmt: skip


class Desk:
    """A proposal in review with a sheet, a self-check and a private file, and its people."""

    def __init__(self) -> None:
        owner = factories.a_user()
        answers = {"connected_flows.1.1": {"met": True, "proof": "Biên bản 03/10"}}
        project = factories.a_draft(
            owner=owner, high_value=SHEET, readiness={"connected_flows": 1},
            readiness_answers={"levels": {"version": 1, "answers": answers}},
        )  # fmt: skip
        file = read_upload(b"Bao gia thiet bi", "báo giá.txt")
        add_document(project, file, by=owner, title="Báo giá", language="vi", is_public=False)
        self.project = factories.submitted_and_on(project, owner, Status.IN_REVIEW)
        self.lead, self.auditor = factories.an_officer("lead"), factories.an_officer("auditor")
        self.first, self.second = factories.two_reviewers(self.project)
        factories.declared(self.project, self.lead)


@pytest.fixture(scope="module")
def shared(django_db_setup: Any, django_db_blocker: Any) -> Iterator[Desk]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield Desk()
        transaction.set_rollback(True)


@pytest.fixture
def desk(shared: Desk, db: Any) -> Desk:
    shared.project = Project.objects.get(pk=shared.project.pk)
    return shared


def page(name: str, project: Project, *more: str) -> str:
    return reverse(f"office:{name}", args=[project.public_id, *more])


def test_a_file_is_opened_from_the_case_by_those_who_declared(desk: Desk) -> None:
    path = page("document", desk.project, Document.objects.get().public_id)
    for person in (desk.first, desk.lead, desk.auditor):
        response = sign_in(person).get(path)
        assert response.status_code == 200
        assert response["Content-Disposition"].startswith("attachment")
        assert response["Content-Security-Policy"].startswith("sandbox")
        assert response["X-Content-Type-Options"] == "nosniff"
        assert b"".join(response.streaming_content) == b"Bao gia thiet bi"
    undeclared, other = factories.an_officer(), factories.an_office("Other office")
    elsewhere = factories.an_officer(office=other)
    assert sign_in(undeclared).get(path).status_code == 403
    assert sign_in(elsewhere).get(path).status_code == 404
    actions.declare_conflict(desk.project, by=undeclared, has_conflict=True)
    assert sign_in(undeclared).get(path).status_code == 403
    assert path in sign_in(desk.first).get(page("case", desk.project)).content.decode()


def test_a_lead_puts_a_declaration_right_with_a_reason(desk: Desk) -> None:
    client, path = sign_in(desk.lead), page("declarations", desk.project)
    said = {"officer": desk.second.public_id, "conflict": "yes", "reason": " "}
    assert client.post(path, said).status_code == 400
    assert client.post(path, said | {"reason": "Vợ làm ở công ty"}).status_code == 302
    row = ConflictDeclaration.objects.get(officer=desk.second)
    assert row.has_conflict
    case = Case.objects.get(project=desk.project)
    assert desk.second.pk not in {case.first_id, case.second_id}, "the seat is free"
    assert "review.conflict_corrected" in {e.code for e in events_of(desk.project)}
    with pytest.raises(NotAllowed):
        actions.submit_review(desk.project, by=desk.second, scores=factories.scores(), reasons={})
    client.post(path, said | {"conflict": "no", "reason": "Nhầm người"})
    actions.submit_review(desk.project, by=desk.second, scores=factories.scores(), reasons={})
    with pytest.raises(Conflict) as refused:
        correct(desk, desk.second, by=desk.lead)
    assert refused.value.code == "review_in"
    for by, officer in ((desk.lead, desk.lead), (desk.first, desk.second)):
        with pytest.raises(NotAllowed):
            correct(desk, officer, by=by)


def correct(desk: Desk, officer: User, *, by: User) -> None:
    case_actions.correct_declaration(
        desk.project, by=by, officer=officer, has_conflict=True, reason="Có quan hệ"
    )


def test_new_cases_are_announced_and_old_ones_are_not(desk: Desk) -> None:
    before = app_now() - timedelta(minutes=1)
    assert news_since(desk.first, before) == 0, "in review already"
    case_actions.take_in(factories.a_project_at(Status.SUBMITTED))
    assert news_since(desk.first, before) == 1
    assert news_since(desk.first, app_now() + timedelta(minutes=1)) == 0
    assert news_since(factories.a_user(), before) == 0
    client = sign_in(desk.first)
    said = client.get(reverse("office:news"), {"since": before.isoformat()}).json()["said"]
    assert "1" in said
    for odd in ("", "x", "\x00", "9999-99-99T00:00:00Z", "2026-11-26T00:00:00"):
        assert client.get(reverse("office:news"), {"since": odd}).json() == {"said": ""}


def test_the_sheet_is_checked_by_an_officer_and_becomes_a_filter(desk: Desk) -> None:
    facts = {f.key: f.value for f in high_value.sheet_of({"high_value": SHEET}, "en")}
    assert facts["ratio"] == "35%"
    assert facts["rnd"] == "5%"
    assert facts["co2"] == "8.7 → 5 kg CO₂e/t"
    client = sign_in(desk.first)
    assert client.post(page("value", desk.project), {"confirmed": "no"}).status_code == 400
    client.post(page("value", desk.project), {"confirmed": "yes"})
    assert HighValueCheck.objects.get().is_confirmed
    factories.reviewed(desk.project, desk.first, desk.second)
    factories.a_letter_for(factories.a_decision_on(desk.project, by=desk.lead))
    desk.project.refresh_from_db()
    assert desk.project.is_high_value
    plain = factories.a_listed_project()
    assert not plain.is_high_value
    found = search.search_projects(search.parse_filters(QueryDict("high_value=confirmed")))
    assert found.ids == (desk.project.pk,)
    assert search.facet_counts(search.parse_filters(QueryDict())).high_value == {"confirmed": 1}
    api = Client().get("/api/v1/projects/?high_value=confirmed").json()["results"]
    assert [(p["id"], p["high_value"]) for p in api] == [(desk.project.public_id, "confirmed")]
    listed = Client().get("/en/projects/?high_value=confirmed").content.decode()
    assert "High added value: figures confirmed by the city" in listed
    review = Client().get(f"/en/projects/{desk.project.slug}/review/").content.decode()
    assert "35%" in review


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"inputs_minor": None}, "high_value.inputs_minor", "missing"),
        ({"inputs_minor": 10_000_000_001}, "high_value.inputs_minor", "above_revenue"),
        ({"readiness_after": 5}, "high_value.readiness_after", "readiness_falls"),
        ({"co2_unit": ""}, "high_value.co2_unit", "missing"),
        ({"revenue_minor": True}, "high_value.revenue_minor", "out_of_range"),
        ({"jobs_worker": -1}, "high_value.jobs_worker", "out_of_range"),
        ({"co2_before": float("inf")}, "high_value.co2_before", "out_of_range"),
        ({"list_item": "x y"}, "high_value.list_item", "unknown_key"),
        ({"evil": 1}, "high_value.evil", "unknown_key"),
    ],
)
def test_a_sheet_that_cannot_be_is_named_at_its_field(
    change: dict[str, Any], path: str, code: str
) -> None:
    content = factories.a_content(high_value=SHEET | change)
    found = problems_of_submission(content, on=app_now().date())
    assert (path, code) in {(p.path, p.code) for p in found}


def test_a_line_that_left_the_list_is_not_confirmed(desk: Desk) -> None:
    version = desk.project.current_version
    assert version is not None
    lines = lines_of(BY_KEY["high_value"], version.content, "vi")
    assert lines[0] == "Thuộc danh mục công nghệ chiến lược: Chip bán dẫn"
    assert "Biên bản 03/10" in " ".join(lines_of(BY_KEY["readiness"], version.content, "en"))
    assert "Báo giá" in lines_of(BY_KEY["documents"], version.content, "en")[0]
    # Another version of the list, without the line.
    content = rules("strategic")
    kept = {**content, "rows": [r for r in content["rows"] if r["key"] != "chips"]}
    write_rules("strategic", kept, by=desk.lead, effective_from=case_actions.city_day(app_now()),
                reason="Quyết định mới")  # fmt: skip
    with pytest.raises(Invalid) as refused:
        actions.check_high_value(desk.project, by=desk.first, is_confirmed=True)
    assert refused.value.field == "confirmed"
    actions.check_high_value(desk.project, by=desk.first, is_confirmed=False, words="Đã ra khỏi")


def test_the_city_publishes_new_questions_one_part_at_a_time(desk: Desk) -> None:
    client, path = sign_in(desk.lead), reverse("office:questions", args=["levels"])
    own = [c for c in built_in("levels")["criteria"] if c["principle"] == "connected_flows"]
    names = ("vi", "en", "proof_vi", "proof_en", "technology_vi", "technology_en")
    sent = {"number": "1", "part.vi": "Dòng chảy kết nối", "part.en": "Connected flows"}
    for index, row in enumerate(own):
        sent |= {f"{index}.{n}": row[n] for n in names}
        sent |= {f"{index}.key": row["key"], f"{index}.level": str(row["level"])}
    new = {"vi": "Tiêu chí mới", "en": "A new criterion", "level": "1"}
    sent |= {f"{len(own)}.{n}": v for n, v in new.items()}
    part = "?part=connected_flows"
    refused = client.post(path + part, sent | {"0.en": "", "reason": ""})
    assert refused.status_code == 400
    assert refused.content.decode().count('class="err"') >= 1
    assert client.post(path + part, sent | {"reason": "Thêm tiêu chí"}).status_code == 302
    now = questions_in_force("levels")
    assert now["version"] == 2
    added = [c["key"] for c in now["criteria"] if c["en"] == "A new criterion"]
    assert added == ["connected_flows.1.3"]
    assert len(now["criteria"]) == 49
    again = client.post(path + part, sent | {"reason": "Từ bản cũ"})
    assert again.status_code == 400, "somebody published meanwhile"
    assert client.get(path + "?version=1").status_code == 200
    assert "questions.published" in {e.code for e in events_of(desk.lead)}
    officer = sign_in(desk.first)
    assert officer.post(path + part, sent | {"number": "2", "reason": "x"}).status_code == 400
    assert questions_in_force("levels")["version"] == 2


def test_the_circulars_points_stay_as_they_are(desk: Desk) -> None:
    content = built_in("points")
    groups = [{**g, "criteria": g["criteria"][1:]} if g["key"] == "T" else g
              for g in content["groups"]]  # fmt: skip
    with pytest.raises(ManyInvalid) as refused:
        publish_questions(
            "points", {**content, "groups": groups}, by=desk.lead, reason="Bớt", expected=1
        )
    assert [e.code for e in refused.value.errors] == ["group_points"]
    for role, person in (("case officer", desk.first), ("auditor", desk.auditor)):
        with pytest.raises(NotAllowed):
            publish_questions("points", content, by=person, reason=role, expected=1)


def test_who_gave_and_took_a_role_is_read_on_the_people_page(desk: Desk) -> None:
    office, person = factories.an_office(), factories.a_user(full_name="Trần Văn Mới")
    accounts.add_to_office(person, office, "signer", by=desk.lead)
    accounts.remove_from_office(person, office, "signer", by=desk.lead)
    changes = role_changes_of(office)
    assert [(c.number, c.is_given, c.role, c.person) for c in changes[:2]] == [
        (2, False, "signer", "Trần Văn Mới"), (1, True, "signer", "Trần Văn Mới"),
    ]  # fmt: skip
    other = factories.a_user(full_name="Lê Thị Khác")
    accounts.add_to_office(other, office, "finance", by=desk.lead)
    assert (role_changes_of(office)[0].number, len(role_changes_of(office))) == (1, 3)
    said = sign_in(desk.auditor).get(reverse("office:people")).content.decode()
    assert said.index("Lê Thị Khác</h3>") < said.index("Trần Văn Mới</h3>")
    assert '<span class="num">2.</span>' in said

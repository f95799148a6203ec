"""What the owner is asked to change is a row that is answered and settled, one by one."""

import pytest
from django.db import IntegrityError, transaction

from backend.core.audit import events_of
from backend.core.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from backend.projects import actions as projects
from backend.projects.models import Project
from backend.projects.workflow import Status
from backend.reviews import queries
from backend.reviews.models import Request
from backend.reviews.request_actions import Ask, answer_request, ask_for_changes, settle_request
from tests import factories

pytestmark = pytest.mark.django_db


def a_returned_project(*words: str) -> tuple[Project, list[Request]]:
    project = factories.a_project_at(Status.SCREENING)
    officer = factories.an_officer()
    asks = [Ask("budget", words_vi=text) for text in words or ("Nêu căn cứ của hai dòng lớn.",)]
    rows = ask_for_changes(project, asks, by=officer, role="case_officer")
    projects.return_project(project, by=officer, role="case_officer", reason="Xem yêu cầu")
    project.refresh_from_db()
    return project, rows


def an_owner_of(project: Project):
    return project.owner.memberships.get().user


def test_requests_are_numbered_and_answered_one_by_one() -> None:
    project, rows = a_returned_project("Nêu căn cứ", "Thêm người lắp đặt")
    assert [r.number for r in queries.requests_of(project)] == [1, 2]
    answer_request(rows[0], by=an_owner_of(project), answer=" Đã thêm hai báo giá\x00 ")
    assert [r.state for r in queries.requests_of(project)] == ["answered", "open"]
    assert queries.requests_of(project)[0].answer == "Đã thêm hai báo giá"
    assert queries.open_requests_of(project).count() == 1
    assert "request.answered" in [e.code for e in events_of(project)]


def test_only_the_owners_people_answer_and_only_while_they_have_it() -> None:
    project, rows = a_returned_project()
    with pytest.raises(NotAllowed):
        answer_request(rows[0], by=factories.a_user(), answer="x")
    with pytest.raises(Invalid):
        answer_request(rows[0], by=an_owner_of(project), answer=" \u200b\n")
    projects.submit_project(project, by=an_owner_of(project))
    with pytest.raises(Conflict):
        answer_request(rows[0], by=an_owner_of(project), answer="muộn")


def test_an_officer_settles_what_is_answered() -> None:
    project, rows = a_returned_project()
    officer = factories.an_officer()
    with pytest.raises(Conflict):
        settle_request(rows[0], by=officer)
    answer_request(rows[0], by=an_owner_of(project), answer="Đã thêm")
    assert settle_request(rows[0], by=officer).state == Request.State.SETTLED
    with pytest.raises(Conflict):
        answer_request(rows[0], by=an_owner_of(project), answer="khác")
    with pytest.raises(NotAllowed):
        settle_request(rows[0], by=an_owner_of(project))


@pytest.mark.parametrize(
    "ask",
    [Ask("nowhere", "x"), Ask("budget"), Ask("budget", "\u202e \x07"), Ask("team", "x" * 2001)],
)
def test_a_request_without_place_or_words_is_refused(ask: Ask) -> None:
    project = factories.a_project_at(Status.SCREENING)
    with pytest.raises(Invalid):
        ask_for_changes(project, [ask], by=factories.an_officer(), role="case_officer")
    assert not Request.objects.exists()


def test_strangers_do_not_see_requests() -> None:
    project, rows = a_returned_project()
    with pytest.raises(NotFound):
        queries.request_for(factories.a_user(), project, rows[0].public_id)
    assert queries.request_for(an_owner_of(project), project, rows[0].public_id) == rows[0]
    with pytest.raises(DomainError):
        queries.request_for(an_owner_of(project), project, "req_none")


def test_the_database_holds_that_an_answer_has_words() -> None:
    _project, rows = a_returned_project()
    with pytest.raises(IntegrityError), transaction.atomic():
        Request.objects.filter(pk=rows[0].pk).update(state="answered")

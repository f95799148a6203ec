"""Two people at the same moment, on two connections: one clean outcome."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from backend.core.clock import set_demo_offset
from backend.core.errors import DomainError
from backend.projects import actions as projects
from backend.projects.draft_actions import save_section
from backend.projects.workflow import Status
from backend.reviews import actions, case_actions, decision_actions
from backend.reviews.models import Case, Decision, Review
from backend.reviews.request_actions import Ask
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*works: Callable[[], Any]) -> list[str]:
    """Run each on a connection of its own, started together; `done` or the code of the refusal."""
    barrier, results = threading.Barrier(len(works)), [""] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        try:
            barrier.wait(10)
            work()
            results[place] = "done"
        except DomainError as refused:
            results[place] = refused.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_two_leads_decide_at_once_and_one_decision_stands() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    factories.reviewed(project)
    leads = [factories.an_officer("lead"), factories.an_officer("lead")]
    factories.declared(project, *leads)
    results = at_once(
        lambda: decision_actions.decide_project(project, by=leads[0], outcome="list"),
        lambda: decision_actions.decide_project(
            project, by=leads[1], outcome="decline", words_vi="Không", reason_codes=["KT-11"]
        ),
    )
    assert sorted(results) == ["decided_already", "done"]
    assert Decision.objects.count() == 1


def test_an_owner_withdraws_while_a_decision_is_made() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    factories.reviewed(project)
    lead, signer = factories.an_officer("lead"), factories.an_officer("signer")
    factories.declared(project, lead, signer)
    owner = project.owner.memberships.get().user
    results = at_once(
        lambda: decision_actions.decide_project(project, by=lead, outcome="list"),
        lambda: projects.withdraw_project(project, by=owner),
    )
    project.refresh_from_db()
    assert project.status == Status.WITHDRAWN
    assert results in (["done", "done"], ["wrong_state", "done"])
    for decision in Decision.objects.all():
        with pytest.raises(DomainError):
            decision_actions.sign_letter(decision.letter, by=signer)
        set_demo_offset(timedelta(minutes=11))
        decision_actions.send_letter(decision.letter)
        set_demo_offset(timedelta(0))
    project.refresh_from_db()
    assert project.status == Status.WITHDRAWN


def test_an_owner_edits_while_the_file_is_decided_and_returned() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    factories.reviewed(project)
    lead = factories.an_officer("lead")
    factories.declared(project, lead)
    owner = project.owner.memberships.get().user
    judged = project.current_version
    assert judged is not None
    kept = (judged.number, judged.content, judged.content_sha256)

    def edit() -> None:
        values = {"team": [{"role_vi": "Người mới", "background_vi": "Vừa vào"}]}
        save_section(project, "team", values, by=owner, expected=0)

    ask = [Ask("team", "Thêm người")]
    decide = lambda: decision_actions.decide_project(  # noqa: E731
        project, by=lead, outcome="return", words_vi="Thiếu người", asks=ask
    )
    assert at_once(decide, edit) == ["done", "wrong_state"]
    letter = factories.a_letter_for(Decision.objects.get(), sent=False)
    set_demo_offset(timedelta(minutes=11))
    results = at_once(lambda: decision_actions.send_letter(letter), edit)
    set_demo_offset(timedelta(0))
    project.refresh_from_db()
    judged.refresh_from_db()
    assert (judged.number, judged.content, judged.content_sha256) == kept, "what was judged stands"
    assert project.status == Status.RETURNED
    assert project.current_version is not None
    # Before the letter the file is the office's; after it, the edit begins version 2.
    assert (results, project.current_version.number) in (
        (["done", "wrong_state"], 1), (["done", "done"], 2),
    )  # fmt: skip


def test_a_reviewer_leaves_the_office_while_handing_in() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    first, _second = factories.two_reviewers(project)
    lead, office = factories.an_officer("lead"), factories.an_office()
    results = at_once(
        lambda: actions.submit_review(project, by=first, scores=factories.scores(), reasons={}),
        lambda: case_actions.remove_officer(first, office, "case_officer", by=lead),
    )
    case, done = Case.objects.get(), Review.objects.filter(submitted_at__isnull=False).count()
    assert results[1] == "done"
    assert (results[0], done, case.first) in (("done", 1, first), ("not_allowed", 0, None))


def test_two_officers_take_the_last_seat() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    people = [factories.an_officer(), factories.an_officer()]
    factories.declared(project, *people)
    results = at_once(
        *(
            lambda p=p: actions.submit_review(project, by=p, scores=factories.scores(), reasons={})
            for p in people
        )
    )
    assert sorted(results) == ["done", "seats_taken"]
    assert Review.objects.count() == 1

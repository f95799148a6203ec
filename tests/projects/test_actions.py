"""The road from draft to listing, and who may not take which step."""

import threading
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from backend.core.audit import events_of
from backend.core.errors import Conflict, Invalid, ManyInvalid, NotAllowed, NotFound
from backend.projects import actions, draft_actions, queries
from backend.projects.models import Milestone, Project, ProjectVersion, SavedProject
from backend.projects.workflow import Status
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_proposal_walks_from_draft_to_the_public_list() -> None:
    project = factories.a_listed_project()
    assert project.public_status == "upcoming"
    assert project.listed_at is not None
    assert [m.amount_minor for m in project.milestones.all()] == [400_000_000, 600_000_000]
    codes = [e.code for e in events_of(project)]
    assert codes.count("review.submitted") == 2
    assert [code for code in codes if code.startswith("project.")] == [
        "project.created",
        "project.submitted",
        "project.screening_started",
        "project.review_opened",
        "project.approved",
        "project.listed",
    ]


@pytest.mark.parametrize("status", [s for s in Status if s not in {Status.COMPLETED}])
def test_the_factories_reach_every_status_by_its_road(status: Status) -> None:
    assert factories.a_project_at(status).status == status


def test_an_incomplete_proposal_is_refused_with_every_missing_part_named() -> None:
    owner = factories.a_user()
    project = factories.a_draft(owner=owner, problem_vi="", trl=None, milestones=[])
    with pytest.raises(ManyInvalid) as refused:
        actions.submit_project(project, by=owner)
    fields = {error.field for error in refused.value.errors}
    assert {"problem_vi", "trl", "milestones"} <= fields
    assert Project.objects.get(pk=project.pk).status == Status.DRAFT


def test_budget_and_milestones_must_add_up_to_the_goal() -> None:
    owner = factories.a_user()
    project = factories.a_draft(owner=owner, goal_minor=999_999_999)
    with pytest.raises(ManyInvalid) as refused:
        actions.submit_project(project, by=owner)
    assert {e.field for e in refused.value.errors} == {"budget", "milestones"}


def test_a_draft_changed_in_two_windows_keeps_the_first_text() -> None:
    owner = factories.a_user()
    project = factories.a_draft(owner=owner)
    read = project.content_version
    draft_actions.save_draft(project, factories.a_content(title_vi="Bản một"), by=owner,
                       expected_version=read)  # fmt: skip
    with pytest.raises(Conflict):
        draft_actions.save_draft(project, factories.a_content(title_vi="Bản hai"), by=owner,
                           expected_version=read)  # fmt: skip
    assert Project.objects.get(pk=project.pk).title_vi == "Bản một"


def test_a_submitted_version_cannot_be_changed_by_anybody() -> None:
    project = factories.a_project_at(Status.SUBMITTED)
    versions = ProjectVersion.objects.filter(project=project)
    with pytest.raises(IntegrityError), transaction.atomic():
        versions.update(content={})
    with pytest.raises(IntegrityError), transaction.atomic():
        versions.delete()


def test_a_returned_proposal_comes_back_as_a_new_version() -> None:
    owner = factories.a_user()
    project = factories.a_project_at(Status.RETURNED, owner=owner)
    draft_actions.save_draft(
        project, factories.a_content(trl=8), by=owner, expected_version=project.content_version
    )
    actions.submit_project(project, by=owner)
    numbers = project.versions.order_by("number").values_list("number", "content__trl")
    assert list(numbers) == [(1, 7), (2, 8)]


def test_only_members_of_the_organisation_may_submit_or_withdraw() -> None:
    project = factories.a_draft()
    stranger = factories.a_user()
    for refused in (actions.submit_project, actions.withdraw_project):
        with pytest.raises(NotAllowed):
            refused(project, by=stranger)


def test_an_officer_cannot_judge_the_proposal_of_their_own_organisation() -> None:
    officer = factories.an_officer()
    project = factories.a_draft(owner=officer)
    actions.submit_project(project, by=officer)
    with pytest.raises(NotAllowed) as refused:
        actions.start_screening(project, by=officer)
    assert refused.value.code == "own_project"


def test_a_step_without_an_edge_is_refused() -> None:
    project = factories.a_project_at(Status.SUBMITTED)
    with pytest.raises(Conflict):
        actions.open_review(project, by=factories.an_officer())


def test_a_freeze_needs_a_reason_and_can_be_undone() -> None:
    project = factories.a_listed_project()
    lead = factories.an_officer("lead")
    with pytest.raises(Invalid):
        actions.freeze_project(project, by=lead, reason=" ")
    actions.freeze_project(project, by=lead, reason="Đang xác minh")
    assert not queries.browsable_projects().filter(pk=project.pk).exists()
    actions.unfreeze_project(project, by=lead, reason="Đã xong")
    assert queries.browsable_projects().filter(pk=project.pk).exists()


@pytest.mark.parametrize("status", ["draft", "submitted", "in_review", "declined", "withdrawn"])
def test_what_is_not_public_is_absent_for_strangers(status: str) -> None:
    owner = factories.a_user()
    project = factories.a_project_at(status, owner=owner)
    with pytest.raises(NotFound):
        queries.project_for(factories.a_user(), project.public_id)
    assert queries.project_for(owner, project.public_id) == project


def test_terms_of_gated_forms_are_hidden_from_the_public() -> None:
    stranger = factories.a_user()
    assert queries.may_see_terms(stranger, factories.a_listed_project(instrument="contribution"))
    gated = factories.a_listed_project(instrument="loan")
    assert not queries.may_see_terms(stranger, gated)
    assert queries.may_see_terms(factories.an_officer(), gated)


def test_saving_twice_saves_once_and_a_draft_cannot_be_saved() -> None:
    user = factories.a_user()
    project = factories.a_listed_project()
    actions.save_for_later(project, by=user)
    actions.save_for_later(project, by=user)
    assert SavedProject.objects.filter(user=user).count() == 1
    with pytest.raises(NotFound):
        actions.save_for_later(factories.a_draft(), by=user)


@pytest.mark.django_db(transaction=True)
def test_two_signers_at_once_list_a_project_once() -> None:
    project = factories.a_project_at(Status.DECIDED)
    signers = [factories.an_officer("signer") for _ in range(2)]
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def sign(signer: Any) -> None:
        try:
            barrier.wait(5)
            actions.list_project(project, by=signer)
            outcomes.append("listed")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=sign, args=(signer,)) for signer in signers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["conflict", "listed"]
    assert Milestone.objects.filter(project=project).count() == 2

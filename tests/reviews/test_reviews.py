"""Two different reviewers, a lead who is neither, and what the database refuses."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from backend.core.errors import Conflict, Invalid, NotAllowed
from backend.projects.workflow import Status
from backend.reviews import actions, queries, rubric
from backend.reviews.models import Decision, Review
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_review_needs_a_declaration_first() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    with pytest.raises(NotAllowed) as refused:
        actions.submit_review(
            project, by=factories.an_officer(), scores=factories.scores(), reasons={}
        )
    assert refused.value.code == "declare_first"


def test_a_declared_conflict_closes_the_file_for_that_officer() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    officer = factories.an_officer()
    actions.declare_conflict(project, by=officer, has_conflict=True)
    with pytest.raises(NotAllowed):
        actions.submit_review(project, by=officer, scores=factories.scores(), reasons={})


def test_nobody_reviews_a_version_twice_and_there_is_no_third_review() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    officers = [*factories.two_reviewers(project), factories.an_officer()]
    factories.declared(project, officers[2])
    for officer in officers[:2]:
        actions.submit_review(project, by=officer, scores=factories.scores(), reasons={})
    for officer in officers[1:]:
        with pytest.raises(Conflict):
            actions.submit_review(project, by=officer, scores=factories.scores(), reasons={})
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(
            version=project.current_version, reviewer=officers[2], submitted_at=timezone.now()
        )


def test_a_low_score_needs_a_reason_in_code_and_in_the_database() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    officer = factories.an_officer()
    actions.declare_conflict(project, by=officer, has_conflict=False)
    low = factories.scores() | {"team": 1}
    with pytest.raises(Invalid):
        actions.submit_review(project, by=officer, scores=low, reasons={})
    review = actions.submit_review(
        project, by=officer, scores=low, reasons={"team": {"vi": "Thiếu người lắp đặt"}}
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        review.scores.filter(criterion="risk_handling").update(value=0)


def test_a_decision_waits_for_two_reviews() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    lead = factories.an_officer("lead")
    factories.declared(project, lead)
    with pytest.raises(Conflict):
        actions.decide_project(project, by=lead, outcome="list")
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(version=project.current_version, outcome="list", decided_by=lead)


def test_who_reviewed_cannot_decide_even_by_sql() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    both, _other = factories.two_reviewers(project)
    office = both.office_memberships.get().office
    both.office_memberships.create(office=office, role="lead")
    factories.reviewed(project, both, _other)
    with pytest.raises(NotAllowed):
        actions.decide_project(project, by=both, outcome="list")
    with pytest.raises(IntegrityError), transaction.atomic():
        Decision.objects.create(version=project.current_version, outcome="list", decided_by=both)


def test_a_member_of_the_organisation_cannot_review_even_by_sql() -> None:
    owner = factories.a_user()
    project = factories.a_project_at(Status.IN_REVIEW, owner=owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(version=project.current_version, reviewer=owner)


def test_a_submitted_review_is_final() -> None:
    project = factories.a_listed_project()
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.filter(version=project.current_version).update(comment_vi="khác")


def test_the_public_review_shows_mean_points_that_add_up() -> None:
    project = factories.a_listed_project()
    review = queries.public_review_of(project)
    assert review is not None
    assert review.total == sum(c.points for c in review.criteria) == 80
    assert queries.public_review_of(factories.a_project_at(Status.DECLINED)) is None


def test_weights_sum_to_a_hundred() -> None:
    assert sum(c.weight for c in rubric.CRITERIA) == 100
    assert rubric.total_of(factories.scores(5)) == 100


def test_a_decline_needs_words_and_a_reason_code() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    factories.reviewed(project)
    for fields in ({"words_vi": ""}, {"reason_codes": []}, {"reason_codes": ["TC-04"]}):
        with pytest.raises(Invalid):
            factories.a_decision_on(project, "decline", **fields)
    factories.a_decision_on(project, "decline")
    project.refresh_from_db()
    assert project.status == Status.IN_REVIEW, "nothing is out before the letter is"

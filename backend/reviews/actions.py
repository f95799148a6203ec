"""Declaring, scoring, deciding. Each: lock, permit, check, change, audit."""

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.projects import actions as projects
from backend.projects.models import Project
from backend.projects.permissions import check_is_officer
from backend.projects.workflow import Status
from backend.reviews import permissions, rubric
from backend.reviews.models import ConflictDeclaration, Decision, Review, Score


def _locked(project: Project) -> Project:
    return Project.objects.select_for_update().get(pk=project.pk)


@transaction.atomic
def declare_conflict(project: Project, *, by: User, has_conflict: bool) -> ConflictDeclaration:
    """What an officer says before opening the file; it stands once said."""
    project = _locked(project)
    check_is_officer(by, project, "case_officer")
    declared, created = ConflictDeclaration.objects.get_or_create(
        project=project, officer=by, defaults={"has_conflict": has_conflict}
    )
    if not created and declared.has_conflict != has_conflict:
        raise Conflict(_("You declared otherwise before. The lead can change a declaration."))
    if created:
        audit.record(
            "review.conflict_declared", by=by, subject=project, data={"conflict": has_conflict}
        )
    return declared


@transaction.atomic
def submit_review(
    project: Project,
    *,
    by: User,
    scores: Mapping[str, int],
    reasons: Mapping[str, Mapping[str, str]],
    comment_vi: str = "",
    comment_en: str = "",
) -> Review:
    """Score the current version once; two different officers do so.

    `scores` maps each criterion to 0–5; `reasons` maps criteria to `{"vi": …, "en": …}` and must
    have one for every score under 3.
    """
    project = _locked(project)
    permissions.check_can_review(by, project)
    _check_reviewable(project, by)
    _check_scores(scores, reasons)
    assert project.current_version is not None  # submitted, so it has one
    review = Review.objects.create(
        version=project.current_version, reviewer=by, comment_vi=comment_vi,
        comment_en=comment_en, submitted_at=app_now(),
    )  # fmt: skip
    Score.objects.bulk_create(
        Score(
            review=review,
            criterion=key,
            value=value,
            reason_vi=reasons.get(key, {}).get("vi", ""),
            reason_en=reasons.get(key, {}).get("en", ""),
        )
        for key, value in scores.items()
    )
    audit.record("review.submitted", by=by, subject=project, data={"review": review.public_id})
    return review


def _check_reviewable(project: Project, by: User) -> None:
    if project.status != Status.IN_REVIEW:
        raise Conflict(_("This proposal is not in review."), code="wrong_state")
    reviews = Review.objects.filter(version=project.current_version)
    if reviews.filter(reviewer=by).exists():
        raise Conflict(_("You have reviewed this version already."), code="reviewed_already")
    if reviews.count() >= 2:
        raise Conflict(_("Two reviews of this version are in."), code="reviews_complete")


def _check_scores(scores: Mapping[str, int], reasons: Mapping[str, Mapping[str, str]]) -> None:
    if set(scores) != set(rubric.KEYS):
        raise Invalid(_("Score every criterion."), code="missing", field="scores")
    for key, value in scores.items():
        if not 0 <= value <= rubric.MAX_SCORE:
            raise Invalid(_("A score is between 0 and 5."), code="out_of_range", field=key)
        if value < rubric.REASON_NEEDED_BELOW and not any(reasons.get(key, {}).values()):
            raise Invalid(_("A score under 3 needs a reason."), code="missing", field=key)


@transaction.atomic
def decide_project(
    project: Project,
    *,
    by: User,
    outcome: str,
    reason_codes: Sequence[str] = (),
    words_vi: str = "",
    words_en: str = "",
) -> Decision:
    """The lead's decision on a version that two officers reviewed: list, return or decline."""
    project = _locked(project)
    permissions.check_can_decide(by, project)
    submitted = Review.objects.filter(
        version=project.current_version, submitted_at__isnull=False
    ).count()
    if submitted < 2:
        raise Conflict(_("Two reviews must be in before a decision."), code="reviews_missing")
    assert project.current_version is not None  # reviewed, so it has one
    if outcome != Decision.Outcome.LIST and not (words_vi.strip() or words_en.strip()):
        raise Invalid(_("Enter the reason"), code="missing", field="words_vi")
    decision = Decision.objects.create(
        version=project.current_version, outcome=outcome, reason_codes=list(reason_codes),
        words_vi=words_vi, words_en=words_en, decided_by=by, decided_at=app_now(),
    )  # fmt: skip
    audit.record("review.decided", by=by, subject=project, data={"outcome": outcome})
    reason = words_vi or words_en
    match outcome:
        case Decision.Outcome.LIST:
            projects.approve_project(project, by=by)
        case Decision.Outcome.RETURN:
            projects.return_project(project, by=by, role="lead", reason=reason)
        case Decision.Outcome.DECLINE:
            projects.decline_project(project, by=by, reason=reason)
        case _:
            raise Invalid(_("Choose one of the values in the list"), field="outcome")
    return decision

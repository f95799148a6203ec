"""What everybody may read of a project's review, once it is listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from backend.accounts.models import OfficeMembership, Role
from backend.core.errors import NotFound
from backend.projects.models import Project
from backend.projects.permissions import is_member_of, office_roles_of
from backend.projects.workflow import PUBLIC
from backend.reviews import rubric
from backend.reviews.models import Decision, Letter, Request, Score


@dataclass(frozen=True)
class CriterionResult:
    """The mean points of two reviewers on one criterion, of its weight."""

    key: str
    points: int
    max_points: int
    quotes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PublicReview:
    """What was decided, when, on which version, with what points."""

    total: int
    criteria: tuple[CriterionResult, ...]
    decided_at: datetime
    version_number: int
    words_vi: str
    words_en: str


def public_review_of(project: Project) -> PublicReview | None:
    """The review that listed the project; None for calls and for what is not public."""
    return public_reviews_of([project]).get(project.pk)


def public_reviews_of(projects: Sequence[Project]) -> dict[int, PublicReview]:
    """The reviews of several projects by their row ids. Three queries, however many."""
    public = [p.pk for p in projects if p.status in PUBLIC and not p.is_call]
    decisions: dict[int, Decision] = {}
    if public:
        found = Decision.objects.filter(
            version__project__in=public, outcome=Decision.Outcome.LIST
        ).select_related("version")
        for decision in found.order_by("decided_at", "pk"):
            decisions[decision.version.project_id] = decision
    criteria = _criteria_of([d.version_id for d in decisions.values()])
    return {
        pk: PublicReview(
            total=sum(c.points for c in criteria[d.version_id]),
            criteria=criteria[d.version_id],
            decided_at=d.decided_at,
            version_number=d.version.number,
            words_vi=d.words_vi,
            words_en=d.words_en,
        )
        for pk, d in decisions.items()
    }


def _criteria_of(versions: Sequence[int]) -> dict[int, tuple[CriterionResult, ...]]:
    if not versions:
        return {}
    scores = Score.objects.filter(
        review__version__in=versions, review__submitted_at__isnull=False
    ).order_by("review_id", "pk")
    by_version: dict[int, list[Score]] = {version: [] for version in versions}
    for score in scores.select_related("review"):
        by_version[score.review.version_id].append(score)
    return {version: _results(mine) for version, mine in by_version.items()}


def _results(scores: Sequence[Score]) -> tuple[CriterionResult, ...]:
    results = []
    for criterion in rubric.CRITERIA:
        mine = [s for s in scores if s.criterion == criterion.key]
        if not mine:
            continue
        total = sum(s.value for s in mine) * criterion.weight
        # Half up, as rubric.points_of does for one reviewer.
        points = (2 * total + rubric.MAX_SCORE * len(mine)) // (2 * rubric.MAX_SCORE * len(mine))
        quotes = tuple((s.reason_vi, s.reason_en) for s in mine if s.reason_vi or s.reason_en)
        results.append(CriterionResult(criterion.key, points, criterion.weight, quotes))
    return tuple(results)


def requests_of(project: Project) -> QuerySet[Request]:
    """Everything that the owner was asked to change, over all versions, in order. `state` says
    whether it is open, answered or settled; `section` is a key of reviews.sections."""
    return (
        Request.objects.filter(version__project=project)
        .select_related("version")
        .order_by("version__number", "number")
    )


def open_requests_of(project: Project) -> QuerySet[Request]:
    """What is yet to be answered."""
    return requests_of(project).filter(state=Request.State.OPEN)


def request_for(user: Any, project: Project, public_id: str) -> Request:
    """One request of a project that the person may see; NotFound otherwise. Only the owner's
    people and officers see requests."""
    if not (is_member_of(user, project.owner) or office_roles_of(user)):
        raise NotFound()
    found = requests_of(project).filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def letters_of_office(user: Any) -> QuerySet[Letter]:
    """Letters of the person's offices (an auditor's: of all), the youngest first, without PDFs."""
    rows = list(OfficeMembership.objects.filter(user=user).values_list("office_id", "role"))
    letters = Letter.objects.all()
    if not any(role == Role.AUDITOR for _office, role in rows):
        letters = letters.filter(office__in={office for office, _role in rows})
    return letters.select_related("decision__version__project").defer("pdf").order_by("-pk")


def letter_of_owner(user: Any, public_id: str) -> Letter:
    """A sent letter about a proposal of one's own organisation; NotFound otherwise."""
    letter = (
        Letter.objects.filter(
            public_id=public_id[:40], status="sent",
            decision__version__project__owner__memberships__user=user,
        )
        .select_related("decision__version__project", "signed_by")
        .first()
    )  # fmt: skip
    if letter is None:
        raise NotFound()
    return letter

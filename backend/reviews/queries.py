"""What everybody may read of a project's review, once it is listed."""

from dataclasses import dataclass
from datetime import datetime

from backend.projects.models import Project
from backend.projects.workflow import PUBLIC
from backend.reviews import rubric
from backend.reviews.models import Decision, Review


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
    if project.status not in PUBLIC:
        return None
    decision = (
        Decision.objects.filter(version__project=project, outcome=Decision.Outcome.LIST)
        .select_related("version")
        .order_by("-decided_at")
        .first()
    )
    if decision is None:
        return None
    criteria = _criteria_of(decision)
    return PublicReview(
        total=sum(c.points for c in criteria),
        criteria=criteria,
        decided_at=decision.decided_at,
        version_number=decision.version.number,
        words_vi=decision.words_vi,
        words_en=decision.words_en,
    )


def _criteria_of(decision: Decision) -> tuple[CriterionResult, ...]:
    reviews = Review.objects.filter(
        version_id=decision.version_id, submitted_at__isnull=False
    ).prefetch_related("scores")
    scores = [score for review in reviews for score in review.scores.all()]
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

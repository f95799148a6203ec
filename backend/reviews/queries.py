"""What everybody may read of a project's review, once it is listed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from backend.accounts.models import OfficeMembership, Role
from backend.core.errors import NotFound
from backend.projects.models import Project
from backend.projects.permissions import is_member_of, office_roles_of
from backend.projects.workflow import PUBLIC
from backend.reviews.models import Decision, Letter, Request, Review, Score
from backend.reviews.rubric import Rubric, mean_points
from backend.reviews.rulesets import rubrics


@dataclass(frozen=True)
class CriterionResult:
    """The mean points of two reviewers on one criterion, of its weight."""

    key: str
    name_vi: str
    name_en: str
    points: int
    max_points: int
    quotes: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PublicReview:
    """What was decided, when, on which version, with what points; `content` is its text."""

    total: int
    criteria: tuple[CriterionResult, ...]
    decided_at: datetime
    version_number: int
    words_vi: str
    words_en: str
    conditions_vi: str
    conditions_en: str
    office_vi: str
    office_en: str
    letter_number: str
    rubric_number: int
    submitted_at: datetime | None
    sha256: str
    content: dict[str, Any]
    reviewed_at: tuple[datetime, ...]
    comments: tuple[tuple[str, str], ...]


def public_review_of(project: Project) -> PublicReview | None:
    """The review that listed the project; None for calls and for what is not public."""
    return public_reviews_of([project]).get(project.pk)


def public_reviews_of(projects: Sequence[Project]) -> dict[int, PublicReview]:
    """The reviews of several projects by their row ids. Three queries, however many (one more for
    criteria that the city changed)."""
    public = [p.pk for p in projects if p.status in PUBLIC and not p.is_call]
    decisions: dict[int, Decision] = {}
    if public:
        found = Decision.objects.filter(
            version__project__in=public, outcome=Decision.Outcome.LIST, undone_at__isnull=True
        ).select_related("version", "letter")
        for decision in found.defer("letter__pdf").order_by("decided_at", "pk"):
            decisions[decision.version.project_id] = decision
    scores = _scores_of([d.version_id for d in decisions.values()])
    scales = rubrics({s.review.rubric_number for mine in scores.values() for s in mine} or {1})
    return {pk: _public(d, scores[d.version_id], scales) for pk, d in decisions.items()}


def _public(
    decision: Decision, scores: Sequence[Score], scales: Mapping[int, Rubric]
) -> PublicReview:
    reviews = list(dict.fromkeys(s.review for s in scores))
    scale = scales[reviews[0].rubric_number if reviews else 1]
    criteria = _results(scale, scores)
    letter, version = decision.letter, decision.version
    return PublicReview(
        total=sum(c.points for c in criteria),
        criteria=criteria,
        decided_at=decision.decided_at,
        version_number=version.number,
        words_vi=decision.words_vi,
        words_en=decision.words_en,
        conditions_vi=decision.conditions_vi,
        conditions_en=decision.conditions_en,
        # As the letter says it: an office may be called otherwise since.
        office_vi=letter.body["vi"]["office"],
        office_en=letter.body["en"]["office"],
        letter_number=f"{letter.number:04d}/TĐ-{letter.year}" if letter.number else "",
        rubric_number=scale.number,
        submitted_at=version.submitted_at,
        sha256=version.content_sha256,
        content=dict(version.content),
        reviewed_at=tuple(r.submitted_at for r in reviews if r.submitted_at),
        comments=tuple((r.comment_vi, r.comment_en) for r in reviews),
    )


def _scores_of(versions: Sequence[int]) -> dict[int, list[Score]]:
    by_version: dict[int, list[Score]] = {version: [] for version in versions}
    if versions:
        scores = Score.objects.filter(
            review__version__in=versions, review__submitted_at__isnull=False
        ).order_by("review_id", "pk")
        for score in scores.select_related("review"):
            by_version[score.review.version_id].append(score)
    return by_version


def _results(scale: Rubric, scores: Sequence[Score]) -> tuple[CriterionResult, ...]:
    results = []
    for criterion in scale.criteria:
        mine = [s for s in scores if s.criterion == criterion.key]
        if not mine:
            continue
        points = mean_points([s.value for s in mine], criterion.weight)
        quotes = tuple((s.reason_vi, s.reason_en) for s in mine if s.reason_vi or s.reason_en)
        results.append(
            CriterionResult(
                criterion.key,
                criterion.name_vi,
                criterion.name_en,
                points,
                criterion.weight,
                quotes,
            )
        )
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


def review_for(user: Any, public_id: str) -> Review:
    """A review that is in: one's own, or (for the office) both once both are in; else NotFound."""
    review = (
        Review.objects.filter(public_id=public_id[:40], submitted_at__isnull=False)
        .select_related("version__project__case")
        .prefetch_related("scores")
        .first()
    )
    if review is None:
        raise NotFound()
    case = review.version.project.case
    works_there = OfficeMembership.objects.filter(user=user).filter(
        Q(office=case.office_id) | Q(role=Role.AUDITOR)
    )
    done = Review.objects.filter(version=review.version, submitted_at__isnull=False).count()
    if not works_there.exists() or (review.reviewer_id != user.pk and done < 2):
        raise NotFound()
    return review


def decisions_for(user: Any, project: Project) -> list[Decision]:
    """Officers read every decision; the owner those whose letter went out; everybody the one that
    listed a public project."""
    rows = (
        Decision.objects.filter(version__project=project)
        .select_related("version", "letter")
        .defer("letter__pdf")
        .order_by("pk")
    )
    if office_roles_of(user):
        return list(rows)
    sent = rows.filter(letter__status="sent")
    if is_member_of(user, project.owner):
        return list(sent)
    if project.status not in PUBLIC:
        return []
    return list(sent.filter(outcome=Decision.Outcome.LIST))

"""Where two reviewers differ by two points or more, and who has yet to say why."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.reviews.models import Review
from backend.reviews.rubric import gaps_of


@dataclass(frozen=True)
class OpenGap:
    """`reviewer` owes a reason for `criterion`."""

    criterion: str
    review: Review


def unexplained_gaps(reviews: Sequence[Review]) -> list[OpenGap]:
    """What must be said before a decision. A reason beside the score counts."""
    if len(reviews) != 2:
        return []
    scores = [{s.criterion: s for s in review.scores.all()} for review in reviews]
    values = [{k: s.value for k, s in mine.items()} for mine in scores]
    found = []
    for key in gaps_of(values[0], values[1]):
        for review, mine in zip(reviews, scores, strict=True):
            said = mine[key].reason_vi or mine[key].reason_en
            later = any(g.criterion == key for g in review.gap_reasons.all())
            if not said and not later:
                found.append(OpenGap(key, review))
    return found

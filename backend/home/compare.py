"""Two or three projects side by side, as rows; a row says in words where they differ."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from backend.core.formats import format_money, format_money_long, format_number
from backend.core.money import Money
from backend.funding.standing import may_see_terms
from backend.home.cards import Card, cards_of
from backend.home.matching_pages import Fit
from backend.home.words import said
from backend.matching.queries import Explained
from backend.matching.reasons import unsaid_words
from backend.projects import taxonomy
from backend.projects.models import Project
from backend.projects.queries import projects_visible_to
from backend.reviews import rubric
from backend.reviews.queries import PublicReview, public_reviews_of

MOST = 3


@dataclass(frozen=True)
class Row:
    label: str
    cells: tuple[str, ...]
    differs: bool


@dataclass(frozen=True)
class Comparison:
    """`missing` counts keys that are gone or were never public."""

    cards: tuple[Card, ...]
    rows: tuple[Row, ...]
    missing: int


def comparison(keys: list[str], request: HttpRequest, fit: Fit | None, language: str) -> Comparison:
    """At most three projects; a withdrawn one is left out and counted. At most six queries.

    `fit` adds the score in the reader's own order, its place there and the points of each factor.
    """
    user = request.user if request.COOKIES else None
    wanted = keys[:MOST]
    visible = projects_visible_to(user).filter(Q(slug__in=wanted) | Q(public_id__in=wanted))
    by_key: dict[str, Project] = {}
    for project in visible.select_related("current_version", "call"):
        by_key[project.slug] = by_key[project.public_id] = project
    projects = list(dict.fromkeys(by_key[key] for key in wanted if key in by_key))
    cards = cards_of(projects, language)
    reviews = public_reviews_of(projects)
    columns = [
        _cells(project, card, reviews.get(project.pk), user, language)
        for project, card in zip(projects, cards, strict=True)
    ]
    rows = _rows(columns, [unsaid_words(is_call=project.is_call) for project in projects], language)
    if fit is not None:
        found = [fit.of(project, language) for project in projects]
        absent = [_("not in the list")] * len(projects)
        totals = _rows([_total_cells(one, language) for one in found], absent, language)
        factors = _rows([_factor_cells(one) for one in found], absent, language)
        rows = (*totals, *rows, *factors)
    missing = sum(key not in by_key for key in wanted)
    return Comparison(tuple(cards), rows, missing)


def _total_cells(explained: Explained | None, language: str) -> dict[str, str]:
    """Empty for a project that is not in the list: it has neither points nor a place."""
    if explained is None:
        return {}
    return {
        _("Fit with what you told us"): _("%(score)s of 100") % {"score": explained.place.score},
        _("Place in your list by points"): _("%(n)s of %(total)s") % {
            "n": format_number(explained.place.position, language),
            "total": format_number(explained.total, language),
        },
    }  # fmt: skip


def _factor_cells(explained: Explained | None) -> dict[str, str]:
    cells = {}
    for reason in explained.place.reasons if explained else ():
        points = _("%(points)s of %(max)s") % {"points": reason.points, "max": reason.max_points}
        if not reason.is_known:
            points = _("%(points)s (not stated)") % {"points": points}
        cells[_("Fit: %(factor)s") % {"factor": reason.label}] = points
    return cells


def _rows(columns: list[dict[str, str]], unsaid: list[str], language: str) -> tuple[Row, ...]:
    """`unsaid`: per project, what stands where it says nothing."""
    scored = {_("Review, of 100"), *(c.name(language) for c in rubric.CRITERIA)}
    labels = list(dict.fromkeys(label for column in columns for label in column))
    rows = []
    for label in labels:
        cells = tuple(
            column.get(label) or (_("not scored") if label in scored else words)
            for column, words in zip(columns, unsaid, strict=True)
        )
        rows.append(Row(label, cells, len(set(cells)) > 1))
    return tuple(rows)


def _cells(
    project: Project, card: Card, review: PublicReview | None, user: Any, language: str
) -> dict[str, str]:
    content = project.current_version.content if project.current_version else {}
    team, risks = content.get("team", []), content.get("risks", [])
    cells = {
        _("State"): card.status_words,
        _("Field"): card.field,
        _("Technology"): ", ".join(card.technologies),
        _("Form"): card.instrument_words,
        _("Goal"): format_money_long(card.goal, language) if card.goal else "",
        _("Smallest pledge"): _smallest(project, card, user, language),
        _("Milestones"): str(card.milestones) if card.milestones else "",
        _("Length"): _("%(n)s months") % {"n": card.horizon_months} if card.horizon_months else "",
        _("Stage"): f"TRL {card.trl}" if card.trl else "",
        _("Place"): card.place,
        _("People in the team"): str(len(team)) if team else "",
        _("Main risk"): str(said(risks[0], "risk", language)) if risks else "",
        _("Languages of the documents"): ", ".join(
            taxonomy.label("language", key, language) for key in project.languages
        ),
        _("Review, of 100"): str(review.total) if review else "",
    }
    names = {c.key: c.name(language) for c in rubric.CRITERIA}
    for criterion in review.criteria if review else ():
        cells[names[criterion.key]] = f"{criterion.points}/{criterion.max_points}"
    return cells


def _smallest(project: Project, card: Card, user: Any, language: str) -> str:
    if not may_see_terms(user, project):
        return _("terms after sign-in")
    ticket = project.min_ticket_minor
    return format_money(Money(ticket, project.currency), language) if ticket else ""

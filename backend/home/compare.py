"""Two or three projects side by side, as rows; a row says in words where they differ."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from backend.core.formats import format_money, format_money_long
from backend.core.money import Money
from backend.funding.standing import may_see_terms
from backend.home.cards import Card, cards_of
from backend.home.words import said
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


def comparison(keys: list[str], request: HttpRequest, language: str) -> Comparison:
    """At most three projects; a withdrawn one is left out and counted. At most six queries."""
    user = request.user if request.COOKIES else None
    wanted = keys[:MOST]
    visible = projects_visible_to(user).filter(Q(slug__in=wanted) | Q(public_id__in=wanted))
    found = {}
    for project in visible.select_related("current_version", "call"):
        found[project.slug] = found[project.public_id] = project
    projects = list(dict.fromkeys(found[key] for key in wanted if key in found))
    cards = cards_of(projects, language)
    reviews = public_reviews_of(projects)
    columns = [
        _cells(project, card, reviews.get(project.pk), user, language)
        for project, card in zip(projects, cards, strict=True)
    ]
    missing = sum(key not in found for key in wanted)
    return Comparison(tuple(cards), _rows(columns, projects, language), missing)


def _rows(columns: list[dict[str, str]], projects: list[Project], language: str) -> tuple[Row, ...]:
    unsaid = [unsaid_words(is_call=project.is_call) for project in projects]
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

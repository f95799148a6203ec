"""Two or three projects side by side, as rows; a row says in words where they differ."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext as _

from backend.core.errors import NotFound
from backend.core.formats import format_money, format_number
from backend.home.cards import Card
from backend.home.project_page import ProjectPage, project_page
from backend.projects.queries import project_for

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
    """At most three projects; a withdrawn one is left out and counted."""
    user = request.user if request.COOKIES else None
    pages: list[ProjectPage] = []
    missing = 0
    for key in keys[:MOST]:
        try:
            pages.append(project_page(project_for(user, key), user, language))
        except NotFound:
            missing += 1
    return Comparison(tuple(p.card for p in pages), _rows(pages, language), missing)


def _rows(pages: list[ProjectPage], language: str) -> tuple[Row, ...]:
    unsaid = _("not stated")
    columns = [_cells(page, language) for page in pages]
    labels = list(columns[0]) if columns else []
    rows = []
    for label in labels:
        cells = tuple(column.get(label) or unsaid for column in columns)
        rows.append(Row(label, cells, len(set(cells)) > 1))
    return tuple(rows)


def _cells(page: ProjectPage, language: str) -> dict[str, str]:
    card = page.card
    cells = {
        _("State"): card.status_words,
        _("Field"): card.field,
        _("Technology"): ", ".join(card.technologies),
        _("Form"): card.instrument_words,
        _("Goal"): format_money(card.goal, language) if card.goal else "",
        _("Smallest pledge"): _smallest(page, language),
        _("Milestones"): str(card.milestones) if card.milestones else "",
        _("Length"): _("%(n)s months") % {"n": card.horizon_months} if card.horizon_months else "",
        _("Stage"): f"TRL {card.trl}" if card.trl else "",
        _("Place"): card.place,
        _("People in the team"): str(len(page.team)) if page.team else "",
        _("Main risk"): str(page.risks[0].risk) if page.risks else "",
        _("Languages of the documents"): ", ".join(page.languages),
        _("Review, of 100"): format_number(page.review.total, language) if page.review else "",
    }
    for criterion in page.criteria:
        cells[criterion.label] = f"{criterion.points}/{criterion.max_points}"
    return cells


def _smallest(page: ProjectPage, language: str) -> str:
    if page.terms.hidden:
        return _("terms after sign-in")
    return format_money(page.terms.min_ticket, language) if page.terms.min_ticket else ""

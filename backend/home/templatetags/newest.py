"""What a lost reader may look at instead."""

from dataclasses import dataclass

from django import template

from backend.core.language import language_of_page
from backend.home.words import Said, said
from backend.projects.queries import browsable_projects

register = template.Library()
SHOWN = 3


@dataclass(frozen=True)
class Pointer:
    """The title of a listed proposal and the slug of its page."""

    title: Said
    slug: str


@register.simple_tag
def newest_reviewed() -> list[Pointer]:
    """The newest listed proposals; one query."""
    language = language_of_page()
    rows = browsable_projects().filter(origin="proposal").order_by("-listed_at", "-id")
    return [Pointer(said(row, "title", language), row.slug) for row in rows[:SHOWN]]

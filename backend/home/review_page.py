"""The public page of a project's review: criteria, points, quoted reasons, dates, versions, and
what changed since the approval. Declines have no such page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from backend.core.errors import NotFound
from backend.core.language import language_of_page
from backend.core.web import public_page
from backend.home.words import said
from backend.projects.queries import project_for
from backend.reviews.high_value import sheet_of
from backend.reviews.queries import PublicReview, public_review_of
from backend.reviews.sections import SECTIONS, lines_of


@require_safe
@public_page
def review(request: HttpRequest, key: str) -> HttpResponse:
    user = request.user if request.COOKIES else None
    project = project_for(user, key)
    found = public_review_of(project)
    if found is None:
        raise NotFound()
    language = language_of_page()
    now = dict(project.current_version.content) if project.current_version else {}
    context = {
        "project": project,
        "title": said(project, "title", language),
        "review": found,
        "criteria": [_criterion(c, language) for c in found.criteria],
        "words": said({"w_vi": found.words_vi, "w_en": found.words_en}, "w", language),
        "conditions": said(
            {"c_vi": found.conditions_vi, "c_en": found.conditions_en}, "c", language
        ),
        "comments": [
            said({"c_vi": vi, "c_en": en}, "c", language) for vi, en in found.comments if vi or en
        ],
        "office": said({"o_vi": found.office_vi, "o_en": found.office_en}, "o", language),
        "value": sheet_of(found.content, language) if project.is_high_value else (),
        "changed": changed_since(found, now, language),
        "nav": "projects",
    }
    return render(request, "home/review.html", context)


def _criterion(result: Any, language: str) -> dict[str, Any]:
    return {
        "name": result.name_vi if language == "vi" else result.name_en,
        "points": result.points,
        "max": result.max_points,
        "percent": 100 * result.points // result.max_points,
        "quotes": [said({"q_vi": vi, "q_en": en}, "q", language) for vi, en in result.quotes],
    }


def changed_since(found: PublicReview, now: dict[str, Any], language: str) -> list[str]:
    """Names of the parts that say something else than the approved version."""
    return [
        s.name(language)
        for s in SECTIONS
        if lines_of(s, found.content, language) != lines_of(s, now, language)
    ]

"""A person's past lists: as they were shown, and made again from what was stored."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Max
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backend.core.language import language_of_page
from backend.home.answer_words import answer_rows
from backend.home.me_pages import person_of
from backend.matching import actions
from backend.matching.engine.artifact import ArtifactError
from backend.matching.models import MatchList
from backend.matching.queries import answers_from
from backend.projects.models import Project

MOST_LISTS = 60
SHOWN = 40


@dataclass(frozen=True)
class PastPlace:
    """One place as it was stored, and what stands there when the list is made again."""

    position: int
    project: Project
    score: int
    moved_by: str
    is_same: bool


@never_cache
@login_required
@require_safe
def past_lists(request: HttpRequest) -> HttpResponse:
    rows = (
        MatchList.objects.filter(user=person_of(request))
        .select_related("run")
        .annotate(pages=Count("views"), seen=Max("views__last_at"))
        .order_by("-created_at", "-id")[:MOST_LISTS]
    )
    return render(request, "me/past_lists.html", {"rows": rows})


@never_cache
@login_required
@require_safe
def past_list(request: HttpRequest, key: str) -> HttpResponse:
    rows = MatchList.objects.select_related("run", "reading__policy", "user")
    stored = get_object_or_404(rows, user=person_of(request), public_id=key)
    try:
        again = actions.replay(stored)
    except ArtifactError:
        again = None
    shown = list(stored.matches.select_related("project").order_by("position"))
    places = [
        PastPlace(
            m.position, m.project, m.score, m.moved_by,
            again is not None
            and m.position <= len(again)
            and again[m.position - 1] == (m.project.public_id, m.score, m.moved_by),
        )
        for m in shown
    ]  # fmt: skip
    language = language_of_page()
    answers = answer_rows(answers_from(stored.answers), stored.weights, language)
    context = {
        "stored": stored,
        "places": places[:SHOWN],
        "total": len(places),
        "is_same": again is not None and all(p.is_same for p in places),
        "is_lost": again is None,
        "answers": [row for row in answers if row.text],
        "chosen": (stored.choices or {}).get("number", 0),
        "hidden": len(stored.hidden),
    }
    return render(request, "me/past_list.html", context)

"""What was asked, what was saved, which versions there are and what each one changed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.core.errors import Conflict, DomainError, NotFound
from backend.home.me_pages import person_of
from backend.home.owner.answers import answer_rows
from backend.home.owner.changes import changes_between
from backend.home.owner.frame import frame_of
from backend.home.owner.small_forms import AnswerForm
from backend.home.owner.words import SECTION_ALIASES, SECTION_WORDS
from backend.projects.draft_actions import save_section, section_named
from backend.projects.models_owner import SectionSave
from backend.projects.owner_queries import (
    proposal_for,
    saves_of,
    states_of,
    version_for,
    versions_of,
)
from backend.projects.workflow import OWNER_MAY_EDIT
from backend.reviews.models import Request
from backend.reviews.queries import request_for
from backend.reviews.request_actions import answer_request

MOST_SAVES = 100


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def requests(request: HttpRequest, key: str) -> HttpResponse:
    """Every request with its own answer; one is answered at a time."""
    user = person_of(request)
    project = proposal_for(user, key)
    bound: dict[str, AnswerForm] = {}
    if request.method == "POST":
        asked = request_for(user, project, request.POST.get("request", ""))
        form = AnswerForm(request.POST, prefix=asked.public_id)
        bound[asked.public_id] = form
        if form.is_valid():
            try:
                answer_request(asked, by=user, answer=form.cleaned_data["answer"])
            except DomainError as refused:
                form.add_error("answer", str(refused))
            else:
                messages.success(request, _("Your answer is kept."))
                return redirect("owner:requests", project.public_id)
    frame = frame_of(project, user)
    rows = [(asked, _answer_form(asked, bound), _section_of(asked)) for asked in frame.requests]
    mistakes = [
        (form["answer"].auto_id, str(m)) for form in bound.values() for m in form["answer"].errors
    ]
    context = {"frame": frame, "project": project, "rows": rows, "mistakes": mistakes}
    return render(request, "owner/requests.html", context, status=400 if mistakes else 200)


def _answer_form(asked: Request, bound: dict[str, AnswerForm]) -> AnswerForm:
    empty = AnswerForm(prefix=asked.public_id, initial={"answer": asked.answer})
    return bound.get(asked.public_id, empty)


def _section_of(asked: Request) -> tuple[str, str]:
    """Key and title of the section that a request leads to; empty for none."""
    key = SECTION_ALIASES.get(asked.section, asked.section)
    return (key, str(SECTION_WORDS[key].title)) if key in SECTION_WORDS else ("", "")


@never_cache
@login_required
@require_safe
def versions(request: HttpRequest, key: str) -> HttpResponse:
    project = proposal_for(request.user, key)
    context = {"project": project, "rows": versions_of(project)}
    return render(request, "owner/versions.html", context)


@never_cache
@login_required
@require_safe
def version(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """What one version changed against the one before it, or against another that is named."""
    user = person_of(request)
    project = proposal_for(user, key)
    shown = version_for(user, project, number)
    against = request.GET.get("against", "")
    older = int(against) if against.isascii() and against.isdigit() and len(against) < 6 else 0
    older = older or number - 1
    before = version_for(user, project, older) if older >= 1 and older != number else None
    context = {
        "project": project,
        "shown": shown,
        "before": before,
        "sections": changes_between(before.content, shown.content) if before else [],
        "others": [v for v in versions_of(project) if v.number != number],
    }
    return render(request, "owner/version.html", context)


@never_cache
@login_required
@require_safe
def saves(request: HttpRequest, key: str, name: str) -> HttpResponse:
    """Texts of one section as they were saved, each with what it changed against today's."""
    part = section_named(name)
    project = proposal_for(request.user, key)
    content = project.current_version.content if project.current_version else {}
    rows = [
        (save, answer_rows(part, {"currency": content.get("currency")} | save.values))
        for save in saves_of(project, part.key)[:MOST_SAVES]
    ]
    state = states_of(project).get(part.key)
    context = {
        "project": project,
        "section": part.key,
        "words": SECTION_WORDS[part.key],
        "rows": rows,
        "version": state.version if state else 0,
        "may_edit": project.status in OWNER_MAY_EDIT,
    }
    return render(request, "owner/saves.html", context)


@never_cache
@login_required
@require_POST
def restore(request: HttpRequest, key: str, name: str, number: int) -> HttpResponse:
    """Put an earlier text back; today's stays in the list."""
    user = person_of(request)
    part = section_named(name)
    project = proposal_for(user, key)
    save = get_object_or_404(SectionSave, project=project, section=part.key, pk=number)
    state = states_of(project).get(part.key)
    if state is None:
        raise NotFound()
    try:
        save_section(project, part.key, save.values, by=user, expected=state.version)
    except Conflict:
        messages.info(request, _("Somebody saved this section meanwhile. Look at it first."))
    else:
        messages.success(request, _("The earlier text is back."))
    return redirect("owner:section", project.public_id, part.key)

"""One section, one page: show, save, keep what cannot be taken yet, settle two windows."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from backend.accounts.models import User
from backend.core.clock import app_now, city_day
from backend.core.errors import Conflict, ManyInvalid
from backend.core.formats import CITY_ZONE
from backend.core.money import Money
from backend.home.bridge import bridge_of
from backend.home.owner.answers import AnswerRow, answer_rows
from backend.home.owner.forms import SectionForm
from backend.home.owner.frame import Frame, frame_of
from backend.home.owner.rows import Typed, after_operation, storable, typed_of
from backend.home.owner.stash import keep_and_sign_in, kept_for
from backend.home.owner.words import LIST_WORDS, SECTION_WORDS
from backend.projects.draft_actions import (
    keep_pending,
    save_section,
    section_named,
    set_aside,
    take_section,
)
from backend.projects.models import Project
from backend.projects.models_owner import SectionState
from backend.projects.owner_queries import proposal_for, states_of
from backend.projects.sections import Section

# Fields that stand above the texts of their page; the others stand below.
FIRST_NAMES = ("original_language", "currency", "goal_minor", "place_code", "instrument")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def section(request: HttpRequest, key: str, name: str) -> HttpResponse:
    part = section_named(name)
    if not isinstance(request.user, User):
        return keep_and_sign_in(request)
    project = proposal_for(request.user, key)
    if request.method == "POST":
        return _post(request, request.user, project, part)
    frame = frame_of(project, request.user)
    if not frame.may_edit:
        messages.info(request, _("This proposal cannot be edited now. Here is where it stands."))
        return redirect("owner:proposal", project.public_id)
    return _show(request, frame, _form_to_show(request, frame, part))


def _form_to_show(request: HttpRequest, frame: Frame, part: Section) -> SectionForm:
    """What stands, or what could not be taken yet, or what was typed before a sign-in."""
    before = kept_for(request)
    if before is not None:
        messages.info(request, _("Your sign-in had expired. What you typed is here: save it."))
    state = frame.states.get(part.key)
    typed = before or (state.pending if state and state.pending else None)
    extra = 1 if request.GET.get("add") == "1" else 0
    form = SectionForm(
        part, frame.content, on=city_day(app_now()), typed=typed, extra_rows=extra
    )  # fmt: skip
    if typed is not None:
        form.is_valid()
    return form


def _post(request: HttpRequest, user: User, project: Project, part: Section) -> HttpResponse:
    operation = request.POST.get("do", "save")
    if operation == "take":
        take_section(project, part.key, by=user)
        return HttpResponse(status=204)
    typed = after_operation(typed_of(request.POST), part.rows, operation)
    content = project.current_version.content if project.current_version else {}
    form = SectionForm(part, content, on=city_day(app_now()), typed=typed)
    typed = storable(typed)
    try:
        state = _save(project, part, form, typed, user, _version_of(request))
    except Conflict as conflict:
        if conflict.code != "section_changed":
            raise
        return _both(request, user, project, form, typed)
    if _is_autosave(request):
        return _saved(state, form)
    if form.mistakes:
        return _show(request, frame_of(project, user), form, status=400)
    return _go_on(request, user, project, part, operation)


def _version_of(request: HttpRequest) -> int:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _is_autosave(request: HttpRequest) -> bool:
    return request.headers.get("X-Autosave") == "1"


def _save(
    project: Project, part: Section, form: SectionForm, typed: Typed, user: User, expected: int
) -> SectionState:
    if form.is_valid():
        try:
            return save_section(project, part.key, form.values(), by=user, expected=expected)
        except ManyInvalid as refused:
            form.add_refusals(refused.errors)
    return keep_pending(project, part.key, typed, by=user, expected=expected)


def _saved(state: SectionState, form: SectionForm) -> JsonResponse:
    """What the page's script shows in its status line."""
    clock = f"{(state.saved_at or app_now()).astimezone(CITY_ZONE):%H:%M}"
    words = _("Saved at %(clock)s") % {"clock": clock}
    if form.mistakes:
        words = _("Kept at %(clock)s. Something needs mending before it counts") % {"clock": clock}
    return JsonResponse({"version": state.version, "words": words})


def _go_on(
    request: HttpRequest, user: User, project: Project, part: Section, operation: str
) -> HttpResponse:
    if operation == "next":
        following = frame_of(project, user).after(part.key)
        if following is not None:
            return redirect("owner:section", project.public_id, following.key)
        return redirect("owner:check", project.public_id)
    response = redirect("owner:section", project.public_id, part.key)
    if operation == "add":
        response["Location"] += "?add=1#new"
    elif operation != "save":
        response["Location"] += "#rows"
    return response


def _show(request: HttpRequest, frame: Frame, form: SectionForm, status: int = 200) -> HttpResponse:
    part = form.section
    state = frame.states.get(part.key)
    task = frame.task(part.key)
    if not form.is_bound:
        for gap in task.missing:
            if not gap.is_empty:
                form.point_out(gap.path, gap.sentence)
    context = {
        "frame": frame,
        "project": frame.project,
        "form": form,
        "task": task,
        "words": SECTION_WORDS[part.key],
        "list_words": LIST_WORDS.get(part.rows),
        "version": state.version if state else 0,
        "saved_at": state.saved_at if state else None,
        "original": frame.content.get("original_language", "vi"),
        "totals": totals_of(frame.content) if part.key in {"budget", "milestones"} else None,
        "asked": [r for r in frame.open_requests if r.section == part.key],
        "next_task": frame.after(part.key),
        "first_names": FIRST_NAMES,
    }
    return render(request, "owner/section.html", context, status=status)


def totals_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """The sums that must be equal, and the bridge that the milestones make."""
    sums = {
        name: sum(row.get("amount_minor") or 0 for row in content.get(name) or [])
        for name in ("budget", "milestones")
    }
    goal = content.get("goal_minor")
    currency = str(content.get("currency") or "VND")
    amounts = [row.get("amount_minor") or 0 for row in content.get("milestones") or []]
    return {
        "goal": Money(goal, currency) if goal else None,
        "budget": Money(sums["budget"], currency),
        "milestones": Money(sums["milestones"], currency),
        "agree": goal is not None and sums["budget"] == sums["milestones"] == goal,
        "bridge": bridge_of(amounts, width=720, deck=84),
    }


def _both(
    request: HttpRequest, user: User, project: Project, form: SectionForm, typed: Typed
) -> HttpResponse:
    """Both texts side by side; "keep mine" posts this one on top of the version that stands."""
    part = form.section
    if not form.mistakes:
        set_aside(project, part.key, form.values(), by=user)
    state = states_of(project)[part.key]
    if _is_autosave(request):
        words = _("Saved by somebody else meanwhile. Your text is kept: press Save to see both.")
        return JsonResponse({"conflict": True, "words": words}, status=409)
    content = project.current_version.content if project.current_version else {}
    if state.pending:
        theirs = _typed_rows(state.pending)
    else:
        theirs = answer_rows(part, content)
    mine = (
        _typed_rows(typed) if form.mistakes else answer_rows(part, form.values() | _money(content))
    )
    context = {
        "project": project,
        "section": part.key,
        "words": SECTION_WORDS[part.key],
        "rows": _paired(mine, theirs),
        "posted": [(n, v) for n, values in typed.items() for v in values],
        "state": state,
    }
    return render(request, "owner/both.html", context, status=409)


def _money(content: Mapping[str, Any]) -> dict[str, Any]:
    """What sums of a section need from elsewhere to be read."""
    return {"currency": content.get("currency") or "VND"}


def _typed_rows(typed: Mapping[str, Any]) -> list[AnswerRow]:
    """Text that could not be read as answers yet, under the names of its fields."""
    return [AnswerRow(n, ", ".join(map(str, vs)), path=n) for n, vs in typed.items() if any(vs)]


def _paired(mine: list[AnswerRow], theirs: list[AnswerRow]) -> list[tuple[str, str, str, str]]:
    """Label, this window's text, the saved text, and the language of both."""
    labels: dict[str, tuple[str, str]] = {}
    for row in [*theirs, *mine]:
        labels.setdefault(row.path, (row.label, row.lang))
    by_path = [{row.path: row.text for row in rows} for rows in (mine, theirs)]
    return [
        (label, by_path[0].get(path, ""), by_path[1].get(path, ""), lang)
        for path, (label, lang) in labels.items()
    ]

"""Questions in public with the owner's answers, and news of the project."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from backend.core.clock import app_now
from backend.core.errors import DomainError, NotFound
from backend.core.language import language_of_page
from backend.home.me_pages import person_of
from backend.home.owner.small_forms import AnswerForm, QuestionForm, UpdateForm
from backend.projects.models_owner import Question
from backend.projects.owner_queries import proposal_for
from backend.projects.queries import project_for
from backend.projects.talk_actions import (
    answer_question,
    ask_question,
    post_update,
    questions_of,
    updates_of,
)
from backend.projects.workflow import PUBLIC


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, key: str) -> HttpResponse:
    """The page behind "Ask the owner" on a public page (which holds no form of its own)."""
    user = person_of(request)
    project = project_for(user, key)
    if project.status not in PUBLIC or project.is_call:
        raise NotFound()
    form = QuestionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["text"]
        try:
            ask_question(project, by=user, text=text, language=language_of_page())
        except DomainError as refused:
            form.add_error("text", str(refused))
        else:
            messages.success(request, _("Asked. The answer will stand on the project's page."))
            response = redirect("home:project", project.slug)
            response["Location"] += "#questions"
            return response
    context = {"form": form, "project": project}
    return render(request, "owner/ask.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def questions(request: HttpRequest, key: str) -> HttpResponse:
    """What was asked, unanswered first with how long it has waited; one answer at a time."""
    user = person_of(request)
    project = proposal_for(user, key)
    bound: dict[str, AnswerForm] = {}
    if request.method == "POST":
        asked = questions_of(project).filter(public_id=request.POST.get("question", "")).first()
        if asked is None:
            raise NotFound()
        form = AnswerForm(request.POST, prefix=asked.public_id)
        bound[asked.public_id] = form
        if form.is_valid():
            try:
                answer_question(
                    asked, by=user, answer=form.cleaned_data["answer"], language=language_of_page()
                )
            except DomainError as refused:
                form.add_error("answer", str(refused))
            else:
                messages.success(request, _("Your answer stands on the project's page."))
                return redirect("owner:questions", project.public_id)
    mistakes = [
        (form["answer"].auto_id, str(m)) for form in bound.values() for m in form["answer"].errors
    ]
    context = {"project": project, "rows": _rows(list(questions_of(project)), bound),
               "mistakes": mistakes}  # fmt: skip
    return render(request, "owner/questions.html", context, status=400 if mistakes else 200)


def _rows(asked: list[Question], bound: dict[str, AnswerForm]) -> list[tuple[Question, Any, int]]:
    """Question, its form, and how many days it has waited; unanswered ones first, oldest first."""
    now = app_now()
    waiting = sorted((q for q in asked if q.answered_at is None), key=lambda q: q.asked_at)
    done = [q for q in asked if q.answered_at is not None]
    return [
        (q, bound.get(q.public_id, AnswerForm(prefix=q.public_id)), (now - q.asked_at).days)
        for q in [*waiting, *done]
    ]


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def updates(request: HttpRequest, key: str) -> HttpResponse:
    user = person_of(request)
    project = proposal_for(user, key)
    if project.status not in PUBLIC:
        messages.info(request, _("News can be posted once the project is listed."))
        return redirect("owner:proposal", project.public_id)
    form = UpdateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            post_update(project, by=user, **form.cleaned_data)
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("Posted. It stands on the project's page."))
            return redirect("owner:updates", project.public_id)
    context = {"project": project, "form": form, "rows": updates_of(project)}
    return render(request, "owner/updates.html", context, status=400 if form.errors else 200)

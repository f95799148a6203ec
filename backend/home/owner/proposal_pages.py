"""The list of proposals, a new one, its tasks, the check before submitting, withdrawing."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from backend.accounts.models import Organisation
from backend.core.errors import Conflict, DomainError, ManyInvalid
from backend.core.language import language_of_page
from backend.home.me_pages import person_of
from backend.home.owner.answers import answer_rows
from backend.home.owner.frame import Frame, frame_of
from backend.home.owner.small_forms import NewProposalForm, WithdrawForm
from backend.home.owner.submit import submit_proposal
from backend.home.owner.timeline import timeline_of
from backend.home.project_page import project_page
from backend.projects import taxonomy
from backend.projects.actions import create_proposal, withdraw_project
from backend.projects.models import Project
from backend.projects.owner_queries import proposal_for, proposals_of
from backend.projects.sections import BY_KEY
from backend.projects.talk_actions import questions_of
from backend.projects.workflow import OWNER_MAY_EDIT, PROJECT


@never_cache
@login_required
@require_safe
def proposals(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    language = language_of_page()
    rows = [
        (project, taxonomy.label("project_status", project.status, language))
        for project in proposals_of(user)
    ]
    mine = Organisation.objects.filter(memberships__user=user).order_by("name_vi")
    context = {"rows": rows, "organisations": mine, "nav": "proposals", "editable": OWNER_MAY_EDIT}
    return render(request, "owner/proposals.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    mine = list(Organisation.objects.filter(memberships__user=user).order_by("name_vi"))
    if not mine:
        return redirect("owner:new_organisation")
    form = NewProposalForm(mine, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        project = create_proposal(form.organisation, form.content(), by=user)
        return redirect("owner:proposal", project.public_id)
    context = {"form": form, "nav": "proposals"}
    return render(request, "owner/new.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_safe
def proposal(request: HttpRequest, key: str) -> HttpResponse:
    """The tasks while it can be edited; afterwards where it stands."""
    user = person_of(request)
    project = proposal_for(user, key)
    frame = frame_of(project, user)
    context: dict[str, Any] = {
        "frame": frame,
        "project": project,
        "nav": "proposals",
        "status_words": taxonomy.label("project_status", project.status, language_of_page()),
        "timeline": timeline_of(project, language_of_page()),
        "may_withdraw": may_withdraw(project),
        "waiting": questions_of(project).filter(answered_at__isnull=True).count(),
    }
    return render(request, "owner/proposal.html", context)


def may_withdraw(project: Project) -> bool:
    step = PROJECT.edge(project.status, "withdrawn")
    return step is not None and "owner" in step.by


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, key: str) -> HttpResponse:
    """Everything that was answered, with a link to change it; the button that submits."""
    user = person_of(request)
    project = proposal_for(user, key)
    refused: list[DomainError] = []
    if request.method == "POST":
        try:
            submit_proposal(project, by=user)
        except ManyInvalid as many:
            refused = list(many.errors)
        except Conflict as conflict:
            if conflict.code != "requests_open":
                raise
            refused = [conflict]
        else:
            messages.success(request, _("Submitted. The city has it now; you can follow it here."))
            return redirect("owner:proposal", project.public_id)
    frame = frame_of(project, user)
    if not frame.may_edit:
        return redirect("owner:proposal", project.public_id)
    context = {"frame": frame, "project": project, "parts": _parts(frame), "refused": refused}
    return render(request, "owner/check.html", context, status=400 if refused else 200)


def _parts(frame: Frame) -> list[tuple[Any, Any]]:
    return [(task, answer_rows(BY_KEY[task.key], frame.content)) for task in frame.tasks]


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, key: str) -> HttpResponse:
    user = person_of(request)
    project = proposal_for(user, key)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        withdraw_project(project, by=user, reason=form.cleaned_data["reason"])
        messages.success(request, _("The proposal is withdrawn."))
        return redirect("owner:proposal", project.public_id)
    if not may_withdraw(project):
        return redirect("owner:proposal", project.public_id)
    context = {"form": form, "project": project}
    return render(request, "owner/withdraw.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_safe
def preview(request: HttpRequest, key: str) -> HttpResponse:
    """The project's page as people will see it, from the text that stands now."""
    user = person_of(request)
    project = proposal_for(user, key)
    page = project_page(project, user, language_of_page())
    state_words = taxonomy.label("project_status", project.status, language_of_page())
    context = {"page": page, "state_words": state_words, "is_preview": True, "match": None}
    return render(request, "owner/preview.html", context)

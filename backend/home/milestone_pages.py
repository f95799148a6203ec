"""Rounds and milestones as leads, case officers and owners work on them."""

from pathlib import Path
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.accounts.models import Organisation
from backend.accounts.permissions import require_staff_code
from backend.core import kept_files
from backend.core.clock import app_now
from backend.core.errors import DomainError, NotFound
from backend.core.formats import CITY_ZONE
from backend.core.money import Money
from backend.core.web import words_of
from backend.funding import office
from backend.funding.actions import banking, milestones, rounds
from backend.funding.actions.banking import AccountDetails
from backend.funding.files import take_file
from backend.funding.models import OwnerAccount, Payback
from backend.home.me_pages import confirmed_first, person_of
from backend.home.office_forms import (
    AccountForm,
    EvidenceForm,
    FindingForm,
    PaybackForm,
    ReasonForm,
    RoundForm,
)
from backend.projects.permissions import is_member_of
from backend.projects.queries import project_for

BOTH = ["GET", "HEAD", "POST"]


def put(form: Any, refused: DomainError) -> None:
    """A refusal beside its field, else above the form."""
    form.add_error(refused.field if refused.field in form.fields else None, str(refused))


# --- the lead -----------------------------------------------------------------------------------


@never_cache
@require_staff_code("lead")
@require_http_methods(BOTH)
def open_round(request: HttpRequest, key: str) -> HttpResponse:
    project = project_for(request.user, key)
    data = request.POST if request.method == "POST" else None
    form = RoundForm(data, currency=project.currency)
    if data is not None and form.is_valid():
        cap = form.cleaned_data["cap"]
        try:
            rounds.open_round(
                project, by=person_of(request), closes_at=form.cleaned_data["closes_at"],
                hard_cap_minor=cap.minor if cap else None,
            )  # fmt: skip
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("The round is open."))
            return redirect("home:project", project.slug)
    goal = Money(project.goal_minor, project.currency) if project.goal_minor else None
    context = {"form": form, "project": project, "goal": goal}
    return render(request, "money/open_round.html", context, status=400 if form.errors else 200)


# --- the case officer ----------------------------------------------------------------------------


@never_cache
@require_staff_code("case_officer", "lead", "auditor")
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Evidence due and late."""
    is_lead = "lead" in request.office_roles  # type: ignore[attr-defined]
    context = {
        "rows": office.milestone_queue(app_now().astimezone(CITY_ZONE).date()),
        "paybacks": office.claimed_paybacks(),
        "to_open": office.projects_without_round() if is_lead else [],
        "nav": "office",
        "office_nav": "milestones",
    }
    return render(request, "money/milestones.html", context)


@never_cache
@require_staff_code("case_officer", "lead", "auditor")
@require_http_methods(BOTH)
def case(request: HttpRequest, trn: str) -> HttpResponse:
    """One screen: definition, files with hashes, what was found, the parts before."""
    part = office.part_for(request.user, trn)
    form = FindingForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            milestones.judge_milestone(part, by=person_of(request), **form.cleaned_data)
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("Your finding is kept."))
            return redirect("home:milestone_case", trn)
    found = office.milestone_case(part)
    context = {
        "case": found,
        "form": form,
        "reason_form": ReasonForm(),
        "may_judge": found.waiting is None
        and part.milestone.status in {"evidence_in", "due", "late"},
        "is_first": found.waiting is not None and found.waiting.officer_id == person_of(request).pk,
        "nav": "office",
        "office_nav": "milestones",
    }
    return render(request, "money/milestone.html", context, status=400 if form.errors else 200)


@never_cache
@require_staff_code("case_officer")
@require_POST
def confirm_finding(request: HttpRequest, trn: str) -> HttpResponse:
    milestones.confirm_finding(office.part_for(request.user, trn), by=person_of(request))
    messages.success(request, _("Confirmed by two officers."))
    return redirect("home:milestone_case", trn)


@never_cache
@require_staff_code("case_officer")
@require_POST
def refuse_finding(request: HttpRequest, trn: str) -> HttpResponse:
    part = office.part_for(request.user, trn)
    milestones.refuse_finding(part, by=person_of(request), reason=words_of(request, "reason"))
    messages.success(request, _("The finding is set aside."))
    return redirect("home:milestone_case", trn)


@never_cache
@login_required
@require_safe
def evidence_file(request: HttpRequest, file_id: str) -> HttpResponse:
    """A file that was sent as evidence, always as a download and never as a page."""
    row = office.evidence_file_for(request.user, file_id)
    return as_download(row.file, row.name)


def as_download(stored: Any, name: str = "") -> HttpResponse:
    """A stored file (10 MB at most) under the name that it was sent with, else the store's."""
    with stored.open("rb") as file:
        response = HttpResponse(file.read(), content_type="application/octet-stream")
    header = content_disposition_header(True, name or Path(stored.name).name)
    response.headers["Content-Disposition"] = header or "attachment"
    return response


@never_cache
@login_required
@require_safe
def payback_proof(request: HttpRequest, pbk: str) -> HttpResponse:
    """What an officer reads before verifying: for officers and the owner's people."""
    return as_download(office.payback_for(request.user, pbk).proof)


@never_cache
@require_staff_code("case_officer")
@require_POST
def verify_payback(request: HttpRequest, pbk: str) -> HttpResponse:
    row = Payback.objects.select_related("round").filter(public_id=pbk).first()
    if row is None:
        raise NotFound()
    banking.verify_payback(row, by=person_of(request))
    messages.success(request, _("Verified."))
    return redirect("home:owner_round", row.round.public_id)


# --- the owner -----------------------------------------------------------------------------------


@never_cache
@login_required
@require_safe
def owner_rounds(request: HttpRequest) -> HttpResponse:
    rows = list(office.rounds_of_owner(person_of(request)))
    return render(request, "money/owner_rounds.html", {"rounds": rows})


@never_cache
@login_required
@require_http_methods(BOTH)
@kept_files.keeps_files
def owner_round(request: HttpRequest, rnd: str) -> HttpResponse:
    """Progress of one round, its parts, and what was paid back."""
    row = office.round_for(request.user, rnd)
    owner = row.project.owner
    is_owner = is_member_of(request.user, owner)
    form = PaybackForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
    )
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data.get("proof")
        try:
            banking.report_payback(
                row, by=person_of(request), money=form.cleaned_data["money"],
                paid_on=form.cleaned_data["paid_on"], note=form.cleaned_data["note"],
                proof=take_file(upload, field="proof") if upload else None,
            )  # fmt: skip
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("Noted as claimed by you."))
            return redirect("home:owner_round", rnd)
    if form.errors:
        kept_files.keep(request, without=form.errors)
    context = {
        "round": row,
        "project": row.project,
        "parts": list(row.tranches.select_related("milestone")),
        "account": OwnerAccount.objects.filter(organisation=owner, ended_at__isnull=True)
        .order_by("-id")
        .first(),
        "paybacks": office.paybacks_of(row),
        "released": Money(office.released_vnd(row), "VND"),
        "form": form if is_owner and row.route == "bank" and row.status == "funded" else None,
        "is_owner": is_owner,
        "percent": 100 * row.reserved_minor // row.target_minor,
    }
    return render(request, "money/owner_round.html", context, status=400 if form.errors else 200)


@never_cache
@login_required
@require_http_methods(BOTH)
@kept_files.keeps_files
def owner_milestone(request: HttpRequest, trn: str) -> HttpResponse:
    """Where the owner sends evidence and reads what the officers found."""
    part = office.part_for(request.user, trn)
    if not is_member_of(request.user, part.round.project.owner):
        raise NotFound()
    form = EvidenceForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
    )
    if request.method == "POST" and form.is_valid():
        try:
            milestones.send_evidence(
                part, by=person_of(request), note=form.cleaned_data["note"], files=form.taken()
            )
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("Your evidence is sent and can no longer be changed."))
            return redirect("home:owner_milestone", trn)
    if form.errors:
        kept_files.keep(request, without=form.errors)
    context = {
        "case": office.milestone_case(part),
        "form": form,
        "may_send": part.milestone.status in {"planned", "due", "late"} and part.status == "held",
    }
    status = 400 if form.errors else 200
    return render(request, "money/owner_milestone.html", context, status=status)


@never_cache
@login_required
@require_http_methods(BOTH)
@confirmed_first
def owner_account(request: HttpRequest, org: str) -> HttpResponse:
    """Where the organisation is paid: asked for after a fresh sign-in, confirmed by another."""
    found = Organisation.objects.filter(public_id=org, memberships__user=person_of(request)).first()
    if found is None:
        raise NotFound()
    form = AccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            banking.tell_account(found, AccountDetails(**form.cleaned_data), by=person_of(request))
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("Noted. A finance officer calls back and confirms it."))
            return redirect("home:owner_account", org)
    rows = OwnerAccount.objects.filter(organisation=found, ended_at__isnull=True).order_by("-id")
    context = {"form": form, "organisation": found, "accounts": list(rows)}
    status = 400 if form.errors else 200
    return render(request, "money/owner_account.html", context, status=status)

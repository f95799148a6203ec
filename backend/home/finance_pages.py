"""The finance officer's desk. Behind the staff code; what moves money asks for a fresh sign-in."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.accounts.permissions import require_staff_code
from backend.core.errors import DomainError, NotFound
from backend.core.web import words_of
from backend.funding import office
from backend.funding.actions import banking, control, disbursements
from backend.funding.models import Disbursement
from backend.funding.workflow import DisbursementStatus
from backend.home.me_pages import confirmed_first, confirmed_recently, person_of
from backend.home.milestone_pages import put
from backend.home.office_forms import ReasonForm, ReceiptForm, SlipForm, total_of

BOTH = ["GET", "HEAD", "POST"]
READERS = ("finance", "auditor")


@never_cache
@require_staff_code(*READERS)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    found = office.finance_desk()
    context = {
        "desk": found,
        "ready": [(row.part, total_of(row.held)) for row in found.ready],
        "control": control.control_facts(),
        "person": person_of(request),
        "busy": any(vars(found).values()),
        "nav": "office",
        "office_nav": "money",
    }
    return render(request, "money/finance.html", context)


@never_cache
@require_staff_code("finance")
@require_POST
@confirmed_recently
def propose(request: HttpRequest, trn: str) -> HttpResponse:
    part = office.part_for(request.user, trn)
    row = disbursements.propose_disbursement(part, by=person_of(request))
    return redirect("home:payment", row.public_id)


@never_cache
@require_staff_code(*READERS)
@require_safe
def payment(request: HttpRequest, dsb: str) -> HttpResponse:
    row = office.disbursement_for(dsb)
    is_finance = "finance" in request.office_roles  # type: ignore[attr-defined]
    if is_finance and row.status == DisbursementStatus.INSTRUCTED:
        # The next form takes a file, which would be lost on the way to the password.
        return confirmed_first(_empty_payment)(request, row)
    return _empty_payment(request, row)


def _empty_payment(request: HttpRequest, row: Disbursement) -> HttpResponse:
    return payment_page(request, row, SlipForm())


def payment_page(
    request: HttpRequest, row: Disbursement, form: SlipForm, reason_form: ReasonForm | None = None
) -> HttpResponse:
    """One payment with its next step; `form` and `reason_form` as they came back."""
    reason_form = reason_form or ReasonForm()
    reports = list(row.reports.select_related("maker", "checker").order_by("-id"))
    context = {
        "row": row,
        "lines": list(row.lines.order_by("currency")),
        "form": form,
        "reason_form": reason_form,
        "person": person_of(request),
        "waiting": next((r for r in reports if r.status == "recorded"), None),
        "confirmed": next((r for r in reports if r.status == "confirmed"), None),
        "set_aside": [r for r in reports if r.status == "refused"],
        "is_maker": row.maker_id == person_of(request).pk,
        "nav": "office",
        "office_nav": "money",
    }
    is_wrong = bool(form.errors or reason_form.errors)
    return render(request, "money/payment.html", context, status=400 if is_wrong else 200)


def _act(verb: Callable[..., Any], request: HttpRequest, dsb: str, **more: Any) -> HttpResponse:
    verb(office.disbursement_for(dsb), by=person_of(request), **more)
    messages.success(request, _("Kept, with your name and the time."))
    return redirect("home:payment", dsb)


@never_cache
@require_staff_code("finance")
@require_POST
@confirmed_recently
def approve(request: HttpRequest, dsb: str) -> HttpResponse:
    return _act(disbursements.approve_disbursement, request, dsb)


@never_cache
@require_staff_code("finance")
@require_POST
def refuse(request: HttpRequest, dsb: str) -> HttpResponse:
    reason = words_of(request, "reason")
    return _act(disbursements.refuse_disbursement, request, dsb, reason=reason)


@never_cache
@require_staff_code("finance")
@require_POST
@confirmed_recently
def instruct(request: HttpRequest, dsb: str) -> HttpResponse:
    return _act(disbursements.instruct_disbursement, request, dsb)


@never_cache
@require_staff_code("finance")
@require_http_methods(BOTH)
@confirmed_first
def account(request: HttpRequest, acc: str) -> HttpResponse:
    """An owner's bank details in the clear: who reads them is written down."""
    row = office.account_for(acc)
    if request.method == "POST":
        banking.confirm_account(row, by=person_of(request))
        messages.success(request, _("Confirmed by two people."))
        return redirect("home:finance")
    details = banking.read_account(row, by=person_of(request))
    return render(request, "money/account.html", {"row": row, "details": details})


@never_cache
@require_staff_code("finance")
@require_http_methods(BOTH)
def transfer(request: HttpRequest, plg: str) -> HttpResponse:
    """What the bank's statement shows for one awaited transfer."""
    pledge = office.awaited_pledge(plg)
    data = request.POST if request.method == "POST" else None
    form = ReceiptForm(data, currency=pledge.currency)
    if data is not None and form.is_valid():
        try:
            banking.record_receipt(
                pledge, by=person_of(request), money=form.cleaned_data["money"],
                bank_reference=form.cleaned_data["bank_reference"],
                received_on=form.cleaned_data["received_on"],
            )  # fmt: skip
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("Recorded. Another person confirms it."))
            return redirect("home:finance")
    context = {"form": form, "pledge": pledge}
    return render(request, "money/transfer.html", context, status=400 if form.errors else 200)


@never_cache
@require_staff_code("finance")
@require_POST
@confirmed_recently
def receipt(request: HttpRequest, rcp: str, verb: str) -> HttpResponse:
    row = office.receipt_for(rcp)
    by = person_of(request)
    if verb == "confirm":
        banking.confirm_receipt(row, by=by)
    elif verb == "refuse":
        banking.refuse_receipt(row, by=by, reason=words_of(request, "reason"))
    else:
        raise NotFound()
    messages.success(request, _("Kept, with your name and the time."))
    return redirect("home:finance")


@never_cache
@require_staff_code("finance")
@require_http_methods(BOTH)
@confirmed_recently
def switch(request: HttpRequest) -> HttpResponse:
    """The kill switch: one person stops all charges; one asks that they go on, another agrees."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        by, verb = person_of(request), words_of(request, "verb")
        try:
            if verb == "resume":
                control.resume_charging(by=by)
                return redirect("home:switch")
            if form.is_valid():
                act = control.ask_to_resume if verb == "ask" else control.stop_charging
                act(by=by, reason=form.cleaned_data["reason"])
                return redirect("home:switch")
        except DomainError as refused:
            put(form, refused)
    context = {"control": control.control_facts(), "form": form, "person": person_of(request)}
    return render(request, "money/switch.html", context, status=400 if form.errors else 200)

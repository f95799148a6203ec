"""What the bank did with a payment: one finance officer records it, another confirms."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from backend.accounts.permissions import require_staff_code
from backend.core import kept_files
from backend.core.errors import DomainError, NotFound
from backend.core.web import words_of
from backend.funding import office
from backend.funding.actions import bank_reports
from backend.funding.files import take_file
from backend.home.finance_pages import READERS, payment_page
from backend.home.me_pages import confirmed_recently, person_of
from backend.home.milestone_pages import as_download, put
from backend.home.office_forms import ReasonForm, SlipForm


@never_cache
@require_staff_code("finance")
@require_POST
@confirmed_recently
def paid(request: HttpRequest, dsb: str) -> HttpResponse:
    row = office.disbursement_for(dsb)
    form = SlipForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            bank_reports.record_paid(
                row, by=person_of(request), bank_reference=form.cleaned_data["bank_reference"],
                paid_vnd=form.cleaned_data["money"].minor, paid_on=form.cleaned_data["paid_on"],
                proof=take_file(form.cleaned_data["proof"], field="proof"),
            )  # fmt: skip
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("Recorded. Another person confirms it."))
            return redirect("home:payment", dsb)
    kept_files.keep(request, without=form.errors)
    return payment_page(request, office.disbursement_for(dsb), form)


@never_cache
@require_staff_code("finance")
@require_POST
@confirmed_recently
def returned(request: HttpRequest, dsb: str) -> HttpResponse:
    row = office.disbursement_for(dsb)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            bank_reports.record_returned(
                row, by=person_of(request), reason=form.cleaned_data["reason"]
            )
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("Recorded. Another person confirms it."))
            return redirect("home:payment", dsb)
    return payment_page(request, office.disbursement_for(dsb), SlipForm(), form)


@never_cache
@require_staff_code("finance")
@require_POST
@confirmed_recently
def end_report(request: HttpRequest, rpt: str, verb: str) -> HttpResponse:
    row, by = office.report_for(rpt), person_of(request)
    if verb == "confirm":
        bank_reports.confirm_report(row, by=by)
    elif verb == "refuse":
        bank_reports.refuse_report(row, by=by, reason=words_of(request, "reason"))
    else:
        raise NotFound()
    messages.success(request, _("Kept, with your name and the time."))
    return redirect("home:payment", row.disbursement.public_id)


@never_cache
@require_staff_code(*READERS)
@require_safe
def slip(request: HttpRequest, rpt: str) -> HttpResponse:
    """The bank's slip, as a download and never as a page: what the second person compares."""
    row = office.report_for(rpt)
    if not row.proof:
        raise NotFound()
    return as_download(row.proof)

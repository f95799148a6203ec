"""Money on its way back by bank: where the person wants it, and the finance officers' two steps."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from backend.accounts.permissions import require_staff_code
from backend.core.errors import DomainError, NotFound
from backend.core.web import words_of
from backend.funding import office
from backend.funding.actions import bank_returns
from backend.funding.actions.banking import AccountDetails
from backend.funding.queries import return_for
from backend.home.me_pages import confirmed_first, confirmed_recently, person_of
from backend.home.milestone_pages import put
from backend.home.office_forms import AccountForm, TransferForm

BOTH = ["GET", "HEAD", "POST"]


@never_cache
@login_required
@require_http_methods(BOTH)
@confirmed_first
def my_return(request: HttpRequest, rtn: str) -> HttpResponse:
    """Asked for here alone, after a fresh sign-in, never by mail."""
    row = return_for(request.user, rtn)
    form = AccountForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            bank_returns.tell_destination(
                row, AccountDetails(**form.cleaned_data), by=person_of(request)
            )
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("Noted. A finance officer makes the transfer."))
            return redirect("home:pledge", row.pledge.public_id)
    context = {"row": row, "form": form, "nav": "pledges"}
    return render(request, "pledge/return.html", context, status=400 if form.errors else 200)


# --- finance -------------------------------------------------------------------------------------


@never_cache
@require_staff_code("finance")
@require_http_methods(BOTH)
@confirmed_first
def bank_return(request: HttpRequest, rtn: str) -> HttpResponse:
    """The account in the clear (who reads it is written down), and the transfer of one sum."""
    row = office.bank_return_for(rtn)
    person = person_of(request)
    form = TransferForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            bank_returns.record_return(row, by=person, **form.cleaned_data)
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("Recorded. Another person confirms it."))
            return redirect("home:finance")
    context = {
        "row": row,
        "form": form,
        "details": bank_returns.read_destination(row, by=person),
        "is_maker": row.maker_id == person.pk,
    }
    return render(request, "money/return.html", context, status=400 if form.errors else 200)


@never_cache
@require_staff_code("finance")
@require_POST
@confirmed_recently
def end_return(request: HttpRequest, rtn: str, verb: str) -> HttpResponse:
    row = office.bank_return_for(rtn)
    if verb == "confirm":
        bank_returns.confirm_return(row, by=person_of(request))
    elif verb == "refuse":
        reason = words_of(request, "reason")
        bank_returns.refuse_return(row, by=person_of(request), reason=reason)
    else:
        raise NotFound()
    messages.success(request, _("Kept, with your name and the time."))
    return redirect("home:finance")

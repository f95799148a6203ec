"""Completing a payment at one's bank, and what the comparison with Stripe could not explain."""

import structlog
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.accounts.permissions import require_staff_code
from backend.core.clock import app_now
from backend.core.money import Money
from backend.core.web import words_of
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import breaks, charges, payment_links, reconciliation
from backend.funding.break_words import break_words
from backend.funding.models import (
    ChargeObligation,
    Dispute,
    Pledge,
    ReconciliationBreak,
    ReconciliationRun,
)  # fmt: skip
from backend.funding.queries import pledge_for
from backend.home.me_pages import person_of
from backend.home.my_pledges import may_leave_for_stripe

log = structlog.get_logger(__name__)
BOTH = ["GET", "HEAD", "POST"]
READERS = ("finance", "auditor")


def charge_that_waits(pledge: Pledge) -> ChargeObligation | None:
    """The charge of this pledge whose bank asks for the person."""
    found = ChargeObligation.objects.filter(pledge=pledge, status="needs_action").first()
    return found if found and found.grace_until > app_now() else None


@never_cache
@login_required
@require_http_methods(BOTH)
@may_leave_for_stripe
def pay(request: HttpRequest, plg: str) -> HttpResponse:
    """What is asked and why; the button leads to the bank's page."""
    pledge = pledge_for(request.user, plg)
    row = charge_that_waits(pledge)
    if row is None:
        return redirect("home:pledge", plg)
    if request.method == "POST":
        return _to_the_bank(request, pledge, row)
    return render(request, "pledge/pay.html", {"pledge": pledge, "charge": row, "nav": "pledges",
                                               "zone": person_of(request).time_zone})  # fmt: skip


def _to_the_bank(request: HttpRequest, pledge: Pledge, row: ChargeObligation) -> HttpResponse:
    back = request.build_absolute_uri(reverse("home:pledge_paid", args=[pledge.public_id]))
    try:
        address = charges.confirm_on_session(row, return_url=back)
    except (gateway.GatewayError, charges.control_paused) as error:
        log.warning("charge.on_session_waits", charge=row.public_id, error=repr(error))
        messages.warning(
            request,
            _("The payment provider does not answer at the moment. Nothing was charged now. Try "
              "again in a few minutes"),
        )  # fmt: skip
        return redirect("home:pledge_pay", pledge.public_id)
    response = redirect(address or reverse("home:pledge", args=[pledge.public_id]))
    response.status_code = 303
    return response


@never_cache
@login_required
@require_safe
def paid(request: HttpRequest, plg: str) -> HttpResponse:
    """Back from the bank: the provider is asked what came of it; the address says nothing."""
    pledge = pledge_for(request.user, plg)
    row = ChargeObligation.objects.filter(pledge=pledge).first()
    if row is not None:
        try:
            charges.sync(row)
        except gateway.GatewayError as error:
            log.warning("charge.not_known_yet", charge=row.public_id, error=repr(error))
    return redirect("home:pledge", plg)


@never_cache
@login_required
@require_safe
def pay_link(request: HttpRequest, token: str) -> HttpResponse:
    """From a mail: signed, for this person, once."""
    pledge = payment_links.pledge_of_token(token, by=person_of(request))
    return redirect("home:pledge_pay", pledge.public_id)


# --- the finance officer's list of what does not add up -------------------------------------------


@never_cache
@require_staff_code(*READERS)
@require_safe
def breaks_page(request: HttpRequest) -> HttpResponse:
    rows = ReconciliationBreak.objects.filter(state="open").select_related("owner", "explained_by")
    open_disputes = Dispute.objects.filter(closed_at__isnull=True).select_related(
        "obligation__pledge"
    )
    now = app_now()
    context = {
        "breaks": [
            (
                row,
                Money(row.amount_minor, row.currency) if row.currency else None,
                break_words(row.kind),
                (now - row.opened_at).days,
            )
            for row in rows.order_by("opened_at")[:200]
        ],
        "disputes": open_disputes.order_by("evidence_due_at")[:200],
        "run": ReconciliationRun.objects.filter(finished_at__isnull=False).order_by("-id").first(),
        "is_blocked": breaks.has_old_breaks(),
        "nav": "office",
        "office_nav": "breaks",
        "person": person_of(request),
    }
    return render(request, "office/breaks.html", context)


@never_cache
@require_staff_code("finance")
@require_POST
def break_verb(request: HttpRequest, brk: str, verb: str) -> HttpResponse:
    """Take it, write what explains it; another person closes it or does not agree."""
    row, by = _break(brk), person_of(request)
    if verb == "take":
        breaks.take_break(row, by=by)
    elif verb == "explain":
        breaks.explain_break(row, by=by, note=words_of(request, "note"))
    elif verb == "close":
        breaks.close_break(row, by=by)
    elif verb == "refuse":
        breaks.refuse_explanation(row, by=by, reason=words_of(request, "reason"))
    else:
        raise Http404
    return redirect("home:breaks")


def _break(public_id: str) -> ReconciliationBreak:
    return get_object_or_404(ReconciliationBreak, public_id=public_id)


@never_cache
@require_staff_code(*READERS)
@require_safe
def breaks_csv(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(reconciliation.report_csv(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="open-breaks.csv"'
    return response

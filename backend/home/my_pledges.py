"""A person's own pledges: the portfolio, one pledge, saving a card, withdrawing."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import structlog
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.core.clock import app_now
from backend.core.formats import format_money
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import cards, expiry, pledges
from backend.funding.models import CardSetup, Pledge
from backend.funding.queries import drafts_of, pledge_for
from backend.funding.workflow import PledgeStatus
from backend.home import portfolio
from backend.home.cards import card_of
from backend.home.me_pages import person_of
from backend.home.receipts import has_receipt
from backend.projects.models import Milestone

log = structlog.get_logger(__name__)
BOTH = ["GET", "HEAD", "POST"]
STRIPE_PAGES = "https://checkout.stripe.com"
View = Callable[..., HttpResponse]


def may_leave_for_stripe(view: View) -> View:
    """The form of this page ends on the payment provider's site; the browser is told so."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response._csp_update = {  # type: ignore[attr-defined]
            "form-action": [settings.STRIPE_API_BASE or STRIPE_PAGES]
        }
        return response

    return wrapped


@never_cache
@login_required
@require_safe
def pledges_page(request: HttpRequest) -> HttpResponse:
    user = person_of(request)
    found = portfolio.portfolio_of(user, language_of_page(), app_now())
    context = {
        "folio": found,
        "drafts": drafts_of(user),
        "zone": user.time_zone,
        "now": app_now(),
        "nav": "pledges",
    }
    return render(request, "pledge/portfolio.html", context)


@never_cache
@login_required
@require_safe
@may_leave_for_stripe
def pledge(request: HttpRequest, plg: str) -> HttpResponse:
    """One pledge: its receipt, what happens next, what happened. A stable address."""
    row = pledge_for(request.user, plg)
    if row.status == PledgeStatus.DRAFT:
        return redirect("home:pledge_check", plg)
    if request.GET.get("setup"):
        _ask_what_came_of_it(row, request.GET["setup"])
        return redirect("home:pledge", plg)
    return render(request, "pledge/pledge.html", _context(row))


def _ask_what_came_of_it(row: Pledge, setup_id: str) -> None:
    """Back from the payment provider's page. Whatever it says by event later is applied too."""
    if not CardSetup.objects.filter(public_id=setup_id, pledge=row).exists():
        return
    try:
        cards.confirm_card_setup(setup_id)
    except gateway.GatewayError as error:
        log.warning("card.not_confirmed_yet", pledge=row.public_id, error=repr(error))


def _context(row: Pledge) -> dict[str, Any]:
    language = language_of_page()
    now = app_now()
    shares = list(row.shares.select_related("tranche__milestone").order_by("tranche__number"))
    milestones = list(Milestone.objects.filter(project=row.round.project).order_by("number"))
    words, tone = portfolio.state_words(row)
    sums = portfolio.sums_of(row, shares)
    card = cards.card_of(row) if row.route == "card" else None
    charge = portfolio.charge_of(row)
    ends_at = pledges.withdrawal_ends_at(row)
    return {
        "pledge": row,
        "round": row.round,
        "card": card_of(
            row.round.project,
            [m.amount_minor for m in milestones],
            language,
            pledged=portfolio.pledged_in([row.round])[row.round_id],
        ),
        "state": words,
        "tone": tone,
        "end_words": portfolio.end_words(row),
        "sums": [
            (label, Money(minor, row.currency))
            for label, minor in zip(portfolio.ladder_of(row), sums.parts, strict=True)
        ],
        "was_paid": bool(sums.charged),
        "has_receipt": has_receipt(row),
        "shares": [(s, Money(s.amount_minor, s.currency)) for s in shares],
        "timeline": portfolio.timeline_of(row, language),
        "target": Money(row.target_minor, row.round.currency),
        "ends_at": ends_at,
        "can_withdraw": portfolio.can_withdraw(row, now),
        "saved_card": card,
        "charge": charge,
        "needs_bank": charge is not None
        and charge.status == "needs_action"
        and charge.grace_until > now,
        "needs_card": row.status in {"card_pending", "action_required", "retry_wait"},
        "is_bank": portfolio.is_by_bank(row),
        "funds_account": settings.FUNDS_ACCOUNT,
        "card_ends": row.status in expiry.NEEDED and expiry.ends_too_early(card, ends_at),
        "returns": list(row.bank_returns.order_by("id")),
        "zone": row.investor.time_zone,
        "nav": "pledges",
    }


@never_cache
@login_required
@require_http_methods(BOTH)
def withdraw(request: HttpRequest, plg: str) -> HttpResponse:
    """One press, no reason. The page is where the mail's link leads."""
    row = pledge_for(request.user, plg)
    if request.method == "POST":
        pledges.withdraw_pledge(row, by=person_of(request))
        amount = format_money(row.amount, language_of_page())
        messages.success(
            request,
            _("Your interest of %(amount)s is taken back. No money was asked for. You can say so "
              "again while the round is open.") % {"amount": amount}
            if row.route == "bank" else
            _("Your pledge of %(amount)s is withdrawn. Nothing was charged, and your card is no "
              "longer tied to it. You can pledge again while the round is open.")
            % {"amount": amount},
        )  # fmt: skip
        return redirect("home:pledge", plg)
    return render(request, "pledge/withdraw.html", _context(row))


@never_cache
@login_required
@require_POST
@may_leave_for_stripe
def card(request: HttpRequest, plg: str) -> HttpResponse:
    """On to the payment provider's page, where a card is saved for this pledge."""
    return to_card(request, pledge_for(request.user, plg))


def to_card(request: HttpRequest, row: Pledge) -> HttpResponse:
    """The redirect to the payment provider; back to the pledge whatever happens there."""
    here = request.build_absolute_uri(reverse("home:pledge", args=[row.public_id]))
    address = cards.start_card_setup(
        row, by=person_of(request), return_url=here + "?setup={setup}", cancel_url=here
    )
    response = redirect(address)
    response.status_code = 303
    return response

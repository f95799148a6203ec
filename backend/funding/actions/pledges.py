"""A pledge from the first sum to its end. Each: lock, permit, check, change, audit, enqueue.

Lock order: project, round, pledge. Nothing here touches the ledger: a pledge is a promise.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit, jobs, states
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.funding import eligibility, permissions
from backend.funding.actions.rounds import locked_round
from backend.funding.currencies import CURRENCIES, limits
from backend.funding.models import FxRate, Pledge, Round, Route
from backend.funding.queries import Conversion, convert, latest_rates
from backend.funding.standing import Standing, country_of, standing_of
from backend.funding.workflow import PLEDGE, PledgeStatus, RoundStatus
from backend.projects.actions import show_round
from backend.projects.workflow import PublicStatus, Status

# How long a place is kept while the card is being saved (money.md 2.6).
PLACE_KEPT = timedelta(minutes=30)
# A rate decides what a pledge counts for, so it is from the last day.
RATE_AT_MOST_OLD = timedelta(hours=24)
MAX_TOKEN = 64


@dataclass(frozen=True)
class Quote:
    """What a sum counts for in the round's currency, at which stored rates."""

    target: Money
    conversion: Conversion
    rate: Decimal | None
    rows: tuple[FxRate, ...]


def quote(money: Money, currency: str, at: datetime) -> Quote:
    """Convert at the newest stored rates. Raises Conflict when one is missing or too old."""
    if money.currency == currency:
        return Quote(money, Conversion(money, None), None, ())
    conversion = convert(money, currency)
    used = {c: r for c, r in latest_rates().items() if c in {money.currency, currency}}
    if any(not r.is_sample and at - r.as_of > RATE_AT_MOST_OLD for r in used.values()):
        raise Conflict(
            _(
                "The exchange rate is more than a day old, so no pledge in %(currency)s can be "
                "made now. Try again later or pledge in %(other)s."
            ),
            code="rate_expired", currency=money.currency, other=currency,
        )  # fmt: skip
    one = Decimal(1)
    of_money = used[money.currency].rate if money.currency in used else one
    of_round = used[currency].rate if currency in used else one
    rows = FxRate.objects.filter(pk__in=[r.row_id for r in used.values()])
    factor = (of_money / of_round).quantize(Decimal("1e-10"))
    return Quote(conversion.money, conversion, factor, tuple(rows))


# --- the draft --------------------------------------------------------------------------------


@transaction.atomic
def start_pledge(round_: Round, *, by: User, money: Money, client_token: str) -> Pledge:
    """Begin a pledge as a draft, which reserves nothing. The same token is the same pledge."""
    row = locked_round(round_)
    permissions.check_can_pledge(by, row)
    _check_token(client_token)
    known = Pledge.objects.filter(round=row, investor=by, client_token=client_token).first()
    if known is not None:
        return _same_again(known, money)
    now = app_now()
    check_takes_pledges(row, now)
    pledge = Pledge(round=row, investor=by, client_token=client_token, route=row.route)
    found = _price(pledge, money, row, now)
    pledge.save()
    pledge.rates.set(found.rows)
    audit.record("pledge.started", by=by, subject=pledge, data={"round": row.public_id})
    return pledge


def _check_token(token: str) -> None:
    if not (0 < len(token) <= MAX_TOKEN and token.isascii() and token.isprintable()):
        raise Invalid(_("This form is out of date. Load the page again"), code="bad_token")


def _same_again(pledge: Pledge, money: Money) -> Pledge:
    if pledge.status == PledgeStatus.DRAFT or pledge.amount == money:
        return pledge
    raise Conflict(
        _("This form was sent before with another sum. Look at your pledge, then decide."),
        code="token_reused",
    )


@transaction.atomic
def change_amount(pledge: Pledge, *, by: User, money: Money) -> Pledge:
    """Another sum for a draft."""
    row = locked_round(pledge.round)
    pledge = Pledge.objects.select_for_update().get(pk=pledge.pk)
    permissions.check_is_pledger(by, pledge)
    _check_draft(pledge)
    now = app_now()
    check_takes_pledges(row, now)
    found = _price(pledge, money, row, now)
    pledge.save()
    pledge.rates.set(found.rows)
    return pledge


def _check_draft(pledge: Pledge) -> None:
    if pledge.status != PledgeStatus.DRAFT:
        raise Conflict(
            _("This pledge was made already. Its sum does not change."), code="made_already"
        )


def _price(pledge: Pledge, money: Money, round_: Round, now: datetime) -> Quote:
    """Put sum and locked rate on an unsaved or drafted pledge."""
    check_amount(money, round_)
    found = quote(money, round_.currency, now)
    _check_fits(found.target, round_)
    pledge.amount_minor, pledge.currency = money.minor, money.currency
    pledge.target_minor = found.target.minor
    pledge.rate = found.rate
    rate = found.conversion.rate
    pledge.rate_source = rate.source if rate else ""
    pledge.rate_as_of = rate.as_of if rate else None
    pledge.rate_is_sample = bool(rate and rate.is_sample)
    return found


def check_amount(money: Money, round_: Round) -> None:
    """What one charge can be, in the currency of the card."""
    low, high = limits(money.currency)
    row = CURRENCIES[money.currency]
    if money.minor % row.charge_multiple:
        raise Invalid(
            _("%(ccy)s has no decimals. Enter a whole number"),
            code="too_many_decimals", field="amount", ccy=money.currency,
        )  # fmt: skip
    if money < low or (round_.route == Route.CARD and money > high):
        raise AmountOutOfRange(low, high)


class AmountOutOfRange(Invalid):
    """Under the smallest or above the largest sum; both are for the page to write out."""

    code = "out_of_range"
    message = _("Enter an amount between %(low)s and %(high)s")

    def __init__(self, low: Money, high: Money) -> None:
        super().__init__(field="amount", low=low, high=high)
        self.low, self.high = low, high


class UnderSmallestPledge(Invalid):
    code = "under_smallest"
    message = _("The smallest pledge is %(least)s")

    def __init__(self, least: Money) -> None:
        super().__init__(field="amount", least=least)
        self.least = least


class OverRoom(Invalid):
    code = "over_cap"
    message = _("This round can still take %(left)s")

    def __init__(self, left: Money) -> None:
        super().__init__(field="amount", left=left)
        self.left = left


def _check_fits(target: Money, round_: Round) -> None:
    least = round_.min_pledge_minor
    if target.minor <= 0 or (least is not None and target.minor < least):
        raise UnderSmallestPledge(Money(least or 1, round_.currency))
    left = round_.hard_cap_minor - round_.reserved_minor
    if target.minor > left:
        raise OverRoom(Money(left, round_.currency))


def check_takes_pledges(round_: Round, now: datetime) -> None:
    """Open by the database's clock, of a project that is listed and not paused."""
    project = round_.project
    if project.frozen_at is not None or project.status != Status.LISTED:
        raise Conflict(
            _("This project is paused, so it takes no pledges now. Nothing was charged."),
            code="frozen",
        )
    if round_.status != RoundStatus.OPEN or not round_.opens_at <= now < round_.closes_at:
        raise RoundClosed(round_.closed_at or round_.closes_at)


class RoundClosed(Conflict):
    code = "round_closed"
    message = _("The round is closed. Your pledge was not made and nothing was charged")

    def __init__(self, closed_at: datetime) -> None:
        super().__init__()
        self.closed_at = closed_at


# --- the promise ------------------------------------------------------------------------------


def sha256_of_text(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class RateChanged(Conflict):
    """The sum counts for something else now; the page shows both and asks again."""

    code = "rate_changed"
    message = _("The exchange rate changed. Check and confirm again")

    def __init__(self, before: Money, after: Money) -> None:
        super().__init__()
        self.before, self.after = before, after


class OverLimit(Invalid):
    code = "over_limit"
    message = _("This would pass your limit of %(limit)s. You can pledge up to %(left)s")

    def __init__(self, rule_id: str, limit: Money, left: Money) -> None:
        super().__init__(field="amount", limit=limit, left=left)
        self.rule_id, self.limit, self.left = rule_id, limit, left


@transaction.atomic
def confirm_pledge(pledge: Pledge, *, by: User, agreed_text: str, language: str) -> Pledge:
    """Make the promise: reserve the place and fix sum, rate and the end of the cooling-off time.

    `agreed_text` is the whole text that stood beside the box. By card the pledge then waits for
    the card to be saved; by bank it stands at once. Sent twice, it is the same promise.
    """
    row = locked_round(pledge.round)
    pledge = Pledge.objects.select_for_update().get(pk=pledge.pk)
    permissions.check_is_pledger(by, pledge)
    if pledge.status != PledgeStatus.DRAFT and pledge.confirmed_at is not None:
        return pledge
    permissions.check_can_pledge(by, row)
    now = app_now()
    check_takes_pledges(row, now)
    _check_price_stands(pledge, row, now)
    stands = _check_standing(pledge, row, by, now)
    needs, pledge.is_professional = stands.needs, stands.is_professional
    pledge.country = country_of(by)
    pledge.rule_ids = list(needs.rule_ids)
    pledge.confirmed_at = now
    pledge.cooling_until = eligibility.cooling_until(now, needs, row.cooling_off_days)
    pledge.mandate_sha256, pledge.mandate_language = sha256_of_text(agreed_text), language
    is_card = row.route == Route.CARD
    pledge.place_until = now + PLACE_KEPT if is_card else None
    pledge.made_at = None if is_card else now
    pledge.save()
    states.move(
        pledge, PledgeStatus.CARD_PENDING if is_card else PledgeStatus.ACTIVE,
        by=by, role="investor", workflow=PLEDGE,
        data={"round": row.public_id, "project": row.project.public_id},
    )  # fmt: skip
    show_reached(row)
    return pledge


def _check_price_stands(pledge: Pledge, round_: Round, now: datetime) -> None:
    check_amount(pledge.amount, round_)
    found = quote(pledge.amount, round_.currency, now)
    if found.target.minor != pledge.target_minor:
        raise RateChanged(Money(pledge.target_minor, round_.currency), found.target)
    _check_fits(found.target, round_)


def _check_standing(pledge: Pledge, round_: Round, by: User, now: datetime) -> Standing:
    stands = standing_of(by, round_, pledge.amount, now, pledge)
    if not stands.needs.is_offered:
        raise Conflict(
            _("This form is not open to people who live where you live. Rule: %(rule)s."),
            code="not_offered", rule=_rule_named(stands.needs.refusing_rule),
        )  # fmt: skip
    if stands.todo:
        raise Conflict(
            _("A step before this one is not done yet."), code="step_missing", step=stands.todo[0]
        )
    rates = latest_rates()
    for limit in stands.limits:
        if convert(pledge.amount, limit.left.currency, rates).money > limit.left:
            raise OverLimit(limit.rule_id, limit.most, limit.left)
    if stands.people_are_full:
        raise Conflict(
            _(
                "This project has reached its limit of %(cap)s people who are not professional "
                "investors (rule: %(rule)s)."
            ),
            code="people_full", cap=round_.people_limit,
            rule=_rule_named(stands.needs.people_rule),
        )  # fmt: skip
    return stands


def _rule_named(rule_id: str) -> str:
    """A rule in plain words of the active language; its id stands on the page of the check."""
    language = language_of_page()
    return eligibility.rule_label(rule_id, language)


@transaction.atomic
def lapse_place(pledge: Pledge) -> bool:
    """Give back a place whose card was not saved in time. Whether this call did."""
    locked_round(pledge.round)
    pledge = Pledge.objects.select_for_update().get(pk=pledge.pk)
    now = app_now()
    if pledge.status != PledgeStatus.CARD_PENDING:
        return False
    if pledge.place_until is not None and now < pledge.place_until:
        return False
    states.move(
        pledge, PledgeStatus.LAPSED, by=None, role="system", workflow=PLEDGE,
        data={"reason": "card_not_saved"},
    )  # fmt: skip
    Pledge.objects.filter(pk=pledge.pk).update(ended_at=now, end_reason="card_not_saved")
    show_reached(pledge.round)
    return True


def show_reached(round_: Round) -> None:
    """The public name of an open round follows what is reserved."""
    row = Round.objects.select_related("project").get(pk=round_.pk)
    if row.status != RoundStatus.OPEN:
        return
    reached = row.reserved_minor >= row.target_minor
    show_round(row.project, PublicStatus.REACHED if reached else PublicStatus.OPEN)


@transaction.atomic
def withdraw_pledge(pledge: Pledge, *, by: User) -> Pledge:
    """Take a pledge back, free and without a reason, until the round is closed and the
    cooling-off time is over."""
    row = locked_round(pledge.round)
    pledge = Pledge.objects.select_for_update().get(pk=pledge.pk)
    permissions.check_is_pledger(by, pledge)
    if pledge.status == PledgeStatus.WITHDRAWN:
        return pledge
    now = app_now()
    if pledge.status == PledgeStatus.DUE and now >= (pledge.cooling_until or now):
        raise Conflict(
            _("The time to withdraw is over, so this pledge can be charged."), code="too_late"
        )
    states.move(pledge, PledgeStatus.WITHDRAWN, by=by, role="investor", workflow=PLEDGE)
    pledge.ended_at, pledge.end_reason = now, "withdrawn"
    pledge.save(update_fields=["ended_at", "end_reason"])
    if pledge.route == Route.CARD:
        jobs.enqueue("funding.forget_cards", pledge.public_id, pledge_id=pledge.public_id)
    show_reached(row)
    return pledge


# --- what the payment machine tells --------------------------------------------------------


@transaction.atomic
def card_saved(pledge: Pledge) -> bool:
    """The payment provider has saved a card for this pledge: it stands. Safe to run twice.

    False when the place was given back meanwhile (the card must then be forgotten).
    """
    locked_round(pledge.round)
    pledge = Pledge.objects.select_for_update().get(pk=pledge.pk)
    if pledge.status != PledgeStatus.CARD_PENDING:
        return pledge.status == PledgeStatus.ACTIVE
    states.move(pledge, PledgeStatus.ACTIVE, by=None, role="system", workflow=PLEDGE)
    pledge.made_at = app_now()
    pledge.save(update_fields=["made_at"])
    return True


def withdrawal_ends_at(pledge: Pledge) -> datetime | None:
    """Until when a pledge can be taken back: the close of its round or the end of its
    cooling-off time, whichever is later."""
    if pledge.cooling_until is None:
        return None
    return max(pledge.cooling_until, pledge.round.closes_at)

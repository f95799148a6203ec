"""States of rounds, milestones and payments as people read them."""

from decimal import Decimal

from django import template
from django.utils.translation import gettext as _

from backend.core.formats import format_date, format_money, format_number
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.funding import eligibility
from backend.funding.models import Disbursement, Round, Route, Tranche

register = template.Library()


@register.simple_tag
def in_currency(minor: int | None, currency: str) -> str:
    """A stored sum written out."""
    return "" if minor is None else format_money(Money(minor, currency), language_of_page())


@register.filter
def rate_number(rate: Decimal) -> str:
    """A rate without the zeros that only the column has."""
    text = f"{rate:f}"
    places = len(text.rstrip("0").partition(".")[2])
    return format_number(rate, language_of_page(), places)


@register.filter
def rule_words(rule_id: str) -> str:
    """A rule of the eligibility data in plain words."""
    return eligibility.rule_label(rule_id, language_of_page())


@register.simple_tag
def milestone_words(part: Tranche) -> str:
    """Of the milestone, and of the money that waits for it."""
    if part.status == "released":
        return _("Verified, paid out")
    if part.status == "returned":
        return _("Not met, money returned")
    due = {"date": format_date(part.due_on, language_of_page())}
    words = {
        "planned": _("Not started, due %(date)s"),
        "due": _("In progress, due %(date)s"),
        "evidence_in": _("Evidence sent, being checked"),
        "verified": _("Verified, waits to be paid out"),
        "late": _("Late since %(date)s"),
        "failed": _("Not met, money returned"),
    }[part.milestone.status]
    return words % due if "%(date)s" in words else words


@register.simple_tag
def round_words(row: Round) -> str:
    is_bank = row.route == Route.BANK
    if is_bank and row.status in {"charging", "settling"}:
        return _("Target reached, bank transfers are awaited")
    return {
        "draft": _("Not open yet"),
        "open": _("Round open"),
        "closing": _("Closed, result being counted"),
        "charging": _("Target reached, cards are being charged"),
        "settling": _("Waiting for the last payments"),
        "funded": _("Funded, held for the milestones"),
        "failed": _("Closed below target, no money asked for")
        if is_bank
        else _("Closed below target, nothing charged"),
        "shortfall_failed": _("Not enough was collected, all payments are being returned"),
        "cancelled": _("Cancelled before closing, no money asked for")
        if is_bank
        else _("Cancelled before closing, nothing charged"),
    }[row.status]


@register.simple_tag
def payment_words(row: Disbursement) -> str:
    if any(report.status == "recorded" for report in row.reports.all()):
        return _("Waits for a second person")
    return {
        "proposed": _("Prepared, waits for another person"),
        "approved": _("Approved"),
        "instructed": _("Sent to the bank"),
        "confirmed": _("Paid"),
        "returned": _("Sent back by the bank, held again"),
        "refused": _("Refused"),
    }[row.status]

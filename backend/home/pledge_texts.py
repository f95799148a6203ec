"""Texts that a person agrees to, whole: the page shows exactly what is hashed."""

from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import override

from backend.core.formats import format_moment_in, format_money, format_percent
from backend.core.money import Money
from backend.funding.models import Pledge, Route
from backend.funding.queries import convert
from backend.funding.standing import Standing


def agreement(pledge: Pledge, ends_at: datetime, language: str) -> str:
    """What stands beside the one box on the page that checks all answers."""
    amount = format_money(pledge.amount, language)
    until = format_moment_in(ends_at, pledge.investor.time_zone, language)
    with override(language):
        known = _(
            "I have read the risks. I know that I could lose all of %(amount)s, and that I can "
            "withdraw before %(deadline)s."
        ) % {"amount": amount, "deadline": until}
        if pledge.route == Route.BANK:
            return known
        card = _(
            "My card may be saved and charged %(amount)s once, not before that time, and only if "
            "the round reaches its target."
        ) % {"amount": amount}
    return f"{known} {card}"


def rate_source_of(pledge: Pledge) -> str:
    """Where the locked rate is from, in the active language where it is a sample."""
    return _("sample rate") if pledge.rate_is_sample else pledge.rate_source


def loss_result(pledge: Pledge, stands: Standing, language: str) -> str:
    """What losing a tenth would be, and what share of the person's means this pledge is."""
    worth, bearable = stands.worth, stands.bearable
    assert worth is not None
    assert bearable is not None
    with override(language):
        text = _(
            "By your answers, your net worth is %(net_worth)s. A loss of 10%% would be "
            "%(ten_percent)s. This pledge is %(amount)s, or %(share)s. If all of it were lost, "
            "could you bear it? You can lower the amount, go on, or leave."
        )
        return text % {
            "net_worth": format_money(worth, language),
            "ten_percent": format_money(bearable, language),
            "amount": format_money(pledge.amount, language),
            "share": _share(pledge.amount, worth, language),
        }


def _share(amount: Money, worth: Money, language: str) -> str:
    if worth.minor <= 0:
        return _("more than you have")
    own = convert(amount, worth.currency).money
    return format_percent(Decimal(100 * own.minor) / Decimal(worth.minor), language, 1)


def extra_warning(pledge: Pledge, stands: Standing, language: str) -> str:
    """The consent of its own that a large sum asks for."""
    threshold = stands.warn_above
    assert threshold is not None
    with override(language):
        text = _(
            "%(amount)s is above %(threshold)s, the point where the rules ask for a consent of "
            "its own. You could lose all of it. I know this, and I can do without this money."
        )
        return text % {
            "amount": format_money(pledge.amount, language),
            "threshold": format_money(threshold, language),
        }

"""What a share of money sent home would come to. Pure; exact; rounded once, and never upwards.

sent = family + redirected          every time
gross = fee + net                   over a year
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from backend.core.money import MINOR_DIGITS, SHOWN_DIGITS, Money, MoneyError, convert_minor

# How many times a year something is sent.
TIMES = {"week": 52, "fortnight": 26, "month": 12, "quarter": 4, "year": 1}
MIN_SHARE_BPS, MAX_SHARE_BPS = 100, 9_900
WHOLE_BPS = 10_000
# 10¹² minor units each time: above what anybody sends, far below what bigint overflows at.
MAX_SENT_MINOR = 10**12
_SHARE = re.compile(r"(\d{1,3})(?:[.,](\d{1,2}))?\s*%?")


class BadShare(ValueError):
    """A text that is no share from 1 to 99 per cent."""


@dataclass(frozen=True)
class Question:
    """What somebody sends home, how often, and the share (basis points) to put to work."""

    sent: Money
    every: str
    share_bps: int

    def __post_init__(self) -> None:
        if self.every not in TIMES:
            raise ValueError(self.every)
        if not MIN_SHARE_BPS <= self.share_bps <= MAX_SHARE_BPS:
            raise BadShare(str(self.share_bps))
        if not 0 < self.sent.minor <= MAX_SENT_MINOR:
            raise MoneyError("out of range")


@dataclass(frozen=True)
class Calculation:
    """The answer. `each_…` is one time, the rest is a year; `net_vnd` at the rate that was used."""

    question: Question
    times: int
    each_redirected: Money
    each_family: Money
    gross: Money
    fee: Money
    net: Money
    net_vnd: Money
    each_vnd: Money
    fee_bps: int


def parse_share(text: str) -> int:
    """`10`, `12,5`, `12.5 %` as basis points; BadShare outside 1 to 99 per cent."""
    match = _SHARE.fullmatch(text.strip()) if len(text) <= 20 and text.isascii() else None
    if match is None:
        raise BadShare(text)
    bps = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    if not MIN_SHARE_BPS <= bps <= MAX_SHARE_BPS:
        raise BadShare(text)
    return bps


def share_of(sent: Money, share_bps: int) -> Money:
    """The share of a sum in units that people write, rounded down: it never passes the share."""
    unit = unit_of(sent.currency)
    return Money(sent.minor * share_bps // (WHOLE_BPS * unit) * unit, sent.currency)


def unit_of(currency: str) -> int:
    """Minor units of the smallest amount that people write (New Taiwan dollars have no cents)."""
    return int(10 ** (MINOR_DIGITS[currency] - SHOWN_DIGITS[currency]))


def monthly_of(sent: Money, every: str) -> Money:
    """What is sent in a month on average, rounded down to a unit that people write."""
    unit = unit_of(sent.currency)
    return Money(sent.minor * TIMES[every] // (12 * unit) * unit, sent.currency)


def calculate(question: Question, *, fee_bps: int, rate: Decimal) -> Calculation:
    """Over a year. `rate` is đồng for one unit of the currency; the fee is rounded half to even."""
    times = TIMES[question.every]
    redirected = share_of(question.sent, question.share_bps)
    gross = redirected * times
    fee = Money(_part(gross, fee_bps), gross.currency)
    net = gross - fee
    each_net = redirected - Money(_part(redirected, fee_bps), gross.currency)
    return Calculation(
        question=question,
        times=times,
        each_redirected=redirected,
        each_family=question.sent - redirected,
        gross=gross,
        fee=fee,
        net=net,
        net_vnd=_in_vnd(net, rate),
        each_vnd=_in_vnd(each_net, rate),
        fee_bps=fee_bps,
    )


def _part(money: Money, bps: int) -> int:
    unit = unit_of(money.currency)
    exact = Decimal(money.minor) * bps / (WHOLE_BPS * unit)
    return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN)) * unit


def _in_vnd(money: Money, rate: Decimal) -> Money:
    return Money(convert_minor(money.minor, money.currency, "VND", rate), "VND")

"""The calculator as it stands in an address: what was asked, what is wrong with it, the answer.

Every answer is a GET parameter, so that it can be shared, works without scripts and travels into
joining and into a plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _

from backend.core.formats import format_money
from backend.core.money import (
    CURRENCIES,
    AmbiguousAmount,
    Money,
    MoneyError,
    TooManyDecimals,
    parse_amount,
)
from backend.core.text import clean_text
from backend.funding.queries import Rate
from backend.remittances.calculator import (
    MAX_SENT_MINOR,
    TIMES,
    BadShare,
    Calculation,
    Question,
    calculate,
    parse_share,
    share_of,
)
from backend.remittances.reach import Listed, Reach, SmallMilestone, percent_of_milestone, reach_of

# A person abroad sends foreign money; đồng is what arrives.
SENT_CURRENCIES = tuple(c for c in CURRENCIES if c != "VND")
NAMES = ("amount", "currency", "every", "share")
EXAMPLE = {"amount": "500", "currency": "USD", "every": "month", "share": "10"}
MARKED_AFTER = timedelta(hours=24)
REFUSED_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class CalculatorPage:
    """Everything the page and the box on the landing page show.

    `values` is what was typed; `problems` holds (field, sentence); `readings` are the ways to read
    an unclear amount, each with the address that means it.
    """

    values: Mapping[str, str]
    is_example: bool
    problems: list[tuple[str, str]] = field(default_factory=list)
    readings: list[tuple[str, str]] = field(default_factory=list)
    answer: Calculation | None = None
    rate: Rate | None = None
    is_rate_old: bool = False
    reach: list[Reach] = field(default_factory=list)
    milestone: SmallMilestone | None = None
    milestone_percent: int = 0

    @property
    def errors(self) -> dict[str, str]:
        return dict(self.problems)

    @property
    def carry(self) -> str:
        """The answers as a query, for the next page."""
        return urlencode({name: self.values[name] for name in NAMES})


def everies() -> list[tuple[str, str]]:
    """How often, in the words of the page's language."""
    names = {
        "week": _("each week"),
        "fortnight": _("every two weeks"),
        "month": _("each month"),
        "quarter": _("every three months"),
        "year": _("once a year"),
    }
    return [(key, names[key]) for key in TIMES]


def calculator_page(
    query: QueryDict, *, rates: dict[str, Rate], listed: Listed, at: datetime, language: str
) -> CalculatorPage:
    """Read the address, calculate, and say what the sum could complete."""
    typed = {name: clean_text(query.get(name, "")).strip()[:60] for name in NAMES}
    is_example = not any(typed.values())
    values = EXAMPLE if is_example else {n: typed[n] or _default(n) for n in NAMES}
    problems: list[tuple[str, str]] = []
    readings: list[tuple[str, str]] = []
    question = _question(values, problems, readings, language)
    rate = _usable_rate(values["currency"], rates, at, problems)
    if question is None or rate is None or problems:
        return CalculatorPage(values, is_example, problems, readings)
    answer = calculate(question, fee_bps=settings.PLATFORM_FEE_BPS, rate=rate.rate)
    percent = percent_of_milestone(answer.net_vnd, listed.milestone) if listed.milestone else 0
    return CalculatorPage(
        values,
        is_example,
        answer=answer,
        rate=rate,
        is_rate_old=not rate.is_sample and at - rate.as_of > MARKED_AFTER,
        reach=reach_of(answer.each_vnd, answer.net_vnd, listed),
        milestone=listed.milestone,
        milestone_percent=percent,
    )


def _default(name: str) -> str:
    """What an address that leaves a question out means; amounts are never guessed."""
    return EXAMPLE[name] if name in {"currency", "every"} else ""


def _question(
    values: Mapping[str, str],
    problems: list[tuple[str, str]],
    readings: list[tuple[str, str]],
    language: str,
) -> Question | None:
    sent = _sent(values, problems, readings, language)
    share = _share(values["share"], problems)
    if values["every"] not in TIMES:
        problems.append(("every", _("Choose from the list.")))
    if sent is None or share is None or problems:
        return None
    if share_of(sent, share).minor == 0:
        problems.append(
            ("amount", _("This share of it is less than the smallest unit. Enter a larger amount"))
        )
        return None
    return Question(sent, values["every"], share)


def _sent(
    values: Mapping[str, str],
    problems: list[tuple[str, str]],
    readings: list[tuple[str, str]],
    language: str,
) -> Money | None:
    currency = values["currency"]
    if currency not in SENT_CURRENCIES:
        problems.append(("currency", _("Choose from the list.")))
        return None
    try:
        sent = parse_amount(values["amount"], currency)
    except AmbiguousAmount as unclear:
        names = [format_money(reading, language) for reading in unclear.readings]
        for reading, name in zip(unclear.readings, names, strict=True):
            address = urlencode({**values, "amount": f"{reading.major:f}"})
            readings.append((f"?{address}", name))
        problems.append(
            ("amount", _("“%(input)s” can be read two ways. Do you mean %(a)s or %(b)s?")
             % {"input": values["amount"], "a": names[0], "b": names[1]})
        )  # fmt: skip
    except TooManyDecimals as wrong:
        problems.append(("amount", too_many_decimals(wrong)))
    except MoneyError:
        problems.append(("amount", _("Enter an amount above zero, for example 500.")))
    else:
        if sent.minor <= MAX_SENT_MINOR:
            return sent
        most = format_money(Money(MAX_SENT_MINOR, currency), language)
        problems.append(("amount", _("Enter an amount of at most %(max)s.") % {"max": most}))
    return None


def too_many_decimals(wrong: TooManyDecimals) -> str:
    """The sentence for more decimals than the currency has."""
    if not wrong.digits:
        return _("%(ccy)s has no decimals. Enter a whole number") % {"ccy": wrong.currency}
    return _("%(ccy)s has %(digits)s decimals at most.") % {
        "ccy": wrong.currency,
        "digits": wrong.digits,
    }


def _share(text: str, problems: list[tuple[str, str]]) -> int | None:
    try:
        return parse_share(text)
    except BadShare:
        problems.append(("share", _("Enter a share between 1 and 99, for example 10.")))
        return None


def _usable_rate(
    currency: str, rates: dict[str, Rate], at: datetime, problems: list[tuple[str, str]]
) -> Rate | None:
    """A sample never goes stale; a real rate is refused when it is older than a week."""
    if currency not in SENT_CURRENCIES:
        return None
    rate = rates.get(currency)
    if rate is None:
        message = _("There is no exchange rate for %(ccy)s yet. Choose another currency.")
        problems.append(("currency", message % {"ccy": currency}))
        return None
    if not rate.is_sample and at - rate.as_of > REFUSED_AFTER:
        message = _("The newest exchange rate for %(ccy)s is older than a week, so no sum in ₫ is "
                    "shown. Choose another currency or come back later.")  # fmt: skip
        problems.append(("currency", message % {"ccy": currency}))
        return None
    return rate

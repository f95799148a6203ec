"""What moved for one person in a period, line by line: charged, released, returned."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from backend.accounts.models import User
from backend.core.formats import CITY_ZONE
from backend.core.models import AuditEvent
from backend.core.money import Money
from backend.funding.models import Pledge, TrancheShare
from backend.home.words import said

MOST_DAYS = 366 * 3
# Of a pledge: what moves its whole sum.
MOVES = ("pledge.made", "pledge.withdrawn", "pledge.collected", "pledge.refunded")


@dataclass(frozen=True)
class Line:
    at: datetime
    pledge: str
    project: str
    code: str
    words: str
    money: Money
    reference: str


def period_of(asked: Mapping[str, str], today: date) -> tuple[date, date, str]:
    """First and last day, this year unless said otherwise, and a sentence if they are no period."""
    first, last = date(today.year, 1, 1), today
    try:
        since = date.fromisoformat(asked["from"]) if asked.get("from") else first
        until = date.fromisoformat(asked["to"]) if asked.get("to") else last
    except ValueError:
        return first, last, _("Enter a date, for example 2027-03-05")
    if until < since:
        return since, until, _("The last day must come after the first")
    if (until - since).days > MOST_DAYS:
        return since, until, _("Choose a period of at most three years")
    return since, until, ""


def lines_of(user: User, since: date, until: date, language: str) -> list[Line]:
    """Oldest first. The days are the city's."""
    start = datetime.combine(since, time.min, CITY_ZONE)
    end = datetime.combine(until + timedelta(days=1), time.min, CITY_ZONE)
    pledges = {
        p.public_id: p
        for p in Pledge.objects.filter(investor=user).select_related("round__project")
    }
    events = AuditEvent.objects.filter(
        subject_id__in=list(pledges), code__in=MOVES, at__gte=start, at__lt=end
    )
    words = {
        "pledge.made": _("Pledged"),
        "pledge.withdrawn": _("Withdrawn"),
        "pledge.collected": _("Charged"),
        "pledge.refunded": _("Returned"),
    }
    lines = [
        _line(pledges[e.subject_id], e.at, e.code, words[e.code], pledges[e.subject_id].amount,
              language)
        for e in events
    ]  # fmt: skip
    lines += _parts(user, start, end, language)
    return sorted(lines, key=lambda line: (line.at, line.pledge, line.code))


def _parts(user: User, start: datetime, end: datetime, language: str) -> list[Line]:
    """A person's share of each part that was paid out or went back."""
    rows = TrancheShare.objects.filter(
        pledge__investor=user, tranche__ended_at__gte=start, tranche__ended_at__lt=end
    ).select_related("tranche", "pledge__round__project")
    lines = []
    for share in rows:
        is_released = share.tranche.status == "released"
        minor = share.amount_minor - share.returned_minor if is_released else share.returned_minor
        if not minor or share.tranche.ended_at is None:
            continue
        number = {"n": share.tranche.number}
        words = _("Released for milestone %(n)s") if is_released else _("Returned, milestone %(n)s")
        code = "part.released" if is_released else "part.returned"
        lines.append(
            _line(
                share.pledge, share.tranche.ended_at, code, words % number,
                Money(minor, share.currency), language,
            )
        )  # fmt: skip
    return lines


def _line(pledge: Pledge, at: datetime, code: str, words: str, money: Money, language: str) -> Line:
    title = said(pledge.round.project, "title", language)
    return Line(at, pledge.reference, title.text, code, words, money, pledge.public_id)

"""What moved for one person in a period, line by line, and what was held at its end.

Lines follow what really moved: a return counts on the day on which it arrived, not on the day on
which it was ordered. The days are the city's.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import override

from backend.accounts.models import User
from backend.core.csv_safe import csv_bytes
from backend.core.formats import CITY_ZONE, format_date, format_datetime, format_money
from backend.core.models import AuditEvent
from backend.core.money import Money
from backend.core.pdf import Block, pdf_from
from backend.funding.models import BankReturn, Dispute, Pledge, Refund, TrancheShare
from backend.home.words import Said, said

MOST_DAYS = 366 * 3
FIRST_YEAR = 2000
CSV_HEAD = ("time_utc", "pledge", "project", "event", "amount", "currency", "reference")
# What changes how much is held: the sign of a line's sum.
HELD = {"pledge.collected": 1, "part.released": -1, "returned": -1, "bank.returned": -1}


@dataclass(frozen=True)
class Line:
    at: datetime
    pledge: str
    project: Said
    code: str
    words: str
    money: Money
    reference: str


@dataclass(frozen=True)
class Total:
    """One currency: what moved in the period, and what was held at its end."""

    charged: Money
    released: Money
    returned: Money
    held: Money


@dataclass(frozen=True)
class Statement:
    since: date
    until: date
    lines: tuple[Line, ...]
    totals: tuple[Total, ...]


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
    if since.year < FIRST_YEAR or until.year > today.year + 1:
        return first, last, _("Choose days between %(first)s and today") % {"first": FIRST_YEAR}
    if (until - since).days > MOST_DAYS:
        return since, until, _("Choose a period of at most three years")
    return since, until, ""


def statement_of(user: User, since: date, until: date, language: str) -> Statement:
    """Oldest first."""
    start = datetime.combine(since, time.min, CITY_ZONE)
    end = datetime.combine(until + timedelta(days=1), time.min, CITY_ZONE)
    before_end = _lines_before(user, end, language)
    lines = tuple(line for line in before_end if line.at >= start)
    return Statement(since, until, lines, _totals(before_end, lines))


def _lines_before(user: User, end: datetime, language: str) -> list[Line]:
    pledges = {
        p.public_id: p
        for p in Pledge.objects.filter(investor=user).select_related("round__project")
    }
    with override(language):
        lines = [
            *_promised(pledges, end, language),
            *_released(pledges.values(), end, language),
            *_returned(pledges.values(), end, language),
        ]
    return sorted(lines, key=lambda line: (line.at, line.pledge, line.code))


def _promised(pledges: Mapping[str, Pledge], end: datetime, language: str) -> list[Line]:
    words = {
        "pledge.made": _("Pledged"),
        "pledge.withdrawn": _("Withdrawn"),
        "pledge.collected": _("Charged"),
    }
    # Nobody pledges to a form behind the check; its sum is an interest until money arrives.
    by_bank = {
        "pledge.made": _("Interest expressed"),
        "pledge.withdrawn": _("Interest taken back"),
        "pledge.collected": _("Paid in by bank transfer"),
    }
    events = AuditEvent.objects.filter(
        subject_id__in=list(pledges), code__in=list(words), at__lt=end
    ).order_by("at", "id")
    lines: list[Line] = []
    charged: set[str] = set()
    for event in events:
        # A return that failed moves a pledge back to "collected": it was charged once all the same.
        if event.code == "pledge.collected" and event.subject_id in charged:
            continue
        charged.update({event.subject_id} if event.code == "pledge.collected" else ())
        row = pledges[event.subject_id]
        said_as = (by_bank if row.route == "bank" else words)[event.code]
        lines.append(_line(row, event.at, event.code, said_as, row.amount, language))
    return lines


def _released(pledges: Iterable[Pledge], end: datetime, language: str) -> list[Line]:
    """A person's share of each part that was paid out."""
    rows = TrancheShare.objects.filter(
        pledge__in=[p.pk for p in pledges], tranche__status="released", tranche__ended_at__lt=end
    ).select_related("tranche", "pledge__round__project")
    lines = []
    for share in rows:
        minor, at = share.amount_minor - share.returned_minor, share.tranche.ended_at
        if minor and at is not None:
            words = _("Released for milestone %(n)s") % {"n": share.tranche.number}
            money = Money(minor, share.currency)
            lines.append(_line(share.pledge, at, "part.released", words, money, language))
    return lines


def _returned(pledges: Iterable[Pledge], end: datetime, language: str) -> list[Line]:
    ids = [p.pk for p in pledges]
    refunds = Refund.objects.filter(
        obligation__pledge__in=ids, status="succeeded", finished_at__lt=end
    ).select_related("obligation__pledge__round__project")
    lost = Dispute.objects.filter(
        obligation__pledge__in=ids, status="lost", closed_at__lt=end
    ).select_related("obligation__pledge__round__project")
    lines = [
        _line(r.obligation.pledge, r.finished_at, "returned", _("Returned"),
              Money(r.amount_minor, r.currency), language)
        for r in refunds
        if r.finished_at is not None
    ]  # fmt: skip
    by_bank = BankReturn.objects.filter(pledge__in=ids, status="paid", ended_at__lt=end)
    lines += [
        _line(row.pledge, row.ended_at, "returned", _("Returned"), row.amount, language)
        for row in by_bank.select_related("pledge__round__project")
        if row.ended_at is not None
    ]
    lines += [
        _line(d.obligation.pledge, d.closed_at, "bank.returned", _("Returned by your bank"),
              Money(d.amount_minor, d.currency), language)
        for d in lost
        if d.closed_at is not None
    ]  # fmt: skip
    return lines


def _line(pledge: Pledge, at: datetime, code: str, words: str, money: Money, language: str) -> Line:
    title = said(pledge.round.project, "title", language)
    return Line(at, pledge.reference, title, code, words, money, pledge.public_id)


def _totals(before_end: Iterable[Line], lines: Iterable[Line]) -> tuple[Total, ...]:
    moved: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    held: dict[str, int] = defaultdict(int)
    for line in lines:
        moved[line.money.currency][line.code] += line.money.minor
    for line in before_end:
        held[line.money.currency] += HELD.get(line.code, 0) * line.money.minor
    found = []
    for code in sorted(held.keys() | moved.keys()):
        sums = moved[code]
        returned = sums["returned"] + sums["bank.returned"]
        minors = (sums["pledge.collected"], sums["part.released"], returned, held[code])
        if any(minors):
            found.append(Total(*(Money(minor, code) for minor in minors)))
    return tuple(found)


# --- files ---------------------------------------------------------------------------------------


def statement_csv(statement: Statement) -> bytes:
    """ISO times, plain digits, the same codes in both languages; no cell is ever a formula."""
    return csv_bytes(
        CSV_HEAD,
        (
            (
                line.at.isoformat(timespec="seconds"), line.pledge, line.project.text, line.code,
                f"{line.money.major:f}", line.money.currency, line.reference,
            )
            for line in statement.lines
        ),
    )  # fmt: skip


def statement_pdf(statement: Statement, user: User, made_at: datetime, language: str) -> bytes:
    with override(language):
        title = _("Statement, %(since)s to %(until)s") % {
            "since": format_date(statement.since, language),
            "until": format_date(statement.until, language),
        }
        made = _("made %(at)s") % {"at": format_datetime(made_at, language)}
        blocks = [
            Block("small", "Cầu Kiều"),
            Block("title", title),
            Block("text", f"{user.full_name or user.email} · {made}"),
            *_total_blocks(statement, language),
            Block("heading", _("What moved")),
            *_line_blocks(statement, language),
        ]
    return pdf_from(blocks, title=title, foot=f"Cầu Kiều · {title}", language=language)


def _total_blocks(statement: Statement, language: str) -> list[Block]:
    rows = []
    for total in statement.totals:
        for label, money in (
            (_("Paid in"), total.charged),
            (_("Released"), total.released),
            (_("Returned"), total.returned),
            (_("Held at the end of the period"), total.held),
        ):
            rows.append((f"{label}, {money.currency}", format_money(money, language)))
    return [Block("rows", rows=tuple(rows))] if rows else []


def _line_blocks(statement: Statement, language: str) -> list[Block]:
    if not statement.lines:
        return [Block("text", _("Nothing moved in this period."))]
    rows = tuple(
        (
            _short_time(line.at, language), line.words, str(line.project), line.pledge,
            format_money(line.money, language),
        )
        for line in statement.lines
    )  # fmt: skip
    head = (_("When (Vietnam time)"), _("What"), _("Project"), _("Pledge"), _("Amount"))
    return [Block("table", head=head, rows=rows, widths=(31, 26, 43, 28, 32))]


def _short_time(at: datetime, language: str) -> str:
    """The zone stands in the head of its column."""
    local = at.astimezone(CITY_ZONE)
    return f"{format_date(local.date(), language)} {local:%H:%M}"

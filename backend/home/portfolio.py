"""What a person's pledges show: sums that are exact in each currency, and what happened when."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from django.db.models import Max, Q, Sum
from django.utils.translation import gettext as _

from backend.accounts.models import User
from backend.core.audit import events_of
from backend.core.formats import CITY_ZONE, format_date, format_money
from backend.core.models import AuditEvent
from backend.core.money import Money
from backend.funding.actions.pledges import withdrawal_ends_at
from backend.funding.declines import Reason
from backend.funding.models import (
    ChargeObligation,
    Payback,
    Pledge,
    Round,
    RoundClose,
    Tranche,
    TrancheShare,
)
from backend.funding.queries import Rate, convert, latest_rates, pledges_of
from backend.funding.workflow import PLEDGE_PAID, PledgeStatus, RoundStatus
from backend.home.bridge import Bridge, bridge_of
from backend.home.cards import Card, card_of
from backend.projects.models import Milestone

WITHDRAWABLE = {PledgeStatus.CARD_PENDING, PledgeStatus.ACTIVE, PledgeStatus.DUE}


# What only the person can do: save a card, confirm at the bank, choose another card.
NEEDS_PERSON = frozenset({PledgeStatus.CARD_PENDING, PledgeStatus.ACTION_REQUIRED})


@dataclass(frozen=True)
class Sums:
    """Where the money of one pledge is, or of many in one currency (minor units)."""

    pledged: int = 0
    charged: int = 0
    held: int = 0
    released: int = 0
    returned: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(a + b for a, b in zip(self.parts, other.parts, strict=True)))

    @property
    def parts(self) -> tuple[int, ...]:
        return (self.pledged, self.charged, self.held, self.released, self.returned)


@dataclass(frozen=True)
class Figure:
    """One of the five sums of the ladder, exact in each currency, and about in đồng."""

    label: str
    exact: tuple[Money, ...]
    about: Money


@dataclass(frozen=True)
class PaidBack:
    """What an owner reported to have paid back to everybody of a round, in one state."""

    money: Money
    is_verified: bool
    last_on: date


@dataclass(frozen=True)
class Row:
    """One pledge in the portfolio, or by bank one expression of interest."""

    pledge: Pledge
    is_bank: bool
    card: Card
    bridge: Bridge | None
    bridge_words: str
    state: str
    tone: str
    pledged: Money
    charged: Money
    held: Money
    released: Money
    returned: Money
    next_words: str
    next_on: date
    needs_you: bool
    paybacks: tuple[PaidBack, ...]
    can_withdraw: bool
    ends_at: datetime | None


@dataclass(frozen=True)
class Happening:
    words: str
    note: str
    at: datetime | None
    is_next: bool = False
    reference: str = ""


@dataclass(frozen=True)
class Portfolio:
    rows: tuple[Row, ...]
    figures: tuple[Figure, ...]
    next_row: Row | None
    needs_you: int
    has_pledges: bool
    has_interest: bool


def portfolio_of(user: User, language: str, at: datetime) -> Portfolio:
    """Everything that the person promised, newest first. Ten queries, however many."""
    pledges = list(pledges_of(user))
    shares = _shares(pledges)
    milestones = _milestones(pledges)
    paybacks = paid_back(p.round_id for p in pledges if p.status in PLEDGE_PAID)
    pledged = pledged_in([p.round for p in pledges])
    rows = tuple(
        _row(
            p,
            shares[p.pk],
            milestones[p.round.project_id],
            paybacks.get(p.round_id, []),
            pledged[p.round_id],
            language,
            at,
        )
        for p in pledges
    )
    live = [row for row in rows if row.pledge.status not in {"withdrawn", "lapsed", "dropped"}]
    coming = [row for row in live if row.next_words]
    soonest = min(coming, key=lambda row: row.next_on, default=None)
    by_bank = {row.is_bank for row in rows}
    figures = _figures(live, latest_rates())
    needs_you = sum(row.needs_you for row in rows)
    return Portfolio(rows, figures, soonest, needs_you, False in by_bank, True in by_bank)


def _shares(pledges: Iterable[Pledge]) -> dict[int, list[TrancheShare]]:
    found: dict[int, list[TrancheShare]] = defaultdict(list)
    rows = TrancheShare.objects.filter(pledge__in=[p.pk for p in pledges])
    for share in rows.select_related("tranche__milestone").order_by("tranche__number"):
        found[share.pledge_id].append(share)
    return found


def _milestones(pledges: Iterable[Pledge]) -> dict[int, list[Milestone]]:
    found: dict[int, list[Milestone]] = defaultdict(list)
    ids = {p.round.project_id for p in pledges}
    for row in Milestone.objects.filter(project_id__in=ids).order_by("project_id", "number"):
        found[row.project_id].append(row)
    return found


def sums_of(pledge: Pledge, shares: Iterable[TrancheShare]) -> Sums:
    """Charged = held + released + returned, to the smallest unit."""
    if pledge.status == PledgeStatus.REFUNDED:
        return Sums(pledge.amount_minor, pledge.amount_minor, 0, 0, pledge.amount_minor)
    if pledge.status not in PLEDGE_PAID:
        return Sums(pledge.amount_minor)
    released = returned = 0
    for share in shares:
        returned += share.returned_minor
        if share.tranche.status == "released":
            released += share.amount_minor - share.returned_minor
    held = pledge.amount_minor - released - returned
    return Sums(pledge.amount_minor, pledge.amount_minor, held, released, returned)


def _row(
    pledge: Pledge,
    shares: list[TrancheShare],
    milestones: list[Milestone],
    paybacks: list[PaidBack],
    pledged: int,
    language: str,
    at: datetime,
) -> Row:
    sums = sums_of(pledge, shares)
    words, tone = state_words(pledge)
    amounts = [m.amount_minor for m in milestones]
    card = card_of(pledge.round.project, amounts, language, pledged=pledged)
    covered = {share.tranche.number: share.tranche.status for share in shares}
    ends_at = withdrawal_ends_at(pledge)
    code = pledge.currency
    return Row(
        pledge=pledge,
        is_bank=is_by_bank(pledge),
        card=card,
        bridge=bridge_of(amounts, pledged, states=[covered.get(m.number, "") for m in milestones]),
        bridge_words=_bridge_words(covered, card),
        state=words,
        tone=tone,
        pledged=Money(sums.pledged, code),
        charged=Money(sums.charged, code),
        held=Money(sums.held, code),
        released=Money(sums.released, code),
        returned=Money(sums.returned, code),
        next_words=_next_words(pledge, shares),
        next_on=next_day(pledge, shares),
        needs_you=pledge.status in NEEDS_PERSON or is_awaited_by_bank(pledge),
        paybacks=tuple(paybacks),
        can_withdraw=can_withdraw(pledge, at),
        ends_at=ends_at,
    )


def pledged_in(rounds: Iterable[Round]) -> dict[int, int]:
    """What each round shows as pledged; of one that ended below its target, what stood at its
    close (nothing is reserved any more)."""
    found = {row.pk: row.reserved_minor for row in rounds}
    failed = [row.pk for row in rounds if row.status == RoundStatus.FAILED]
    if failed:
        closes = RoundClose.objects.filter(round__in=failed)
        found |= dict(closes.values_list("round_id", "pledged_minor"))
    return found


def paid_back(rounds: Iterable[int]) -> dict[int, list[PaidBack]]:
    """What owners reported per round: one sum that officers verified, one that is claimed."""
    found: dict[int, list[PaidBack]] = defaultdict(list)
    rows = Payback.objects.filter(round__in=set(rounds)).values("round_id", "currency")
    verified = Q(verified_at__isnull=False)
    for condition, is_verified in ((verified, True), (~verified, False)):
        sums = rows.filter(condition).annotate(sum=Sum("amount_minor"), last=Max("paid_on"))
        for row in sums.order_by("round_id", "currency"):
            money = Money(row["sum"], row["currency"])
            found[row["round_id"]].append(PaidBack(money, is_verified, row["last"]))
    return found


def is_by_bank(pledge: Pledge) -> bool:
    """Forms behind the check: nobody pledges to them, people say that they are interested."""
    return bool(pledge.route == "bank")


def is_awaited_by_bank(pledge: Pledge) -> bool:
    """The round succeeded, and the person's own transfer is what is missing."""
    return is_by_bank(pledge) and pledge.status == PledgeStatus.DUE


def ladder_of(pledge: Pledge) -> tuple[str, ...]:
    """Names of the parts of its `Sums`."""
    is_bank = is_by_bank(pledge)
    first = _("Interest expressed") if is_bank else _("Pledged")
    return (first, paid_words(is_bank), _("Held"), _("Released"), _("Returned"))


def paid_words(is_bank: bool) -> str:
    """A card is charged; what came by bank transfer, too, is paid in."""
    return _("Paid in") if is_bank else _("Charged")


def can_withdraw(pledge: Pledge, at: datetime) -> bool:
    """Whether one press takes it back now."""
    if pledge.status not in WITHDRAWABLE:
        return False
    ends_at = withdrawal_ends_at(pledge)
    return pledge.status != PledgeStatus.DUE or (ends_at is not None and at < ends_at)


def state_words(pledge: Pledge) -> tuple[str, str]:
    """The state as the person reads it, and the tone of its tag."""
    status = PledgeStatus(pledge.status)
    is_bank = is_by_bank(pledge)
    words = {
        PledgeStatus.DRAFT: (_("Not sent"), ""),
        PledgeStatus.CARD_PENDING: (_("Waiting for your card to be saved"), "warn"),
        PledgeStatus.ACTIVE: (
            _("Interest noted, no money asked for") if is_bank else _("Pledged and not charged"),
            "info",
        ),
        PledgeStatus.WITHDRAWN: (_withdrawn_words(is_bank), ""),
        PledgeStatus.LAPSED: (_lapsed_words(is_bank), ""),
        PledgeStatus.DUE: (
            _("Your bank transfer is awaited") if is_bank else _("To be charged"),
            "info",
        ),
        PledgeStatus.COLLECTED: (_("Paid and held"), "ok"),
        PledgeStatus.ACTION_REQUIRED: (_what_is_needed(pledge), "warn"),
        PledgeStatus.RETRY_WAIT: (_("Not charged yet, we try again"), "warn"),
        PledgeStatus.DROPPED: (_dropped_words(is_bank), ""),
        PledgeStatus.REFUNDING: (_("Money is on its way back"), "info"),
        PledgeStatus.REFUNDED: (_("Returned"), ""),
        PledgeStatus.PART_REFUNDED: (_("Part of it returned"), "warn"),
    }
    return words[status]


def _withdrawn_words(is_bank: bool) -> str:
    if is_bank:
        return _("Taken back by you, no money asked for")
    return _("Withdrawn by you, nothing charged")


def _lapsed_words(is_bank: bool) -> str:
    return _("Ended, no money asked for") if is_bank else _("Ended, nothing charged")


def _dropped_words(is_bank: bool) -> str:
    if is_bank:
        return _("Ended: the transfer did not arrive")
    return _("Ended: the payment did not succeed, nothing charged")


def charge_of(pledge: Pledge) -> ChargeObligation | None:
    return ChargeObligation.objects.filter(pledge=pledge).first()


def _what_is_needed(pledge: Pledge) -> str:
    if pledge.status != PledgeStatus.ACTION_REQUIRED:
        return ""
    charge = charge_of(pledge)
    return needed_words(charge.reason if charge else "")


def needed_words(reason: str) -> str:
    """Why a payment needs its person. Never that a card was reported lost, stolen or misused."""
    words: dict[str, str] = {
        Reason.AUTHENTICATION: _("Your bank wants you to confirm"),
        Reason.NO_CARD: _("No card is saved for this payment"),
        Reason.EXPIRED: _("Your card has expired"),
    }
    return words.get(reason, _("The payment was not approved"))


def end_words(pledge: Pledge) -> str:
    """Why a pledge ended without a charge, in a sentence."""
    is_bank = is_by_bank(pledge)
    return {
        "card_not_saved": _("The card was not saved in time, so the place was given back."),
        "target_not_reached": _("The round closed below its target. No money was asked for.")
        if is_bank
        else _("The round closed below its target. Nothing was charged."),
        "round_cancelled": _("The round was ended before its close. No money was asked for.")
        if is_bank
        else _("The round was ended before its close. Nothing was charged."),
        "not_paid": _("The transfer did not arrive in time. You owe nothing."),
    }.get(pledge.end_reason, "")


def _next_words(pledge: Pledge, shares: list[TrancheShare]) -> str:
    round_ = pledge.round
    if round_.status == RoundStatus.OPEN and pledge.status in {"active", "card_pending"}:
        return _("the round closes")
    waiting = [s for s in shares if s.tranche.status == "held"]
    if not waiting:
        return ""
    return _("milestone %(n)s is due") % {"n": waiting[0].tranche.number}


def next_day(pledge: Pledge, shares: list[TrancheShare]) -> date:
    """The city's day of what comes next."""
    waiting = [s for s in shares if s.tranche.status == "held"]
    return waiting[0].tranche.due_on if waiting else city_day(pledge.round.closes_at)


def city_day(at: datetime) -> date:
    return at.astimezone(CITY_ZONE).date()


def _bridge_words(covered: dict[int, str], card: Card) -> str:
    if not covered:
        if card.bridge is None:
            return ""
        words = (
            _("The interest expressed covers %(percent)s%% of the goal.")
            if card.is_gated
            else _("Pledges cover %(percent)s%% of the goal.")
        )
        return words % {"percent": card.bridge.percent}
    released = [str(n) for n, status in sorted(covered.items()) if status == "released"]
    held = [str(n) for n, status in sorted(covered.items()) if status == "held"]
    returned = [str(n) for n, status in sorted(covered.items()) if status == "returned"]
    parts = []
    if released:
        parts.append(_("Released: milestone %(n)s.") % {"n": ", ".join(released)})
    if held:
        parts.append(_("Held: milestone %(n)s.") % {"n": ", ".join(held)})
    if returned:
        parts.append(_("Not met, returned: milestone %(n)s.") % {"n": ", ".join(returned)})
    return " ".join(parts)


def _figures(rows: list[Row], rates: dict[str, Rate]) -> tuple[Figure, ...]:
    """The ladder; a pledge and an interest are two states, so they are never added up."""
    waiting = [row for row in rows if row.pledge.status == PledgeStatus.CARD_PENDING]
    asked = [row for row in rows if row.is_bank]
    promised = [row for row in rows if not row.is_bank and row not in waiting]
    steps = [(_("Pledged"), "pledged", promised)] if promised or not asked else []
    if waiting:  # no pledge before the card is saved; the statement, too, has no line yet
        steps.append((_("Waiting for a card"), "pledged", waiting))
    if asked:
        steps.append((_("Interest expressed"), "pledged", asked))
    labels = (paid_words(bool(asked)), _("Held"), _("Released"), _("Returned"))
    names = ("charged", "held", "released", "returned")
    steps += [(label, name, rows) for label, name in zip(labels, names, strict=True)]
    figures = []
    for label, name, counted in steps:
        exact: dict[str, int] = defaultdict(int)
        about = Decimal(0)
        for row in counted:
            money: Money = getattr(row, name)
            exact[money.currency] += money.minor
            about += _in_dong(row.pledge, money, rates)
        figures.append(
            Figure(
                label,
                tuple(Money(minor, code) for code, minor in sorted(exact.items())),
                Money(int(about.to_integral_value(rounding=ROUND_HALF_EVEN)), "VND"),
            )
        )
    return tuple(figures)


def _in_dong(pledge: Pledge, money: Money, rates: dict[str, Rate]) -> Decimal:
    """At the rate that is fixed for the pledge; of a round in dollars at the newest one."""
    if pledge.round.currency == "VND":
        return Decimal(money.minor) * pledge.target_minor / pledge.amount_minor
    if money.currency != "VND" and money.currency not in rates:
        return Decimal(0)
    return Decimal(convert(money, "VND", rates).money.minor)


# --- the timeline of one pledge ----------------------------------------------------------------


def timeline_of(pledge: Pledge, language: str) -> tuple[Happening, ...]:
    """What happened, newest first, and before it what is still to come."""
    events = list(events_of(pledge))
    tranches = list(Tranche.objects.filter(shares__pledge=pledge).select_related("milestone"))
    ids = [t.public_id for t in tranches]
    events += AuditEvent.objects.filter(subject_id__in=[*ids, pledge.round.public_id])
    parts = {t.public_id: t for t in tranches}
    done = [
        Happening(words, note, event.at, reference=event.subject_id)
        for event in sorted(events, key=lambda e: (e.at, e.pk), reverse=True)
        for words, note in [_event_words(event, parts, is_bank=is_by_bank(pledge))]
        if words
    ]
    done += _paybacks(pledge, language)
    done.sort(key=lambda h: h.at or datetime.max.replace(tzinfo=UTC), reverse=True)
    return (*_coming(pledge, tranches, language), *done)


def _paybacks(pledge: Pledge, language: str) -> list[Happening]:
    """What the owner says to have paid back since; it never passed through here."""
    if pledge.status not in PLEDGE_PAID:
        return []
    found = []
    for row in Payback.objects.filter(round=pledge.round):
        words = (
            _("The owner paid back %(sum)s to the supporters of this round, verified")
            if row.verified_at
            else _("The owner says that %(sum)s was paid back to the supporters of this round")
        )
        note = _("Day of payment: %(day)s") % {"day": format_date(row.paid_on, language)}
        found.append(
            Happening(words % {"sum": format_money(row.amount, language)}, note, row.reported_at,
                      reference=row.public_id)
        )  # fmt: skip
    return found


def _event_words(event: AuditEvent, parts: dict[str, Tranche], *, is_bank: bool) -> tuple[str, str]:
    part = parts.get(event.subject_id)
    number = {"n": part.number if part else event.data.get("milestone", "")}
    plain = {
        "pledge.confirmed": _("Interest checked and confirmed by you")
        if is_bank
        else _("Pledge checked and confirmed by you"),
        "pledge.made": _("Interest noted, no money asked for") if is_bank else _("Pledge recorded"),
        "pledge.withdrawn": _withdrawn_words(is_bank),
        "pledge.lapsed": _lapsed_words(is_bank),
        "pledge.due": _("Target reached: your bank transfer is awaited")
        if is_bank
        else _("Target reached: payment prepared"),
        "pledge.collected": _("Your transfer arrived. The money is held")
        if is_bank
        else _("Paid. The money is held"),
        "pledge.action_required": needed_words(str(event.data.get("reason", ""))),
        "pledge.retry_wait": _("The payment did not go through. We try again"),
        "pledge.dropped": _dropped_words(is_bank),
        "pledge.refunding": _("Return ordered"),
        "pledge.refunded": _("Returned"),
        "pledge.part_refunded": _("Part of it returned"),
        "round.closed": _("The round closed"),
        "round.funded": _("Enough was collected: the money is held for the milestones"),
        "round.fell_short": _("Too little was collected: everything goes back"),
        "milestone.evidence_sent": _("Milestone %(n)s: the owner sent evidence"),
        "milestone.evidence_returned": _("Milestone %(n)s: more evidence asked for"),
        "milestone.verified": _("Milestone %(n)s verified by the city"),
        "milestone.late": _("Milestone %(n)s is late. Its money stays held"),
        "milestone.failed": _("Milestone %(n)s was not met. Its money goes back"),
        "tranche.released": _("Milestone %(n)s: paid out to the owner"),
    }
    words = plain.get(event.code, "")
    return (words % number if "%(n)s" in words else words), ""


def _coming(pledge: Pledge, tranches: list[Tranche], language: str) -> list[Happening]:
    coming = []
    for tranche in reversed([t for t in tranches if t.status == "held"]):
        words = _("Milestone %(n)s is due") % {"n": tranche.number}
        coming.append(Happening(words, format_date(tranche.due_on, language), None, True))
    if pledge.status in {"active", "card_pending", "due"} and not tranches:
        ends_at = withdrawal_ends_at(pledge)
        words = (
            _("Target reached: you are asked for a bank transfer. Not reached: your interest ends")
            if is_by_bank(pledge)
            else _("Target reached: payment. Not reached: the pledge ends, no charge")
        )
        coming.append(Happening(words, "", ends_at, True))
        coming.append(Happening(_("The time to withdraw ends"), "", ends_at, True))
    return coming

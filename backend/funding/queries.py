"""Reading rounds and pledges, and exchange rates as stored, dated, sourced facts."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from backend.core.clock import app_now
from backend.core.errors import Conflict, NotFound
from backend.core.money import Money, convert_minor
from backend.funding.models import (
    BankReturn,
    FxRate,
    Payback,
    Pledge,
    ProfessionalClaim,
    Round,
)
from backend.funding.workflow import PledgeStatus, RoundStatus
from backend.projects.models import Project
from backend.projects.workflow import OF_A_ROUND, Status


@dataclass(frozen=True)
class Rate:
    """How many units of `quote` one unit of `base` is worth, from where and when."""

    base: str
    quote: str
    rate: Decimal
    as_of: datetime
    source: str
    is_sample: bool
    row_id: int = 0


@dataclass(frozen=True)
class Conversion:
    """A sum in another currency with the rate that was used (None when none was needed)."""

    money: Money
    rate: Rate | None


def latest_rates(quote: str = "VND") -> dict[str, Rate]:
    """The newest rate of every currency to `quote`, by base currency. One query."""
    rows = FxRate.objects.filter(quote=quote).order_by("base", "-as_of", "-id").distinct("base")
    return {
        row.base: Rate(row.base, quote, row.rate, row.as_of, row.source, row.is_sample, row.pk)
        for row in rows
    }


def convert(money: Money, to: str, rates: dict[str, Rate] | None = None) -> Conversion:
    """Convert through VND with the newest stored rates, rounding half to even once at the end.

    Raises Conflict (`no_rate`) when a currency has no stored rate.
    """
    if money.currency == to:
        return Conversion(money, None)
    known = latest_rates() if rates is None else rates
    used = [known.get(c) for c in (money.currency, to) if c != "VND"]
    if any(rate is None for rate in used):
        raise Conflict(_("There is no exchange rate for this currency yet."), code="no_rate")
    factor = _to_vnd(money.currency, known) / _to_vnd(to, known)
    minor = convert_minor(money.minor, money.currency, to, factor)
    oldest = min((r for r in used if r is not None), key=lambda r: r.as_of)
    return Conversion(Money(minor, to), oldest)


def _to_vnd(currency: str, rates: dict[str, Rate]) -> Decimal:
    return Decimal(1) if currency == "VND" else rates[currency].rate


def current_round_of(project: Project) -> Round | None:
    """The newest round that was opened, whatever became of it."""
    rows = Round.objects.filter(project=project).exclude(status=RoundStatus.DRAFT)
    return rows.order_by("-id").first()


def open_rounds() -> QuerySet[Round]:
    """Rounds that take pledges."""
    return Round.objects.filter(status=RoundStatus.OPEN)


def closed_to_pledges() -> QuerySet[Project]:
    """Listed projects that had a round and have none that takes pledges now. A call of others never
    had one; a project whose round is still to come is not closed."""
    had_one = Project.objects.filter(
        status=Status.LISTED, public_status__in=[s.value for s in OF_A_ROUND]
    )
    return had_one.exclude(pk__in=open_rounds().values("project_id"))


def pledge_for(user: Any, public_id: str) -> Pledge:
    """One's own pledge; everybody else's is absent."""
    found = (
        Pledge.objects.select_related("round__project__owner", "investor")
        .filter(public_id=public_id, investor_id=getattr(user, "pk", None))
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def pledges_of(user: Any) -> QuerySet[Pledge]:
    """What the person promised, newest first; drafts are no promise."""
    rows = Pledge.objects.filter(investor=user, confirmed_at__isnull=False)
    return rows.select_related("round__project").order_by("-confirmed_at", "-id")


def drafts_of(user: Any) -> QuerySet[Pledge]:
    """Pledges that were begun for a round that is still open."""
    rows = Pledge.objects.filter(
        investor=user, status=PledgeStatus.DRAFT, round__status=RoundStatus.OPEN
    )
    return rows.select_related("round__project").order_by("-id")


def return_for(user: Any, public_id: str) -> BankReturn:
    """A sum that is owed to this person by bank; everybody else's is absent."""
    found = (
        BankReturn.objects.select_related("pledge__round__project", "pledge__investor")
        .filter(public_id=public_id, pledge__investor_id=getattr(user, "pk", None))
        .first()
    )
    if found is None:
        raise NotFound()
    return found


def claims_of(user: Any) -> QuerySet[ProfessionalClaim]:
    """What the person claimed to be, newest first."""
    return ProfessionalClaim.objects.filter(user=user).order_by("-claimed_at", "-id")


@dataclass(frozen=True)
class PaidBackMonth:
    """What owners reported to have paid back with payment days in one month: claimed, or verified
    by an officer. In đồng; none of it passed through here."""

    month: str
    is_verified: bool
    sum: Money
    rounds: int


def paid_back_by_month(*, until: datetime | None = None) -> list[PaidBackMonth]:
    """For the public flows: every month with a report, oldest first; as it stood at `until`."""
    at = until or app_now()
    rows = (
        Payback.objects.filter(currency="VND", reported_at__lte=at)
        .annotate(
            month=TruncMonth("paid_on"),
            verified=Q(verified_at__isnull=False, verified_at__lte=at),
        )
        .values("month", "verified")
        .annotate(total=Sum("amount_minor"), rounds=Count("round", distinct=True))
        .order_by("month", "verified")
    )
    return [
        PaidBackMonth(f"{r['month']:%Y-%m}", r["verified"], Money(r["total"], "VND"), r["rounds"])
        for r in rows
    ]

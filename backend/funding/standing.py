"""Where one person stands against the rules for one sum in one round. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core.errors import Conflict
from backend.core.money import MINOR_DIGITS, Money, from_major
from backend.funding import eligibility
from backend.funding.models import (
    Acknowledgement,
    InvestorFigures,
    KnowledgeCheck,
    Pledge,
    ProfessionalClaim,
    Round,
)
from backend.funding.queries import Rate, convert, latest_rates
from backend.funding.workflow import PLEDGE_LIVE
from backend.projects import queries as projects
from backend.projects.models import Project

YEAR = timedelta(days=365)


@dataclass(frozen=True)
class LimitLeft:
    """One limit in its own currency: what it allows and what is left of it now."""

    rule_id: str
    most: Money
    left: Money


@dataclass(frozen=True)
class Standing:
    """`todo` names the steps that are still to be taken, in their order."""

    needs: eligibility.Requirements
    country: str
    todo: tuple[str, ...]
    knowledge: KnowledgeCheck | None
    figures: InvestorFigures | None
    worth: Money | None
    bearable: Money | None
    warn_above: Money | None
    limits: tuple[LimitLeft, ...]
    is_professional: bool
    people_are_full: bool

    @property
    def tightest(self) -> LimitLeft | None:
        return min(self.limits, key=lambda x: x.left.minor / x.most.minor if x.most.minor else 0,
                   default=None)  # fmt: skip


class NoRuleHolds(Conflict):
    """The rule data says of this form on this day nothing about how money comes in."""

    code = "no_rule"
    message = _(
        "No rule in force says how money may come in for this form, so nothing can be pledged "
        "now. Nothing was charged. The office that keeps the rules can tell you more."
    )


def requirements_on(
    country: str, instrument: str, on: date, lifted: frozenset[str] = frozenset()
) -> eligibility.Requirements:
    """The strictest of all rules of that day. Raises NoRuleHolds where they have a gap."""
    try:
        return eligibility.requirements(country, instrument, on, lifted=lifted)
    except LookupError as gap:
        raise NoRuleHolds() from gap


def requirements_for(user: User, instrument: str, on: date) -> eligibility.Requirements:
    """What the rules ask of this person on that day."""
    return requirements_on(country_of(user), instrument, on, lifted_for(user, instrument, on))


def lifted_for(user: User, instrument: str, on: date) -> frozenset[str]:
    """Whose rules do not bind this person: by statuses that an officer confirmed. Rules on gifts
    know no classes, so nothing is asked of the database for them."""
    if instrument not in eligibility.SECURITY_LIKE:
        return frozenset()
    return eligibility.lifted_by(row.investor_class for row in statuses_of(user, on))


def statuses_of(user: User, on: date) -> list[ProfessionalClaim]:
    """Confirmed and not over."""
    rows = ProfessionalClaim.objects.filter(
        user=user, outcome=ProfessionalClaim.Outcome.CONFIRMED, valid_until__gte=on
    )
    return list(rows.order_by("-valid_until", "-id"))


def country_of(user: User) -> str:
    profile = getattr(user, "profile", None)
    return profile.country if profile is not None else ""


def standing_of(
    user: User, round_: Round, money: Money, at: datetime, pledge: Pledge | None = None
) -> Standing:
    """`money` is the sum that the person wants to pledge; `pledge` the draft it belongs to."""
    country = country_of(user)
    lifted = lifted_for(user, round_.instrument, at.date())
    needs = requirements_on(country, round_.instrument, at.date(), lifted)
    rates = latest_rates()
    figures = figures_of(user, at) if needs.needs_figures else None
    knowledge = _knowledge(user, needs, at)
    worth = _worth(figures)
    warn_above = _warn_above(needs, worth, rates)
    given = _given(pledge, money)
    todo = []
    if not country:
        todo.append("country")
    if needs.knowledge_years and (knowledge is None or _is_unread(knowledge)):
        todo.append("knowledge")
    if needs.needs_figures and figures is None:
        todo.append("figures")
    if needs.loss_share is not None and Acknowledgement.Kind.LOSS_SIMULATION not in given:
        todo.append("loss")
    if _is_above(money, warn_above, rates) and Acknowledgement.Kind.EXTRA_WARNING not in given:
        todo.append("warning")
    return Standing(
        needs=needs,
        country=country,
        todo=tuple(todo),
        knowledge=knowledge,
        figures=figures,
        worth=worth,
        bearable=_bearable(needs, worth),
        warn_above=warn_above,
        limits=_limits(user, round_, needs, figures, rates, at),
        is_professional=eligibility.NON_PROFESSIONAL in lifted,
        people_are_full=eligibility.NON_PROFESSIONAL not in lifted
        and _people_are_full(user, round_),
    )


def _is_above(money: Money, threshold: Money | None, rates: dict[str, Rate]) -> bool:
    return threshold is not None and convert(money, threshold.currency, rates).money > threshold


def _is_unread(check: KnowledgeCheck) -> bool:
    return bool(check.wrong) and check.acknowledged_at is None


def figures_of(user: User, at: datetime) -> InvestorFigures | None:
    """Told within the last year: means change."""
    rows = InvestorFigures.objects.filter(user=user, told_at__gt=at - YEAR)
    return rows.order_by("-told_at", "-id").first()


def _knowledge(user: User, needs: eligibility.Requirements, at: datetime) -> KnowledgeCheck | None:
    if not needs.knowledge_years:
        return None
    rows = KnowledgeCheck.objects.filter(user=user, taken_at__gt=at - needs.knowledge_years * YEAR)
    return rows.order_by("-taken_at", "-id").first()


def _given(pledge: Pledge | None, money: Money) -> set[str]:
    """What was acknowledged for this very sum."""
    if pledge is None or pledge.pk is None or pledge.currency != money.currency:
        return set()
    rows = Acknowledgement.objects.filter(pledge=pledge, amount_minor=money.minor)
    return set(rows.values_list("kind", flat=True))


def _worth(figures: InvestorFigures | None) -> Money | None:
    if figures is None:
        return None
    minor = figures.income_minor + figures.liquid_minor - figures.commitments_minor
    return Money(minor, figures.currency)


def _bearable(needs: eligibility.Requirements, worth: Money | None) -> Money | None:
    if worth is None or needs.loss_share is None:
        return None
    loss = eligibility.bearable_loss(Decimal(worth.minor), needs.loss_share)
    return Money(int(loss), worth.currency)


def _warn_above(
    needs: eligibility.Requirements, worth: Money | None, rates: dict[str, Rate]
) -> Money | None:
    if needs.warn_above is None or worth is None:
        return None
    currency = eligibility.warning_currency(needs.warn_above)
    own = convert(worth, currency, rates).money
    exact = eligibility.warning_threshold(needs.warn_above, own.major)
    # A share of a sum need not be whole cents; down is the stricter way.
    cents = exact.scaleb(MINOR_DIGITS[currency]).to_integral_value(rounding=ROUND_DOWN)
    return Money(int(cents), currency)


def _limits(
    user: User,
    round_: Round,
    needs: eligibility.Requirements,
    figures: InvestorFigures | None,
    rates: dict[str, Rate],
    at: datetime,
) -> tuple[LimitLeft, ...]:
    found = []
    for limit in needs.limits:
        if limit.table and figures is None:
            continue
        income, worth = Decimal(0), Decimal(0)
        if figures is not None:
            income = _in(figures.income_minor, figures.currency, limit.currency, rates)
            own = _worth(figures)
            assert own is not None
            worth = _in(own.minor, own.currency, limit.currency, rates)
        most = from_major(eligibility.limit_of(limit, income=income, worth=worth), limit.currency)
        used = _used(user, round_, limit.per_project, limit.currency, rates, at)
        left = Money(max(0, most.minor - used), limit.currency)
        found.append(LimitLeft(limit.rule_id, most, left))
    return tuple(found)


def _in(minor: int, currency: str, wanted: str, rates: dict[str, Rate]) -> Decimal:
    return convert(Money(minor, currency), wanted, rates).money.major


def _used(
    user: User,
    round_: Round,
    per_project: bool,
    currency: str,
    rates: dict[str, Rate],
    at: datetime,
) -> int:
    """What the person promised to security-like projects in the last twelve months."""
    rows = Pledge.objects.filter(
        Q(round__project_id=round_.project_id) if per_project else Q(),
        investor=user,
        status__in=sorted(PLEDGE_LIVE),
        confirmed_at__gt=at - YEAR,
        round__instrument__in=sorted(eligibility.SECURITY_LIKE),
    )
    total = 0
    for minor, code in rows.values_list("amount_minor", "currency"):
        total += convert(Money(minor, code), currency, rates).money.minor
    return total


def _people_are_full(user: User, round_: Round) -> bool:
    if round_.people_limit is None or round_.reserved_people < round_.people_limit:
        return False
    live = Pledge.objects.filter(round=round_, investor=user, status__in=sorted(PLEDGE_LIVE))
    return not live.exists()


def may_see_terms(user: Any, project: Project) -> bool:
    """Whether terms may be shown to this person (product rule 2): of contributions and rewards to
    everybody; of the other forms to whoever said where they live, where the rules offer it."""
    if projects.may_see_terms(user, project):
        return True
    if not getattr(user, "is_authenticated", False) or not project.instrument:
        return False
    country = country_of(user)
    if not country:
        return False
    try:
        return requirements_for(user, project.instrument, timezone.localdate()).is_offered
    except NoRuleHolds:
        return False

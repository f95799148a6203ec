"""When a redirect plan runs and how much it may pledge. Pure.

A period is a month of the plan's own calendar, named by its first day. It is due at nine in the
morning of the chosen day in the plan's time zone; the 31st of a shorter month is its last day.
Every period runs at most once. After a gap only the newest period runs: the older ones are missed,
because two months charged at once is not what anybody agreed to.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from backend.core.money import Money
from backend.remittances.calculator import MAX_SHARE_BPS, MIN_SHARE_BPS, share_of

HOUR = 9
MIN_VETO_DAYS, MAX_VETO_DAYS = 3, 14


class WhenNothing(StrEnum):
    """What becomes of a sum that found no project."""

    WAIT = "wait"
    CARRY = "carry"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Schedule:
    """`day` 1 to 31 in `zone`; the proposal comes `veto_days` before."""

    day: int
    zone: str
    veto_days: int = 5


def period_of(at: datetime, zone: str) -> date:
    """The month that an instant lies in, on the calendar of that zone."""
    local = at.astimezone(ZoneInfo(zone))
    return date(local.year, local.month, 1)


def next_period(period: date) -> date:
    return (period.replace(day=28) + timedelta(days=4)).replace(day=1)


def due_on(period: date, day: int) -> date:
    """The chosen day of that month, or its last day when the month is shorter."""
    return period.replace(day=min(day, monthrange(period.year, period.month)[1]))


def due_at(period: date, schedule: Schedule) -> datetime:
    """The instant (UTC) at which the period's pledges are made.

    Clocks that are put forward or back do so at night, never at nine in the morning; were a zone
    to do it, the earlier of two equal hours counts.
    """
    on = due_on(period, schedule.day)
    local = datetime(on.year, on.month, on.day, HOUR, tzinfo=ZoneInfo(schedule.zone))
    return local.astimezone(UTC)


def proposal_at(period: date, schedule: Schedule) -> datetime:
    """When the proposal is made: that many days of twenty-four hours before."""
    return due_at(period, schedule) - timedelta(days=schedule.veto_days)


def pledges_at(period: date, schedule: Schedule, proposed_at: datetime) -> datetime:
    """When the pledges are made: a late proposal keeps its whole time to remove projects."""
    return max(due_at(period, schedule), proposed_at + timedelta(days=schedule.veto_days))


def periods_from(started_at: datetime, schedule: Schedule) -> Iterator[date]:
    """Every period of a plan that began at `started_at`: those whose proposal lies after it."""
    # A month early, since the proposal of the 1st is made in the month before.
    period = period_of(started_at, schedule.zone)
    while True:
        if proposal_at(period, schedule) >= started_at:
            yield period
        period = next_period(period)


@dataclass(frozen=True)
class Due:
    """What a look at the calendar finds: the period to propose now, those that were missed."""

    period: date | None
    missed: tuple[date, ...]


def due_periods(
    schedule: Schedule, *, started_at: datetime, at: datetime, last: date | None
) -> Due:
    """Periods after `last` whose proposal time has come; only the newest is proposed."""
    found: list[date] = []
    for period in periods_from(started_at, schedule):
        if proposal_at(period, schedule) > at:
            break
        if last is None or period > last:
            found.append(period)
    return Due(found[-1], tuple(found[:-1])) if found else Due(None, ())


def next_proposal(
    schedule: Schedule, *, started_at: datetime, at: datetime, last: date | None
) -> tuple[date, datetime]:
    """The coming period and the instant of its proposal."""
    for period in periods_from(max(started_at, at), schedule):
        if last is None or period > last:
            return period, proposal_at(period, schedule)
    raise AssertionError("a calendar has no end")


@dataclass(frozen=True)
class Rules:
    """What an investor fixed. Either `share_bps` or `fixed` is given; all sums in one currency.

    `project_cap` and `field_cap` bound one period, `project_total_cap` all periods together,
    `year_cap` a calendar year of the plan's zone, `carry_cap` what may be carried over.
    """

    sent: Money
    share_bps: int | None
    fixed: Money | None
    project_cap: Money
    year_cap: Money
    field_cap: Money | None = None
    project_total_cap: Money | None = None
    when_nothing: WhenNothing = WhenNothing.NOTHING
    carry_cap: Money | None = None


def share_sum(rules: Rules) -> Money:
    """What one period sets aside: the share, rounded down, or the fixed sum."""
    if rules.fixed is not None:
        return rules.fixed
    return share_of(rules.sent, rules.share_bps or 0)


def available(rules: Rules, *, carried: Money, pledged_this_year: Money) -> Money:
    """The most that a period may pledge: share and carry-over, within the year's cap."""
    left = rules.year_cap - pledged_this_year
    sum_ = share_sum(rules) + carried
    return max(Money(0, sum_.currency), min(sum_, left))


def carry_over(rules: Rules, *, available: Money, proposed: Money) -> Money:
    """What found no project and goes to the next period; what a person removed stays with them."""
    nothing = Money(0, available.currency)
    if rules.when_nothing != WhenNothing.CARRY or rules.carry_cap is None:
        return nothing
    return max(nothing, min(available - proposed, rules.carry_cap))


def contradictions(rules: Rules) -> list[tuple[str, str]]:
    """(field, code) of what cannot hold together; empty when the rules are sound."""
    found: list[tuple[str, str]] = []
    if (rules.share_bps is None) == (rules.fixed is None):
        found.append(("share", "share_or_fixed"))
    elif rules.fixed is not None and not 0 < rules.fixed.minor < rules.sent.minor:
        found.append(("fixed", "fixed_within_sent"))
    elif rules.share_bps is not None and not MIN_SHARE_BPS <= rules.share_bps <= MAX_SHARE_BPS:
        found.append(("share", "share_range"))
    if found:
        return found
    each = share_sum(rules)
    if each.minor <= 0:
        return [("share", "share_too_small")]
    if rules.year_cap < each:
        found.append(("year_cap", "year_below_one_period"))
    if rules.project_cap > rules.year_cap:
        found.append(("project_cap", "project_above_year"))
    if rules.field_cap is not None and rules.field_cap < rules.project_cap:
        found.append(("field_cap", "field_below_project"))
    if rules.project_total_cap is not None and rules.project_total_cap < rules.project_cap:
        found.append(("project_total_cap", "total_below_project"))
    if (rules.when_nothing == WhenNothing.CARRY) != (rules.carry_cap is not None):
        found.append(("carry_cap", "carry_needs_cap"))
    return found

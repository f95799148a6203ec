"""Calendars and sums of redirect plans, over years, in the zones of the twelve large corridors."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.core.money import Money
from backend.projects import taxonomy
from backend.remittances import corridors
from backend.remittances.plan import (
    Rules,
    Schedule,
    WhenNothing,
    available,
    carry_over,
    contradictions,
    due_at,
    due_on,
    due_periods,
    next_proposal,
    periods_from,
    pledges_at,
    proposal_at,
    share_sum,
)

ZONES = sorted({zone for c in corridors.large_corridors() for zone in c.zones})
schedules = st.builds(
    Schedule, st.integers(1, 31), st.sampled_from(ZONES), veto_days=st.integers(3, 14)
)
starts = st.datetimes(
    datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)
)  # fmt: skip


def usd(amount: int) -> Money:
    return Money(amount * 100, "USD")


def test_there_are_twelve_large_corridors_with_known_names_and_zones() -> None:
    assert len(corridors.large_corridors()) == 12
    for corridor in corridors.corridors().values():
        assert taxonomy.is_known("country", corridor.country)
        for zone in corridor.zones:
            ZoneInfo(zone)


@given(schedules, starts, st.lists(st.integers(1, 40 * 24), min_size=1, max_size=60))
@settings(max_examples=150, deadline=None)
def test_each_period_runs_at_most_once_however_seldom_somebody_looks(
    schedule: Schedule, start: datetime, gaps_h: list[int]
) -> None:
    """Looks at random hours over years: no period twice, none before its time, order kept."""
    at, last, ran = start, None, []
    for gap in gaps_h:
        at += timedelta(hours=gap)
        due = due_periods(schedule, started_at=start, at=at, last=last)
        for period in (*due.missed, *([due.period] if due.period else [])):
            assert last is None or period > last
            assert start <= proposal_at(period, schedule) <= at
            last = period
        if due.period:
            ran.append(due.period)
            following = next_proposal(schedule, started_at=start, at=at, last=last)
            assert following[0] > due.period
            # The newest one: the following period's time has not come.
            assert following[1] > at
    assert len(set(ran)) == len(ran)


@given(schedules, starts)
@settings(max_examples=150, deadline=None)
def test_looked_at_every_hour_every_month_runs(schedule: Schedule, start: datetime) -> None:
    periods = periods_from(start, schedule)
    three_years = [next(periods) for _ in range(36)]
    for before, after in pairwise(three_years):
        assert (after.year - before.year) * 12 + after.month - before.month == 1
        gap = due_at(after, schedule) - due_at(before, schedule)
        # 28 to 31 days, an hour more or less where the clocks change.
        assert timedelta(days=28, hours=-1) <= gap <= timedelta(days=31, hours=1)
        local = due_at(after, schedule).astimezone(ZoneInfo(schedule.zone))
        assert (local.hour, local.minute) == (9, 0)
        assert local.date() == due_on(after, schedule.day)


@pytest.mark.parametrize(
    ("period", "day", "on"),
    [
        (date(2027, 2, 1), 31, date(2027, 2, 28)), (date(2028, 2, 1), 30, date(2028, 2, 29)),
        (date(2027, 4, 1), 31, date(2027, 4, 30)), (date(2027, 12, 1), 31, date(2027, 12, 31)),
        (date(2027, 2, 1), 28, date(2027, 2, 28)),
    ],
)  # fmt: skip
def test_the_31st_of_a_shorter_month_is_its_last_day(period: date, day: int, on: date) -> None:
    assert due_on(period, day) == on


def test_nine_in_the_morning_stays_nine_when_the_clocks_change() -> None:
    schedule = Schedule(8, "America/Los_Angeles")
    assert due_at(date(2027, 2, 1), schedule).hour == 17
    assert due_at(date(2027, 4, 1), schedule).hour == 16
    assert due_at(date(2027, 3, 1), Schedule(14, "America/New_York")).hour == 13


def test_three_missed_days_run_late_and_keep_the_whole_time_to_remove() -> None:
    schedule = Schedule(10, "Asia/Tokyo", veto_days=5)
    period = date(2027, 3, 1)
    late = proposal_at(period, schedule) + timedelta(days=3)
    due = due_periods(schedule, started_at=datetime(2027, 2, 20, tzinfo=UTC), at=late, last=None)
    assert due.period == period
    assert not due.missed
    assert pledges_at(period, schedule, late) == late + timedelta(days=5)


def test_after_two_missed_months_only_the_newest_runs() -> None:
    schedule = Schedule(10, "Asia/Seoul")
    due = due_periods(
        schedule,
        started_at=datetime(2027, 1, 20, tzinfo=UTC),
        at=datetime(2027, 4, 9, tzinfo=UTC),
        last=None,
    )
    assert due.period == date(2027, 4, 1)
    assert due.missed == (date(2027, 2, 1), date(2027, 3, 1))


def rules(**changes: object) -> Rules:
    base: dict[str, object] = {
        "sent": usd(500), "share_bps": 1000, "fixed": None, "project_cap": usd(30),
        "year_cap": usd(600),
    }  # fmt: skip
    return Rules(**(base | changes))  # type: ignore[arg-type]


@given(
    st.integers(100, 10**9), st.integers(100, 9900), st.integers(0, 10**8),
    st.lists(st.integers(0, 100), min_size=1, max_size=60), st.integers(1, 10**8),
)  # fmt: skip
@settings(deadline=None)
def test_years_of_runs_never_pass_share_carry_or_year(
    sent: int, bps: int, carry_cap: int, used: list[int], year_cap: int
) -> None:
    plan = rules(
        sent=Money(sent, "USD"), share_bps=bps, year_cap=Money(year_cap, "USD"),
        when_nothing=WhenNothing.CARRY, carry_cap=Money(carry_cap, "USD"),
    )  # fmt: skip
    zero = Money(0, "USD")
    carried, this_year, total = zero, zero, zero
    for month, percent in enumerate(used):
        if month % 12 == 0:
            this_year = zero
        most = available(plan, carried=carried, pledged_this_year=this_year)
        assert zero <= most <= share_sum(plan) + carried
        pledged = Money(most.minor * percent // 100, "USD")
        this_year, total = this_year + pledged, total + pledged
        carried = carry_over(plan, available=most, proposed=pledged)
        assert carried.minor <= carry_cap
        assert this_year <= plan.year_cap
        assert total.minor * 10_000 <= sent * bps * (month + 1)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"share_bps": None}, [("share", "share_or_fixed")]),
        ({"fixed": usd(50)}, [("share", "share_or_fixed")]),
        ({"share_bps": None, "fixed": usd(500)}, [("fixed", "fixed_within_sent")]),
        ({"share_bps": 0}, [("share", "share_range")]),
        ({"share_bps": 10_000}, [("share", "share_range")]),
        ({"share_bps": 10_100}, [("share", "share_range")]),
        ({"sent": Money(50, "USD"), "share_bps": 100}, [("share", "share_too_small")]),
        ({"year_cap": usd(49)}, [("year_cap", "year_below_one_period")]),
        ({"project_cap": usd(700)}, [("project_cap", "project_above_year")]),
        ({"field_cap": usd(29)}, [("field_cap", "field_below_project")]),
        ({"project_total_cap": usd(29)}, [("project_total_cap", "total_below_project")]),
        ({"carry_cap": usd(29)}, [("carry_cap", "carry_needs_cap")]),
        ({"when_nothing": WhenNothing.CARRY}, [("carry_cap", "carry_needs_cap")]),
    ],
)  # fmt: skip
def test_rules_that_contradict_each_other_are_named(
    changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert contradictions(rules(**changes)) == expected

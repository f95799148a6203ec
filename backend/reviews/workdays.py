"""Working days of Ho Chi Minh City. Pure.

Weekends and public holidays are free (the `holidays` library knows Tết, Hùng Kings' day and the
days that the government moves); the office may add days off and working Saturdays as data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

LONGEST = 4_000
ONE = timedelta(days=1)


@lru_cache(maxsize=64)
def _public(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("VN", years=year))


@dataclass(frozen=True)
class WorkCalendar:
    """`off` are days the office adds, `on` are days it works although they would be free."""

    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()

    def is_working(self, day: date) -> bool:
        if day in self.on:
            return True
        return day.weekday() < 5 and day not in self.off and day not in _public(day.year)

    def add(self, day: date, count: int) -> date:
        """The `count`-th working day after `day` (before it when negative). The day itself is not
        counted; with 0 it is the day, or the next working day if that is free."""
        if count == 0:
            while not self.is_working(day):
                day += ONE
            return day
        step, left = (ONE if count > 0 else -ONE), abs(count)
        for _ in range(LONGEST):
            day += step
            left -= self.is_working(day)
            if left == 0:
                return day
        raise ValueError(f"{count} working days are too many")

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` is before."""
        if end < start:
            return -self.between(end, start)
        return sum(self.is_working(day) for day in _days(start, end))

    def week_end(self, day: date) -> date:
        """The last day of the week of `day` (Sunday)."""
        return day + timedelta(days=6 - day.weekday())


def _days(start: date, end: date) -> Iterator[date]:
    for number in range(1, min((end - start).days, LONGEST) + 1):
        yield start + timedelta(days=number)

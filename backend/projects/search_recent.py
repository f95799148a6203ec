"""Where the newest rows are: days or months that a search reads before all others.

A common word stands in thousands of rows, and a page shows the twenty newest. Every vector holds
the day and the month of its listing, so the index itself can leave out what is older; only a search
that finds too few there reads on. Whatever the days are, the order is the same: they decide what is
read first, never what comes first.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from django.core.cache import caches
from django.db import connection

# Enough that a word in a hundredth of the rows fills its page here.
NEWEST_ROWS: Final = 2_000
MAX_DAYS: Final = 31
MAX_MONTHS: Final = 24
# The days may be old: they cost time then, and no correctness.
FRESH_S: Final = 600
_KEY: Final = "search:recent"
_BOUNDS: Final = """
SELECT max(listed_at), min(listed_at), count(*) FROM (
    SELECT listed_at FROM projects_projectsearch WHERE shelf = 1
    ORDER BY listed_at DESC, tie DESC LIMIT %s
) AS newest
"""


def lexemes_of(listed_at: datetime) -> tuple[str, str]:
    """The day and the month of a listing as words of its vector (UTC; no text can hold them)."""
    when = listed_at.astimezone(UTC)
    return f"@{when:%Y%m%d}", f"@{when:%Y%m}"


def recent_lexemes() -> tuple[str, ...]:
    """Days (or months, when those would be many) of the newest rows; none on a small list.

    At most FRESH_S seconds old, by one short query of the index of the list.
    """
    kept: tuple[str, ...] | None = caches["memory"].get(_KEY)
    if kept is None:
        with connection.cursor() as cursor:
            cursor.execute(_BOUNDS, [NEWEST_ROWS])
            newest, oldest, count = cursor.fetchone()
        kept = _between(oldest, newest) if count == NEWEST_ROWS else ()
        caches["memory"].set(_KEY, kept, FRESH_S)
    return kept


def _between(oldest: datetime, newest: datetime) -> tuple[str, ...]:
    first, last = oldest.astimezone(UTC).date(), newest.astimezone(UTC).date()
    days = (last - first).days + 1
    if days <= MAX_DAYS:
        return tuple(f"@{first + timedelta(number):%Y%m%d}" for number in range(days))
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    if months > MAX_MONTHS:
        return ()
    numbers = range(first.month - 1, first.month - 1 + months)
    return tuple(f"@{first.year + n // 12}{n % 12 + 1:02d}" for n in numbers)

"""Exchange rates as a file: read row by row, with what is wrong beside each row. Pure.

One row per rate: `base,quote,rate,as_of,source,sample`. `rate` is how many units of `quote` (VND)
one unit of `base` is worth, with a point and no thousands mark; `as_of` an ISO day or moment (a day
means its beginning in Ho Chi Minh City); `sample` yes or no. Sources other than a file are adapters
(`RateSource`) that give the same rows.
"""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Protocol

from backend.core.formats import CITY_ZONE
from backend.core.money import MINOR_DIGITS
from backend.core.text import clean_text

COLUMNS = ("base", "quote", "rate", "as_of", "source", "sample")
QUOTE = "VND"
MOST_ROWS = 2000
MOST_BYTES = 256 * 1024
MOST_RATE = Decimal(10) ** 9
LEAST_RATE = Decimal("0.0000000001")
MOST_SOURCE = 120
# A rate that moved by more than this against the newest known one is looked at by a person.
JUMP = Decimal("0.2")
YES, NO = {"yes", "true", "1", "có"}, {"", "no", "false", "0", "không"}


@dataclass(frozen=True)
class ReadRate:
    base: str
    rate: Decimal
    as_of: datetime
    source: str
    is_sample: bool


@dataclass(frozen=True)
class RateRow:
    """One line of the file: its number, what it says, what is wrong (codes), and how far it is
    from the newest known rate (None where there is none)."""

    line: int
    texts: tuple[str, ...]
    rate: ReadRate | None
    problems: tuple[str, ...]
    jump: Decimal | None


@dataclass(frozen=True)
class RateFile:
    rows: tuple[RateRow, ...]
    problem: str
    sha256: str

    @property
    def is_good(self) -> bool:
        return bool(self.rows) and not self.problem and not any(r.problems for r in self.rows)

    @property
    def jumps(self) -> tuple[RateRow, ...]:
        return tuple(r for r in self.rows if r.jump is not None and abs(r.jump) > JUMP)


class RateSource(Protocol):
    """Where rates come from each day: a bank's feed, a file that somebody puts there."""

    def read(self) -> str:
        """The newest rates as the text of such a file; OSError when they cannot be had."""


@dataclass(frozen=True)
class FileSource:
    """A file on this machine that another program renews each day."""

    path: str

    def read(self) -> str:
        return Path(self.path).read_text(encoding="utf-8")


def read_rates(text: str, known: Mapping[str, Decimal], now: datetime) -> RateFile:
    """Every row of `text`; nothing is stored. `known`: the newest rate of each base."""
    sha256 = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    if len(text.encode("utf-8", "replace")) > MOST_BYTES:
        return RateFile((), "too_large", sha256)
    lines = list(csv.reader(io.StringIO(clean_text(text.lstrip("\ufeff")), newline="")))
    lines = [[cell.strip() for cell in line] for line in lines if any(map(str.strip, line))]
    if not lines or tuple(cell.lower() for cell in lines[0][:5]) != COLUMNS[:5]:
        return RateFile((), "columns", sha256)
    if len(lines) - 1 > MOST_ROWS:
        return RateFile((), "too_many", sha256)
    seen: set[tuple[str, datetime, str]] = set()
    rows = tuple(
        _row(number, line, known, now, seen) for number, line in enumerate(lines[1:], start=2)
    )
    return RateFile(rows, "" if rows else "empty", sha256)


def _row(
    number: int,
    line: list[str],
    known: Mapping[str, Decimal],
    now: datetime,
    seen: set[tuple[str, datetime, str]],
) -> RateRow:
    texts = tuple((line + [""] * len(COLUMNS))[: len(COLUMNS)])
    base, quote, rate_text, day_text, source, sample = texts
    base, problems = base.upper(), []
    if base not in MINOR_DIGITS or base == QUOTE:
        problems.append("base")
    if quote.upper() != QUOTE:
        problems.append("quote")
    rate = _decimal(rate_text)
    if rate is None:
        problems.append("rate")
    as_of = _moment(day_text)
    if as_of is None:
        problems.append("as_of")
    elif as_of > now:
        problems.append("ahead")
    if not 0 < len(source) <= MOST_SOURCE:
        problems.append("source")
    if sample.lower() not in YES | NO:
        problems.append("sample")
    if as_of is not None and (key := (base, as_of, source)) in seen:
        problems.append("twice")
    elif as_of is not None:
        seen.add(key)
    if problems or rate is None or as_of is None:
        return RateRow(number, texts, None, tuple(problems), None)
    before = known.get(base)
    jump = None if before is None else rate / before - 1
    read = ReadRate(base, rate, as_of, source, sample.lower() in YES)
    return RateRow(number, texts, read, (), jump)


def _decimal(text: str) -> Decimal | None:
    """A plain decimal number; anything that could be read two ways is none."""
    if not text.isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 24:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    exact = value == value.quantize(LEAST_RATE) if value < MOST_RATE else False
    return value if exact and value >= LEAST_RATE else None


def _moment(text: str) -> datetime | None:
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time.min, CITY_ZONE)
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=CITY_ZONE)

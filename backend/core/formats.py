"""Numbers, money and dates as a reader of each language expects them. Pure.

Rules: interface.md 6 and language.md V6/E6 of the design. ₫ and currency codes stand after the
number with a no-break space in both languages.
"""

import re
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from zoneinfo import ZoneInfo

from backend.core.money import MINOR_DIGITS, SHOWN_DIGITS, Money

NBSP = "\u00a0"
CITY_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
# Long amounts: the largest step that leaves at least one whole unit.
STEPS = (
    (12, {"vi": "nghìn\u00a0tỷ", "en": "trillion"}),
    (9, {"vi": "tỷ", "en": "billion"}),
    (6, {"vi": "triệu", "en": "million"}),
)


def format_number(value: int | Decimal, language: str, decimals: int | None = None) -> str:
    """`1.284.500,5` or `1,284,500.5`; `decimals` fixes the digits after the point."""
    number = Decimal(value)
    if decimals is not None:
        number = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN)
    text = f"{number:,f}"
    if language == "vi":
        text = text.replace(",", "\0").replace(".", ",").replace("\0", ".")
    return text.replace("-", "−")


def format_percent(value: int | Decimal, language: str, decimals: int | None = None) -> str:
    """Per cent of a hundred, without a space: `53,5%`."""
    return format_number(value, language, decimals) + "%"


def _unit(currency: str) -> str:
    return "₫" if currency == "VND" else currency


def format_money(money: Money, language: str) -> str:
    """`1.284.500.000 ₫`, `1,500.00 USD`; cents are shown when there are any or from 1,000 up."""
    digits = SHOWN_DIGITS[money.currency]
    scale = 10 ** MINOR_DIGITS[money.currency]
    whole = money.minor % scale == 0 and abs(money.minor) < 1000 * scale
    number = format_number(money.major, language, 0 if whole else digits)
    return f"{number}{NBSP}{_unit(money.currency)}"


def format_money_long(money: Money, language: str) -> str:
    """`1,28 tỷ ₫`, `1.28 billion ₫`; under a million the full sum."""
    amount = money.major
    for power, names in STEPS:
        if abs(amount) >= Decimal(10) ** power:
            scaled = amount.scaleb(-power).quantize(Decimal("0.01"), rounding=ROUND_HALF_EVEN)
            number = format_number(scaled.normalize() + 0, language)
            return f"{number}{NBSP}{names[language]}{NBSP}{_unit(money.currency)}"
    return format_money(money, language)


def format_about(money: Money, language: str) -> str:
    """`14,600 USD`: three significant digits, no cents, for sums converted at some day's rate."""
    amount = money.major
    unit = Decimal(1).scaleb(max(amount.adjusted() - 2, 0))
    rounded = (amount / unit).quantize(Decimal(1), rounding=ROUND_HALF_EVEN) * unit
    return f"{format_number(rounded, language, 0)}{NBSP}{_unit(money.currency)}"


def format_date(day: date, language: str, *, long: bool = False) -> str:
    """vi `05/03/2027`, long `ngày 05 tháng 3 năm 2027`; en always `5 March 2027`."""
    if language == "en":
        return f"{day.day} {MONTHS_EN[day.month - 1]} {day.year}"
    if long:
        return f"ngày {day.day:02d} tháng {day.month} năm {day.year}"
    return f"{day.day:02d}/{day.month:02d}/{day.year}"


def format_datetime(at: datetime, language: str) -> str:
    """In the city's time, with the zone in words: `10:00 ngày 05/03/2027 (giờ Việt Nam)`."""
    local = at.astimezone(CITY_ZONE)
    clock = f"{local:%H:%M}"
    if language == "vi":
        return f"{clock} ngày {format_date(local, 'vi')} (giờ Việt Nam)"
    return f"{clock} on {format_date(local, 'en')} (Ho Chi Minh City)"


def format_moment_in(at: datetime, zone: str, language: str) -> str:
    """In a person's own zone, named by its city: `19:00 on 4 March 2027 (Los Angeles)`. An unknown
    zone is the city's."""
    try:
        local = at.astimezone(ZoneInfo(zone))
    except (ValueError, KeyError, OSError):
        return format_datetime(at, language)
    city = zone.rpartition("/")[2].replace("_", " ")
    if zone == CITY_ZONE.key:
        return format_datetime(at, language)
    clock = f"{local:%H:%M}"
    if language == "vi":
        return f"{clock} ngày {format_date(local, 'vi')} (giờ {city})"
    return f"{clock} on {format_date(local, 'en')} ({city})"


def format_partial_date(text: str, language: str) -> str:
    """A date as a source gives it: `2024`, `2024-10` or `2024-10-03`; other text comes back."""
    match = re.fullmatch(r"(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?", text)
    if match is None:
        return text
    year, month, day = match.groups()
    if day:
        return format_date(date(int(year), int(month), int(day)), language)
    if month:
        number = int(month)
        return f"{number:02d}/{year}" if language == "vi" else f"{MONTHS_EN[number - 1]} {year}"
    return str(year)

"""Money as whole minor units of one currency. Pure: no framework, no float anywhere."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

# Digits after the point in the unit that is stored (ISO 4217).
MINOR_DIGITS = {
    "USD": 2, "EUR": 2, "GBP": 2, "AUD": 2, "CAD": 2, "JPY": 0, "KRW": 0, "TWD": 2, "SGD": 2,
    "CHF": 2, "CZK": 2, "VND": 0,
}  # fmt: skip
# Digits that people write and read: New Taiwan dollars have cents in ISO and nowhere else.
SHOWN_DIGITS = MINOR_DIGITS | {"TWD": 0}
CURRENCIES = tuple(MINOR_DIGITS)
MAX_MINOR = 2**63 - 1
MAX_INPUT = 60


class MoneyError(ValueError):
    """A sum that cannot be; `code` is stable."""

    code = "bad_money"


class CurrencyMismatch(MoneyError):
    code = "currency_mismatch"


class UnknownCurrency(MoneyError):
    code = "unknown_currency"


class OutOfRange(MoneyError):
    code = "out_of_range"


class BadAmount(MoneyError):
    """A text that is no amount: empty, negative, not a number, too long."""

    code = "bad_amount"


class TooManyDecimals(BadAmount):
    """More decimals than the currency has."""

    code = "too_many_decimals"

    def __init__(self, currency: str, digits: int) -> None:
        super().__init__(f"{currency} has {digits} decimals")
        self.currency, self.digits = currency, digits


class AmbiguousAmount(BadAmount):
    """A text that can be read two ways; `readings` holds both, smaller first."""

    code = "ambiguous_amount"

    def __init__(self, readings: "tuple[Money, Money]") -> None:
        super().__init__("ambiguous")
        self.readings = readings


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units (cents, đồng, yen) of `currency`. Arithmetic stays inside one currency."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.minor, bool) or not isinstance(self.minor, int):
            raise TypeError("minor units are whole numbers")
        if self.currency not in MINOR_DIGITS:
            raise UnknownCurrency(self.currency)
        if abs(self.minor) > MAX_MINOR:
            raise OutOfRange(str(self.minor))

    def _same(self, other: "Money") -> int:
        if not isinstance(other, Money):
            raise TypeError("money goes only with money")
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        if isinstance(times, bool) or not isinstance(times, int):
            raise TypeError("money is multiplied by whole numbers only")
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    @property
    def major(self) -> Decimal:
        """The sum in whole units, exact."""
        return Decimal(self.minor).scaleb(-MINOR_DIGITS[self.currency])

    def allocate(self, weights: Sequence[int]) -> "list[Money]":
        """Split by whole-number weights; the parts add up exactly (largest remainder first)."""
        total = sum(weights)
        if total <= 0 or any(w < 0 for w in weights):
            raise ValueError("weights are not negative and not all zero")
        parts = [self.minor * w // total for w in weights]
        order = sorted(range(len(weights)), key=lambda i: (-(self.minor * weights[i] % total), i))
        for i in order[: self.minor - sum(parts)]:
            parts[i] += 1
        return [Money(part, self.currency) for part in parts]


def from_major(amount: Decimal, currency: str) -> Money:
    """An exact amount in whole units as Money; TooManyDecimals when it does not fit."""
    if currency not in MINOR_DIGITS:
        raise UnknownCurrency(currency)
    if not amount.is_finite():
        raise BadAmount("not a number")
    if amount.adjusted() > 18:
        raise OutOfRange(str(amount))
    scaled = amount.scaleb(MINOR_DIGITS[currency])
    if scaled != scaled.to_integral_value():
        raise TooManyDecimals(currency, MINOR_DIGITS[currency])
    return Money(int(scaled), currency)


def convert_minor(minor: int, source: str, target: str, rate: Decimal) -> int:
    """Minor units of `target` for `minor` units of `source`.

    `rate` is units of target for one unit of source. Rounded once, half to even.
    """
    scale = MINOR_DIGITS[target] - MINOR_DIGITS[source]
    exact = Decimal(minor) * rate.scaleb(scale)
    return int(exact.to_integral_value(rounding=ROUND_HALF_EVEN))


SCALES = {
    "k": 3, "nghin": 3, "ngan": 3, "thousand": 3,
    "tr": 6, "trieu": 6, "m": 6, "million": 6, "mn": 6,
    "ty": 9, "ti": 9, "b": 9, "bn": 9, "billion": 9,
}  # fmt: skip
_AMOUNT = re.compile(r"(\d[\d.,]*)([a-z]*)")
_GROUPED = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")


def parse_amount(text: str, currency: str) -> Money:
    """Read an amount as people type it: `1.500.000`, `1,5 triệu`, `1.5m`, `2 tỷ`, `1 500 000`.

    Never guesses: `1.500` in a currency with cents raises AmbiguousAmount with both readings.
    Raises BadAmount (or a subclass) for everything else that is not a positive amount.
    """
    if currency not in MINOR_DIGITS:
        raise UnknownCurrency(currency)
    if len(text) > MAX_INPUT:
        raise BadAmount("too long")
    plain = unicodedata.normalize("NFKD", text).lower().replace("đ", "d").replace("\u2212", "-")
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = re.sub(rf"[\s'’_]|{currency.lower()}|vnd|dong|₫|d$", "", plain)
    match = _AMOUNT.fullmatch(plain)
    if match is None or not plain.isascii():
        raise BadAmount("not an amount")
    digits, word = match.groups()
    if word and word not in SCALES:
        raise BadAmount("unknown word")
    readings = [
        r.scaleb(SCALES.get(word, 0)) for r in _readings(digits, currency, scaled=bool(word))
    ]
    sums = _possible([r for r in readings if r > 0], currency)
    if not sums:
        raise BadAmount("not a positive amount")
    if len(sums) == 2:
        low, high = sorted(sums, key=lambda m: m.minor)
        raise AmbiguousAmount((low, high))
    return sums[0]


def _possible(readings: list[Decimal], currency: str) -> list[Money]:
    """The readings that the currency can hold; when none can, the reason of the last."""
    sums: list[Money] = []
    refused: MoneyError | None = None
    for reading in readings:
        try:
            sums.append(from_major(reading, currency))
        except MoneyError as error:
            refused = error
    if not sums and refused is not None:
        raise refused
    return sums


def _readings(digits: str, currency: str, *, scaled: bool) -> list[Decimal]:
    """Every way to read digits with separators; one, or two when it is ambiguous."""
    marks = {c for c in digits if c in ".,"}
    if not marks:
        return [_decimal(digits)]
    if len(marks) == 2:
        # The mark that comes last, and only once, is the decimal one.
        last = digits[max(digits.rfind("."), digits.rfind(","))]
        other = "," if last == "." else "."
        whole, _, part = digits.rpartition(last)
        if last in whole or not _GROUPED.fullmatch(whole):
            raise BadAmount("separators")
        return [_decimal(whole.replace(other, "") + "." + part)]
    mark = marks.pop()
    if digits.count(mark) > 1:
        if not _GROUPED.fullmatch(digits):
            raise BadAmount("separators")
        return [_decimal(digits.replace(mark, ""))]
    as_decimal = _decimal(digits.replace(mark, "."))
    if not _GROUPED.fullmatch(digits):
        return [as_decimal]
    as_group = _decimal(digits.replace(mark, ""))
    if scaled:
        # "1.500 triệu": both are said; "1,5 triệu" has no three digits and came out above.
        return [as_decimal, as_group]
    if SHOWN_DIGITS[currency] == 0:
        return [as_group]
    return [as_decimal, as_group]


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise BadAmount("not a number") from None

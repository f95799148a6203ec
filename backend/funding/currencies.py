"""Stripe's units and limits of every currency, in one table. Pure.

`core.money.MINOR_DIGITS` is what we store (ISO 4217). The wire differs for a few: Icelandic krónur
have no decimals and are sent with two; three-decimal sums must end in a zero. Sources: Stripe's
pages on zero-decimal currencies, minimum and maximum charges (read November 2026). Minimums of TWD,
KRW and VND are not printed there; ours lie above the equivalent of 0.50 USD.
"""

from dataclasses import dataclass

from backend.core.money import MINOR_DIGITS, Money, MoneyError

# Stripe takes at most eight digits.
MOST_ON_THE_WIRE = 99_999_999


class NotOnTheWire(MoneyError):
    """A sum that Stripe cannot take in this currency."""

    code = "not_on_the_wire"


@dataclass(frozen=True)
class Currency:
    """`exponent`: decimals that we store; `stripe_exponent`: decimals on the wire.

    `charge_multiple` and both limits are in stored minor units.
    """

    code: str
    exponent: int
    stripe_exponent: int
    charge_multiple: int
    min_charge: int
    max_charge: int
    is_enabled: bool = True


def _row(
    code: str,
    exponent: int,
    min_charge: int,
    *,
    stripe_exponent: int | None = None,
    multiple: int = 1,
    is_enabled: bool = True,
) -> Currency:
    wire = exponent if stripe_exponent is None else stripe_exponent
    most = MOST_ON_THE_WIRE // 10 ** (wire - exponent)
    most -= most % multiple
    return Currency(code, exponent, wire, multiple, min_charge, most, is_enabled)


CURRENCIES = {
    row.code: row
    for row in (
        _row("USD", 2, 50),
        _row("EUR", 2, 50),
        _row("GBP", 2, 30),
        _row("AUD", 2, 50),
        _row("CAD", 2, 50),
        _row("JPY", 0, 50),
        _row("KRW", 0, 1000),
        # Cents exist on the wire and nowhere else; payouts are whole dollars.
        _row("TWD", 2, 2000, multiple=100),
        _row("SGD", 2, 50),
        _row("CHF", 2, 50),
        _row("CZK", 2, 1500),
        _row("VND", 0, 15_000),
        # Not taken here: they stand in the table because their units are the odd ones.
        _row("ISK", 0, 100, stripe_exponent=2, is_enabled=False),
        _row("HUF", 2, 17_500, multiple=100, is_enabled=False),
        _row("KWD", 3, 200, multiple=10, is_enabled=False),
        _row("BHD", 3, 200, multiple=10, is_enabled=False),
        _row("JOD", 3, 400, multiple=10, is_enabled=False),
        _row("OMR", 3, 200, multiple=10, is_enabled=False),
        _row("TND", 3, 1600, multiple=10, is_enabled=False),
    )
}
ENABLED = tuple(code for code, row in CURRENCIES.items() if row.is_enabled)


def currency_of(code: str) -> Currency:
    """The row of a currency; NotOnTheWire for one that is not in the table."""
    try:
        return CURRENCIES[code]
    except KeyError:
        raise NotOnTheWire(code) from None


def to_wire(minor: int, code: str) -> int:
    """Stored minor units as the integer that Stripe wants; NotOnTheWire when it cannot take it."""
    row = currency_of(code)
    if isinstance(minor, bool) or not isinstance(minor, int):
        raise TypeError("minor units are whole numbers")
    if minor % row.charge_multiple:
        raise NotOnTheWire(f"{minor} {code} is no multiple of {row.charge_multiple}")
    if not row.min_charge <= minor <= row.max_charge:
        raise NotOnTheWire(f"{minor} {code} is outside {row.min_charge} to {row.max_charge}")
    return minor * int(10 ** (row.stripe_exponent - row.exponent))


def from_wire(amount: int, code: str) -> int:
    """Stripe's integer as stored minor units; NotOnTheWire for a part of our smallest unit."""
    row = currency_of(code)
    scale = 10 ** (row.stripe_exponent - row.exponent)
    if amount % scale:
        raise NotOnTheWire(f"{amount} {code} on the wire")
    return int(amount // scale)


def limits(code: str) -> tuple[Money, Money]:
    """The smallest and the largest sum of one charge."""
    row = currency_of(code)
    return Money(row.min_charge, code), Money(row.max_charge, code)


assert set(ENABLED) == set(MINOR_DIGITS)
assert all(CURRENCIES[code].exponent == digits for code, digits in MINOR_DIGITS.items())

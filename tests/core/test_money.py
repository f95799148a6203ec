"""Money as people type it, add it up and read it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core import formats
from backend.core.money import (
    CURRENCIES,
    MAX_MINOR,
    MINOR_DIGITS,
    AmbiguousAmount,
    BadAmount,
    CurrencyMismatch,
    Money,
    MoneyError,
    OutOfRange,
    TooManyDecimals,
    UnknownCurrency,
    convert_minor,
    from_major,
    parse_amount,
)

NBSP = "\u00a0"
currencies = st.sampled_from(CURRENCIES)
sums = st.builds(Money, st.integers(1, 10**15), currencies)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("200", "USD", 20_000),
        ("200.5", "USD", 20_050),
        ("200,50", "EUR", 20_050),
        ("1,500.25", "USD", 150_025),
        ("1.500,25", "EUR", 150_025),
        ("1 500 000", "VND", 1_500_000),
        ("1.500.000", "VND", 1_500_000),
        ("1,500,000 ₫", "VND", 1_500_000),
        ("1.500", "VND", 1_500),
        ("1,5 triệu", "VND", 1_500_000),
        ("1,5 TRIỆU", "VND", 1_500_000),
        ("2 tỷ", "VND", 2_000_000_000),
        ("2 tỉ đồng", "VND", 2_000_000_000),
        ("500 nghìn", "VND", 500_000),
        ("500k", "VND", 500_000),
        ("1.5m", "USD", 150_000_000),
        ("\uff12\uff10\uff10", "USD", 20_000),  # full-width digits
        ("200 USD", "USD", 20_000),
        ("12,000", "JPY", 12_000),
    ],
)
def test_amounts_are_read_as_people_type_them(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == Money(minor, currency)


def test_an_amount_that_can_be_read_two_ways_is_never_guessed() -> None:
    with pytest.raises(AmbiguousAmount) as caught:
        parse_amount("1.500", "USD")
    assert caught.value.readings == (Money(150, "USD"), Money(150_000, "USD"))
    with pytest.raises(AmbiguousAmount):
        parse_amount("1.500 triệu", "VND")


@pytest.mark.parametrize(
    "text",
    ["", " ", "-5", "−5", "0", "0.00", "1e6", "1e309", "NaN", "inf", "ten", "1..5", "1,50,00",
     "12.34.56", "5 dozen", "1.2.3,4,5", "\x00", "\ud800", "٣٠٠x", "9" * 61, "$$", "1/2"],
)  # fmt: skip
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        parse_amount(text, "USD")


def test_decimals_that_a_currency_does_not_have_are_refused() -> None:
    with pytest.raises(TooManyDecimals):
        parse_amount("100.5", "JPY")
    with pytest.raises(TooManyDecimals):
        parse_amount("1.2345", "USD")
    with pytest.raises(UnknownCurrency):
        parse_amount("5", "XXX")
    with pytest.raises(OutOfRange):
        parse_amount("9" * 40, "VND")


@given(st.text(max_size=70), currencies)
def test_reading_any_text_gives_money_or_a_typed_refusal(text: str, currency: str) -> None:
    try:
        found = parse_amount(text, currency)
    except MoneyError:
        return
    assert found.minor > 0
    assert found.currency == currency


@given(sums)
def test_what_is_written_in_full_is_read_back(money: Money) -> None:
    assert parse_amount(f"{money.major:f}", money.currency) == money or money.minor % 1000 == 0


@given(sums, st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any))
def test_a_split_adds_up_exactly_and_is_fair(money: Money, weights: list[int]) -> None:
    parts = money.allocate(weights)
    assert sum(p.minor for p in parts) == money.minor
    for part, weight in zip(parts, weights, strict=True):
        exact = Decimal(money.minor) * weight / sum(weights)
        assert abs(part.minor - exact) < 1


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 5]])
def test_a_split_by_nothing_is_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(100, "USD").allocate(weights)


def test_money_of_two_currencies_does_not_mix() -> None:
    dollars, euros = Money(100, "USD"), Money(100, "EUR")
    for act in (lambda: dollars + euros, lambda: dollars - euros, lambda: dollars < euros):
        with pytest.raises(CurrencyMismatch):
            act()
    assert dollars != euros


@pytest.mark.parametrize("minor", [1.5, True, "5", None, Decimal(3)])
def test_minor_units_are_whole_numbers(minor: object) -> None:
    with pytest.raises(TypeError):
        Money(minor, "USD")  # type: ignore[arg-type]


def test_money_times_a_fraction_is_refused_and_too_much_is_out_of_range() -> None:
    with pytest.raises(TypeError):
        Money(100, "USD") * 0.5  # type: ignore[operator]
    with pytest.raises(OutOfRange):
        Money(MAX_MINOR, "USD") + Money(1, "USD")
    with pytest.raises(BadAmount):
        from_major(Decimal("NaN"), "USD")


@given(sums, currencies, st.decimals("0.0001", "100000", places=6))
def test_a_conversion_is_within_half_a_unit(money: Money, to: str, rate: Decimal) -> None:
    minor = convert_minor(money.minor, money.currency, to, rate)
    exact = money.major * rate
    assert abs(Decimal(minor).scaleb(-MINOR_DIGITS[to]) - exact) <= Decimal("0.5").scaleb(
        -MINOR_DIGITS[to]
    )


@pytest.mark.parametrize(
    ("money", "vi", "en"),
    [
        (Money(20_000, "USD"), "200 USD", "200 USD"),
        (Money(150_025, "USD"), "1.500,25 USD", "1,500.25 USD"),
        (Money(1_284_500_000, "VND"), "1.284.500.000 ₫", "1,284,500,000 ₫"),
        (Money(-5_00, "EUR"), "−5 EUR", "−5 EUR"),
        (Money(12_000, "JPY"), "12.000 JPY", "12,000 JPY"),
        (Money(500_000, "TWD"), "5.000 TWD", "5,000 TWD"),
    ],
)
def test_sums_are_written_for_each_reader(money: Money, vi: str, en: str) -> None:
    assert formats.format_money(money, "vi") == vi.replace(" ", NBSP)
    assert formats.format_money(money, "en") == en.replace(" ", NBSP)


@pytest.mark.parametrize(
    ("money", "vi"),
    [
        (Money(1_284_500_000, "VND"), "1,28 tỷ ₫"),
        (Money(650_000_000, "VND"), "650 triệu ₫"),
        (Money(999_999, "VND"), "999.999 ₫"),
        (Money(2_500_000_000_000, "VND"), "2,5 nghìn tỷ ₫"),
    ],
)
def test_long_sums_are_said_short(money: Money, vi: str) -> None:
    assert formats.format_money_long(money, "vi") == vi.replace(" ", NBSP)


@pytest.mark.parametrize(
    ("minor", "shown"),
    [(1_461_538, "14,600 USD"), (99_949, "999 USD"), (99_950, "1,000 USD"), (750, "8 USD"),
     (-1_461_538, "−14,600 USD")],
)  # fmt: skip
def test_a_converted_sum_claims_no_more_than_three_digits(minor: int, shown: str) -> None:
    assert formats.format_about(Money(minor, "USD"), "en") == shown.replace(" ", NBSP)

"""What one charge may be, by currency, in Stripe's integers. Kept apart from the product's table,
so that a mistake there meets another opinion."""

from backend.local.stripe_sandbox.errors import Refusal, invalid

_ZERO = "bif clp djf gnf jpy kmf krw mga pyg rwf ugx vnd vuv xaf xof xpf"
_TWO = "usd eur gbp aud cad twd sgd chf czk isk huf nzd hkd thb sek nok dkk pln"
ZERO = frozenset(_ZERO.split())
THREE = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
TWO = frozenset(_TWO.split())
LEAST = {
    "usd": 50, "eur": 50, "gbp": 30, "aud": 50, "cad": 50, "jpy": 50, "sgd": 50, "chf": 50,
    "czk": 1500, "huf": 17500, "hkd": 400, "nzd": 50,
}  # fmt: skip
MOST = 99_999_999
# US dollars for one unit of the currency, as the sandbox begins; `/_sandbox/fx` moves them.
RATES = {
    "usd": 1.0, "eur": 1.08, "gbp": 1.27, "aud": 0.66, "cad": 0.73, "jpy": 0.0067, "krw": 0.00073,
    "twd": 0.031, "sgd": 0.74, "chf": 1.12, "czk": 0.043, "vnd": 0.0000385, "isk": 0.0072,
    "kwd": 3.25,
}  # fmt: skip


def decimals(currency: str) -> int:
    return 0 if currency in ZERO else 3 if currency in THREE else 2


def check_currency(currency: str) -> None:
    if currency not in ZERO | THREE | TWO:
        raise invalid(f"Invalid currency: {currency}.", param="currency")


def check_amount(amount: int, currency: str, rates: dict[str, float]) -> None:
    """Refuse what Stripe refuses: too small, too large, parts that the currency has not."""
    check_currency(currency)
    if amount < 1:
        raise invalid("This value must be greater than or equal to 1.", param="amount",
                      code="parameter_invalid_integer")  # fmt: skip
    least = LEAST.get(currency) or _least(currency, rates)
    if amount < least:
        raise invalid(f"Amount must be at least {least} {currency}", param="amount",
                      code="amount_too_small")  # fmt: skip
    if amount > MOST:
        raise invalid(f"Amount must be no more than {MOST} {currency}", param="amount",
                      code="amount_too_large")  # fmt: skip
    if (currency in THREE and amount % 10) or (currency == "isk" and amount % 100):
        raise invalid(f"Invalid {currency} amount: {amount}", param="amount")


def _least(currency: str, rates: dict[str, float]) -> int:
    """The equivalent of half a dollar, where no minimum is printed."""
    rate = rates.get(currency)
    if not rate:
        return 1
    return int(0.5 / rate * 10 ** decimals(currency))


def convert(amount: int, source: str, target: str, rates: dict[str, float]) -> tuple[int, float]:
    """The amount in the other currency's smallest unit and the rate as Stripe states it."""
    if source == target:
        return amount, 1.0
    for code in (source, target):
        if code not in rates:
            raise Refusal(400, "invalid_request_error", f"No rate for {code}", keep=False)
    rate = rates[source] / rates[target]
    return round(amount * rate * 10 ** (decimals(target) - decimals(source))), rate

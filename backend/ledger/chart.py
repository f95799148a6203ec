"""The chart of accounts: which addresses exist and how each behaves. Pure.

An address names its currency last, because an account holds one currency. `held:{round}:EUR` is
what was collected in euro for one round and is not yet owed to anybody else; pages say "held".
"""

from dataclasses import dataclass
from enum import StrEnum

MAX_CODE = 120


class Kind(StrEnum):
    """What a balance of the account means; it decides which side counts as more."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"
    # Neither owned nor owed: two positions of one exchange cancel out at the rate of the day.
    POSITION = "position"


DEBIT_NORMAL = frozenset({Kind.ASSET, Kind.EXPENSE, Kind.POSITION})


@dataclass(frozen=True, slots=True)
class Address:
    """One account. `guarded`: its balance may never fall below zero (held money, payables)."""

    code: str
    kind: Kind
    currency: str
    guarded: bool = False

    def __post_init__(self) -> None:
        if len(self.code) > MAX_CODE or not self.code.endswith(f":{self.currency}"):
            raise ValueError(f"not an address: {self.code}")

    @property
    def is_debit_normal(self) -> bool:
        return self.kind in DEBIT_NORMAL


def _asset(name: str, currency: str) -> Address:
    return Address(f"{name}:{currency}", Kind.ASSET, currency)


def stripe_balance(currency: str) -> Address:
    """What stands at Stripe, available or pending, in a settlement currency."""
    return _asset("stripe_balance", currency)


def stripe_transit(currency: str) -> Address:
    """Paid out by Stripe, not yet seen on the bank's statement."""
    return _asset("stripe_transit", currency)


def bank(currency: str) -> Address:
    return _asset("bank", currency)


def dispute_hold(currency: str) -> Address:
    """Taken by Stripe while a dispute is open."""
    return _asset("dispute_hold", currency)


def project_receivable(project: str, currency: str) -> Address:
    """Owed by a project: money was released to it that a bank later took back."""
    return _asset(f"project_receivable:{project}", currency)


def held(round_id: str, currency: str) -> Address:
    """Collected for a round and not yet released or returned. Never below zero."""
    return Address(f"held:{round_id}:{currency}", Kind.LIABILITY, currency, guarded=True)


def frozen(round_id: str, currency: str) -> Address:
    """Held for a round and disputed by a bank: it cannot be released. Never below zero."""
    return Address(f"frozen:{round_id}:{currency}", Kind.LIABILITY, currency, guarded=True)


def refunds_pending(currency: str) -> Address:
    """Owed to investors whose refund failed at the card. Never below zero."""
    return Address(f"refunds_pending:{currency}", Kind.LIABILITY, currency, guarded=True)


def project_payable(project: str, currency: str) -> Address:
    """Approved for a project and on its way by bank. Never below zero."""
    return Address(f"project_payable:{project}:{currency}", Kind.LIABILITY, currency, guarded=True)


def stripe_fees(currency: str) -> Address:
    return Address(f"stripe_fees:{currency}", Kind.EXPENSE, currency)


def chargeback_loss(currency: str) -> Address:
    return Address(f"chargeback_loss:{currency}", Kind.EXPENSE, currency)


def platform_fees(currency: str) -> Address:
    return Address(f"platform_fees:{currency}", Kind.INCOME, currency)


def fx_position(currency: str) -> Address:
    return Address(f"fx_position:{currency}", Kind.POSITION, currency)


def fx_gain_loss(currency: str) -> Address:
    """Gains are credits: a positive balance is a loss."""
    return Address(f"fx_gain_loss:{currency}", Kind.POSITION, currency)


def suspense(currency: str) -> Address:
    """What could not be explained yet. Must be empty when a day is closed."""
    return Address(f"suspense:{currency}", Kind.POSITION, currency)

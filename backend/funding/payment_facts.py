"""What the payment provider said, in our own units, and the four ways in which a call fails.

The provider's SDK knows nothing of these; `stripe_gateway` makes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from backend.core.money import Money


class GatewayError(Exception):
    """A call did not give an answer that can be acted on."""


class Unknown(GatewayError):
    """It may or may not have happened: a timeout, a broken answer, a server error.

    `is_kept`: an answer of 500 was given, which the same key may repeat for a day."""

    def __init__(self, about: str, *, is_kept: bool = False) -> None:
        super().__init__(about)
        self.is_kept = is_kept


class TryLater(GatewayError):
    """It did not happen; ask again with the same key. `after_s` is what Stripe asked for."""

    def __init__(self, about: str, after_s: float | None = None) -> None:
        super().__init__(about)
        self.after_s = after_s


class Refused(GatewayError):
    """Stripe understood and said no: another request is needed. `code` is Stripe's."""

    def __init__(self, code: str, about: str) -> None:
        super().__init__(about)
        self.code = code


class NotSetUp(GatewayError):
    """No key is set: this site takes no cards."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A balance transaction, in the settlement currency's stored units."""

    id: str
    type: str
    category: str
    source_id: str
    currency: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    exchange_rate: Decimal | None
    payout_id: str
    created: datetime
    available_on: datetime


@dataclass(frozen=True, slots=True)
class Intent:
    """A payment intent as of now."""

    id: str
    status: str
    money: Money
    customer_id: str
    metadata: Mapping[str, str]
    charge_id: str
    error_code: str
    decline_code: str
    advice_code: str
    next_url: str
    transaction: Transaction | None
    created: datetime


@dataclass(frozen=True, slots=True)
class SavedCard:
    """What a receipt shows of a card, and Stripe's id for it."""

    payment_method: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    country: str


@dataclass(frozen=True, slots=True)
class Session:
    """A visit to the page where a card is saved."""

    id: str
    url: str
    status: str
    card: SavedCard | None


@dataclass(frozen=True, slots=True)
class RefundFact:
    id: str
    status: str
    money: Money
    charge_id: str
    metadata: Mapping[str, str]
    transaction: Transaction | None
    failure_transaction: Transaction | None


@dataclass(frozen=True, slots=True)
class DisputeFact:
    id: str
    status: str
    money: Money
    charge_id: str
    intent_id: str
    reason: str
    evidence_due_at: datetime | None
    transactions: tuple[Transaction, ...]


@dataclass(frozen=True, slots=True)
class PayoutFact:
    id: str
    status: str
    money: Money
    arrives_at: datetime


@dataclass(frozen=True, slots=True)
class EventFact:
    """A hint. `payload` is kept as it came, for people; nothing is decided by it."""

    id: str
    type: str
    object_id: str
    created: datetime
    api_version: str
    is_live: bool
    payload: dict[str, Any]

"""What a bank's answer means for the next try. Pure.

Sources: Stripe's pages on decline codes and on advice codes. What is not listed asks for another
card: networks fine those who keep trying.
"""

from datetime import datetime, timedelta
from enum import StrEnum

# Days after the first try on which a soft decline is tried again.
RETRY_DAYS = (1, 3, 5, 7)
AUTHENTICATION = frozenset(
    {
        "authentication_required", "authentication_not_handled", "authentication_failure",
        "payment_intent_authentication_failure", "offline_pin_required",
        "online_or_offline_pin_required",
    }
)  # fmt: skip
SOFT = frozenset(
    {
        "insufficient_funds", "processing_error", "try_again_later", "issuer_not_available",
        "reenter_transaction", "generic_decline", "do_not_honor", "call_issuer",
        "card_velocity_exceeded", "withdrawal_count_limit_exceeded", "no_action_taken",
        "approve_with_id", "service_not_allowed",
    }
)  # fmt: skip
NO_RETRY_ADVICE = frozenset({"do_not_try_again", "confirm_card_data"})


class Class(StrEnum):
    """What to do next."""

    AUTHENTICATE = "authenticate"
    RETRY = "retry"
    NEW_CARD = "new_card"


class Reason(StrEnum):
    """What people are told. Never that a card was reported lost, stolen or fraudulent."""

    AUTHENTICATION = "authentication"
    FUNDS = "funds"
    EXPIRED = "expired"
    BANK = "bank"
    NO_CARD = "no_card"


def classify(code: str, decline_code: str, advice_code: str) -> Class:
    """The class of a decline by Stripe's error code, decline code and advice code."""
    if AUTHENTICATION & {code, decline_code}:
        return Class.AUTHENTICATE
    if advice_code in NO_RETRY_ADVICE:
        return Class.NEW_CARD
    return Class.RETRY if {code, decline_code} & SOFT else Class.NEW_CARD


def reason_of(code: str, decline_code: str) -> Reason:
    if AUTHENTICATION & {code, decline_code}:
        return Reason.AUTHENTICATION
    if decline_code == "insufficient_funds":
        return Reason.FUNDS
    if "expired_card" in {code, decline_code}:
        return Reason.EXPIRED
    return Reason.BANK


def next_try_at(first_sent_at: datetime, declines: int) -> datetime | None:
    """When a soft decline is tried again: None after the last day of the table."""
    if not 1 <= declines <= len(RETRY_DAYS):
        return None
    return first_sent_at + timedelta(days=RETRY_DAYS[declines - 1])

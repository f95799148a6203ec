"""Stripe's published test cards: what each does when it is saved and when it is charged.

The numbers and their behaviour are Stripe's own, from its page on testing; none is a real card.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Decline:
    """Why an issuer said no."""

    code: str
    decline_code: str
    message: str
    advice_code: str | None = None


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.", "try_again_later")
INSUFFICIENT = Decline(
    "card_declined", "insufficient_funds", "Your card has insufficient funds.", "try_again_later"
)
LOST = Decline("card_declined", "lost_card", "Your card was declined.", "do_not_try_again")
STOLEN = Decline("card_declined", "stolen_card", "Your card was declined.", "do_not_try_again")
FRAUD = Decline("card_declined", "fraudulent", "Your card was declined.", "do_not_try_again")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.", "confirm_card_data")
BAD_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
PROCESSING = Decline(
    "processing_error", "processing_error",
    "An error occurred while processing your card. Try again in a little bit.", "try_again_later",
)  # fmt: skip
ISSUER_AWAY = Decline(
    "card_declined", "issuer_not_available", "Your card was declined.", "try_again_later"
)
DECLINES = {
    d.decline_code: d
    for d in (
        GENERIC, INSUFFICIENT, LOST, STOLEN, FRAUD, EXPIRED, BAD_CVC, PROCESSING, ISSUER_AWAY,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Card:
    """`asks`: when the bank wants its customer present: never, when saved, or at every charge."""

    number: str
    about: str
    brand: str = "visa"
    country: str = "US"
    on_setup: Decline | None = None
    on_charge: Decline | None = None
    asks: str = "never"
    after_charge: str = ""
    refund: str = "succeeded"


_ALL = (
    Card("4242424242424242", "works"),
    Card("5555555555554444", "works", "mastercard"),
    Card("378282246310005", "works", "amex"),
    Card("4000000360000006", "works, of Australia", country="AU"),
    Card("4000003920000003", "works, of Japan", country="JP"),
    Card("4000002760000016", "works, of Germany", country="DE"),
    Card("4000002500003155", "asks for 3-D Secure when it is saved, not later", asks="setup"),
    Card("4000002760003184", "asks for 3-D Secure at every payment", asks="always"),
    Card("4000000000003220", "asks for 3-D Secure at every payment", asks="always"),
    Card("4000000000000341", "can be saved, is declined when charged", on_charge=GENERIC),
    Card("4000000000000002", "is declined", on_setup=GENERIC, on_charge=GENERIC),
    Card("4000000000009995", "has insufficient funds", on_setup=INSUFFICIENT,
         on_charge=INSUFFICIENT),
    Card("4000000000009987", "was reported lost", on_setup=LOST, on_charge=LOST),
    Card("4000000000009979", "was reported stolen", on_setup=STOLEN, on_charge=STOLEN),
    Card("4000000000000069", "has expired", on_setup=EXPIRED, on_charge=EXPIRED),
    Card("4000000000000127", "wrong security code", on_setup=BAD_CVC, on_charge=BAD_CVC),
    Card("4000000000000119", "an error at the bank", on_setup=PROCESSING, on_charge=PROCESSING),
    Card("4000000000000259", "works, then the payment is disputed", after_charge="fraudulent"),
    Card("4000000000002685", "works, then is disputed as not received",
         after_charge="product_not_received"),
    Card("4000000000001976", "works, then the bank asks a question", after_charge="inquiry"),
    Card("4000000000007726", "works; a refund waits before it succeeds", refund="pending"),
    Card("4000000000005126", "works; a refund succeeds and fails later", refund="fails_later"),
)  # fmt: skip
CARDS = {card.number: card for card in _ALL}
# The ids that Stripe accepts in place of a payment method in test mode.
SHORTHAND = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_refundFail": "4000000000005126",
}


@dataclass
class Script:
    """What a saved card will do at its next charges, told by a test: decline codes, `ok`,
    `authentication_required`. When it is used up the card behaves by its number again."""

    outcomes: list[str] = field(default_factory=list)

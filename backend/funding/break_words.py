"""What each kind of break means, in a sentence that a finance officer can act on."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

BREAK_WORDS: dict[str, str | Promise] = {
    "amount": _("Another sum in the book than at Stripe"),
    "balance": _("The balance at Stripe is not the book's"),
    "charged_after_cancel": _("Charged although it was cancelled"),
    "currency": _("Another currency in the book than at Stripe"),
    "dispute_without_transaction": _("A dispute without its line of money"),
    "given_back_twice": _("A bank took back what the card had got back already"),
    "ledger": _("The book's own checks found something"),
    "missing_at_stripe": _("In the book and not at Stripe"),
    "missing_in_ledger": _("At Stripe and not in the book"),
    "no_transaction": _("A charge without its line of money after two days"),
    "not_held": _("More was given back than is held"),
    "orphan_charge": _("A charge at Stripe that belongs to no pledge"),
    "payout": _("A payout that its lines do not add up to"),
    "refund_refused": _("Stripe refused to give a payment back"),
    "stuck": _("A charge or refund that cannot go on by itself"),
    "unknown_dispute": _("A dispute of a payment that is not ours"),
    "unknown_outcome": _("A charge whose outcome Stripe has not told for an hour"),
    "wrong_intent": _("A payment at Stripe differs from ours"),
    "wrong_refund": _("A refund at Stripe differs from ours"),
}


def break_words(kind: str) -> str:
    """The sentence of a kind; the kind itself where nobody wrote one (an older row)."""
    return str(BREAK_WORDS.get(kind, kind))

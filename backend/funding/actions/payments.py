"""What the rest of the product calls of the payment machine, in one place.

`start_card_setup` and `confirm_card_setup` save a card; `open_obligations` begins collecting a
round that reached its goal; `charge_due` is the worker; `confirm_on_session` lets a person complete
a payment at their bank; `refund_obligation` and `refund_round` give back. What the machine tells:
it moves pledges (`collected`, `retry_wait`, `action_required`, `dropped`, `refunding`, `refunded`,
`part_refunded`) and writes their audit rows; it calls nobody.
"""

from backend.funding.actions.breaks import has_old_breaks
from backend.funding.actions.cards import card_of, confirm_card_setup, start_card_setup
from backend.funding.actions.charges import charge_due, confirm_on_session
from backend.funding.actions.control import control_facts, resume_charging, stop_charging
from backend.funding.actions.obligations import open_obligations
from backend.funding.actions.refunds import refund_obligation, refund_round, refundable

__all__ = [
    "card_of",
    "charge_due",
    "confirm_card_setup",
    "confirm_on_session",
    "control_facts",
    "has_old_breaks",
    "open_obligations",
    "refund_obligation",
    "refund_round",
    "refundable",
    "resume_charging",
    "start_card_setup",
    "stop_charging",
]

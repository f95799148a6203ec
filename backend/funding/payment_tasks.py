"""Jobs and periodic work of the payment machine; `tasks` names them."""

from celery import shared_task

from backend.funding import stripe_gateway as gateway
from backend.funding.actions import (
    cards,
    charges,
    events,
    expiry,
    rates,
    reconciliation,
    refunds,
)
from backend.funding.models import ChargeObligation, Pledge
from backend.ledger import checks


def take_event(event_id: str) -> None:
    """The job `funding.take_event`."""
    events.take_event(event_id)


def forget_cards(pledge_id: str) -> None:
    """The job `funding.forget_cards`."""
    cards.forget_cards(Pledge.objects.get(public_id=pledge_id))


def send_refunds(refund_id: str) -> None:
    """The job `funding.send_refunds`: this refund and whatever else is due."""
    refunds.send_due()


def refund_unwanted(obligation_id: str) -> None:
    """The job `funding.refund_unwanted`."""
    row = ChargeObligation.objects.select_related("round", "pledge").get(public_id=obligation_id)
    refunds.refund_unwanted(row)


@shared_task
def charge_due() -> None:
    """Every few seconds: charges and refunds that are due."""
    if gateway.is_ready():
        charges.charge_due()
        refunds.send_due()


@shared_task
def read_events() -> None:
    """Every five minutes: hints that never arrived."""
    if gateway.is_ready():
        events.read_events()


@shared_task
def sweep_payments() -> None:
    """Every hour: whatever is not over is asked for."""
    if gateway.is_ready():
        events.sweep()


@shared_task
def reconcile_nightly() -> None:
    """The book against Stripe, then the chain over the day's entries."""
    if gateway.is_ready():
        reconciliation.reconcile()
    checks.nightly()


@shared_task
def fetch_rates() -> None:
    """Every morning: the rates of the site's own source, where one is set."""
    rates.fetch_rates()


@shared_task
def warn_of_expiring_cards() -> None:
    """Every morning: cards that end before they are charged."""
    expiry.warn_of_expiring_cards()

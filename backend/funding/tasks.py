from celery import shared_task

from backend.core.clock import AppNow
from backend.funding.actions import pledges, rounds
from backend.funding.models import Pledge, Round
from backend.funding.payment_tasks import (
    charge_due,
    forget_cards,
    read_events,
    reconcile_nightly,
    refund_unwanted,
    send_refunds,
    sweep_payments,
    take_event,
)
from backend.funding.workflow import PledgeStatus, RoundStatus

__all__ = [
    "charge_due",
    "close_rounds",
    "count_round",
    "forget_cards",
    "read_events",
    "reconcile_nightly",
    "refund_unwanted",
    "send_refunds",
    "sweep_payments",
    "take_event",
]


def count_round(round_id: str) -> None:
    """The job `funding.count_round`."""
    rounds.count_round(Round.objects.get(public_id=round_id))


@shared_task
def close_rounds() -> None:
    """Close what is over and give back places whose card was not saved in time."""
    for row in Round.objects.filter(status=RoundStatus.OPEN, closes_at__lte=AppNow()):
        rounds.close_round(row)
    waiting = Pledge.objects.filter(status=PledgeStatus.CARD_PENDING, place_until__lte=AppNow())
    for pledge in waiting.select_related("round"):
        pledges.lapse_place(pledge)

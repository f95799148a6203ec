from celery import shared_task

from backend.core.clock import AppNow
from backend.funding.actions import milestones, outcome, pledges, returns, rounds
from backend.funding.models import Pledge, Round, Tranche
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
from backend.funding.workflow import MilestoneStatus, PledgeStatus, RoundStatus

__all__ = [
    "charge_due",
    "close_rounds",
    "count_round",
    "follow_calendar",
    "forget_cards",
    "read_events",
    "reconcile_nightly",
    "refund_unwanted",
    "return_round",
    "return_tranche",
    "send_refunds",
    "sweep_payments",
    "take_event",
]


def count_round(round_id: str) -> None:
    """The job `funding.count_round`."""
    rounds.count_round(Round.objects.get(public_id=round_id))


def return_round(round_id: str) -> None:
    """The job `funding.return_round`: too little came in, so all of it goes back."""
    returns.return_round(Round.objects.get(public_id=round_id))


def return_tranche(tranche_id: str) -> None:
    """The job `funding.return_tranche`: a milestone was not met, so its part goes back."""
    returns.return_tranche(Tranche.objects.select_related("round").get(public_id=tranche_id))


@shared_task
def close_rounds() -> None:
    """Close what is over, settle what was charged, and give back places whose card was not
    saved in time."""
    for row in Round.objects.filter(status=RoundStatus.OPEN, closes_at__lte=AppNow()):
        rounds.close_round(row)
    waiting = Pledge.objects.filter(status=PledgeStatus.CARD_PENDING, place_until__lte=AppNow())
    for pledge in waiting.select_related("round"):
        pledges.lapse_place(pledge)
    for row in Round.objects.filter(status__in=[RoundStatus.CHARGING, RoundStatus.SETTLING]):
        outcome.settle_round(row)


@shared_task
def follow_calendar() -> None:
    """Milestones that fall due or become late."""
    waiting = Tranche.objects.filter(
        status="held", milestone__status__in=[MilestoneStatus.PLANNED, MilestoneStatus.DUE]
    )
    for part in waiting.select_related("round"):
        milestones.follow_calendar(part)

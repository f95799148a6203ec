"""Cards that end before they are needed: the person is told thirty and seven days ahead."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction

from backend.core import audit
from backend.core.clock import app_now
from backend.core.models import AuditEvent
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import cards
from backend.funding.actions.pledges import withdrawal_ends_at
from backend.funding.models import CardSetup, Pledge, Route
from backend.funding.workflow import PledgeStatus

log = structlog.get_logger(__name__)
# Days before the charge; the nearer one counts once it is reached.
STAGES = (7, 30)
TOLD = "pledge.card_expires"
NEEDED = (PledgeStatus.ACTIVE, PledgeStatus.DUE)


def ends_too_early(card: CardSetup | None, needed_at: datetime | None) -> bool:
    """Whether a card is no longer good on the day of the charge (good to the end of its month)."""
    if card is None or needed_at is None or not card.exp_year or not card.exp_month:
        return False
    return (card.exp_year, card.exp_month) < (needed_at.year, needed_at.month)


def warn_of_expiring_cards() -> int:
    """Look at every card that waits for a charge within thirty days; how many were told."""
    soon = app_now() + timedelta(days=max(STAGES))
    rows = Pledge.objects.filter(
        route=Route.CARD, status__in=NEEDED, round__closes_at__lte=soon
    ).select_related("round")
    told = 0
    for pledge in rows.order_by("id").iterator():
        if ends_too_early(cards.card_of(pledge), withdrawal_ends_at(pledge)):
            _ask_again(pledge)
            told += _tell(pledge)
    return told


def _ask_again(pledge: Pledge) -> None:
    """The bank may have prolonged the card meanwhile: Stripe knows."""
    card = cards.card_of(pledge)
    try:
        if card is not None and gateway.is_ready():
            cards.reread_card(card.payment_method)
    except gateway.GatewayError as error:
        log.warning("card.not_read_again", pledge=pledge.public_id, error=repr(error))


@transaction.atomic
def _tell(pledge: Pledge) -> bool:
    pledge = Pledge.objects.select_for_update(of=("self",)).select_related("round").get(
        pk=pledge.pk
    )  # fmt: skip
    needed_at = withdrawal_ends_at(pledge)
    card = cards.card_of(pledge)
    if pledge.status not in NEEDED or not ends_too_early(card, needed_at):
        return False
    assert needed_at is not None
    left = (needed_at - app_now()).days
    stage = next((days for days in STAGES if left <= days), None)
    if stage is None:
        return False
    before = AuditEvent.objects.filter(subject_id=pledge.public_id, code=TOLD)
    if any(int(event.data.get("stage", 0)) <= stage for event in before):
        return False
    audit.record(TOLD, by=None, subject=pledge, data={"stage": stage})
    return True

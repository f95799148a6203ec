"""Money on its way back to those who pledged it. Each: lock, permit, check, change, audit, enqueue.

Cards get it back through the payment machine; what came by bank is set aside for a transfer.
Safe to run twice: a share remembers what of it went back.
"""

import structlog
from django.db import transaction

from backend.core import states
from backend.core.errors import Conflict
from backend.core.money import Money
from backend.funding.actions import bank_returns, refunds
from backend.funding.actions.rounds import locked_round
from backend.funding.models import Pledge, Round, Route, Tranche, TrancheShare
from backend.funding.workflow import PLEDGE, PLEDGE_PAID, PledgeStatus, RoundStatus
from backend.ledger import book, chart

log = structlog.get_logger(__name__)


@transaction.atomic
def return_tranche(tranche: Tranche) -> int:
    """Give back what was held for a milestone that was not met; how many shares were."""
    row = locked_round(tranche.round)
    tranche = Tranche.objects.select_for_update().get(pk=tranche.pk)
    if tranche.status != "returned":
        return 0
    shares = TrancheShare.objects.select_for_update(of=("self",)).filter(
        tranche=tranche, pledge__status__in=sorted(PLEDGE_PAID)
    )
    count = 0
    for share in shares.select_related("pledge").order_by("id"):
        left = share.amount_minor - share.returned_minor
        if left <= 0:
            continue
        money = Money(left, share.currency)
        try:
            with transaction.atomic():
                give_back(
                    share.pledge, row, money, key=f"{tranche.public_id}", reason="milestone_failed"
                )  # fmt: skip
        except Conflict as error:
            # Disputed, or its line is not in the book yet: the hourly sweep comes again.
            log.warning("return.waits", pledge=share.pledge.public_id, error=error.code)
            continue
        share.returned_minor = share.amount_minor
        share.save(update_fields=["returned_minor"])
        count += 1
    return count


@transaction.atomic
def return_round(round_: Round) -> int:
    """Give back everything that was collected for a round that fell short."""
    row = locked_round(round_)
    if row.status != RoundStatus.SHORTFALL_FAILED:
        return 0
    if row.route == Route.CARD:
        return refunds.refund_round(row)
    paid = list(
        Pledge.objects.select_for_update()
        .filter(round=row, status=PledgeStatus.COLLECTED)
        .order_by("id")
    )
    for pledge in paid:
        give_back(pledge, row, pledge.amount, key="round", reason="round_fell_short")
    return len(paid)


def give_back(pledge: Pledge, round_: Round, money: Money, *, key: str, reason: str) -> None:
    """One person's money. By card: a refund, which moves the pledge when it succeeds. By bank: it
    is owed at once, and a finance officer transfers it."""
    if pledge.route == Route.CARD:
        refunds.refund_obligation(pledge.obligation, reason=reason, amount=money)
        return
    book.post(
        f"ret:{pledge.public_id}:{key}", f"return.{reason}",
        [
            book.Leg(
                chart.held(round_.public_id, money.currency),
                chart.refunds_pending(money.currency),
                money,
            )
        ],
        about=pledge.public_id,
    )  # fmt: skip
    bank_returns.owe(pledge, money, key=f"ret:{pledge.public_id}:{key}", reason=reason)
    if pledge.status in {PledgeStatus.COLLECTED, PledgeStatus.PART_REFUNDED}:
        states.move(pledge, PledgeStatus.REFUNDING, by=None, role="system", workflow=PLEDGE,
                    data={"reason": reason})  # fmt: skip

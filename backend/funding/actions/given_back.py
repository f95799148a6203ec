"""Where a pledge stands after what went back, by card or by bank. Needs the pledge's lock."""

from django.db.models import Sum

from backend.funding.actions.settling import tell_pledge
from backend.funding.models import BalanceTransaction, BankReturn, Pledge, Refund, Round
from backend.funding.payment_workflow import REFUND_COUNTS, REFUND_UNFINISHED, RefundStatus
from backend.funding.workflow import PledgeStatus
from backend.ledger import book, chart


def settle_pledge(pledge: Pledge) -> None:
    """Returned, in part, or held again; nothing while anything is still on its way."""
    if pledge.status != PledgeStatus.REFUNDING:
        return
    by_card = Refund.objects.filter(obligation__pledge=pledge)
    by_bank = BankReturn.objects.filter(pledge=pledge)
    if by_card.filter(status__in=sorted(REFUND_UNFINISHED)).exists():
        return
    if by_bank.exclude(status="paid").exists():
        return
    back = sum(
        rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0
        for rows in (by_card.filter(status=RefundStatus.SUCCEEDED), by_bank)
    )
    if back >= pledge.amount_minor:
        tell_pledge(pledge, PledgeStatus.REFUNDED, amount_minor=back)
    elif back:
        tell_pledge(pledge, PledgeStatus.PART_REFUNDED, amount_minor=back)
    else:
        tell_pledge(pledge, PledgeStatus.COLLECTED, amount_minor=pledge.amount_minor)


def free_of(round_: Round, currency: str) -> int:
    """What a round holds, less the refunds that were asked for and are not in the book yet."""
    booked = BalanceTransaction.objects.filter(entry_key__isnull=False).values("source_id")
    waiting = Refund.objects.filter(
        obligation__round=round_, currency=currency, status__in=sorted(REFUND_COUNTS)
    ).exclude(stripe_refund_id__in=booked)
    under_way = waiting.aggregate(s=Sum("amount_minor"))["s"] or 0
    return book.balance(chart.held(round_.public_id, currency)).minor - under_way

"""What a round that reached its goal asks of its pledges: each is to be collected exactly once."""

from datetime import timedelta

from django.db import transaction

from backend.core.clock import app_now
from backend.funding.models import ChargeObligation, Pledge, Round, Route
from backend.funding.workflow import PLEDGE_OWED


@transaction.atomic
def open_obligations(round_: Round) -> int:
    """One obligation for each due card pledge; how many are new. Safe to run twice.

    Belongs into the transaction that counts the round. Nothing is due before the time to withdraw
    is over.
    """
    now = app_now()
    due = Pledge.objects.filter(round=round_, route=Route.CARD, status__in=sorted(PLEDGE_OWED))
    rows = []
    for pledge in due.filter(obligation__isnull=True):
        due_at = max(round_.closed_at or now, pledge.cooling_until or now)
        rows.append(
            ChargeObligation(
                pledge=pledge,
                round=round_,
                amount_minor=pledge.amount_minor,
                currency=pledge.currency,
                due_at=due_at,
                next_at=due_at,
                grace_until=round_.grace_until or due_at + timedelta(days=round_.grace_days),
            )
        )
    # Two at once: the second finds the pledge taken and adds nothing (pledge is unique).
    ChargeObligation.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
    return len(rows)

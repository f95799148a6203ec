"""After the charges: did enough come in? Then the money waits in parts, else all of it goes back.

Each: lock, permit, check, change, audit, enqueue. Safe to run twice.
"""

from collections import defaultdict

from django.db import transaction
from django.db.models import Sum

from backend.core import jobs, states
from backend.core.clock import app_now
from backend.core.formats import CITY_ZONE
from backend.funding.actions.milestones import due_on
from backend.funding.actions.rounds import locked_round
from backend.funding.models import Pledge, Round, Route, Tranche, TrancheShare
from backend.funding.workflow import (
    PLEDGE,
    PLEDGE_OWED,
    PLEDGE_PAID,
    ROUND,
    PledgeStatus,
    RoundStatus,
)
from backend.projects.actions import show_round
from backend.projects.models import Milestone
from backend.projects.workflow import PublicStatus


@transaction.atomic
def settle_round(round_: Round) -> Round:
    """Funded when what was collected reaches the share that was shown before pledging, else all
    goes back. Waits while anything can still be collected."""
    row = locked_round(round_)
    if row.status == RoundStatus.CHARGING:
        _begin_settling(row)
    if row.status != RoundStatus.SETTLING:
        return row
    now = app_now()
    if row.route == Route.BANK and row.grace_until is not None and now >= row.grace_until:
        _drop_unpaid(row)
    if Pledge.objects.filter(round=row, status__in=sorted(PLEDGE_OWED)).exists():
        return row
    paid = Pledge.objects.filter(round=row, status__in=sorted(PLEDGE_PAID))
    collected = paid.aggregate(sum=Sum("target_minor"))["sum"] or 0
    enough = collected >= row.enough_minor
    states.move(
        row, RoundStatus.FUNDED if enough else RoundStatus.SHORTFALL_FAILED, by=None,
        role="system", workflow=ROUND, data={"collected_minor": collected},
    )  # fmt: skip
    row.collected_minor, row.settled_at = collected, now
    row.save(update_fields=["collected_minor", "settled_at"])
    if enough:
        make_tranches(row)
        show_round(row.project, PublicStatus.RUNNING)
    else:
        jobs.enqueue("funding.return_round", row.public_id, round_id=row.public_id)
        show_round(row.project, PublicStatus.NOT_REACHED)
    return row


def _begin_settling(round_: Round) -> None:
    """Once nothing waits for its first try (or, by bank, once the close was counted)."""
    waits = Pledge.objects.filter(round=round_, status=PledgeStatus.DUE)
    if round_.route == Route.CARD and waits.exists():
        return
    states.move(round_, RoundStatus.SETTLING, by=None, role="system", workflow=ROUND)


def _drop_unpaid(round_: Round) -> None:
    rows = list(
        Pledge.objects.select_for_update()
        .filter(round=round_, status=PledgeStatus.DUE)
        .exclude(bank_receipts__status__in=["recorded", "confirmed"])
    )
    states.move_many(
        rows, PledgeStatus.DROPPED, role="system", workflow=PLEDGE, data={"reason": "not_paid"}
    )
    Pledge.objects.filter(pk__in=[p.pk for p in rows]).update(
        ended_at=app_now(), end_reason="not_paid"
    )


def weights_of(amounts: list[int], collected: int) -> list[int]:
    """How much of `collected` waits for each milestone: each its amount, in order, while money is
    left; the last one what remains, be it less or more than its amount."""
    weights, left = [], collected
    for amount in amounts[:-1]:
        weights.append(min(amount, left))
        left -= weights[-1]
    return [*weights, left]


def make_tranches(round_: Round) -> list[Tranche]:
    """One part per milestone, and of every paid pledge a share of each, exact to the unit."""
    milestones = list(Milestone.objects.filter(project=round_.project).order_by("number"))
    assert round_.collected_minor is not None
    assert round_.settled_at is not None
    weights = weights_of([m.amount_minor for m in milestones], round_.collected_minor)
    start = round_.settled_at.astimezone(CITY_ZONE).date()
    tranches = [
        Tranche.objects.create(
            round=round_,
            milestone=milestone,
            number=milestone.number,
            weight_minor=weight,
            due_on=due_on(start, milestone.months_after_close),
        )
        for milestone, weight in zip(milestones, weights, strict=True)
    ]
    shares = []
    for pledge in Pledge.objects.filter(round=round_, status__in=sorted(PLEDGE_PAID)):
        for tranche, part in zip(tranches, pledge.amount.allocate(weights), strict=True):
            shares.append(
                TrancheShare(
                    tranche=tranche,
                    pledge=pledge,
                    amount_minor=part.minor,
                    currency=pledge.currency,
                )
            )
    TrancheShare.objects.bulk_create(shares, batch_size=2000)
    return tranches


def held_by_currency(tranche: Tranche) -> dict[str, int]:
    """What of a part is still held, in each currency that was paid."""
    sums: dict[str, int] = defaultdict(int)
    rows = TrancheShare.objects.filter(
        tranche=tranche, pledge__status__in=sorted(PLEDGE_PAID)
    ).values_list("currency", "amount_minor", "returned_minor")
    for currency, amount, returned in rows:
        sums[currency] += amount - returned
    return {currency: minor for currency, minor in sorted(sums.items()) if minor > 0}

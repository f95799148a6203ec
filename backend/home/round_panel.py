"""The round of a project as its page shows it: what is pledged, until when, and the money's way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Sum

from backend.core.money import Money
from backend.funding.models import Disbursement, Round, Tranche
from backend.funding.queries import current_round_of
from backend.funding.standing import may_see_terms
from backend.funding.workflow import RoundStatus
from backend.projects.models import Project
from backend.projects.workflow import Status

FEWEST = 10


@dataclass(frozen=True)
class Part:
    """One milestone's money, for everybody."""

    number: int
    amount: Money
    state: str
    due_on: Any


@dataclass(frozen=True)
class RoundPanel:
    round: Round
    pledged: Money
    target: Money
    percent: int
    # None where fewer than ten: nobody is to be recognised.
    people: int | None
    closes_at: datetime
    takes_pledges: bool
    is_bank: bool
    parts: tuple[Part, ...]
    held: Money
    released: Money
    returned: Money
    paid_out: Money

    def part(self, number: int) -> Part | None:
        return next((p for p in self.parts if p.number == number), None)


def round_panel(project: Project, user: Any) -> RoundPanel | None:
    """None before a round was opened. One query, three more once it is funded."""
    row = None if project.is_call else current_round_of(project)
    if row is None:
        return None
    parts = _parts(row)
    sums = {state: sum(p.amount.minor for p in parts if p.state == state) for state in _STATES}
    is_open = row.status == RoundStatus.OPEN and project.frozen_at is None
    people = row.reserved_people
    return RoundPanel(
        round=row,
        pledged=row.reserved,
        target=row.target,
        percent=100 * row.reserved_minor // row.target_minor,
        people=people if people >= FEWEST else None,
        closes_at=row.closes_at,
        takes_pledges=is_open and project.status == Status.LISTED and may_see_terms(user, project),
        is_bank=row.route == "bank",
        parts=parts,
        held=Money(sums["held"], row.currency),
        released=Money(sums["released"], row.currency),
        returned=Money(sums["returned"], row.currency),
        paid_out=Money(_paid_out(row) if parts else 0, "VND"),
    )


_STATES = ("held", "released", "returned")


def _parts(row: Round) -> tuple[Part, ...]:
    if row.status != RoundStatus.FUNDED:
        return ()
    return tuple(
        Part(t.number, Money(t.weight_minor, row.currency), t.status, t.due_on)
        for t in Tranche.objects.filter(round=row).order_by("number")
    )


def _paid_out(row: Round) -> int:
    paid = Disbursement.objects.filter(tranche__round=row, status="confirmed")
    return int(paid.aggregate(sum=Sum("paid_vnd"))["sum"] or 0)

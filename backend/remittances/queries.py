"""Reading plans. Somebody else's plan is absent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Prefetch, Q, QuerySet, Sum

from backend.core.errors import NotFound
from backend.core.money import Money
from backend.remittances.models import PlanLine, PlanRun, RemittancePlan, SavedCalculation
from backend.remittances.plan import due_at, next_proposal
from backend.remittances.workflow import RUN_OPEN, PlanStatus, RunStatus


def plans_of(user: Any) -> QuerySet[RemittancePlan]:
    return RemittancePlan.objects.filter(investor=user).order_by("-id")


def plan_for(user: Any, public_id: str) -> RemittancePlan:
    """One's own plan; NotFound when it is absent or somebody else's."""
    found = RemittancePlan.objects.filter(investor=user, public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def run_for(user: Any, public_id: str) -> PlanRun:
    rows = PlanRun.objects.select_related("plan").filter(plan__investor=user)
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound()
    return found


def line_for(user: Any, run_id: str, number: int) -> PlanLine:
    """A line by its run and the number of its round's row in it."""
    rows = PlanLine.objects.select_related("run__plan", "round__project")
    found = rows.filter(run__plan__investor=user, run__public_id=run_id, pk=number).first()
    if found is None:
        raise NotFound()
    return found


def calculations_of(user: Any) -> QuerySet[SavedCalculation]:
    return SavedCalculation.objects.filter(user=user).order_by("-saved_at", "-id")


def pledged_in_year(plan: RemittancePlan, period: date, without: PlanRun | None = None) -> Money:
    """What the plan's lines of that calendar year add up to: pledged, or proposed and standing."""
    lines = PlanLine.objects.filter(
        run__plan=plan,
        run__period__year=period.year,
        run__status__in=sorted(RUN_OPEN | {RunStatus.CONFIRMED}),
        removed_at__isnull=True,
        refused_code="",
    )
    if without is not None:
        lines = lines.exclude(run=without)
    return plan.money(lines.aggregate(s=Sum("amount_minor"))["s"] or 0)


def given_to_projects(plan: RemittancePlan) -> dict[int, int]:
    """Minor units by project that the plan's lines hold in all periods."""
    rows = (
        PlanLine.objects.filter(
            run__plan=plan,
            run__status__in=sorted(RUN_OPEN | {RunStatus.CONFIRMED}),
            removed_at__isnull=True,
            refused_code="",
        )
        .values_list("round__project_id")
        .annotate(s=Sum("amount_minor"))
    )
    return {int(project): int(total) for project, total in rows}


@dataclass(frozen=True)
class ComingPeriod:
    """The next month of a plan: when its proposal comes and when its pledges would be made."""

    period: date
    proposal_at: datetime
    pledges_at: datetime


def coming_period(plan: RemittancePlan, at: datetime) -> ComingPeriod | None:
    """None for a plan that is paused or stopped."""
    if plan.status != PlanStatus.ACTIVE:
        return None
    period, when = next_proposal(
        plan.schedule, started_at=plan.counts_from, at=at, last=plan.last_period
    )
    return ComingPeriod(period, when, due_at(period, plan.schedule))


def runs_of(plan: RemittancePlan) -> Sequence[PlanRun]:
    """Every period so far with its lines, newest first. Two queries."""
    lines = PlanLine.objects.select_related("round__project", "pledge").order_by("-score", "id")
    rows = plan.runs.select_related("allocation").order_by("-period")
    return list(rows.prefetch_related(Prefetch("lines", queryset=lines))[:60])


def open_run(plan: RemittancePlan) -> PlanRun | None:
    return plan.runs.filter(status__in=sorted(RUN_OPEN)).order_by("-period").first()


def plans_to_look_at() -> QuerySet[RemittancePlan]:
    """Plans that may have a period to propose or a proposal to confirm."""
    return RemittancePlan.objects.filter(
        Q(status=PlanStatus.ACTIVE) | Q(runs__status__in=sorted(RUN_OPEN))
    ).distinct()

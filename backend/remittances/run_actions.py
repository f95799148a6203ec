"""What the calendar does with plans: begin a month, propose, make the pledges. Safe to run twice,
from two places, late or after days: one run a month, decided under the plan's lock.

Workers only: importing this loads scipy.
"""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from backend.core import audit, states
from backend.core.clock import app_now
from backend.core.errors import Conflict, DomainError
from backend.core.money import Money
from backend.funding.actions import cards, pledges
from backend.funding.queries import Rate, convert, latest_rates
from backend.matching.catalogue import newest_catalogue
from backend.matching.engine.allocate import allocate
from backend.matching.engine.split import Settings
from backend.matching.queries import explain_for, hidden_of
from backend.remittances.actions import carried_of, locked_plan, skip_run
from backend.remittances.candidates import (
    Candidate,
    Place,
    candidate_of,
    open_rounds,
    problem_of,
    step_of,
)
from backend.remittances.models import (
    DayAllocation,
    OnSilence,
    PlanLine,
    PlanRun,
    RemittancePlan,
)
from backend.remittances.plan import (
    WhenNothing,
    available,
    carry_over,
    due_periods,
    next_period,
    pledges_at,
    proposal_at,
    share_sum,
)
from backend.remittances.queries import pledged_in_year
from backend.remittances.workflow import LEFT_OUT, RUN, RUN_OPEN, PlanStatus, RunStatus

log = structlog.get_logger(__name__)


def look_at_plans() -> None:
    """Everything that is due now: new months, proposals of all plans together, pledges."""
    for plan in RemittancePlan.objects.filter(status=PlanStatus.ACTIVE).order_by("pk").iterator():
        begin_period(plan)
    propose_waiting()
    due = PlanRun.objects.filter(status=RunStatus.PROPOSED, pledges_at__lte=app_now())
    for run in due.select_related("plan").order_by("pk"):
        confirm_run(run)


@transaction.atomic
def begin_period(plan: RemittancePlan) -> PlanRun | None:
    """Make the run of the month whose proposal is due; months that were missed are written down."""
    plan = locked_plan(plan)
    if plan.status != PlanStatus.ACTIVE:
        return None
    at = app_now()
    due = due_periods(plan.schedule, started_at=plan.counts_from, at=at, last=plan.last_period)
    if due.period is None:
        return None
    for run in plan.runs.filter(status__in=sorted(RUN_OPEN)):
        # An older month that still waits for a project, or that nobody confirmed in time.
        _close_old(run, plan)
    for period in due.missed:
        run = PlanRun.objects.create(plan=plan, period=period, plan_version=plan.version,
                                     share_minor=0, carried_minor=0, available_minor=0)  # fmt: skip
        states.move(run, RunStatus.MISSED, by=None, role="system", workflow=RUN)
        PlanRun.objects.filter(pk=run.pk).update(ended_at=at)
    run = PlanRun(plan=plan, period=due.period, plan_version=plan.version)
    _set_sums(run, plan)
    run.save()
    plan.last_period = due.period
    plan.save(update_fields=["last_period"])
    audit.record("plan_run.begun", by=None, subject=run, data={"period": due.period.isoformat()})
    return run


def _close_old(run: PlanRun, plan: RemittancePlan) -> None:
    run.plan = plan
    if run.status == RunStatus.WAITING:
        _end_empty(run, plan, "nothing_fitted")
    else:
        skip_run(run, by=None, role="system", reason="too_late")


def _set_sums(run: PlanRun, plan: RemittancePlan) -> None:
    """Share, carry-over and what may be pledged, under the plan's lock."""
    carried = plan.money(plan.carried_minor)
    used = pledged_in_year(plan, run.period, without=run if run.pk else None)
    run.share_minor = share_sum(plan.rules).minor
    run.carried_minor = carried.minor
    run.available_minor = available(plan.rules, carried=carried, pledged_this_year=used).minor
    run.plan_version = plan.version


def propose_waiting() -> DayAllocation | None:
    """Split all plans that wait for a proposal together, and write each one its own."""
    at = app_now()
    waiting = PlanRun.objects.filter(status=RunStatus.WAITING, plan__status=PlanStatus.ACTIVE)
    runs = [r for r in waiting.select_related("plan__investor").order_by("pk") if _refresh(r)]
    if not runs:
        return None
    newest_catalogue()  # a list older than the rounds would leave new ones out
    rates, rounds = latest_rates(), open_rounds()
    found = [candidate_of(run, rounds, rates, at) for run in runs]
    problem = problem_of(found, rates)
    settings = Settings(seed=at.date().toordinal())
    split = allocate(problem, settings)
    day = DayAllocation.objects.create(
        made_at=at, plans=len(found), rounds=problem.rounds, method=split.method,
        value_vnd=round(split.value), bound_vnd=max(round(split.bound), round(split.value)),
        greedy_vnd=round(split.greedy_value), completed=int(split.completed.sum()),
        greedy_completed=split.greedy_completed, tolerance_bps=round(settings.tolerance * 10_000),
        seed=settings.seed,
    )  # fmt: skip
    for row, candidate in enumerate(found):
        step = step_of(candidate.plan.currency)
        chosen = [
            (place, step * int(split.steps[row, column]))
            for column, place in enumerate(candidate.places)
            if split.steps[row, column]
        ]
        _write_proposal(candidate, chosen, day, rates)
    return day


def _refresh(run: PlanRun) -> bool:
    """Bring the sums of a waiting run up to its plan; False when it is no longer to be proposed."""
    with transaction.atomic():
        plan = locked_plan(run.plan)
        locked = PlanRun.objects.select_for_update().get(pk=run.pk)
        if plan.status != PlanStatus.ACTIVE or locked.status != RunStatus.WAITING:
            return False
        locked.plan = plan
        _set_sums(locked, plan)
        locked.save()
        run.plan_version, run.available_minor = locked.plan_version, locked.available_minor
        run.share_minor, run.carried_minor = locked.share_minor, locked.carried_minor
    return True


@transaction.atomic
def _write_proposal(
    candidate: Candidate,
    chosen: Sequence[tuple[Place, Money]],
    day: DayAllocation,
    rates: dict[str, Rate],
) -> None:
    plan = locked_plan(candidate.plan)
    run = PlanRun.objects.select_for_update().get(pk=candidate.run.pk)
    if (
        plan.status != PlanStatus.ACTIVE
        or run.status != RunStatus.WAITING
        or plan.version != candidate.run.plan_version
    ):
        return  # changed meanwhile: the next look makes it again
    run.plan, at = plan, app_now()
    run.allocation = day
    if not chosen:
        _nothing_fitted(run, plan, at)
        return
    for place, money in chosen:
        PlanLine.objects.create(
            run=run, round=place.round, field=place.round.project.field or "",
            amount_minor=money.minor, counts_vnd=convert(money, "VND", rates).money.minor,
            score=place.score, reasons=_reasons(candidate, place), limit=_limit(place, money),
        )  # fmt: skip
    run.proposed_at = at
    run.pledges_at = pledges_at(run.period, plan.schedule, at)
    run.save()
    states.move(
        run, RunStatus.PROPOSED, by=None, role="system", workflow=RUN,
        data={"period": run.period.isoformat(), "version": plan.version},
    )  # fmt: skip


def _limit(place: Place, money: Money) -> str:
    """Why this line is not larger, for the page."""
    steps = money.minor // step_of(money.currency).minor
    if steps >= place.most:
        return place.bound
    return "least" if steps <= place.least else "budget"


def _reasons(candidate: Candidate, place: Place) -> dict[str, list[list[str]]]:
    """Strongest reasons and the one against, in both languages, as said now."""
    said: dict[str, list[list[str]]] = {}
    for language in ("vi", "en"):
        with override(language):
            explained = explain_for(
                candidate.answers, place.round.project, weights=candidate.weights,
                language=language, chosen=candidate.chosen,
            )  # fmt: skip
            if explained is None and not place.score:
                rows = [["none", _("You have not answered any question yet, so no points are "
                                   "counted.")]]  # fmt: skip
            else:
                words = _("%(score)s of 100 points by what you told us")
                if candidate.chosen is not None:
                    words = _("%(score)s of 100 points by what you told us and what you chose")
                rows = [["plus", words % {"score": place.score}]]
            if explained is not None:
                for reason in explained.place.strongest[:2]:
                    rows.append(["plus", f"{reason.label}: {reason.project}"])
                against = explained.place.against
                if against is not None:
                    words = _("%(label)s: you said %(you)s, the project says %(project)s")
                    rows.append(["minus", words % {"label": against.label, "you": against.you,
                                                   "project": against.project}])  # fmt: skip
        said[language] = rows
    return said


def _nothing_fitted(run: PlanRun, plan: RemittancePlan, at: datetime) -> None:
    """Wait within the month, carry over, or leave it with the person: as the investor chose."""
    run.save(update_fields=["allocation"])
    waits_until = proposal_at(next_period(run.period), plan.schedule)
    if plan.when_nothing == WhenNothing.WAIT and at < waits_until:
        return
    _end_empty(run, plan, "nothing_fitted")


def _end_empty(run: PlanRun, plan: RemittancePlan, reason: str) -> None:
    left = carry_over(plan.rules, available=run.money(run.available_minor), proposed=run.money(0))
    run.carry_over_minor, run.ended_at, run.end_reason = left.minor, app_now(), reason
    run.save()
    states.move(
        run, RunStatus.EMPTY, by=None, role="system", workflow=RUN,
        data={"period": run.period.isoformat(), "reason": reason},
    )  # fmt: skip
    plan.carried_minor = left.minor
    plan.save(update_fields=["carried_minor"])


@transaction.atomic
def confirm_run(run: PlanRun) -> PlanRun:
    """Make the pledges of a proposal whose time to remove is over.

    Everything is decided under the plan's lock: a pause, a stop or a change that came first wins,
    and one that comes later finds pledges that can each be withdrawn.
    """
    plan = locked_plan(run.plan)
    run = PlanRun.objects.select_for_update().get(pk=run.pk)
    run.plan, at = plan, app_now()
    if run.status != RunStatus.PROPOSED or run.pledges_at is None or at < run.pledges_at:
        return run
    if plan.status != PlanStatus.ACTIVE:
        skip_run(run, by=None, role="system", reason="paused")
        return run
    if run.agreed_at is None and plan.on_silence == OnSilence.NOTHING:
        skip_run(run, by=None, role="system", reason="silence")
        return run
    lines = run.lines.select_related("round__project").filter(removed_at__isnull=True)
    left_out = hidden_of(plan.investor)
    made = sum(_pledge(line, plan, run, left_out) for line in lines.order_by("-score", "pk"))
    left = carried_of(run)
    run.pledged_minor, run.carry_over_minor, run.ended_at = made, left, at
    run.end_reason = "" if made else "nothing_pledged"
    run.save()
    states.move(
        run, RunStatus.CONFIRMED if made else RunStatus.EMPTY, by=None, role="system",
        workflow=RUN, data={"period": run.period.isoformat()},
    )  # fmt: skip
    plan.carried_minor = left
    plan.save(update_fields=["carried_minor"])
    return run


def _pledge(line: PlanLine, plan: RemittancePlan, run: PlanRun, left_out: frozenset[str]) -> int:
    """One ordinary pledge, by the person's own standing order; minor units, 0 when refused."""
    token = f"{run.public_id}.{line.pk}"
    money = plan.money(line.amount_minor)
    try:
        with transaction.atomic():
            if line.round.project.public_id in left_out:
                raise Conflict(code=LEFT_OUT)
            pledge = pledges.start_pledge(
                line.round, by=plan.investor, money=money, client_token=token
            )
            pledge = pledges.confirm_pledge(
                pledge, by=plan.investor, agreed_text=plan.mandate_text,
                language=plan.mandate_language,
            )  # fmt: skip
            # The standing order says so: the card saved last is put behind the pledge. Without one
            # the pledge waits for a card like any other, and its place is given back in time.
            cards.reuse_card(pledge, by=plan.investor)
            line.pledge = pledge
            line.save(update_fields=["pledge"])
    except DomainError as refused:
        log.info("remittances.line_refused", run=run.public_id, code=refused.code)
        line.refused_code = refused.code[:40]
        line.save(update_fields=["refused_code"])
        return 0
    return money.minor

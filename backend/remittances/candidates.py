"""What a plan could pledge to now, as the allocation reads it. Workers only."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any

import numpy as np

from backend.accounts.answers import Answers, answers_of
from backend.accounts.models import InvestorProfile
from backend.core.errors import Conflict
from backend.core.money import MINOR_DIGITS, Money
from backend.funding.currencies import limits
from backend.funding.models import Round, Route
from backend.funding.queries import Rate, convert
from backend.funding.standing import standing_of
from backend.funding.workflow import RoundStatus
from backend.matching.catalogue import current_catalogue
from backend.matching.engine.schema import Chosen
from backend.matching.engine.split import Problem
from backend.matching.order import Wish, order_of
from backend.matching.own import own_choices
from backend.matching.queries import engine_answers, hidden_of, today
from backend.matching.runs import current_model
from backend.projects import taxonomy
from backend.projects.permissions import is_member_of
from backend.projects.workflow import OPEN_INSTRUMENTS, Status
from backend.remittances.models import PlanRun, RemittancePlan
from backend.remittances.plan import pledges_at
from backend.remittances.queries import given_to_projects

SHORTLIST = 12
# People pledge whole amounts: the step of a split in whole units of the currency.
STEP_UNITS = {"JPY": 100, "KRW": 1_000, "TWD": 10, "CZK": 10}


def step_of(currency: str) -> Money:
    """The smallest difference between two splits."""
    return Money(STEP_UNITS.get(currency, 1) * 10 ** MINOR_DIGITS[currency], currency)


@dataclass(frozen=True)
class Place:
    """A round on a plan's shortlist; sums in steps of the plan's currency."""

    round: Round
    score: int
    least: int
    most: int
    # What bounds `most`: the cap of a month or what is left of the cap of all months.
    bound: str


@dataclass
class Candidate:
    """One run with its shortlist."""

    run: PlanRun
    answers: Answers
    weights: dict[str, str]
    # What the person saved, pledged to or left out: their list counts it, so the plan does.
    chosen: Chosen | None = None
    places: list[Place] = field(default_factory=list)

    @property
    def plan(self) -> RemittancePlan:
        return self.run.plan


def open_rounds() -> dict[int, Round]:
    """By project: rounds by card that take contributions or pre-orders now."""
    rows = Round.objects.select_related("project__owner").filter(
        status=RoundStatus.OPEN,
        route=Route.CARD,
        instrument__in=sorted(OPEN_INSTRUMENTS),
        project__status=Status.LISTED,
        project__frozen_at__isnull=True,
    )
    return {row.project_id: row for row in rows}


def candidate_of(
    run: PlanRun, rounds: dict[int, Round], rates: dict[str, Rate], at: datetime
) -> Candidate:
    """The best-fitting rounds that the plan's own rules and the law allow, at most twelve."""
    plan = run.plan
    profile = InvestorProfile.objects.filter(user=plan.investor).first()
    answers = answers_of(profile) if profile else Answers()
    chosen = own_choices(plan.investor, today())
    found = Candidate(run, answers, dict(profile.weights) if profile else {}, chosen)
    given = given_to_projects(plan)
    until = pledges_at(run.period, plan.schedule, at)
    standing: dict[str, bool] = {}
    for project_id, score in _by_fit(found):
        round_ = rounds.get(project_id)
        if round_ is None or not round_.opens_at <= at or round_.closes_at <= until:
            continue
        if not _wanted(plan, round_, score):
            continue
        place = _place(plan, round_, score, given.get(project_id, 0), rates)
        if place is None or not _allowed(plan, round_, place, at, standing):
            continue
        found.places.append(place)
        if len(found.places) == SHORTLIST:
            break
    return found


def _by_fit(candidate: Candidate) -> list[tuple[int, int]]:
    """(project, points) in the investor's own order, without calls of others and without what they
    left out of their list."""
    catalogue = current_catalogue()
    wish = Wish(
        replace(engine_answers(candidate.answers), chosen=candidate.chosen),
        candidate.weights,
        today().isoformat(),
        with_calls=False,
        hidden=hidden_of(candidate.plan.investor),
    )
    order = order_of(
        wish, catalogue, current_model().model, limit=len(catalogue.project_ids), offset=0
    )
    return [(catalogue.project_ids[spot.row], spot.score) for spot in order.spots]


def _wanted(plan: RemittancePlan, round_: Round, score: int) -> bool:
    return (
        score >= plan.min_fit
        and (not plan.fields or round_.project.field in plan.fields)
        and (not plan.instruments or round_.instrument in plan.instruments)
    )


def _place(
    plan: RemittancePlan, round_: Round, score: int, given: int, rates: dict[str, Rate]
) -> Place | None:
    step = step_of(plan.currency)
    caps = {"project_cap": plan.project_cap_minor}
    if plan.project_total_cap_minor is not None:
        caps["project_total_cap"] = plan.project_total_cap_minor - given
    bound = min(caps, key=lambda name: caps[name])
    most = caps[bound] // step.minor
    least = _least_steps(plan, round_, step, rates)
    if least is None or most < least:
        return None
    return Place(round_, score, least, most, bound)


def _least_steps(
    plan: RemittancePlan, round_: Round, step: Money, rates: dict[str, Rate]
) -> int | None:
    """Steps that count for the smallest pledge of the round and are a charge that a card takes."""
    low, _high = limits(plan.currency)
    try:
        one = convert(step, round_.currency, rates).money
    except Conflict:
        return None
    if one.minor <= 0:
        return None
    wanted = round_.min_pledge_minor or 1
    steps = max(1, -(-low.minor // step.minor), -(-wanted // one.minor))
    # Rounding of one step can be off by little over many: count the whole sum again.
    while convert(step * steps, round_.currency, rates).money.minor < wanted:
        steps += 1
    return steps


def _allowed(
    plan: RemittancePlan, round_: Round, place: Place, at: datetime, known: dict[str, bool]
) -> bool:
    """Whether the person may pledge there without a step that only they can take."""
    if is_member_of(plan.investor, round_.project.owner):
        return False
    if round_.instrument not in known or round_.people_limit is not None:
        money = step_of(plan.currency) * place.least
        stands = standing_of(plan.investor, round_, money, at)
        known[round_.instrument] = (
            stands.needs.is_offered and not stands.todo and not stands.people_are_full
        )
    return known[round_.instrument]


def problem_of(candidates: Sequence[Candidate], rates: dict[str, Rate]) -> Problem:
    """The day's plans and rounds as arrays; rounds stand in the order of their row ids."""
    rounds = sorted({p.round.pk: p.round for c in candidates for p in c.places}.items())
    number = {pk: i for i, (pk, _row) in enumerate(rounds)}
    fields = taxonomy.keys("field")
    width = max((len(c.places) for c in candidates), default=0)
    shape = (len(candidates), max(width, 1))
    arrays: dict[str, Any] = {
        "round_of": np.full(shape, -1, dtype=np.int64), "fit": np.zeros(shape),
        "least": np.ones(shape, dtype=np.int64), "most": np.zeros(shape, dtype=np.int64),
    }  # fmt: skip
    steps = [step_of(c.plan.currency) for c in candidates]
    for row, candidate in enumerate(candidates):
        for column, place in enumerate(candidate.places):
            arrays["round_of"][row, column] = number[place.round.pk]
            # No answers give no points; what the plan allows still counts for something.
            arrays["fit"][row, column] = (place.score + 1) / 101
            arrays["least"][row, column] = place.least
            arrays["most"][row, column] = place.most
    budgets = [c.run.available_minor // s.minor for c, s in zip(candidates, steps, strict=True)]
    caps = [
        (c.run.available_minor if c.plan.field_cap_minor is None else c.plan.field_cap_minor)
        // s.minor
        for c, s in zip(candidates, steps, strict=True)
    ]
    needs = [_need(row, rates) for _pk, row in rounds]
    return Problem(
        budget=np.array(budgets, dtype=np.int64),
        step_vnd=np.array([_vnd_exact(s, rates) for s in steps]),
        field_cap=np.array(caps, dtype=np.int64),
        key=np.array([c.run.pk for c in candidates], dtype=np.int64),
        need=np.array([n for n, _r in needs], dtype=float),
        room=np.array([r for _n, r in needs], dtype=float),
        field_of=np.array([fields.index(r.project.field) if r.project.field in fields else
                           len(fields) for _pk, r in rounds], dtype=np.int64),
        **arrays,
    )  # fmt: skip


def _vnd_exact(step: Money, rates: dict[str, Rate]) -> float:
    """What a step counts for, rounded up a little, so that many of them fit the room surely."""
    exact = step.major * rates[step.currency].rate
    return float(exact.quantize(Decimal(1), rounding=ROUND_CEILING))


def _need(round_: Round, rates: dict[str, Rate]) -> tuple[int, int]:
    need = max(0, round_.target_minor - round_.reserved_minor)
    room = max(0, round_.hard_cap_minor - round_.reserved_minor)
    return _in_vnd(need, round_.currency, rates), _in_vnd(room, round_.currency, rates)


def _in_vnd(minor: int, currency: str, rates: dict[str, Rate]) -> int:
    return convert(Money(minor, currency), "VND", rates).money.minor

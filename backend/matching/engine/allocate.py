"""All plans of a day, split over rounds together. Pure; numpy and scipy; workers only.

Each plan has a shortlist of rounds by its own fit. The value of a split is

    Σ fit × đồng  +  C × rounds that reach their target  +  fairness: the first half of every plan
                                                            counts more, by the plan, not by the sum

under each plan's budget, its caps per round and field, the smallest pledge, whole steps of its
currency, and the room of each round. No plan falls behind its own greedy choice by more than
`tolerance`: greedy means that plans choose one after another, in an order drawn by the day, each
the best fit that still has room.

Up to `exact_plans` the problem is solved by scipy's `milp` (HiGHS). Beyond, or when its node limit
is reached, a bounded method is used: rounds that can be completed cheaply are filled first, then
each plan fills up by fit; at last, where rounds are full, plans that have more than half give what
they can spare to plans that have less. Both report the gap to an upper bound: HiGHS' own, or the
Lagrangian bound with room, completion and the tolerance of each plan priced (which relaxes
smallest pledges, steps and lines). No clock
and no random source is read, so the same input gives the same output.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from backend.matching.engine.split import (
    DEFAULTS,
    Floats,
    Ints,
    Problem,
    Scale,
    Settings,
    State,
    broken_rules,
    drawn_order,
    own_values,
    places_by_fit,
    sums_of_rounds,
)
from backend.matching.engine.split_bound import lagrangian, most_of_rounds
from backend.matching.engine.split_spread import spread_places

# Each attempt keeps the greedy choice of more plans; a crowded day of 10,000 did not settle in 14.
MOST_ATTEMPTS = 30


@dataclass(frozen=True)
class Allocation:
    """`steps` (P × K) beside the greedy choice; values in đồng at full fit."""

    steps: Ints
    value: float
    bound: float
    method: str
    completed: NDArray[np.bool_]
    greedy_steps: Ints
    greedy_value: float
    greedy_completed: int

    @property
    def gap(self) -> float:
        """How far from the bound at most, as a share of it."""
        return max(0.0, (self.bound - self.value) / self.bound) if self.bound > 0 else 0.0


def allocate(problem: Problem, settings: Settings = DEFAULTS) -> Allocation:
    """The best split found, its value and the bound that no split can pass."""
    if not problem.plans or not problem.rounds:
        empty = np.zeros(problem.round_of.shape, dtype=np.int64)
        none = np.zeros(problem.rounds, dtype=bool)
        return Allocation(empty, 0.0, 0.0, "exact", none, empty, 0.0, 0)
    scale = Scale.of(problem, settings)
    greedy = _in_turn(problem, settings, drawn_order(problem, settings.seed))
    floor = own_values(problem, greedy) * (1 - settings.tolerance)
    steps, method, bound = None, "bounded", np.inf
    if problem.plans <= settings.exact_plans:
        steps, bound = _exact(problem, settings, scale, floor)
        method = "exact" if steps is not None else method
    if steps is None:
        priced, price = lagrangian(problem, settings, scale, floor)
        bound = min(bound, priced)
        steps = _bounded(problem, settings, scale, greedy, floor, price)
        if _value(problem, scale, steps) < _value(problem, scale, greedy):
            steps = greedy
        spread = spread_places(problem, settings, scale, steps, floor)
        if _value(problem, scale, spread) > _value(problem, scale, steps):
            steps = spread
    value, before = _value(problem, scale, steps), _value(problem, scale, greedy)
    if value < before:
        steps, value = greedy, before
    return Allocation(
        steps=steps,
        value=value,
        bound=max(bound, value),
        method=method,
        completed=_completed(problem, steps),
        greedy_steps=greedy,
        greedy_value=before,
        greedy_completed=int(_completed(problem, greedy).sum()),
    )


def _completed(problem: Problem, steps: Ints) -> NDArray[np.bool_]:
    """Rounds that lack something now and lack nothing afterwards."""
    done: NDArray[np.bool_] = (problem.need > 0) & (
        sums_of_rounds(problem, steps) >= problem.need - 1e-6
    )
    return done


def _value(problem: Problem, scale: Scale, steps: Ints) -> float:
    budgets = problem.budget * problem.step_vnd
    used = steps.sum(axis=1) * problem.step_vnd
    fair = (np.minimum(used, budgets / 2) * scale.first_half).sum()
    done = _completed(problem, steps).sum()
    return float(own_values(problem, steps).sum() + fair + scale.completion * done)


def _in_turn(problem: Problem, settings: Settings, order: Ints) -> Ints:
    """The greedy choice: one plan after another takes what fits it best and still has room."""
    state, by_fit = State(problem, settings), places_by_fit(problem)
    for plan in order.tolist():
        state.fill(plan, by_fit)
    return state.steps


def _bounded(
    problem: Problem,
    settings: Settings,
    scale: Scale,
    greedy: Ints,
    floor: Floats,
    price: Floats,
) -> Ints:
    """Complete what is cheap, then fill by fit less the price of room; plans that the greedy
    choice serves come first, and those that fell behind all the same keep it."""
    kept = np.zeros(problem.plans, dtype=bool)
    order = drawn_order(problem, settings.seed)
    order = np.concatenate([order[floor[order] > 0], order[floor[order] <= 0]])
    by_fit = places_by_fit(problem, np.maximum(price, 0.0))
    for _attempt in range(MOST_ATTEMPTS):
        state = State(problem, settings)
        for plan in np.flatnonzero(kept).tolist():
            for place in np.flatnonzero(greedy[plan]).tolist():
                state.put(plan, place, int(greedy[plan, place]))
        spare = own_values(problem, greedy) - floor
        spare[kept] = 0
        _complete_cheaply(state, scale, spare, kept)
        for plan in order.tolist():
            if not kept[plan]:
                state.fill(plan, by_fit)
        behind = (own_values(problem, state.steps) < floor - 1e-6) & ~kept
        if not behind.any():
            return state.steps
        kept |= behind
        # On a crowded day the places are gone before most could have theirs.
        if kept.sum() > (floor > 0).sum() / 2:
            break
    return greedy


def _complete_cheaply(state: State, scale: Scale, spare: Floats, kept: NDArray[np.bool_]) -> None:
    """Fill whole rounds, the smallest need first, where the fit given up is worth less than the
    completion and no plan gives up more than it has to spare."""
    problem = state.problem
    plans, places = np.nonzero((problem.round_of >= 0) & ~kept[:, None])
    targets = problem.round_of[plans, places]
    best = np.where(problem.round_of >= 0, problem.fit, 0).max(axis=1)
    turn = np.argsort(targets, kind="stable")
    plans, places, targets = plans[turn], places[turn], targets[turn]
    starts = np.searchsorted(targets, np.arange(problem.rounds + 1))
    for target in np.argsort(problem.need, kind="stable").tolist():
        part = slice(starts[target], starts[target + 1])
        # What plans outside gave already counts.
        lacks = problem.need[target] - (problem.room[target] - state.room[target])
        if problem.need[target] <= 0 or lacks <= 0 or part.start == part.stop:
            continue
        _complete(state, scale, spare, plans[part], places[part], best, float(lacks))


def _complete(
    state: State,
    scale: Scale,
    spare: Floats,
    plans: Ints,
    places: Ints,
    best: Floats,
    lacks: float,
) -> None:
    problem = state.problem
    most = np.minimum(state.left[plans], problem.most[plans, places])
    if (most * problem.step_vnd[plans]).sum() < lacks:
        return
    loss = best[plans] - problem.fit[plans, places]
    chosen: list[tuple[int, int, int, float]] = []
    cost, got = 0.0, 0.0
    for i in np.lexsort((plans, loss)).tolist():
        plan, place = int(plans[i]), int(places[i])
        steps = state.possible(plan, place)
        worth = problem.step_vnd[plan]
        if loss[i] > 0:
            steps = min(steps, int(spare[plan] / (loss[i] * worth)))
        steps = min(steps, max(int(-(-(lacks - got) // worth)), int(problem.least[plan, place])))
        if steps < max(int(problem.least[plan, place]), 1):
            continue
        chosen.append((plan, place, steps, loss[i] * steps * worth))
        got, cost = got + steps * worth, cost + loss[i] * steps * worth
        if cost >= scale.completion:
            return
        if got >= lacks:
            break
    if (
        got < lacks
        or sum(s * problem.step_vnd[p] for p, _k, s, _c in chosen)
        > state.room[problem.round_of[chosen[0][0], chosen[0][1]]] + 1e-6
    ):
        return
    for plan, place, steps, paid in chosen:
        state.put(plan, place, steps)
        spare[plan] -= paid


def _exact(
    problem: Problem, settings: Settings, scale: Scale, floor: Floats
) -> tuple[Ints | None, float]:
    """The split by mixed-integer programming, and its bound; None when the node limit came first.

    Variables: steps x, whether a line stands y, whether a round completes z, first halves s.
    Values are in median budgets, so that the solver's tolerances mean something.
    """
    plans, places = np.nonzero((problem.round_of >= 0) & (problem.most >= problem.least))
    targets = problem.round_of[plans, places]
    unit = max(float(np.median(problem.budget * problem.step_vnd)), 1.0)
    model = _Model(problem, settings, floor, plans, places, targets, unit)
    reachable = most_of_rounds(problem)
    hopeless = (problem.need <= 0) | (reachable < problem.need)
    upper = np.concatenate(
        [np.minimum(problem.most, problem.budget[:, None])[plans, places].astype(float),
         np.ones(len(plans)), np.where(hopeless, 0.0, 1.0),
         problem.budget * problem.step_vnd / 2 / unit]
    )  # fmt: skip
    gain = np.concatenate(
        [problem.fit[plans, places] * problem.step_vnd[plans] / unit, np.zeros(len(plans)),
         np.full(problem.rounds, scale.completion / unit), scale.first_half]
    )  # fmt: skip
    whole = np.concatenate([np.ones(2 * len(plans) + problem.rounds), np.zeros(problem.plans)])
    answer = milp(
        -gain,
        constraints=model.constraints(),
        integrality=whole,
        bounds=Bounds(np.zeros(len(upper)), upper),
        options={"node_limit": settings.node_limit, "mip_rel_gap": settings.relative_gap},
    )
    bound = -answer.mip_dual_bound * unit if answer.mip_dual_bound is not None else np.inf
    if answer.status != 0 or answer.x is None:
        return None, float(bound)
    steps = np.zeros(problem.round_of.shape, dtype=np.int64)
    steps[plans, places] = np.rint(answer.x[: len(plans)]).astype(np.int64)
    sound = not broken_rules(problem, steps, settings)
    kept = bool((own_values(problem, steps) >= floor - 1e-3).all())
    return (steps if sound and kept else None), float(bound)


@dataclass(frozen=True)
class _Model:
    """The rows of the mixed-integer program."""

    problem: Problem
    settings: Settings
    floor: Floats
    plans: Ints
    places: Ints
    targets: Ints
    unit: float

    def constraints(self) -> list[LinearConstraint]:
        problem, n = self.problem, len(self.plans)
        x, y = np.arange(n), n + np.arange(n)
        z = 2 * n + np.arange(problem.rounds)
        s = 2 * n + problem.rounds + np.arange(problem.plans)
        self_plan = np.arange(problem.plans)
        vnd = problem.step_vnd[self.plans] / self.unit
        most = np.minimum(problem.most, problem.budget[:, None])[self.plans, self.places]
        least = np.maximum(problem.least[self.plans, self.places], 1)
        ones, lines = np.ones(n), np.arange(n)
        cells = self.plans * (int(problem.field_of.max(initial=0)) + 1)
        cells = cells + problem.field_of[self.targets]
        fields, cell = np.unique(cells, return_inverse=True)
        caps = problem.field_cap[fields // (int(problem.field_of.max(initial=0)) + 1)]
        all_z, all_p = np.arange(problem.rounds), self_plan
        value = problem.fit[self.plans, self.places] * vnd
        size = 2 * n + problem.rounds + problem.plans
        up: list[tuple[list[tuple[Ints, Ints, Floats]], Floats]] = [
            ([(self.plans, x, ones)], problem.budget.astype(float)),
            ([(self.plans, y, ones)], np.full(problem.plans, float(self.settings.most_lines))),
            ([(cell, x, ones)], caps.astype(float)),
            ([(lines, x, ones), (lines, y, -most.astype(float))], np.zeros(n)),
            ([(lines, y, least.astype(float)), (lines, x, -ones)], np.zeros(n)),
            ([(self.targets, x, vnd)], problem.room / self.unit),
            ([(all_z, z, problem.need / self.unit), (self.targets, x, -vnd)],
             np.zeros(problem.rounds)),
            ([(all_p, s, np.ones(problem.plans)), (self.plans, x, -vnd)], np.zeros(problem.plans)),
            ([(self.plans, x, -value)], -self.floor / self.unit),
        ]  # fmt: skip
        made = []
        for parts, limit in up:
            rows = np.concatenate([p[0] for p in parts])
            columns = np.concatenate([p[1] for p in parts])
            data = np.concatenate([p[2] for p in parts])
            matrix = coo_array((data, (rows, columns)), shape=(len(limit), size)).tocsr()
            made.append(LinearConstraint(matrix, -np.inf, limit))
        return made

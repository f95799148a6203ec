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
each plan fills up by fit. Both report the gap to an upper bound: HiGHS' own, or the Lagrangian
bound with room and completion priced (which relaxes smallest pledges, steps and lines). No clock
and no random source is read, so the same input gives the same output.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

# Each attempt keeps the greedy choice of more plans; a crowded day of 10,000 did not settle in 14.
MOST_ATTEMPTS = 30
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """P plans, K places in each shortlist (round −1 pads it), R rounds, F fields.

    Sums of a plan are in steps of its currency (`budget`, `least`, `most`, `field_cap`);
    `step_vnd` is what one step counts towards a target. `need` is what a round lacks to its
    target, `room` what it can still take, in đồng. `key` draws the order of plans.
    """

    budget: Ints  # P
    step_vnd: Floats  # P
    field_cap: Ints  # P; a period's cap per field
    key: Ints  # P
    round_of: Ints  # P × K
    fit: Floats  # P × K, 0 to 1
    least: Ints  # P × K
    most: Ints  # P × K
    need: Floats  # R
    room: Floats  # R
    field_of: Ints  # R

    @property
    def plans(self) -> int:
        return len(self.budget)

    @property
    def rounds(self) -> int:
        return len(self.need)


@dataclass(frozen=True)
class Settings:
    """`completion`: a completed round counts like so many median budgets at full fit.
    `fairness`: what the first half of a plan adds, as a share of a median budget."""

    tolerance: float = 0.10
    completion: float = 2.0
    fairness: float = 0.10
    most_lines: int = 5
    exact_plans: int = 300
    node_limit: int = 2_000
    relative_gap: float = 1e-3
    price_steps: int = 80
    seed: int = 0


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


def allocate(problem: Problem, settings: Settings = Settings()) -> Allocation:
    """The best split found, its value and the bound that no split can pass."""
    if not problem.plans or not problem.rounds:
        empty = np.zeros(problem.round_of.shape, dtype=np.int64)
        none = np.zeros(problem.rounds, dtype=bool)
        return Allocation(empty, 0.0, 0.0, "exact", none, empty, 0.0, 0)
    scale = _Scale.of(problem, settings)
    greedy = _in_turn(problem, settings, _order(problem, settings.seed))
    floor = own_values(problem, greedy) * (1 - settings.tolerance)
    steps, method, bound = None, "bounded", np.inf
    if problem.plans <= settings.exact_plans:
        steps, bound = _exact(problem, settings, scale, floor)
        method = "exact" if steps is not None else method
    if steps is None:
        priced, price = _lagrangian(problem, settings, scale)
        bound = min(bound, priced)
        steps = _bounded(problem, settings, scale, greedy, floor, price)
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


def own_values(problem: Problem, steps: Ints) -> Floats:
    """What each plan's own lines are worth to it: fit × đồng."""
    own: Floats = (problem.fit * steps).sum(axis=1) * problem.step_vnd
    return own


def sums_of_rounds(problem: Problem, steps: Ints) -> Floats:
    """What each round gets, in đồng."""
    amounts = (steps * problem.step_vnd[:, None])[problem.round_of >= 0]
    where = problem.round_of[problem.round_of >= 0]
    sums: Floats = np.bincount(where, weights=amounts, minlength=problem.rounds).astype(float)
    return sums


def broken_rules(problem: Problem, steps: Ints, settings: Settings) -> list[str]:
    """Every rule that a split breaks; empty for a sound one. For tests, and before storing."""
    wrong = []
    on = steps > 0
    if (steps < 0).any() or on[problem.round_of < 0].any():
        wrong.append("steps where no round is")
    if (steps.sum(axis=1) > problem.budget).any():
        wrong.append("budget")
    if (on & ((steps < problem.least) | (steps > problem.most))).any():
        wrong.append("smallest pledge or cap per round")
    if (on.sum(axis=1) > settings.most_lines).any():
        wrong.append("lines")
    for field in range(int(problem.field_of.max(initial=-1)) + 1):
        inside = (problem.round_of >= 0) & (problem.field_of[problem.round_of] == field)
        if ((steps * inside).sum(axis=1) > problem.field_cap).any():
            wrong.append("cap per field")
    if (sums_of_rounds(problem, steps) > problem.room * (1 + 1e-12) + 1e-6).any():
        wrong.append("room of a round")
    return wrong


@dataclass(frozen=True)
class _Scale:
    """The weights of the three terms, in đồng."""

    completion: float
    first_half: Floats  # P: what a đồng of the first half adds

    @classmethod
    def of(cls, problem: Problem, settings: Settings) -> "_Scale":
        budgets = problem.budget * problem.step_vnd
        median = float(np.median(budgets)) if len(budgets) else 0.0
        half = np.maximum(budgets / 2, 1e-9)
        return cls(settings.completion * median, settings.fairness * median / half)


def _completed(problem: Problem, steps: Ints) -> NDArray[np.bool_]:
    """Rounds that lack something now and lack nothing afterwards."""
    done: NDArray[np.bool_] = (problem.need > 0) & (
        sums_of_rounds(problem, steps) >= problem.need - 1e-6
    )
    return done


def _value(problem: Problem, scale: _Scale, steps: Ints) -> float:
    budgets = problem.budget * problem.step_vnd
    used = steps.sum(axis=1) * problem.step_vnd
    fair = (np.minimum(used, budgets / 2) * scale.first_half).sum()
    done = _completed(problem, steps).sum()
    return float(own_values(problem, steps).sum() + fair + scale.completion * done)


def _order(problem: Problem, seed: int) -> Ints:
    """Plans in an order that the day's seed draws (splitmix64 of the key; ties by place)."""
    mix = problem.key.astype(np.uint64) + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    mix = (mix ^ (mix >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mix = (mix ^ (mix >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.argsort(mix ^ (mix >> np.uint64(31)), kind="stable")


class _State:
    """What is left of budgets, fields and rooms while a split is being made."""

    def __init__(self, problem: Problem, settings: Settings) -> None:
        self.problem, self.most_lines = problem, settings.most_lines
        self.steps = np.zeros(problem.round_of.shape, dtype=np.int64)
        self.left = problem.budget.copy()
        fields = int(problem.field_of.max(initial=0)) + 1
        self.field_left = np.repeat(problem.field_cap[:, None], fields, axis=1)
        self.lines = np.zeros(problem.plans, dtype=np.int64)
        self.room = problem.room.astype(np.float64).copy()

    def possible(self, plan: int, place: int) -> int:
        """The most steps that this plan can still add at this place of its shortlist; 0: none."""
        problem = self.problem
        target = problem.round_of[plan, place]
        if target < 0 or self.steps[plan, place] or self.lines[plan] >= self.most_lines:
            return 0
        most = min(
            self.left[plan],
            self.field_left[plan, problem.field_of[target]],
            problem.most[plan, place],
            int((self.room[target] + 1e-6) // problem.step_vnd[plan]),
        )
        return int(most) if most >= max(problem.least[plan, place], 1) else 0

    def put(self, plan: int, place: int, steps: int) -> None:
        target = self.problem.round_of[plan, place]
        self.steps[plan, place] = steps
        self.left[plan] -= steps
        self.field_left[plan, self.problem.field_of[target]] -= steps
        self.lines[plan] += 1
        self.room[target] -= steps * self.problem.step_vnd[plan]

    def fill(self, plan: int, by_fit: Ints) -> None:
        """Fill the plan up by its own fit."""
        for place in by_fit[plan].tolist():
            if self.left[plan] <= 0 or self.lines[plan] >= self.most_lines:
                return
            most = self.possible(plan, place)
            if most:
                self.put(plan, place, most)


def _by_fit(problem: Problem, price: Floats | None = None) -> Ints:
    """Places of each shortlist by falling fit (less the price of room), ties by round."""
    worth = problem.fit if price is None else problem.fit - price[problem.round_of]
    order: Ints = np.lexsort((problem.round_of, -worth), axis=1)
    return order


def _in_turn(problem: Problem, settings: Settings, order: Ints) -> Ints:
    """The greedy choice: one plan after another takes what fits it best and still has room."""
    state, by_fit = _State(problem, settings), _by_fit(problem)
    for plan in order.tolist():
        state.fill(plan, by_fit)
    return state.steps


def _bounded(
    problem: Problem,
    settings: Settings,
    scale: _Scale,
    greedy: Ints,
    floor: Floats,
    price: Floats,
) -> Ints:
    """Complete what is cheap, then fill by fit less the price of room; plans that the greedy
    choice serves come first, and those that fell behind all the same keep it."""
    kept = np.zeros(problem.plans, dtype=bool)
    order = _order(problem, settings.seed)
    order = np.concatenate([order[floor[order] > 0], order[floor[order] <= 0]])
    by_fit = _by_fit(problem, np.maximum(price, 0.0))
    for _attempt in range(MOST_ATTEMPTS):
        state = _State(problem, settings)
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
    return greedy


def _complete_cheaply(state: _State, scale: _Scale, spare: Floats, kept: NDArray[np.bool_]) -> None:
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
    state: _State,
    scale: _Scale,
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


def _lagrangian(problem: Problem, settings: Settings, scale: _Scale) -> tuple[float, Floats]:
    """An upper bound and the price of room in each round that gave it.

    Room (λ) and completion (μ) have prices and every plan chooses alone. With prices fixed the
    rest is a fractional choice under nested caps, which taking the best first solves exactly. Any
    prices give a bound; subgradient steps look for a low one.
    """
    reachable = _reachable(problem)
    lam, mu = np.zeros(problem.rounds), np.zeros(problem.rounds)
    needy = (problem.need > 0) & (reachable >= problem.need)
    mu[needy] = scale.completion / problem.need[needy]
    size, want = np.maximum(problem.room, 1.0), np.maximum(problem.need, 1.0)
    bound, best = np.inf, lam
    for turn in range(settings.price_steps):
        total, given = _choose_alone(problem, scale, lam - mu)
        gains = np.where(needy, scale.completion - mu * problem.need, 0.0)
        done = gains > 0
        now = total + float((lam * problem.room).sum()) + float(gains[done].sum())
        if now < bound:
            bound, best = now, lam
        step = 0.15 / np.sqrt(1.0 + turn)
        lam = np.maximum(0.0, lam + step * np.clip((given - problem.room) / size, -1, 1))
        short = np.where(done, problem.need, 0.0) - given
        mu = np.maximum(0.0, mu + step * 0.1 * np.clip(short / want, -1, 1))
        mu[~needy] = 0.0
    return bound, best


def _reachable(problem: Problem) -> Floats:
    """The most that each round could get if every plan that lists it gave all it may."""
    most = np.minimum(problem.most, problem.budget[:, None])
    return sums_of_rounds(problem, np.where(problem.round_of >= 0, most, 0))


def _choose_alone(problem: Problem, scale: _Scale, price: Floats) -> tuple[float, Floats]:
    """Every plan's best fractional choice at these prices: the sum of values, and what each round
    would get."""
    real = problem.round_of >= 0
    worth = np.where(real, problem.fit - price[problem.round_of], -np.inf)
    turn = np.argsort(-worth, axis=1, kind="stable")
    rows = np.arange(problem.plans)
    half = problem.budget * problem.step_vnd / 2
    left = problem.budget * problem.step_vnd
    caps = problem.most * problem.step_vnd[:, None]
    fields = int(problem.field_of.max(initial=0)) + 1
    field_left = np.repeat((problem.field_cap * problem.step_vnd)[:, None], fields, axis=1)
    given, total = np.zeros(problem.rounds), 0.0
    used = np.zeros(problem.plans)
    for column in range(turn.shape[1]):
        place = turn[:, column]
        target = problem.round_of[rows, place]
        value = worth[rows, place]
        field = problem.field_of[target]
        most = np.minimum(np.minimum(left, caps[rows, place]), field_left[rows, field])
        most = np.where(target >= 0, most, 0.0)
        # The first half of a plan earns more, so a line may be worth it only there.
        early = np.clip(half - used, 0.0, most)
        take_early = np.where(value + scale.first_half > 0, early, 0.0)
        take = np.where(value > 0, most, take_early)
        total += float(np.where(take > 0, take * np.maximum(value, -1e18), 0.0).sum())
        total += float((np.minimum(take, early) * scale.first_half).sum())
        left, used = left - take, used + take
        field_left[rows, field] -= take
        given += np.bincount(target[target >= 0], take[target >= 0], minlength=problem.rounds)
    return total, given


def _exact(
    problem: Problem, settings: Settings, scale: _Scale, floor: Floats
) -> tuple[Ints | None, float]:
    """The split by mixed-integer programming, and its bound; None when the node limit came first.

    Variables: steps x, whether a line stands y, whether a round completes z, first halves s.
    Values are in median budgets, so that the solver's tolerances mean something.
    """
    plans, places = np.nonzero((problem.round_of >= 0) & (problem.most >= problem.least))
    targets = problem.round_of[plans, places]
    unit = max(float(np.median(problem.budget * problem.step_vnd)), 1.0)
    model = _Model(problem, settings, floor, plans, places, targets, unit)
    reachable = _reachable(problem)
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

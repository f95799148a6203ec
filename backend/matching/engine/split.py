"""A day's plans and rounds, and a split that is being made of them. Pure; numpy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    price_steps: int = 120
    seed: int = 0


DEFAULTS = Settings()


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
class Scale:
    """The weights of the three terms, in đồng."""

    completion: float
    first_half: Floats  # P: what a đồng of the first half adds

    @classmethod
    def of(cls, problem: Problem, settings: Settings) -> "Scale":
        budgets = problem.budget * problem.step_vnd
        median = float(np.median(budgets)) if len(budgets) else 0.0
        half = np.maximum(budgets / 2, 1e-9)
        return cls(settings.completion * median, settings.fairness * median / half)


def drawn_order(problem: Problem, seed: int) -> Ints:
    """Plans in an order that the day's seed draws (splitmix64 of the key; ties by place)."""
    mix = problem.key.astype(np.uint64) + np.uint64(seed * 0x9E3779B97F4A7C15 % 2**64)
    mix = (mix ^ (mix >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mix = (mix ^ (mix >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.argsort(mix ^ (mix >> np.uint64(31)), kind="stable")


class State:
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

    def take_over(self, steps: Ints) -> None:
        """Begin with a sound split."""
        problem = self.problem
        self.steps, self.left = steps.copy(), problem.budget - steps.sum(axis=1)
        self.lines = (steps > 0).sum(axis=1)
        self.room = problem.room - sums_of_rounds(problem, steps)
        plans, places = np.nonzero(steps)
        fields = problem.field_of[problem.round_of[plans, places]]
        np.subtract.at(self.field_left, (plans, fields), steps[plans, places])

    def give_up(self, plan: int, place: int, steps: int) -> None:
        """Take steps back from a line that stands, some of them or all."""
        target = self.problem.round_of[plan, place]
        self.steps[plan, place] -= steps
        self.left[plan] += steps
        self.field_left[plan, self.problem.field_of[target]] += steps
        self.lines[plan] -= self.steps[plan, place] == 0
        self.room[target] += steps * self.problem.step_vnd[plan]

    def fill(self, plan: int, by_fit: Ints) -> None:
        """Fill the plan up by its own fit."""
        for place in by_fit[plan].tolist():
            if self.left[plan] <= 0 or self.lines[plan] >= self.most_lines:
                return
            most = self.possible(plan, place)
            if most:
                self.put(plan, place, most)


def places_by_fit(problem: Problem, price: Floats | None = None) -> Ints:
    """Places of each shortlist by falling fit (less the price of room), ties by round."""
    worth = problem.fit if price is None else problem.fit - price[problem.round_of]
    order: Ints = np.lexsort((problem.round_of, -worth), axis=1)
    return order

"""Places in full rounds for plans that have little, out of what others can spare. Pure; numpy."""

import numpy as np

from backend.matching.engine.split import (
    Floats,
    Ints,
    Problem,
    Scale,
    Settings,
    State,
    drawn_order,
    own_values,
    places_by_fit,
)


class Donors:
    """Lines of each round that could be made smaller, the least fitting first."""

    def __init__(self, state: State, floor: Floats) -> None:
        problem = state.problem
        self.state = state
        self.spare = own_values(problem, state.steps) - floor
        self.half = -(-problem.budget // 2)
        plans, places = np.nonzero(state.steps)
        targets = problem.round_of[plans, places]
        turn = np.lexsort((plans, problem.fit[plans, places], targets))
        self.plans, self.places = plans[turn].tolist(), places[turn].tolist()
        ends = np.searchsorted(targets[turn], np.arange(problem.rounds + 1))
        self.next, self.end = ends[:-1].tolist(), ends[1:].tolist()

    def offers(self, target: int, wanted: float, worth: float) -> list[tuple[int, int, int]]:
        """(plan, place, steps) that together free so many đồng, or as many as can be had, from
        lines that fit less than `worth`. Nobody falls below a half, a smallest pledge or what the
        tolerance leaves."""
        problem, found, at = self.state.problem, [], self.next[target]
        while wanted > 1e-6 and at < self.end[target]:
            plan, place = self.plans[at], self.places[at]
            fit, vnd = float(problem.fit[plan, place]), float(problem.step_vnd[plan])
            if fit >= worth:
                break
            most = min(
                int(self.state.steps[plan, place] - max(problem.least[plan, place], 1)),
                int(problem.budget[plan] - self.state.left[plan] - self.half[plan]),
                int(self.spare[plan] / max(fit * vnd, 1e-9)),
            )
            steps = min(most, int(-(-wanted // vnd)))
            if steps > 0:
                found.append((plan, place, steps))
                wanted -= steps * vnd
            elif at == self.next[target]:
                # Nobody gets more to spare later.
                self.next[target] += 1
            at += 1
        return found

    def take(self, plan: int, place: int, steps: int) -> None:
        self.state.give_up(plan, place, steps)
        worth = self.state.problem.fit[plan, place] * self.state.problem.step_vnd[plan]
        self.spare[plan] -= float(worth) * steps


def spread_places(
    problem: Problem, settings: Settings, scale: Scale, steps: Ints, floor: Floats
) -> Ints:
    """Lines for plans that have less than half, the most valuable first, in what room there is and
    in what others can spare; then everybody fills up by fit."""
    state = State(problem, settings)
    state.take_over(steps)
    donors = Donors(state, floor)
    half = -(-problem.budget // 2)
    poor = problem.budget - state.left < half
    plans, places = np.nonzero((problem.round_of >= 0) & poor[:, None] & (steps == 0))
    gain = problem.fit[plans, places] + scale.first_half[plans]
    for i in np.lexsort((places, plans, -gain)).tolist():
        plan, place = int(plans[i]), int(places[i])
        _take_place(state, donors, plan, place, int(half[plan]), float(gain[i]))
    by_fit = places_by_fit(problem)
    for plan in drawn_order(problem, settings.seed).tolist():
        state.fill(plan, by_fit)
    return state.steps


def _take_place(
    state: State, donors: Donors, plan: int, place: int, half: int, gain: float
) -> None:
    problem = state.problem
    target, vnd = int(problem.round_of[plan, place]), float(problem.step_vnd[plan])
    lacks = half - int(problem.budget[plan] - state.left[plan])
    least = max(int(problem.least[plan, place]), 1)
    most = min(
        int(state.left[plan]), int(state.field_left[plan, problem.field_of[target]]),
        int(problem.most[plan, place]), max(lacks, least),
    )  # fmt: skip
    if lacks <= 0 or most < least or state.lines[plan] >= state.most_lines:
        return
    room = float(state.room[target])
    offers = donors.offers(target, most * vnd - room, gain) if most * vnd > room else []
    freed = sum(steps * float(problem.step_vnd[p]) for p, _place, steps in offers)
    steps = min(most, int((room + freed + 1e-6) // vnd))
    # A round that is complete stays complete.
    was = float(problem.room[target]) - room
    is_short = was >= problem.need[target] - 1e-6 > was - freed + steps * vnd
    if steps < least or is_short:
        return
    for donor, line, given in offers:
        donors.take(donor, line, given)
    state.put(plan, place, steps)

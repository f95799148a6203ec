"""The day's split: sound, deterministic, fair to each plan, never better than its bound."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.bench.allocation import problem_of
from backend.matching.engine.allocate import allocate
from backend.matching.engine.split import Problem, Settings, broken_rules, own_values


@st.composite
def days(draw: Any) -> Problem:
    """Small days of every shape: padded shortlists, full rounds, tickets above caps."""
    plans, rounds, places = draw(st.integers(1, 6)), draw(st.integers(1, 5)), 3
    numbers = st.integers(0, 2**31)
    g = np.random.default_rng(draw(numbers))
    round_of = np.array([g.permutation(max(rounds, places))[:places] for _ in range(plans)])
    round_of[round_of >= rounds] = -1
    need = g.integers(0, 40, rounds).astype(float)
    return Problem(
        budget=g.integers(0, 20, plans), step_vnd=g.choice([1.0, 2.5], plans),
        field_cap=g.integers(1, 20, plans), key=g.integers(0, 99, plans), round_of=round_of,
        fit=np.round(g.random((plans, places)), 2), least=g.integers(1, 8, (plans, places)),
        most=g.integers(1, 12, (plans, places)), need=need,
        room=need + g.integers(0, 20, rounds), field_of=g.integers(0, 2, rounds),
    )  # fmt: skip


@given(days(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_split_keeps_every_rule_and_the_promises(day: Problem, is_exact: bool) -> None:
    rules = Settings(exact_plans=300 if is_exact else 0)
    found = allocate(day, rules)
    assert broken_rules(day, found.steps, rules) == []
    assert broken_rules(day, found.greedy_steps, rules) == []
    assert found.greedy_value - 1e-6 <= found.value <= found.bound + 1e-6
    behind = own_values(day, found.greedy_steps) * (1 - rules.tolerance)
    assert (own_values(day, found.steps) >= behind - 1e-2).all()


@given(days())
@settings(max_examples=40, deadline=None)
def test_the_priced_bound_is_never_below_the_exact_answer(day: Problem) -> None:
    exact = allocate(day, Settings(relative_gap=0.0))
    bounded = allocate(day, Settings(exact_plans=0))
    assert bounded.bound >= exact.value - 1e-6 * max(1.0, exact.value)
    if exact.method == "exact":
        assert exact.value >= bounded.value - 1e-6 * max(1.0, bounded.value)


@pytest.mark.parametrize("exact_plans", [300, 0])
def test_the_same_day_gives_the_same_split(exact_plans: int) -> None:
    day, rules = problem_of(25), Settings(exact_plans=exact_plans)
    first, again = allocate(day, rules), allocate(day, rules)
    assert (first.steps == again.steps).all()
    assert first.value == again.value


def test_the_draw_of_the_day_decides_who_comes_first() -> None:
    day = problem_of(40)
    small = replace(day, room=np.minimum(day.room, 2e6), need=np.minimum(day.need, 2e6))
    splits = [allocate(small, Settings(exact_plans=0, seed=s)).greedy_steps for s in (1, 2)]
    assert (splits[0] != splits[1]).any()


def test_together_they_complete_a_round_that_alone_nobody_would() -> None:
    """Four plans like round 0 a little better; only together they fill round 1."""
    day = Problem(
        budget=np.full(4, 10), step_vnd=np.ones(4), field_cap=np.full(4, 10),
        key=np.arange(4), round_of=np.tile([0, 1], (4, 1)),
        fit=np.tile([0.80, 0.78], (4, 1)), least=np.ones((4, 2), dtype=np.int64),
        most=np.full((4, 2), 10), need=np.array([500.0, 40.0]), room=np.array([500.0, 50.0]),
        field_of=np.array([0, 1]),
    )  # fmt: skip
    for exact_plans in (300, 0):
        found = allocate(day, Settings(exact_plans=exact_plans))
        assert found.greedy_completed == 0
        assert found.completed.tolist() == [False, True]


def test_a_day_without_plans_or_rounds_is_empty() -> None:
    assert allocate(problem_of(0)).value == 0


def test_a_node_limit_of_nothing_falls_back_to_the_bounded_method() -> None:
    found = allocate(problem_of(30), Settings(node_limit=0, relative_gap=0.0))
    assert found.method in {"bounded", "exact"}
    assert found.value <= found.bound


def test_two_hundred_plans_beat_the_greedy_choice() -> None:
    day = problem_of(200)
    found = allocate(day, Settings(exact_plans=0))
    assert found.value > found.greedy_value
    assert found.gap < 0.25


def test_on_a_crowded_day_more_plans_get_a_place_and_nobody_falls_behind() -> None:
    """Room for a third: those who came first in the draw give what the tolerance lets them."""
    day = problem_of(800)
    asked = (day.budget * day.step_vnd).sum()
    day = replace(day, need=np.zeros_like(day.need), room=day.room * asked / day.room.sum() / 3)
    rules = Settings(exact_plans=0)
    found = allocate(day, rules)
    assert broken_rules(day, found.steps, rules) == []
    kept = own_values(day, found.greedy_steps) * (1 - rules.tolerance)
    assert (own_values(day, found.steps) >= kept - 1e-2).all()
    served = [(steps.sum(axis=1) > 0).sum() for steps in (found.steps, found.greedy_steps)]
    assert served[0] > served[1] * 1.05
    assert found.value > found.greedy_value * 1.02

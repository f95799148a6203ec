"""The day's plans split together, beside per-plan greedy and the bound: value, rounds, seconds.

    scripts/bench allocation [PLANS …]      (default 100 1000 10000 100000; always 1,000 rounds)

Plans and rounds are invented: six hidden tastes decide the fit, needs are log-normal around 60
million ₫, budgets 20 to 200 USD, at most half of a budget in one round. Seeded, so that two
machines solve the same problem. "Most": how many rounds could be completed at all, if everybody who
has a round on the shortlist gave it the most that they may; no split completes more.
"""

import sys
import time

import numpy as np

from backend.bench.memory import peak_mb
from backend.matching.engine.allocate import allocate
from backend.matching.engine.split import Problem, Settings, broken_rules, sums_of_rounds

ROUNDS, SHORTLIST, FIELDS = 1_000, 12, 5
VND_PER_USD = 26_000.0


def problem_of(plans: int, seed: int = 1) -> Problem:
    """A reproducible day of so many plans."""
    draw = np.random.default_rng(seed)
    budget = draw.integers(20, 201, plans).astype(np.int64)
    need = np.round(draw.lognormal(np.log(60e6), 1.0, ROUNDS))
    field_of = draw.integers(0, FIELDS, ROUNDS).astype(np.int64)
    tastes, traits = draw.normal(size=(plans, 6)), draw.normal(size=(ROUNDS, 6))
    round_of = np.empty((plans, SHORTLIST), dtype=np.int64)
    fit = np.empty((plans, SHORTLIST))
    for start in range(0, plans, 2_000):
        part = slice(start, start + 2_000)
        scores = 1 / (1 + np.exp(-(tastes[part] @ traits.T) / 2.5))
        best = np.argpartition(-scores, SHORTLIST - 1, axis=1)[:, :SHORTLIST]
        round_of[part] = best
        fit[part] = np.round(np.take_along_axis(scores, best, axis=1), 2)
    smallest = draw.choice([5, 10, 20, 50], ROUNDS).astype(np.int64)
    most = np.repeat(np.maximum(budget // 2, 1)[:, None], SHORTLIST, axis=1)
    return Problem(
        budget=budget, step_vnd=np.full(plans, VND_PER_USD), field_cap=budget * 7 // 10,
        key=np.arange(plans, dtype=np.int64), round_of=round_of, fit=fit,
        least=smallest[round_of], most=most, need=need, room=need * 1.2, field_of=field_of,
    )  # fmt: skip


def most_completed(problem: Problem) -> int:
    """No split completes more rounds than this."""
    return int((sums_of_rounds(problem, problem.most) >= problem.need).sum())


def main(sizes: list[int]) -> int:
    print("plans     method    value/greedy  gap to bound  completed (greedy, most)  seconds   MB")
    bad = 0
    for plans in sizes:
        problem, settings = problem_of(plans), Settings()
        started = time.perf_counter()
        found = allocate(problem, settings)
        seconds = time.perf_counter() - started
        peak = int(peak_mb())
        broken = broken_rules(problem, found.steps, settings)
        bad += bool(broken)
        print(
            f"{plans:<9,} {found.method:<9} {found.value / found.greedy_value:<13.3f} "
            f"{found.gap:<13.2%} {int(found.completed.sum()):>5} "
            f"{f'({found.greedy_completed}, {most_completed(problem)})':<19}"
            f"{seconds:<9.1f} {peak:,} {', '.join(broken)}",
            flush=True,
        )
    return 1 if bad else 0


if __name__ == "__main__":
    wanted = [int(a) for a in sys.argv[1:]] or [100, 1_000, 10_000, 100_000]
    raise SystemExit(main(wanted))

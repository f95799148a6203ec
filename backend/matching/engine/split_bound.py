"""What no split of a day can pass, and the prices that gave that bound. Pure; numpy."""

import numpy as np

from backend.matching.engine.split import Floats, Problem, Scale, Settings, sums_of_rounds


def lagrangian(
    problem: Problem, settings: Settings, scale: Scale, floor: Floats
) -> tuple[float, Floats]:
    """An upper bound and the price of room in each round that gave it.

    Room (λ), completion (μ) and what each plan must keep of its own greedy choice (ν) have prices
    and every plan chooses alone. With prices fixed the
    rest is a fractional choice under nested caps, which taking the best first solves exactly. Any
    prices give a bound; subgradient steps look for a low one.
    """
    reachable = most_of_rounds(problem)
    lam, mu = np.zeros(problem.rounds), np.zeros(problem.rounds)
    needy = (problem.need > 0) & (reachable >= problem.need)
    mu[needy] = scale.completion / problem.need[needy]
    size, want = np.maximum(problem.room, 1.0), np.maximum(problem.need, 1.0)
    nu, keep = np.zeros(problem.plans), np.maximum(floor, 1.0)
    # Where more is wanted than there is room, room has a price from the beginning.
    _total, wanted, _own = _choose_alone(problem, scale, -mu, nu)
    lam = np.where(wanted > problem.room, 1.0, 0.0)
    bound, best = np.inf, lam
    for turn in range(settings.price_steps):
        total, given, own = _choose_alone(problem, scale, lam - mu, nu)
        total -= float((nu * floor).sum())
        gains = np.where(needy, scale.completion - mu * problem.need, 0.0)
        done = gains > 0
        now = total + float((lam * problem.room).sum()) + float(gains[done].sum())
        if now < bound:
            bound, best = now, lam
        step = 0.1 / np.sqrt(1.0 + turn)
        lam = np.maximum(0.0, lam + step * np.clip((given - problem.room) / size, -1, 1))
        short = np.where(done, problem.need, 0.0) - given
        mu = np.maximum(0.0, mu + step * 0.15 * np.clip(short / want, -1, 1))
        mu[~needy] = 0.0
        behind = np.where(floor > 0, floor - own, 0.0) / keep
        nu = np.maximum(0.0, nu + 3 * step * np.clip(behind, -1, 1))
    return bound, best


def most_of_rounds(problem: Problem) -> Floats:
    """The most that each round could get if every plan that lists it gave all it may."""
    most = np.minimum(problem.most, problem.budget[:, None])
    return sums_of_rounds(problem, np.where(problem.round_of >= 0, most, 0))


def _choose_alone(
    problem: Problem, scale: Scale, price: Floats, nu: Floats
) -> tuple[float, Floats, Floats]:
    """Every plan's best fractional choice at these prices: the sum of values, what each round
    would get, and what the lines are worth to each plan."""
    real = problem.round_of >= 0
    priced = problem.fit * (1 + nu[:, None]) - price[problem.round_of]
    worth = np.where(real, priced, -np.inf)
    turn = np.argsort(-worth, axis=1, kind="stable")
    rows = np.arange(problem.plans)
    half = problem.budget * problem.step_vnd / 2
    left = problem.budget * problem.step_vnd
    caps = problem.most * problem.step_vnd[:, None]
    fields = int(problem.field_of.max(initial=0)) + 1
    field_left = np.repeat((problem.field_cap * problem.step_vnd)[:, None], fields, axis=1)
    given, total = np.zeros(problem.rounds), 0.0
    used, own = np.zeros(problem.plans), np.zeros(problem.plans)
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
        own += take * problem.fit[rows, place]
        field_left[rows, field] -= take
        given += np.bincount(target[target >= 0], take[target >= 0], minlength=problem.rounds)
    return total, given, own

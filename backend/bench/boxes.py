"""Black boxes on our own features, with our own negatives and weights: what an order that need not
explain itself would reach. Each has six settings, and each fusion with the linear order three; the
best on the months before the window is fitted again and scored."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.bench import venture
from backend.bench.peers import tuned_by
from backend.bench.window import Window
from backend.matching.engine.learn import Settings, learn, parts
from backend.matching.engine.listwise import Examples
from backend.matching.engine.ridge import fit_ridge
from backend.matching.engine.world import past_of, read_world, shelf_of

KEPT = 300  # of all and of the cold listings, by the linear order: what is ranked again
LEAVES = (7, 20)
TREES = (60, 120, 200)
SHARES = (0.5, 1.0, 2.0)  # of the box in a fusion, the linear order counting 1
BASIC = ("category", "country", "state", "region", "round_type", "ask", "exact_ask", "age")
BASIC_CROSSES = ("category×country", "category×round_type", "round_type×place", "category×place")
UNFOLDED = "ours, before folding"
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Field:
    """What every box is given: examples to learn from, and features of the pairs to rank."""

    window: Window
    examples: Examples
    names: list[str]
    linear: Scores
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    features: Scores


@dataclass(frozen=True)
class Chosen:
    """The best setting of a box, and of its fusion with the linear order, on earlier months."""

    leaves: int = LEAVES[0]
    trees: int = TREES[1]
    share: float = SHARES[1]


def black_boxes(window: Window) -> dict[str, Any]:
    """Scores of each box, of the linear order before it is folded, and of fusions with it."""
    before = _field(window.before) if window.before is not None else None
    chosen = {}
    if before is not None:
        for name, fit, keep in _boxes(before):
            chosen[name] = _choose(before, fit, keep)
    began = time.perf_counter()
    field = _field(window)
    made = time.perf_counter() - began
    scores: dict[str, Scores] = {UNFOLDED: field.linear}
    seconds, settings, lines = {UNFOLDED: made}, {UNFOLDED: 0}, []
    for name, fit, keep in _boxes(field):
        best = chosen.get(name, Chosen())
        began = time.perf_counter()
        values = fit(field, keep, best.leaves, (best.trees,))[0]
        scores[name] = _spread(field, values)
        seconds[name] = made + time.perf_counter() - began
        settings[name] = len(LEAVES) * len(TREES) if before is not None else 0
        lines.append(f"{name}: {best.leaves} leaves, {best.trees} trees")
        if keep.all():
            fused = f"{name} + linear"
            scores[fused] = _spread(field, _fused(field, values, best.share))
            seconds[fused] = seconds[name]
            settings[fused] = settings[name] + (len(SHARES) if before is not None else 0)
            lines.append(f"{fused}: the box counts {best.share}")
    return {"scores": scores, "seconds": seconds, "settings": settings, "lines": lines}


def _choose(field: Field, fit: Callable[..., list[Scores]], keep: NDArray[np.bool_]) -> Chosen:
    """The best of all settings on this window, then the best share in a fusion."""
    best, most, values = Chosen(), -1.0, None
    for leaves in LEAVES:
        for trees, found in zip(TREES, fit(field, keep, leaves, TREES), strict=True):
            reached = tuned_by(field.window, _spread(field, found))
            if reached > most:
                best, most, values = Chosen(leaves, trees), reached, found
    if values is None:
        return best
    fusions = {s: tuned_by(field.window, _spread(field, _fused(field, values, s))) for s in SHARES}
    return Chosen(best.leaves, best.trees, max(fusions, key=lambda s: fusions[s]))


def _boxes(field: Field) -> Iterator[tuple[str, Callable[..., list[Scores]], NDArray[np.bool_]]]:
    wanted = {f"own {b}" for b in (*BASIC, *BASIC_CROSSES)} | {"history"}
    basic = np.array([name in wanted for name in field.names])
    every = np.ones(len(field.names), dtype=np.bool_)
    yield "LambdaMART, basic crosses", _lambdamart, basic
    yield "LambdaMART, our features", _lambdamart, every
    yield "boosted trees, our features", _boosted, every


def _field(window: Window) -> Field:
    choices, projects, investors, now = venture.frames(window)
    world = read_world(venture.SCHEMA, choices, projects, investors, now)
    settings = Settings()
    examples, weight = learn(world, settings, np.random.default_rng(0))
    names = list(weight)
    past = past_of(world, 0.0)
    number = {key: i for i, key in enumerate(world.events.investors)}
    people = np.array([number[p] for p in window.people], dtype=np.int64)
    shelf = shelf_of(world, venture.listing_frame(window))
    ridge = fit_ridge(past, world.unit)
    linear = np.zeros((len(people), len(window.listings)), dtype=np.float32)
    for name, values in parts(world, past, ridge, people, shelf):
        linear += np.float32(weight[name]) * values
    rows, columns = _pairs(window, linear)
    # A second pass: all parts of all pairs at once would not fit into the memory.
    found = [values[rows, columns] for _name, values in parts(world, past, ridge, people, shelf)]
    features = np.stack(found, axis=1)
    return Field(window, examples, names, linear, rows, columns, features)


def _pairs(window: Window, linear: Scores) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows, columns = [], []
    cold = np.flatnonzero(window.cold)
    for i, score in enumerate(linear):
        first = np.argsort(-score, kind="stable")[:KEPT]
        new = cold[np.argsort(-score[cold], kind="stable")[:KEPT]]
        both = np.union1d(first, new)
        rows.append(np.full(len(both), i))
        columns.append(both)
    return np.concatenate(rows), np.concatenate(columns)


def _spread(field: Field, values: Scores) -> Scores:
    """Scores of the pairs as people × listings; the rest stands below in the linear order."""
    out: Scores = np.array(field.linear - field.linear.max() - 1e6, dtype=np.float32)
    out[field.rows, field.columns] = values
    return out


def _fused(field: Field, values: Scores, share: float) -> Scores:
    """Both orders, each scaled by its spread over the pairs; the box counts `share`."""
    linear = field.linear[field.rows, field.columns]
    fused: Scores = values * (share / (values.std() + 1e-9)) + linear / (linear.std() + 1e-9)
    return fused


def _lambdamart(
    field: Field, keep: NDArray[np.bool_], leaves: int, trees: tuple[int, ...]
) -> list[Scores]:
    """Scores of the pairs after each number of trees."""
    examples = field.examples
    model = import_module("lightgbm").LGBMRanker(
        n_estimators=max(trees), num_leaves=leaves, learning_rate=0.1, min_child_samples=40,
        reg_lambda=5.0, lambdarank_truncation_level=30, random_state=0, n_jobs=2, verbose=-1,
    )  # fmt: skip
    sizes = np.bincount(examples.group)
    model.fit(
        examples.features[:, keep], examples.label, group=sizes[sizes > 0],
        sample_weight=examples.weight,
    )  # fmt: skip
    return _after(model, field, keep, trees)


def _boosted(
    field: Field, keep: NDArray[np.bool_], leaves: int, trees: tuple[int, ...]
) -> list[Scores]:
    examples = field.examples
    chosen = np.bincount(examples.group, examples.label)[examples.group]
    model = import_module("lightgbm").LGBMClassifier(
        n_estimators=max(trees), num_leaves=leaves, learning_rate=0.1, min_child_samples=40,
        reg_lambda=5.0, random_state=0, n_jobs=2, verbose=-1,
    )  # fmt: skip
    model.fit(
        examples.features[:, keep], examples.label,
        sample_weight=examples.weight / np.sqrt(np.maximum(chosen, 1.0)),
    )  # fmt: skip
    return _after(model, field, keep, trees)


def _after(
    model: Any, field: Field, keep: NDArray[np.bool_], trees: tuple[int, ...]
) -> list[Scores]:
    rows = field.features[:, keep]
    found = [model.predict(rows, raw_score=True, num_iteration=n) for n in trees]
    return [np.asarray(values, dtype=np.float32) for values in found]

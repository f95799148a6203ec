"""Black boxes on our own features, with our own negatives and weights: what an order that need not
explain itself would reach. Each gets two settings; the better one on the first slice is shown."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from backend.bench import venture
from backend.bench.lists import judge
from backend.bench.window import Window
from backend.matching.engine.learn import Settings, learn_from_windows, parts
from backend.matching.engine.listwise import Examples, fit_logit
from backend.matching.engine.ridge import fit_ridge
from backend.matching.engine.world import past_of, read_world, shelf_of

KEPT = 300  # of all and of the cold listings, by the linear order: what is ranked again
TRIALS = ((7, 200), (15, 300))  # leaves, trees
BASIC = ("category", "country", "state", "region", "round_type", "ask", "exact_ask", "age")
BASIC_CROSSES = ("category×country", "category×round_type", "round_type×place", "category×place")
Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Field:
    """What every box is given: examples to learn from, and features of the pairs to rank."""

    examples: Examples
    names: list[str]
    linear: Scores
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    features: Scores


def black_boxes(window: Window) -> dict[str, Any]:
    """Scores of each box, of the linear order before it is folded, and of fusions with it."""
    began = time.perf_counter()
    field = _field(window)
    scores: dict[str, Scores] = {"ours, before folding": field.linear}
    for name, fit, keep in _boxes(field):
        tried = [_spread(field, fit(field, keep, *trial)) for trial in TRIALS]
        best = max(tried, key=lambda s: judge(window, window.slices[0], s).ndcg.mean())
        scores[name] = best
        if keep.all():
            scores[f"{name} + linear"] = _spread(field, _fused(field, best))
    return {"scores": scores, "seconds": time.perf_counter() - began}


def _boxes(field: Field) -> Iterator[tuple[str, Callable[..., Scores], NDArray[np.bool_]]]:
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
    examples, names = learn_from_windows(world, settings, np.random.default_rng(0))
    weights = fit_logit(examples, settings.penalty)
    past = past_of(world, 0.0)
    number = {key: i for i, key in enumerate(world.events.investors)}
    people = np.array([number[p] for p in window.people], dtype=np.int64)
    shelf = shelf_of(world, venture.listing_frame(window))
    ridge = fit_ridge(past, world.unit)
    every = [values for _name, values in parts(world, past, ridge, people, shelf)]
    linear = np.zeros_like(every[0])
    for weight, values in zip(weights.tolist(), every, strict=True):
        linear += np.float32(weight) * values
    rows, columns = _pairs(window, linear)
    features = np.stack([values[rows, columns] for values in every], axis=1)
    return Field(examples, names, linear, rows, columns, features.astype(np.float32))


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


def _fused(field: Field, best: Scores) -> Scores:
    """Both orders, each scaled by its spread over the pairs."""
    one = best[field.rows, field.columns]
    two = field.linear[field.rows, field.columns]
    fused: Scores = one / one.std() + two / two.std()
    return fused


def _lambdamart(field: Field, keep: NDArray[np.bool_], leaves: int, trees: int) -> Scores:
    examples = field.examples
    model = lightgbm.LGBMRanker(
        n_estimators=trees, num_leaves=leaves, learning_rate=0.06, min_child_samples=40,
        reg_lambda=5.0, lambdarank_truncation_level=30, random_state=0, n_jobs=2, verbose=-1,
    )  # fmt: skip
    sizes = np.bincount(examples.group)
    model.fit(
        examples.features[:, keep], examples.label, group=sizes[sizes > 0],
        sample_weight=examples.weight,
    )  # fmt: skip
    return np.asarray(model.predict(field.features[:, keep]), dtype=np.float32)


def _boosted(field: Field, keep: NDArray[np.bool_], leaves: int, trees: int) -> Scores:
    examples = field.examples
    chosen = np.bincount(examples.group, examples.label)[examples.group]
    model = lightgbm.LGBMClassifier(
        n_estimators=trees, num_leaves=leaves, learning_rate=0.06, min_child_samples=40,
        reg_lambda=5.0, random_state=0, n_jobs=2, verbose=-1,
    )  # fmt: skip
    model.fit(
        examples.features[:, keep], examples.label,
        sample_weight=examples.weight / np.sqrt(np.maximum(chosen, 1.0)),
    )  # fmt: skip
    raw = model.predict(field.features[:, keep], raw_score=True)
    return np.asarray(raw, dtype=np.float32)

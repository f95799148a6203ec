"""Ranked lists of every model on every slice, their measures and the table that is printed."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.bench.window import Slice, Window
from backend.matching.engine import measures
from backend.matching.engine.evaluate import gini

KEPT = 100  # of each list, for --scores
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scored:
    """One model on one slice: one number a person, aligned between models."""

    ndcg: Floats
    recall: Floats
    mrr: Floats
    shown: Floats
    bias: float
    top: NDArray[np.int64]  # rows of listings, best first

    @property
    def coverage(self) -> float:
        return measures.coverage(self.shown)

    @property
    def gini(self) -> float:
        return gini(self.shown)


@dataclass(frozen=True)
class Model:
    """A model's name, what it cost and what it reached by slice name."""

    name: str
    seconds: float
    peak_mb: float
    settings: int
    slices: Mapping[str, Scored] = field(default_factory=dict)


def judge(window: Window, part: Slice, scores: NDArray[np.float32]) -> Scored:
    """`scores`: all people × all listings. What a person chose before goes last, for every model
    alike: the truth holds only what is new to them. Ties by seeded noise."""
    noise = np.random.default_rng(0).random(len(window.listings))[part.candidates]
    mine = np.array(scores[np.ix_(part.rows, part.candidates)], dtype=np.float64)
    mine[~np.isfinite(mine)] = -np.inf
    place = np.full(len(window.listings), -1)
    place[part.candidates] = np.arange(len(part.candidates))
    for i, row in enumerate(part.rows.tolist()):
        seen = place[window.seen[row]]
        mine[i, seen[seen >= 0]] = -np.inf
    top = part.candidates[measures.first_places(mine, KEPT, noise)]
    truths = [np.intersect1d(window.truth[row], part.candidates) for row in part.rows.tolist()]
    return score_lists(top, truths, part.candidates, window)


def score_lists(
    top: NDArray[np.int64],
    truths: Sequence[NDArray[np.int64]],
    candidates: NDArray[np.int64],
    window: Window,
) -> Scored:
    """Measures of lists that are already made."""
    hits = np.zeros(top.shape, dtype=np.bool_)
    for i, truth in enumerate(truths):
        hits[i] = np.isin(top[i], truth)
    number = np.array([len(t) for t in truths], dtype=np.int64)
    shown = measures.exposure(top, len(window.listings))[candidates]
    asks = window.listings.ask.to_numpy(dtype=float)
    asks = np.where(np.isin(np.arange(len(asks)), candidates), asks, np.nan)
    return Scored(
        ndcg=measures.ndcg(hits, number),
        recall=measures.recall(hits, number),
        mrr=measures.reciprocal_rank(hits),
        shown=shown,
        bias=measures.ticket_bias(top, asks),
        top=top,
    )


def print_table(models: Sequence[Model], names: Sequence[str]) -> None:
    """One table for each slice, best first by NDCG@10."""
    for name in names:
        rows = [(m, m.slices[name]) for m in models if name in m.slices]
        people = len(rows[0][1].ndcg) if rows else 0
        print(f"\n{name}: {people} people")
        if not people:
            continue
        print(
            f"{'model':34} {'NDCG@10 [95 %]':26} {'Recall@20 [95 %]':26} {'MRR [95 %]':26} "
            f"{'cov@20':>6} {'Gini':>5} {'ticket':>6} {'fit s':>6} {'MB':>5}"
        )
        for model, scored in sorted(rows, key=lambda r: -r[1].ndcg.mean()):
            cells = [str(measures.interval(v)) for v in (scored.ndcg, scored.recall, scored.mrr)]
            print(
                f"{model.name:34} {cells[0]:26} {cells[1]:26} {cells[2]:26} "
                f"{scored.coverage:6.3f} {scored.gini:5.3f} {scored.bias:+6.3f} "
                f"{model.seconds:6.1f} {model.peak_mb:5.0f}"
            )


def print_differences(models: Sequence[Model], ours: str, names: Sequence[str]) -> None:
    """NDCG@10 of ours minus each other's, the same people, paired bootstrap."""
    mine = next(m for m in models if m.name == ours)
    print(f"\n{ours} minus …, NDCG@10, paired 95 % bootstrap over people")
    for model in models:
        if model is mine:
            continue
        cells = [str(measures.interval(mine.slices[n].ndcg - model.slices[n].ndcg)) for n in names]
        print(
            f"{model.name:34} " + "  ".join(f"{n}: {c}" for n, c in zip(names, cells, strict=True))
        )


def save_lists(folder: Path, models: Sequence[Model], window: Window) -> None:
    """Each model's first 100 by slice, with ids, for another program to score: one CSV a model,
    with the model's name in it, so that files can be joined."""
    ids = window.listings.project_id.to_numpy()
    for model in models:
        path = folder / f"{_file_name(model.name)}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["model", "slice", "investor_id", "place", "company_id"])
            for part in window.slices:
                scored = model.slices.get(part.name)
                if scored is None:
                    continue
                for row, top in zip(part.rows.tolist(), scored.top, strict=True):
                    who = window.people[row]
                    writer.writerows(
                        (model.name, part.name, who, place, ids[t])
                        for place, t in enumerate(top.tolist(), 1)
                    )


def _file_name(name: str) -> str:
    kept = "".join(c if c.isalnum() else " " for c in name.lower())
    return "_".join(kept.split())

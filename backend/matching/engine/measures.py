"""How good ranked lists are, and how sure one can be of it. numpy only.

Lists are rows of candidate numbers, best first. Each measure gives one number a person.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.matching.engine.schema import Floats, Ints

Hits = NDArray[np.bool_]
ROUNDS = 1000


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % bootstrap interval over people."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]"


def ndcg(hits: Hits, truths: Ints, k: int = 10) -> Floats:
    """Binary gain; the ideal list has min(k, truths) hits first. `hits`: people × places."""
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(truths, k)]
    gain = hits[:, :k] @ discount[: hits[:, :k].shape[1]]
    share: Floats = np.divide(gain, ideal, out=np.zeros(len(hits)), where=ideal > 0)
    return share


def recall(hits: Hits, truths: Ints, k: int = 20) -> Floats:
    found = hits[:, :k].sum(axis=1).astype(np.float64)
    share: Floats = np.divide(found, truths, out=np.zeros(len(hits)), where=truths > 0)
    return share


def reciprocal_rank(hits: Hits) -> Floats:
    """1 / place of the first hit within the given places, else 0."""
    first = hits.argmax(axis=1)
    return np.where(hits.any(axis=1), 1.0 / (1.0 + first), 0.0)


def exposure(top: Ints, listings: int, k: int = 20) -> Floats:
    """How many lists show each listing among their first k."""
    return np.bincount(top[:, :k].ravel(), minlength=listings).astype(np.float64)


def coverage(shown: Floats) -> float:
    """The share of listings that somebody is shown."""
    return float((shown > 0).mean()) if len(shown) else 0.0


def ticket_bias(top: Ints, asks: Floats, k: int = 20) -> float:
    """Mean ask percentile of what is shown minus the mean of all with a stated ask (in [-1, 1])."""
    known = np.isfinite(asks)
    if not known.any():
        return 0.0
    percentile = np.full(len(asks), np.nan)
    order = np.searchsorted(np.sort(asks[known]), asks[known], side="right")
    percentile[known] = order / known.sum()
    shown = percentile[top[:, :k].ravel()]
    return float(np.nanmean(shown) - np.nanmean(percentile)) if np.isfinite(shown).any() else 0.0


def interval(values: Floats, seed: int = 0, rounds: int = ROUNDS) -> Interval:
    """Bootstrap over people. Pass differences of two models for a paired interval."""
    if not len(values):
        return Interval(0.0, 0.0, 0.0)
    random = np.random.default_rng(seed)
    counts = random.multinomial(len(values), np.full(len(values), 1 / len(values)), size=rounds)
    low, high = np.percentile(counts @ values / len(values), [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))


def first_places(scores: Floats, k: int, noise: Floats) -> Ints:
    """The first k columns of each row by score; equal scores by `noise` (one number a column)."""
    k = min(k, scores.shape[1])
    out = np.empty((len(scores), k), dtype=np.int64)
    for i, row in enumerate(scores):
        border = np.partition(row, len(row) - k)[len(row) - k]
        near = np.flatnonzero(row >= border)
        out[i] = near[np.lexsort((noise[near], -row[near]))][:k]
    return out

"""Our ranker on the benchmark's window."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.bench import extras, venture
from backend.bench.window import Window
from backend.matching.engine.fitted import FittedRanker
from backend.matching.engine.learn import MatchRanker

NAME = "ours, served"


def served(window: Window) -> dict[str, Any]:
    """Fit, rank everybody, check that every explanation adds up."""
    began = time.perf_counter()
    ranker = MatchRanker(venture.SCHEMA, random_state=0).fit(*venture.frames(window))
    seconds = time.perf_counter() - began
    people, listings = venture.vectors(ranker, window)
    worst = _worst_sum(ranker, people, listings)
    lines = [
        f"\nServed: one product of d = {people.shape[1]} coordinates; explanations of "
        f"{len(people)} × {len(listings)} pairs add up within {worst:.1e}"
    ]
    lines += extras.newcomers(ranker, window)
    lines += extras.floor_lines(window, people, listings)
    lines += extras.attack(ranker, window)
    return {
        "scores": {NAME: people @ listings.T},
        "seconds": {NAME: seconds},
        "settings": {},
        "lines": lines,
    }


def _worst_sum(
    ranker: FittedRanker, people: NDArray[np.float32], listings: NDArray[np.float32]
) -> float:
    """The largest |sum of the parts − score| over all pairs, in double precision."""
    worst = 0.0
    right = listings.astype(np.float64)
    for start in range(0, len(people), 256):
        left = people[start : start + 256].astype(np.float64)
        parts = [left[:, a:b] @ right[:, a:b].T for a, b in ranker.segments.tolist()]
        worst = max(worst, float(np.abs(sum(parts) - left @ right.T).max()))
    return worst

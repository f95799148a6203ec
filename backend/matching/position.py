"""How much a place itself invites a choice, whatever stands there, and what undoes it. numpy only.

People choose more from the top because they look there first. An order that learns from choices as
they are would learn its own past. So each choice is weighted by one over how likely its place was
looked at at all (inverse propensity), which is measured from the places and choices of real lists.

The model: expected choices at place p of score band b = shown[p, b] × looked_at[p] × liking[b].
Both factors are found by turns (Poisson likelihood); few choices lean on a prior that falls with
the logarithm of the place.
"""

from dataclasses import dataclass

import numpy as np

from backend.matching.engine.schema import Floats

PLACES = 40  # later places count as this one
BANDS = 11  # scores 0–9, 10–19, … 100
PRIOR = 40.0  # choices that the prior is worth over all places
CLIP = 0.1  # no choice counts more than ten times
ROUNDS = 60


@dataclass(frozen=True)
class Positions:
    """`looked_at[i]`: how likely place i+1 is looked at, the first being 1; never rising."""

    looked_at: Floats
    choices: int

    def weight(self, place: int) -> float:
        """What a choice at this place counts: 1 at the top, at most 1 / CLIP."""
        share = self.looked_at[min(max(place, 1), PLACES) - 1]
        return float(1.0 / max(share, CLIP))


def band_of(score: int) -> int:
    return min(max(score, 0), 100) // 10


def prior() -> Floats:
    looked: Floats = 1.0 / np.log2(np.arange(2, PLACES + 2))
    return looked


def measure(shown: Floats, chosen: Floats) -> Positions:
    """From counts per place × score band (PLACES × BANDS). Chosen never exceeds shown."""
    expected = prior()
    looked = expected.copy()
    total = chosen.sum()
    if not total:
        return Positions(expected, 0)
    strength = PRIOR * expected / expected.sum()
    for _round in range(ROUNDS):
        exposure = (shown * looked[:, None]).sum(axis=0)
        liking = np.divide(chosen.sum(axis=0), exposure, out=np.zeros(BANDS), where=exposure > 0)
        could = (shown * liking[None, :]).sum(axis=1)
        looked = (chosen.sum(axis=1) + strength) / (could + strength / expected)
        looked = looked / looked[0]
    return Positions(np.clip(_never_rising(looked, shown.sum(axis=1) + 1.0), 0.0, 1.0), int(total))


def _never_rising(values: Floats, weights: Floats) -> Floats:
    """The closest sequence that never rises (pool adjacent violators), its first value 1."""
    blocks: list[list[float]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append([float(value), float(weight), 1.0])
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            last, before = blocks.pop(), blocks[-1]
            mass = before[1] + last[1]
            before[0] = (before[0] * before[1] + last[0] * last[1]) / mass
            before[1], before[2] = mass, before[2] + last[2]
    flat = np.concatenate([np.full(int(n), value) for value, _mass, n in blocks])
    scaled: Floats = flat / flat[0]
    return scaled

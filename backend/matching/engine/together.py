"""Which values of a fact are chosen together: people who chose one also chose the other. So one
choice says something of values that this person never met. Uses scipy; workers and scripts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from backend.matching.engine.encoding import Floats32

DOUBT = 100.0  # pairs of choices that the general taste counts beside those of a value
CROWD = 1.5  # a person of n choices has n² pairs; each counts n ** -CROWD
OTHERS = 3.0  # choices that count beside one's own


@dataclass(frozen=True)
class Kernel:
    """log P(b | a) / P(b) for values a, b of one block, as `pairs[a, b] - least[a]`: what is
    stored is only where two values met."""

    pairs: sp.csr_matrix
    least: Floats32

    def lifts(self, chosen: sp.csr_matrix, counts: Floats32) -> Floats32:
        """people × values: the mean of log P(b | a) / P(b) over the values a of their choices.
        `chosen`: people × values, weighted; `counts`: the weight of each one's choices."""
        share = sp.diags((1 / (counts + OTHERS)).astype(np.float32)) @ chosen
        found = np.asarray((share @ self.pairs).todense(), dtype=np.float32)
        found -= np.asarray(share @ self.least, dtype=np.float32)[:, None]
        return found

    def through(self, mapped: Floats32) -> Floats32:
        """What one value says of all others, as coordinates. `mapped`: values × d of the lifts."""
        found = self.pairs @ mapped - np.outer(self.least, mapped.sum(axis=0))
        return np.asarray(found, dtype=np.float32)


def kernel_of(weight: sp.csr_matrix, facts: sp.csr_matrix, base: Floats32) -> Kernel:
    """From what everybody chose. `weight`: people × projects; `facts`: projects × values; `base`:
    how often each value is chosen, summing to 1. A choice is no pair with itself."""
    counts = np.asarray(weight.sum(axis=1), dtype=np.float64).ravel()
    much = np.where(counts > 0, np.maximum(counts, 1e-6), 1.0) ** -CROWD
    each = sp.diags(np.where(counts > 0, much, 0.0).astype(np.float32))
    chosen = (weight @ facts).tocsr()
    met = (chosen.T @ (each @ chosen)).tocsr()
    alone = np.asarray((each @ weight.multiply(weight)).sum(axis=0)).ravel()
    met = (met - facts.T @ sp.diags(alone.astype(np.float32)) @ facts).tocsr()
    met.data = np.maximum(met.data, 0.0)
    least = _log1p(np.asarray(met.sum(axis=1)).ravel() / DOUBT)
    met.data = _log1p(met.data / (DOUBT * base[met.indices]))
    met.eliminate_zeros()
    return Kernel(met, least)


def _log1p(values: Any) -> Floats32:
    return np.asarray(np.log1p(values), dtype=np.float32)

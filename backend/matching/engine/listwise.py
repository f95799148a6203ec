"""A conditional logit: which of the candidates a person chose, all candidates weighed at once.

Newton's method with a ridge penalty; deterministic. Loss of a group with choices P and candidates
C (negatives drawn, so with importance weights w): -Σ_P (s_p - log Σ_C w_c exp(s_c)).
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from backend.matching.engine.encoding import Floats32
from backend.matching.engine.schema import Floats, Ints

STEPS = 15
ENOUGH = 1e-5  # relative gain of a step


@dataclass(frozen=True)
class Examples:
    """Rows of features, grouped: `group` is ascending; `label` 1 is a choice."""

    features: Floats32
    label: Floats32
    weight: Floats32
    group: Ints


def fit_logit(examples: Examples, penalty: float, evenness: float = 0.5) -> Floats:
    """Coefficients of the features (raw scale). A person with n choices counts n ** evenness."""
    mean = examples.features.mean(axis=0, dtype=np.float64)
    spread = examples.features.std(axis=0, dtype=np.float64) + 1e-6
    rows = ((examples.features - mean) / spread).astype(np.float32)
    problem = _Problem(rows, examples, penalty, evenness)
    coefficients = np.zeros(rows.shape[1])
    value, chance = problem.value(coefficients)
    for _ in range(STEPS):
        step = problem.step(coefficients, chance)
        length = 1.0
        while length > 1e-3:
            tried, next_chance = problem.value(coefficients + length * step)
            if tried > value:
                break
            length /= 2
        else:
            break
        coefficients = coefficients + length * step
        gain, value, chance = tried - value, tried, next_chance
        if gain < ENOUGH * abs(value):
            break
    result: Floats = coefficients / spread
    return result


class _Problem:
    def __init__(self, rows: Floats32, examples: Examples, penalty: float, evenness: float) -> None:
        self.rows, self.label, self.penalty = rows, examples.label, penalty
        self.starts = np.flatnonzero(np.diff(examples.group, prepend=-1))
        ends = np.append(self.starts[1:], len(examples.group))
        self.bounds = np.append(self.starts, len(examples.group))
        self.of = np.repeat(np.arange(len(self.starts)), ends - self.starts)
        self.chosen = np.add.reduceat(examples.label, self.starts).astype(np.float64)
        self.counts = np.maximum(self.chosen, 1.0) ** (evenness - 1)
        self.log_weight = np.log(examples.weight)

    def value(self, coefficients: Floats) -> tuple[float, Floats32]:
        score = self.rows @ coefficients.astype(np.float32)
        shifted = score + self.log_weight
        most = np.maximum.reduceat(shifted, self.starts)
        raised = np.exp(shifted - most[self.of])
        total = np.add.reduceat(raised.astype(np.float64), self.starts)
        gain = np.add.reduceat((self.label * score).astype(np.float64), self.starts)
        fit = (self.counts * (gain - self.chosen * (most + np.log(total)))).sum()
        value = float(fit - 0.5 * self.penalty * (coefficients @ coefficients))
        chance: Floats32 = (raised / total[self.of]).astype(np.float32)
        return value, chance

    def step(self, coefficients: Floats, chance: Floats32) -> Floats:
        mass = self.counts * self.chosen
        residual = self.counts[self.of] * (self.label - self.chosen[self.of] * chance)
        gradient: Floats = self.rows.T @ residual.astype(np.float32) - self.penalty * coefficients
        scaled = self.rows * np.sqrt(mass[self.of] * chance).astype(np.float32)[:, None]
        hessian: Floats = (scaled.T @ scaled).astype(np.float64)
        places = np.arange(len(chance))
        groups = sp.csr_matrix((chance, places, self.bounds))
        means = np.asarray(groups @ self.rows) * np.sqrt(mass)[:, None]
        hessian -= np.asarray(means.T @ means, dtype=np.float64)
        hessian[np.diag_indices_from(hessian)] += self.penalty
        step: Floats = np.linalg.solve(hessian, gradient).astype(np.float64)
        return step

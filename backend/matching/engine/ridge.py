"""A closed form for new projects: W = (FᵀDF + λI)⁻¹ FᵀDY, so a project's score is F·W whoever
chose it before. F: unit rows of facts; D: decay by age of the choice's project. Workers only."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from backend.matching.engine.encoding import Floats32
from backend.matching.engine.schema import Ints
from backend.matching.engine.tastes import Past, decayed

PENALTY = 20.0
SCALE = 3.0  # years
LIKENESS_SCALE = 8.0
MOST_COLUMNS = 6_000  # a Cholesky of 17.7k columns has crashed inside BLAS; time grows by the cube


@dataclass(frozen=True)
class Ridge:
    """A factored (FᵀDF + λI). `columns`: which of the encoder's columns take part."""

    unit: sp.csr_matrix  # projects × columns, unit rows
    columns: Ints
    factor: tuple[Floats32, bool]

    def solve(self, right: Floats32) -> Floats32:
        """columns × anything: (FᵀDF + λI)⁻¹ right."""
        solved = scipy.linalg.cho_solve(self.factor, right, check_finite=False)
        return np.asarray(solved, dtype=np.float32)


def fit_ridge(past: Past, unit: sp.csr_matrix) -> Ridge:
    """`unit`: the facts with rows of length 1, all columns. Keeps the most frequent columns."""
    by_project = decayed(past, SCALE)
    # A project's own weight: the freshest of its choices.
    weight = np.asarray(by_project.max(axis=0).todense()).ravel()
    used = np.asarray((unit[weight > 0] > 0).sum(axis=0)).ravel()
    order = np.lexsort((np.arange(len(used)), -used))
    columns = np.sort(order[: min(MOST_COLUMNS, int((used > 0).sum()))]).astype(np.int64)
    kept = unit[:, columns]
    gram = (kept.T @ sp.diags(weight) @ kept).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += PENALTY
    factor = scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    return Ridge(unit, columns, factor)


def ridge_targets(past: Past, ridge: Ridge, mix: sp.csr_matrix) -> sp.csr_matrix:
    """people × columns: FᵀDy of each row of `mix` (rows × investors; the identity: themselves)."""
    result: sp.csr_matrix = (mix @ decayed(past, SCALE)) @ ridge.unit[:, ridge.columns]
    return result.tocsr()


def likeness_targets(past: Past, ridge: Ridge, rows: Ints) -> sp.csr_matrix:
    """people × columns: the mean of the unit rows that they chose (one empty choice is added)."""
    taken = decayed(past, LIKENESS_SCALE)[rows]
    count = np.asarray(taken.sum(axis=1)).ravel() + 1
    mean: sp.csr_matrix = sp.diags((1 / count).astype(np.float32)) @ taken
    return (mean @ ridge.unit[:, ridge.columns]).tocsr()


def mean_of_peers(peers: sp.csr_matrix) -> sp.csr_matrix:
    """Rows of weights that sum to just under 1."""
    total = np.asarray(peers.sum(axis=1)).ravel() + 0.1
    mean: sp.csr_matrix = sp.diags((1 / total).astype(np.float32)) @ peers
    return mean.tocsr()

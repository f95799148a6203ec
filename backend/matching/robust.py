"""How much a choice may count, so that a group of accounts can do little for a project. numpy only.

A save costs nothing, so many of them at once say little: of one project, those of thirty days count
together at most half of what the project is used to, and always as much as FREE_EACH_MONTH.
What one person chooses for nothing counts together at most FREE_EACH_PERSON. Money that was really
taken counts in full, and so do the invented people of the sample data, who cannot be joined.
"""

import numpy as np
from numpy.typing import NDArray

from backend.matching.engine.schema import Floats, Ints

WINDOW_DAYS = 30.0
FREE_EACH_MONTH = 2.0  # five saves
FREE_EACH_PERSON = 4.0  # ten saves
OF_USUAL = 0.5


def damped(
    person: Ints,
    listing: Ints,
    weight: Floats,
    age_days: Floats,
    is_free: NDArray[np.bool_],
) -> Floats:
    """The weights, lowered where free choices are too many. Arrays are aligned by choice;
    `age_days` counts back from now."""
    out = weight.astype(np.float64).copy()
    free = np.flatnonzero(is_free)
    if not len(free):
        return out
    out[free] *= _share_kept(person[free], out[free], FREE_EACH_PERSON)
    month = np.floor(np.maximum(age_days, 0.0) / WINDOW_DAYS).astype(np.int64)
    months = int(month.max()) + 1
    key = listing * months + month
    for cell in np.unique(key[free]):
        here = free[key[free] == cell]
        mine = listing == listing[here[0]]
        others = mine & (month != month[here[0]])
        usual = float(weight[others].sum()) / max(months - 1, 1)
        most = max(FREE_EACH_MONTH, OF_USUAL * usual)
        out[here] *= min(1.0, most / float(out[here].sum()))
    return out


def _share_kept(group: Ints, weight: Floats, most: float) -> Floats:
    """Per row: what keeps the sum of its group at or under `most`."""
    _groups, number = np.unique(group, return_inverse=True)
    total = np.bincount(number, weights=weight)
    share: Floats = np.minimum(1.0, most / np.maximum(total, 1e-12))[number]
    return share

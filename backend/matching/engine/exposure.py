"""A floor of exposure: every listing is seen by somebody. numpy only.

The first places stay as the explained order has them. The last places of a first page go, within
what fits a person well, to listings that were shown less than the floor. No score changes; the
places moved are returned, so that a card can say why it stands there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backend.matching.engine.schema import Ints

KEPT = 10  # first places that nothing moves
SHARE = 0.2  # the floor, as a share of what everybody would get if all were shown alike


@dataclass(frozen=True)
class Floored:
    """Lists of k places, and where the floor moved something in (people × k)."""

    top: Ints
    moved: "NDArray[np.bool_]"


def with_floor(
    pools: Ints, listings: int, k: int = 20, kept: int = KEPT, share: float = SHARE, seed: int = 0
) -> Floored:
    """`pools`: people × at least k columns, each person's best listings in order. People take turns
    in a seeded order, so the same inputs give the same lists. Linear in people × pool."""
    kept = min(kept, k, pools.shape[1])
    k = min(k, pools.shape[1])
    top = np.array(pools[:, :k])
    moved = np.zeros(top.shape, dtype=np.bool_)
    shown = np.bincount(top[:, :kept].ravel(), minlength=listings).astype(np.float64)
    floor = share * len(pools) * k / max(listings, 1)
    for person in np.random.default_rng(seed).permutation(len(pools)).tolist():
        rest = pools[person, kept:]
        needy = rest[shown[rest] < floor][: k - kept]
        own = rest[~np.isin(rest, needy)][: k - kept - len(needy)]
        chosen = np.concatenate([own, needy])
        top[person, kept:] = chosen
        moved[person, kept:] = ~np.isin(chosen, rest[: k - kept])
        shown[chosen] += 1
    return Floored(top, moved)

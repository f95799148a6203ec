"""One investor's order and its reasons, timed where nothing but numpy is loaded (as in the web)."""

import json
import sys
import time

import numpy as np

from backend.matching.engine.fitted import load

ROUNDS = 200
LISTINGS = 10_000


def main(path: str) -> None:
    ranker = load(path)
    random = np.random.default_rng(0)
    width = 200
    listings = ranker.listings(
        {
            name: [f"{name[0]}{v}" for v in random.integers(0, width, LISTINGS)]
            if name != ranker.schema.log_amount
            else 2.0 ** random.uniform(13, 28, LISTINGS)
            for name in ("project_id", *ranker.schema.columns())
        }
        | {"project_id": [f"new{n}" for n in range(LISTINGS)]}
    )
    times = []
    for n in range(ROUNDS):
        who = ranker.investor_ids[n % len(ranker.investor_ids)]
        began = time.perf_counter()
        names, vectors = ranker.vectors_of([who])
        ranking = ranker.rank_vectors(names, vectors, listings, 20)
        for row in ranking.rows[0].tolist():
            ranker.parts(vectors[0], listings.vectors[row])
        times.append((time.perf_counter() - began) * 1000)
    heavy = [m for m in ("sklearn", "scipy", "pandas") if m in sys.modules]
    json.dump(
        {
            "listings": LISTINGS,
            "d": int(ranker.basis.shape[1]),
            "p50_ms": float(np.percentile(times, 50)),
            "p95_ms": float(np.percentile(times, 95)),
            "heavy": heavy,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(sys.argv[1])

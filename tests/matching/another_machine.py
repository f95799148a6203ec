"""Ranks the same people on the same listings by both engines and writes the lists down. Run by
test_machines.py in processes that stand for machines."""

import json
import sys
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_info

from backend.matching.engine.chosen import having_chosen
from backend.matching.engine.schema import Answers, encode_listings
from backend.matching.engine.score import rank_one
from tests.matching.engine.test_contract import FIELDS, LEARNT, VOCABULARY, a_listing
from tests.matching.engine.test_generic import LEARNT as GENERIC
from tests.matching.engine.test_generic import projects


def main(people: int, count: int) -> None:
    random = np.random.default_rng(0)
    rows = [a_listing(n, trl=1 + int(random.integers(9))) for n in range(count)]
    arrays = encode_listings(rows, VOCABULARY)
    model = replace(LEARNT, lift=LEARNT.lift + random.standard_normal(LEARNT.lift.shape) / 7)
    ids, scores = [], []
    for number in range(people):
        who = Answers(fields=(FIELDS[number % 3],), country="AU", budget=90.0 + number)
        who = having_chosen(who, arrays, random.integers(0, count, 5).tolist(), [1.0] * 5)
        ranked = rank_one(who, arrays, model, k=20, day="2026-11-27")
        ids.append([arrays.ids[row] for row in ranked.rows])
        scores.append(ranked.raw.tolist())
    names = [GENERIC.investor_ids[n % len(GENERIC.investor_ids)] for n in range(people)]
    frame = projects(count)
    frame["ask"] = (100.0 * 2 ** random.uniform(0, 5, count)).tolist()
    generic = GENERIC.rank(names, frame, k=20)
    json.dump(
        {
            "kernels": sorted(str(one.get("architecture")) for one in threadpool_info()),
            "pages": {"ids": ids, "scores": scores},
            "generic": {
                "ids": [generic.ids(i) for i in range(people)],
                "scores": generic.scores.tolist(),
            },
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""What is counted of a person's own choices, and what only others add."""

import numpy as np
import scipy.sparse as sp

from backend.matching.engine.tastes import OWN, PEERS, base_rates, peers_of, tables
from backend.matching.engine.world import past_of, read_world
from tests.matching.engine.test_generic import NOW, SCHEMA, choices, investors, projects

PAST = past_of(read_world(SCHEMA, choices(), projects(), investors(), NOW), 0.0)
ROWS = np.arange(12, dtype=np.int64)


def test_without_co_choosers_nothing_is_lent() -> None:
    nobody = sp.csr_matrix((len(ROWS), PAST.people), dtype=np.float32)
    for table in tables(PAST, ROWS, nobody):
        if table.kind in ("lent", "peers"):
            assert np.abs(table.lifts).max() < 1e-5, table.name


def test_own_and_lent_are_the_log_lift_that_co_choosers_fill_up() -> None:
    peers = peers_of(PAST, ROWS)
    assert peers.nnz
    found = {table.name: table for table in tables(PAST, ROWS, peers)}
    block = found["own field"].block
    facts = PAST.facts[:, block.start : block.stop]
    base = base_rates(PAST, facts)
    counts = np.asarray(PAST.weight.sum(axis=1)).ravel()
    every = PAST.weight @ facts
    usual = ((peers @ every).toarray() + PEERS * base) / (peers @ counts + PEERS)[:, None]
    rate = (every[ROWS].toarray() + OWN * usual) / (counts[ROWS] + OWN)[:, None]
    whole = found["own field"].lifts + found["lent field"].lifts
    assert np.allclose(whole, np.log(rate / base), atol=1e-4)
    assert np.abs(found["lent field"].lifts).max() > 0.01

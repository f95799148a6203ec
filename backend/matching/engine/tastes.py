"""What people tended to choose: log-lifts per value of a fact, their own, of people who chose the
same projects, and of people of the same home. Uses scipy; runs in workers and scripts."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from backend.matching.engine.answers import ANSWERED, EARLY, FADE
from backend.matching.engine.encoding import Block, Encoder, Floats32, Sparse
from backend.matching.engine.frames import Events
from backend.matching.engine.schema import Ints
from backend.matching.engine.together import Kernel, kernel_of

HALF_LIFE = 3.0  # years
SHORT = 1.0
OWN = 2.0  # choices that the general taste counts beside one's own
SHARE = 1.0
PEERS = 1.0
HOME = 20.0
NEIGHBOURS = 50
PEER_SCALE = 4.0  # years


@dataclass(frozen=True)
class Past:
    """Choices known at one moment. `taken`: investors × projects, 1 where chosen; `age`: years
    since each project's last choice by anybody, for decay by project."""

    taken: sp.csr_matrix
    facts: sp.csr_matrix  # projects × columns
    weight: sp.csr_matrix  # as `taken`: weight × half-life decay
    recent: sp.csr_matrix
    age: sp.csr_matrix  # as `taken`: years since that choice
    homes: Ints  # per investor, -1 not known
    stated: sp.csr_matrix | None  # investors × columns: their answers (answers.py)
    encoder: Encoder

    @property
    def people(self) -> int:
        return int(self.taken.shape[0])

    @cached_property
    def kernels(self) -> dict[str, Kernel]:
        """By block; tables of any number of people read the same ones."""
        found = {}
        for block in self.encoder.blocks:
            facts = self.facts[:, block.start : block.stop]
            found[block.name] = kernel_of(self.weight, facts, base_rates(self, facts))
        return found


def as_csr(rows: Sparse) -> sp.csr_matrix:
    return sp.csr_matrix((rows.values, rows.columns, rows.indptr), shape=(len(rows), rows.width))


def past_at(
    events: Events,
    facts: sp.csr_matrix,
    encoder: Encoder,
    homes: Ints,
    stated: sp.csr_matrix | None,
    gap: float,
) -> Past:
    """What was known `gap` years before now."""
    known = events.age > gap
    age = (events.age[known] - gap).astype(np.float32)
    place = (events.person[known], events.project[known])
    shape = (len(events.investors), facts.shape[0])

    def filled(values: Floats32) -> sp.csr_matrix:
        return sp.csr_matrix((values.astype(np.float32), place), shape=shape)

    weight = events.weight[known].astype(np.float32)
    return Past(
        taken=filled(np.ones(len(age), np.float32)),
        facts=facts,
        weight=filled(weight * 0.5 ** (age / HALF_LIFE)),
        recent=filled(weight * 0.5 ** (age / SHORT)),
        age=filled(age),
        homes=homes,
        stated=stated,
        encoder=encoder,
    )


def decayed(past: Past, scale: float, root: bool = False) -> sp.csr_matrix:
    """`taken` with exp(-age / scale) (or its root) in the places."""
    out = past.taken.copy()
    out.data = np.exp(-past.age.data / (2 * scale if root else scale)).astype(np.float32)
    return out


def peers_of(past: Past, rows: Ints) -> sp.csr_matrix:
    """rows × investors: cosine of decayed choices with the 50 nearest others, a little shrunk."""
    taken = decayed(past, PEER_SCALE, root=True)
    length = np.asarray(taken.multiply(taken).sum(axis=1)).ravel()
    scale = sp.diags((1 / np.sqrt(length + 1)).astype(np.float32))
    near = ((scale @ taken)[rows] @ (scale @ taken).T).tocsr()
    return _nearest(near, rows, NEIGHBOURS)


def _nearest(near: sp.csr_matrix, rows: Ints, count: int) -> sp.csr_matrix:
    for i, row in enumerate(rows.tolist()):
        a, b = near.indptr[i], near.indptr[i + 1]
        values = near.data[a:b]
        values[near.indices[a:b] == row] = 0
        if b - a > count:
            values[values < np.partition(values, b - a - count)[b - a - count]] = 0
    near.eliminate_zeros()
    return near


@dataclass(frozen=True)
class Table:
    """rows × values of one block: how much more than others somebody chose each value. `kind`: one
    of OWN_KINDS, or of others: peers, lent, home."""

    kind: str
    block: Block
    lifts: Floats32

    @property
    def name(self) -> str:
        return f"{self.kind} {self.block.name}"


# From oneself alone: the log-lift of one's choices, that of late, the plain share, what is chosen
# together with one's values, one's answers.
# `lent` is what co-choosers add to the log-lift where they, not everybody, fill up for one's few
# choices.
OWN_KINDS = frozenset({"own", "recent", "share", "together", ANSWERED, EARLY})


def tables(past: Past, rows: Ints, peers: sp.csr_matrix) -> Iterator[Table]:
    """Every table, one after another, so that only one is held at a time."""
    crosses = {"×".join(c) for c in past.encoder.schema.crosses}
    counts = np.asarray(past.weight.sum(axis=1), dtype=np.float32).ravel()
    recents = np.asarray(past.recent.sum(axis=1), dtype=np.float32).ravel()
    homes = _groups(past.homes)
    around = peers @ counts
    fading = (FADE / (FADE + np.diff(past.taken.indptr)[rows])).astype(np.float32)[:, None]
    for block in past.encoder.blocks:
        facts = past.facts[:, block.start : block.stop]
        base = base_rates(past, facts)
        every = (past.weight @ facts).tocsr()
        mine, theirs = every[rows].toarray(), (peers @ every).toarray()
        yield Table("own", block, _lift(mine, counts[rows], base, OWN))
        yield Table("share", block, _as_floats(mine / (counts[rows] + SHARE)[:, None]))
        beside = past.kernels[block.name].lifts(every[rows], counts[rows])
        yield Table("together", block, beside)
        usual = (theirs + PEERS * base) / (around + PEERS)[:, None]
        lent = np.log((mine + OWN * usual) / (mine + OWN * base))
        yield Table("lent", block, _as_floats(lent))
        yield Table("peers", block, _as_floats(np.log(usual / base)))
        if block.name in crosses:
            continue
        if past.stated is not None:
            said = past.stated[rows, block.start : block.stop].toarray()
            yield Table(ANSWERED, block, said)
            yield Table(EARLY, block, _as_floats(said * fading))
        prior = (mine + OWN * base) / (counts[rows] + OWN)[:, None]
        late = (past.recent[rows] @ facts).toarray()
        late = (late + OWN * prior) / (recents[rows] + OWN)[:, None]
        yield Table("recent", block, _as_floats(np.log(late / base)))
        if homes.shape[1] and past.encoder.schema.home:
            lifts = _lift((homes.T @ every).toarray(), homes.T @ counts, base, HOME)
            yield Table("home", block, np.asarray(homes[rows] @ lifts, dtype=np.float32))


def base_rates(past: Past, facts: sp.csr_matrix) -> Floats32:
    """How often everybody chose each value, one pseudo-choice for each; sums to 1."""
    total = np.asarray(past.weight.sum(axis=0)).ravel() @ facts + 1.0
    rates: Floats32 = (total / max(total.sum(), 1e-9)).astype(np.float32)
    return rates


def _lift(counts: Any, total: Any, base: Floats32, shrink: float) -> Floats32:
    rate = (counts + shrink * base) / (np.asarray(total)[:, None] + shrink)
    lift: Floats32 = np.log(rate / base).astype(np.float32)
    return lift


def _as_floats(values: Any) -> Floats32:
    return np.asarray(values, dtype=np.float32)


def _groups(homes: Ints) -> sp.csr_matrix:
    known = np.flatnonzero(homes >= 0)
    size = int(homes.max()) + 1 if len(known) else 0
    ones = np.ones(len(known), np.float32)
    return sp.csr_matrix((ones, (known, homes[known])), shape=(len(homes), size))


def identity(past: Past, rows: Ints) -> sp.csr_matrix:
    """rows × investors: each row is one investor alone."""
    ones = np.ones(len(rows), np.float32)
    return sp.csr_matrix((ones, (np.arange(len(rows)), rows)), shape=(len(rows), past.people))

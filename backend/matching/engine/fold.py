"""Folding what was learnt into one vector a person and one a project. Workers and scripts.

Every part of the score is Σ θ(person, value) · fact(project, value). Within each factor θ is cut to
its strongest directions (an SVD of what people think of recent projects), the factors together to a
given number, so that the order is one product of some 1,000 coordinates. What that costs is
measured, not assumed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from backend.matching.engine.encoding import Encoder, Floats32
from backend.matching.engine.fitted import FittedRanker
from backend.matching.engine.frames import PEOPLE_FACTOR
from backend.matching.engine.ridge import (
    Ridge,
    fit_ridge,
    likeness_targets,
    mean_of_peers,
    ridge_targets,
)
from backend.matching.engine.schema import Ints
from backend.matching.engine.tastes import (
    HOME,
    OWN_KINDS,
    Past,
    base_rates,
    identity,
    peers_of,
    tables,
)
from backend.matching.engine.world import World, group_votes, past_of

if TYPE_CHECKING:
    from backend.matching.engine.learn import Settings

SAMPLE = 2000  # people whose tastes choose the directions
RECENT = 4000  # projects for which they are chosen
CHUNK = 1024
LEAST_ANSWER = 0.3  # measured: more of what people of the same home choose does worse
Weights = Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """Where each factor's coordinates stand and how θ maps to them (2 × columns × d: plain facts,
    then unit rows). `own`: from a person's own past; `people`: from that of others."""

    factors: tuple[str, ...]
    segments: Ints
    own: Floats32
    people: Floats32
    basis: Floats32


@dataclass(frozen=True)
class Source:
    """Everything that vectors of people are made from."""

    past: Past
    ridge: Ridge
    weights: Weights

    @property
    def encoder(self) -> Encoder:
        return self.past.encoder

    def weight(self, name: str) -> np.float32:
        return np.float32(self.weights.get(name, 0.0))


def fold(world: World, weights: Weights, settings: "Settings", random_state: int) -> FittedRanker:
    """The served ranker: vectors of all investors as of now, and the maps for new ones."""
    past = past_of(world, 0.0)
    source = Source(past, fit_ridge(past, world.unit), weights)
    plan = _plan(source, settings, random_state)
    votes = _votes(world, past, weights, plan.basis.shape[1], settings, random_state)
    vectors = np.zeros((past.people, plan.basis.shape[1]), dtype=np.float32)
    solve = _solve_map(source.ridge, plan.own)
    solve_people = _solve_map(source.ridge, plan.people)
    for start in range(0, past.people, CHUNK):
        rows = np.arange(start, min(start + CHUNK, past.people), dtype=np.int64)
        peers = peers_of(past, rows)
        vectors[rows] = _vectors(source, plan, rows, peers, solve, solve_people)
        vectors[rows] += np.asarray(mean_of_peers(peers) @ votes.people, dtype=np.float32)
    vectors[:, -1] = 1.0
    facts = past.facts
    base = np.concatenate(
        [base_rates(past, facts[:, b.start : b.stop]) for b in world.encoder.blocks]
    )
    width = world.encoder.width
    return FittedRanker(
        encoder=world.encoder,
        factors=plan.factors,
        investor_ids=world.events.investors,
        group_ids=world.group_names,
        home_ids=world.home_names,
        segments=plan.segments,
        basis=plan.basis,
        vectors=vectors,
        base=base.astype(np.float32),
        own_map=plan.own[:width],
        beside_map=_beside_map(source, plan),
        home_vectors=_home_vectors(source, plan, len(world.home_names)),
        group_vectors=votes.groups,
        meta={
            "answer_weight": _answer_weight(source),
            "choices": len(world.events),
            "d": int(plan.basis.shape[1]),
            "weights": {k: round(float(v), 6) for k, v in weights.items()},
        },
    )


def _answer_weight(source: Source) -> float:
    """What a log-lift of a single fact counts on average, for people of whom nothing but answers is
    known: their scores are then as large as those of others, and fade into them."""
    names = [b.name for b in source.encoder.singles]
    total = sum(source.weight(f"{kind} {name}") for kind in ("own", "recent") for name in names)
    return max(float(total) / max(len(names), 1), LEAST_ANSWER)


def _factor_columns(encoder: Encoder) -> dict[str, NDArray[np.bool_]]:
    found: dict[str, NDArray[np.bool_]] = {}
    for block in encoder.blocks:
        mask = found.setdefault(block.factor, np.zeros(encoder.width, dtype=np.bool_))
        mask[block.start : block.stop] = True
    return found


def _plan(source: Source, settings: "Settings", random_state: int) -> Plan:
    facts = _recent_facts(source)
    own_theta, people_theta = _evened(source, facts, random_state)
    width = source.encoder.width
    chosen_of = {
        factor: np.flatnonzero(np.concatenate([mask, mask]))
        for factor, mask in _factor_columns(source.encoder).items()
    }
    most = max(1, settings.rank // 2)  # no factor takes more than half
    spectra = {
        factor: _spectrum(own_theta[:, chosen], facts[:, chosen], most, random_state)
        for factor, chosen in chosen_of.items()
    }
    least = _least_size(spectra.values(), settings.rank)
    parts: list[tuple[str, NDArray[np.int64], Directions]] = []
    for factor, chosen in chosen_of.items():
        found = _directions(own_theta[:, chosen], facts[:, chosen], spectra[factor], least)
        parts.append((factor, chosen, found))
    spectrum = _spectrum(people_theta, facts, settings.people_rank, random_state)
    found = _directions(people_theta, facts, spectrum, np.float32(0.0))
    parts.append((PEOPLE_FACTOR, np.arange(2 * width), found))
    sizes = [p[2].basis.shape[1] for p in parts]
    sizes[-1] += settings.votes_rank + 1
    starts = np.concatenate([[0], np.cumsum(sizes)])
    own, people, basis = (np.zeros((2 * width, starts[-1]), np.float32) for _ in range(3))
    for (factor, chosen, found), start in zip(parts, starts.tolist(), strict=False):
        place = np.ix_(chosen, np.arange(start, start + found.basis.shape[1]))
        (people if factor == PEOPLE_FACTOR else own)[place] = found.person
        basis[place] += found.basis
    segments = np.stack([starts[:-1], starts[1:]], axis=1).astype(np.int64)
    return Plan(tuple(p[0] for p in parts), segments, own, people, basis)


def _evened(source: Source, facts: sp.csr_matrix, random_state: int) -> tuple[Floats32, Floats32]:
    """θ of the sampled people, own and of others, each person's scores spread alike: an order does
    not depend on their size, and those who chose much would else take all directions."""
    own, people = tastes_of(source, _sampled_rows(source.past, random_state))
    spread = np.asarray(facts @ (own + people).T).std(axis=0)
    scale = (1 / np.maximum(spread, max(float(spread.max()), 1e-9) * 1e-3))[:, None]
    return own * scale.astype(np.float32), people * scale.astype(np.float32)


def _recent_facts(source: Source) -> sp.csr_matrix:
    """The newest projects' facts, plain and unit rows side by side: what listings look like."""
    last = np.full(source.past.facts.shape[0], np.inf)
    age = source.past.age.tocoo()
    np.minimum.at(last, age.col, age.data)
    rows = np.sort(np.argsort(last, kind="stable")[: min(RECENT, int(np.isfinite(last).sum()))])
    return sp.hstack([source.past.facts[rows], source.ridge.unit[rows]]).tocsr()


@dataclass(frozen=True)
class Directions:
    """θ · factsᵀ ≈ (θ · person) · (facts · basis)ᵀ."""

    person: Floats32
    basis: Floats32


@dataclass(frozen=True)
class Spectrum:
    """The strongest directions (people × r) of what people think of projects, and their sizes."""

    left: Floats32
    size: Floats32


def _spectrum(theta: Floats32, facts: sp.csr_matrix, rank: int, random_state: int) -> Spectrum:
    scores = np.ascontiguousarray((facts @ np.ascontiguousarray(theta.T)).T, dtype=np.float32)
    scores -= scores.mean(axis=1, keepdims=True)  # what moves all projects alike moves no order
    rank = min(rank, *scores.shape, theta.shape[1])
    if not scores.any():
        return Spectrum(np.zeros((len(scores), 0), np.float32), np.zeros(0, np.float32))
    left, size, _right = randomized_svd(scores, rank, n_iter=3, random_state=random_state)
    strong = size > size[0] * 1e-5
    return Spectrum(left[:, strong], size[strong])


def _least_size(spectra: Iterable[Spectrum], rank: int) -> np.float32:
    """The size of the weakest direction that is kept when `rank` are kept of all together."""
    sizes = np.sort(np.concatenate([s.size for s in spectra]))[::-1]
    return np.float32(sizes[min(rank, len(sizes)) - 1] if len(sizes) else 0.0)


def _directions(
    theta: Floats32, facts: sp.csr_matrix, spectrum: Spectrum, least: np.float32
) -> Directions:
    """The directions not weaker than `least` (at least one).

    A project's coordinates are what r combinations of the sampled people think of it; a person's
    are the least-squares fit of their scores by those.
    """
    left = spectrum.left[:, : max(1, int((spectrum.size >= least).sum()))]
    if not left.shape[1]:
        zero = np.zeros((theta.shape[1], 1), dtype=np.float32)
        return Directions(zero, zero)
    basis = (theta.T @ left).astype(np.float64)
    basis /= np.maximum(np.sqrt((basis * basis).sum(axis=0)), 1e-12)
    seen = np.asarray(facts @ basis)
    gram = seen.T @ seen
    gram[np.diag_indices_from(gram)] += 1e-7 * np.trace(gram) / len(gram)
    person = np.linalg.solve(gram, (facts.T @ seen).T).T
    return Directions(person.astype(np.float32), basis.astype(np.float32))


def _sampled_rows(past: Past, random_state: int) -> Ints:
    random = np.random.default_rng(random_state)
    count = np.diff(past.taken.indptr)
    known = np.flatnonzero(count)
    chosen = random.choice(known, min(SAMPLE, len(known)), replace=False)
    return np.sort(chosen).astype(np.int64)


def tastes_of(source: Source, rows: Ints) -> tuple[Floats32, Floats32]:
    """θ of people, own and of others: people × 2 columns."""
    past, width = source.past, source.encoder.width
    peers = peers_of(past, rows)
    own = np.zeros((len(rows), 2 * width), dtype=np.float32)
    people = np.zeros((len(rows), 2 * width), dtype=np.float32)
    for table in tables(past, rows, peers):
        into = own if table.kind in OWN_KINDS else people
        into[:, table.block.start : table.block.stop] += source.weight(table.name) * table.lifts
    ridge, columns = source.ridge, width + source.ridge.columns
    mine = ridge_targets(past, ridge, identity(past, rows)).T.toarray()
    own[:, columns] += source.weight("ridge") * ridge.solve(mine).T
    own[:, columns] += source.weight("likeness") * likeness_targets(past, ridge, rows).toarray()
    theirs = ridge_targets(past, ridge, mean_of_peers(peers)).T.toarray()
    people[:, columns] += source.weight("peers ridge") * ridge.solve(theirs).T
    return own, people


def _solve_map(ridge: Ridge, plan: Floats32) -> Floats32:
    """columns × d: what a sum of unit rows becomes, through the ridge."""
    width = len(plan) // 2
    out = np.zeros((width, plan.shape[1]), dtype=np.float32)
    out[ridge.columns] = ridge.solve(plan[width:][ridge.columns])
    return out


def _vectors(
    source: Source,
    plan: Plan,
    rows: Ints,
    peers: sp.csr_matrix,
    solve: Floats32,
    solve_people: Floats32,
) -> Floats32:
    past, ridge = source.past, source.ridge
    width = source.encoder.width
    out = np.zeros((len(rows), plan.basis.shape[1]), dtype=np.float32)
    segments = dict(zip(plan.factors, plan.segments.tolist(), strict=True))
    for block, group in groupby(tables(past, rows, peers), key=lambda table: table.block):
        thetas: dict[bool, Any] = {True: np.float32(0.0), False: np.float32(0.0)}
        for table in group:
            is_own = table.kind in OWN_KINDS
            thetas[is_own] = thetas[is_own] + source.weight(table.name) * table.lifts
        # A block's coordinates stand in the segment of its factor, or in that of the people.
        for is_own, plan_part in ((True, plan.own), (False, plan.people)):
            a, b = segments[block.factor if is_own else PEOPLE_FACTOR]
            out[:, a:b] += thetas[is_own] @ plan_part[block.start : block.stop, a:b]
    mine = ridge_targets(past, ridge, identity(past, rows))
    out += source.weight("ridge") * np.asarray(mine @ solve[ridge.columns])
    like = likeness_targets(past, ridge, rows)
    out += source.weight("likeness") * np.asarray(like @ plan.own[width:][ridge.columns])
    theirs = ridge_targets(past, ridge, mean_of_peers(peers))
    out += source.weight("peers ridge") * np.asarray(theirs @ solve_people[ridge.columns])
    return out


def _beside_map(source: Source, plan: Plan) -> Floats32:
    """Columns of single facts × d: what a chosen value says of those that are chosen with it.
    Crosses come last in an encoding, and nobody answers them."""
    found = [
        source.past.kernels[block.name].through(plan.own[block.start : block.stop])
        for block in source.encoder.singles
    ]
    none = np.zeros((0, plan.own.shape[1]), dtype=np.float32)
    return np.concatenate([none, *found])


def _home_vectors(source: Source, plan: Plan, homes: int) -> Floats32:
    """homes × d: what people of a home tend to choose, for those of whom nothing else is known."""
    out = np.zeros((homes, plan.basis.shape[1]), dtype=np.float32)
    if not homes:
        return out
    past = source.past
    known = np.flatnonzero(past.homes >= 0)
    ones = np.ones(len(known), np.float32)
    groups = sp.csr_matrix((ones, (past.homes[known], known)), shape=(homes, past.people))
    total = np.asarray((groups @ past.weight).sum(axis=1)).ravel()[:, None]
    for block in source.encoder.blocks:
        weight = source.weight(f"home {block.name}")
        if weight:
            facts = past.facts[:, block.start : block.stop]
            base = base_rates(past, facts)
            counts = ((groups @ past.weight) @ facts).toarray()
            lift = np.log((counts + HOME * base) / ((total + HOME) * base)).astype(np.float32)
            out += weight * (lift @ plan.people[block.start : block.stop])
    return out


@dataclass(frozen=True)
class Votes:
    people: Floats32  # investors × d: what each brings into the mean of their peers
    groups: Floats32  # groups × d


def _votes(
    world: World, past: Past, weights: Weights, d: int, settings: "Settings", random_state: int
) -> Votes:
    """Votes of others as coordinates: their matrix cut to its strongest directions, and the history
    of a project as one more."""
    matrix = group_votes(world, past)
    shape = matrix.shape
    count = np.asarray(matrix.sum(axis=0)).ravel()
    scaled = matrix @ sp.diags((1 / np.sqrt(count + 1)).astype(np.float32))
    rank = min(settings.votes_rank, min(shape) - 1)
    left, size, right = randomized_svd(scaled, rank, n_iter=3, random_state=random_state)
    people = np.zeros((past.people, d), dtype=np.float32)
    groups = np.zeros((shape[1], d), dtype=np.float32)
    weight = weights.get("votes", 0.0)
    people[:, d - 1 - rank : d - 1] = left * size * weight
    groups[:, d - 1 - rank : d - 1] = right.T
    groups[:, d - 1] = weights.get("history", 0.0) * np.log1p(count)
    return Votes(people, groups)

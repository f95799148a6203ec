"""Learning an order that is a sum of explained parts, from choices in time. Workers and scripts.

Every part is a product of a vector of the person and a vector of the project, so the whole order is
one matrix product (`fitted.py`). Weights of the parts are learnt on several past windows: what was
chosen in each, from what was known before it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from backend.matching.engine.encoding import Floats32
from backend.matching.engine.fitted import FittedRanker
from backend.matching.engine.fold import fold
from backend.matching.engine.frames import Frame, NothingToLearn, Schema
from backend.matching.engine.listwise import Examples, fit_logit
from backend.matching.engine.ridge import (
    Ridge,
    fit_ridge,
    likeness_targets,
    mean_of_peers,
    ridge_targets,
)
from backend.matching.engine.schema import Ints
from backend.matching.engine.tastes import Past, identity, peers_of, tables
from backend.matching.engine.world import (
    Shelf,
    World,
    group_votes,
    past_of,
    read_world,
    shelf_of,
)


@dataclass(frozen=True)
class Settings:
    """How much is looked at. `window` in years; the rest are counts. `rank`: coordinates of all
    factors of one's own together."""

    window: float = 0.75
    windows: int = 4
    penalty: float = 200.0
    hard: int = 30
    hard_from: int = 200
    rest: int = 30
    rank: int = 900
    people_rank: int = 256
    votes_rank: int = 64


class MatchRanker:
    """`fit` learns from choices and returns what ranks; the same inputs give the same order."""

    def __init__(
        self, schema: Schema, random_state: int = 0, settings: Settings | None = None
    ) -> None:
        self.schema = schema
        self.random_state = random_state
        self.settings = settings

    def fit(self, choices: Frame, projects: Frame, investors: Frame, now: Any) -> FittedRanker:
        """`choices`: investor_id, project_id, chosen_at and perhaps weight; `projects`: project_id
        and the schema's columns, perhaps group_id; `investors`: investor_id and the home.

        Raises NothingToLearn under 50 usable choices or two projects, BadFrame for absent columns.
        """
        settings = self.settings or Settings()
        world = read_world(self.schema, choices, projects, investors, now)
        random = np.random.default_rng(self.random_state)
        self.coefficients_ = learn(world, settings, random)[1]
        return fold(world, self.coefficients_, settings, self.random_state)


@dataclass(frozen=True)
class Pairs:
    """Examples of one window: `row` into its people, `project` rows of projects."""

    row: Ints
    project: Ints
    label: Floats32
    weight: Floats32


def learn(
    world: World, settings: Settings, random: np.random.Generator
) -> tuple[Examples, dict[str, float]]:
    """Examples and the weight of each part (in the order of the examples' features), learnt twice:
    hard negatives are what the ridge puts first, then what the weights so learnt put first."""
    weights: dict[str, float] = {}
    for _again in range(2):
        examples, names = _examples(world, settings, random, weights)
        learnt = fit_logit(examples, settings.penalty)
        weights = dict(zip(names, learnt.tolist(), strict=True))
    return examples, weights


def _examples(
    world: World, settings: Settings, random: np.random.Generator, weights: Mapping[str, float]
) -> tuple[Examples, list[str]]:
    """Examples of every window that has any, newest window first."""
    span = float(world.events.age.max())
    length = min(settings.window, span / (settings.windows + 2))
    found: list[tuple[Pairs, Floats32]] = []
    names: list[str] = []
    for number in range(1, settings.windows + 1):
        start, end = number * length, (number - 1) * length
        example = _window(world, start, end, settings, random, weights)
        if example is not None:
            names = example[2]
            found.append(example[:2])
    if not found:
        raise NothingToLearn("nobody chose twice")
    offset = np.cumsum([0, *(int(p.row.max()) + 1 for p, _ in found)])
    groups = [p.row + o for (p, _), o in zip(found, offset, strict=False)]
    examples = Examples(
        np.concatenate([f for _, f in found]),
        np.concatenate([p.label for p, _ in found]),
        np.concatenate([p.weight for p, _ in found]),
        np.concatenate(groups),
    )
    return examples, names


def _window(
    world: World,
    start: float,
    end: float,
    settings: Settings,
    random: np.random.Generator,
    weights: Mapping[str, float],
) -> tuple[Pairs, Floats32, list[str]] | None:
    """What was chosen between `start` and `end` years ago, seen from `start` years ago."""
    past = past_of(world, start)
    people, truth, candidates, seen = _chosen_in(world, past, start, end)
    if not len(people) or len(candidates) < 2:
        return None
    ridge = fit_ridge(past, world.unit)
    shelf = Shelf(world.facts[candidates], world.unit[candidates], world.group[candidates])
    # The ridge comes first among the parts; without weights it alone says what is hard.
    first = (values for _name, values in parts(world, past, ridge, people, shelf))
    order = _weighed(world, past, ridge, people, shelf, weights) if weights else next(first)
    pairs = _pairs(truth, seen, order, settings, random)
    if not len(pairs.row):
        return None
    names, columns = [], []
    for name, values in parts(world, past, ridge, people, shelf):
        names.append(name)
        columns.append(values[pairs.row, pairs.project])
    chosen = Pairs(pairs.row, candidates[pairs.project], pairs.label, pairs.weight)
    return chosen, np.stack(columns, axis=1).astype(np.float32), names


def _chosen_in(
    world: World, past: Past, start: float, end: float
) -> tuple[Ints, sp.csr_matrix, Ints, sp.csr_matrix]:
    """People with new choices in the window, and choices before or answers; the window's projects
    (the first round of each group); people × candidates: what is new to them, and what they knew.
    """
    events = world.events
    inside = (events.age <= start) & (events.age > end)
    order = np.argsort(-events.age[inside], kind="stable")
    person, project = events.person[inside][order], events.project[inside][order]
    groups, first = np.unique(world.group[project], return_index=True)
    candidates = project[first]
    place = np.full(len(world.group_names), -1)
    place[groups] = np.arange(len(groups))
    taken = past.taken.tocoo()
    known_place = place[world.group[taken.col]]
    ok = known_place >= 0
    shape = (past.people, len(groups))
    seen = sp.csr_matrix((np.ones(ok.sum(), np.float32), (taken.row[ok], known_place[ok])), shape)
    chosen = sp.csr_matrix(
        (np.ones(len(person), np.float32), (person, place[world.group[project]])), shape
    )
    chosen.data[:] = 1
    chosen = chosen - chosen.multiply(seen > 0)
    chosen.eliminate_zeros()
    is_known = np.diff(past.taken.indptr) > 0
    if past.stated is not None:  # what answers are worth shows best in those who had only these
        is_known |= np.diff(past.stated.indptr) > 0
    people = np.flatnonzero((np.asarray(chosen.sum(axis=1)).ravel() > 0) & is_known)
    return people.astype(np.int64), chosen.tocsr()[people], candidates, seen[people]


def _pairs(
    truth: sp.csr_matrix,
    seen: sp.csr_matrix,
    first: Floats32,
    settings: Settings,
    random: np.random.Generator,
) -> Pairs:
    """All choices; negatives from the first order's top and from the rest, with weights that make
    up for how many of each were drawn."""
    rows, cols, labels, weights = [], [], [], []
    for i in range(truth.shape[0]):
        chosen = truth.indices[truth.indptr[i] : truth.indptr[i + 1]]
        free = np.ones(first.shape[1], dtype=np.bool_)
        free[chosen] = False
        free[seen.indices[seen.indptr[i] : seen.indptr[i + 1]]] = False
        others = np.flatnonzero(free)
        if not len(others):
            continue
        others = others[np.argsort(-first[i, others], kind="stable")]
        drawn = [(chosen, 1.0)]
        top, rest = others[: settings.hard_from], others[settings.hard_from :]
        for pool, count in ((top, settings.hard), (rest, settings.rest)):
            if len(pool):
                some = random.choice(pool, min(count, len(pool)), replace=False)
                drawn.append((some, len(pool) / len(some)))
        for k, (some, weight) in enumerate(drawn):
            rows.append(np.full(len(some), i))
            cols.append(some)
            labels.append(np.full(len(some), float(k == 0)))
            weights.append(np.full(len(some), weight))
    if not rows:
        empty = np.zeros(0, np.int64)
        return Pairs(empty, empty, empty.astype(np.float32), empty.astype(np.float32))
    return Pairs(
        np.concatenate(rows).astype(np.int64),
        np.concatenate(cols).astype(np.int64),
        np.concatenate(labels).astype(np.float32),
        np.concatenate(weights).astype(np.float32),
    )


def parts(
    world: World, past: Past, ridge: Ridge, people: Ints, shelf: Shelf
) -> Iterator[tuple[str, Floats32]]:
    """Every part of the score by name: people × projects, one after another."""
    peers = peers_of(past, people)
    unit = shelf.unit[:, ridge.columns]
    mine, near = identity(past, people), mean_of_peers(peers)
    for name, mix in (("ridge", mine), ("peers ridge", near)):
        yield name, _dense(ridge, ridge_targets(past, ridge, mix), unit)
    liked = likeness_targets(past, ridge, people) @ unit.T
    yield "likeness", np.asarray(liked.todense(), dtype=np.float32)
    for table in tables(past, people, peers):
        block = shelf.facts[:, table.block.start : table.block.stop]
        yield table.name, np.asarray(block @ table.lifts.T, dtype=np.float32).T
    votes = group_votes(world, past)
    count = np.append(np.asarray(votes.sum(axis=0)).ravel(), 0.0)[shelf.group]
    known = np.flatnonzero(shelf.group >= 0)
    scaled = votes[:, shelf.group[known]] @ sp.diags(1 / np.sqrt(count[known] + 1))
    voted = np.zeros((len(people), len(shelf.group)), dtype=np.float32)
    voted[:, known] = (near @ scaled).toarray()
    yield "votes", voted
    yield "history", np.tile(np.log1p(count).astype(np.float32), (len(people), 1))


def _weighed(
    world: World,
    past: Past,
    ridge: Ridge,
    people: Ints,
    shelf: Shelf,
    weights: Mapping[str, float],
) -> Floats32:
    """people × projects: the score before it is folded into vectors."""
    out = np.zeros((len(people), len(shelf.group)), dtype=np.float32)
    for name, values in parts(world, past, ridge, people, shelf):
        out += np.float32(weights.get(name, 0.0)) * values
    return out


def exact_scores(
    world: World, weights: Mapping[str, float], people: Sequence[str], frame: Frame
) -> Floats32:
    """The score before it is folded into vectors: people × listings. For measuring the fold."""
    past = past_of(world, 0.0)
    number = {key: i for i, key in enumerate(world.events.investors)}
    rows = np.array([number[p] for p in people], dtype=np.int64)
    shelf = shelf_of(world, frame)
    return _weighed(world, past, fit_ridge(past, world.unit), rows, shelf, weights)


def _dense(ridge: Ridge, targets: sp.csr_matrix, unit: sp.csr_matrix) -> Floats32:
    """people × projects: the ridge's scores."""
    vectors = ridge.solve(targets.T.toarray())
    scores: Floats32 = np.asarray(unit @ vectors, dtype=np.float32).T
    return scores

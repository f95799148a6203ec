"""Beside the table: newcomers by answers, the exposure floor, and what an attack achieves."""

import time
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.bench import peers, venture
from backend.bench.lists import Scored, score_lists
from backend.bench.window import Window
from backend.matching.engine import measures
from backend.matching.engine.exposure import with_floor
from backend.matching.engine.fitted import FittedRanker
from backend.matching.engine.fold import fold
from backend.matching.engine.learn import Settings
from backend.matching.engine.world import read_world

POOL = 400
ACCOUNTS = 50


def newcomers(ranker: FittedRanker, window: Window) -> list[str]:
    """People without a choice before, ranked by what they answered; beside what needs no past."""
    people = window.newcomers.people
    if not people:
        return ["\nNewcomers: nobody new made choices on two days"]
    table = peers.Table(window)
    names, vectors = ranker.vectors_of(venture.answer_frame(window))
    _all, listings = venture.vectors(ranker, window)
    place = {name: i for i, name in enumerate(names)}
    mine = vectors[[place[p] for p in people]] @ listings.T
    popular = np.tile(peers.popularity(table)[0], (len(people), 1))
    likes = peers.content_knn(table, window.newcomers.answers)
    found = {
        name: _newcomer_lists(window, scores)
        for name, scores in (("ours", mine), ("popularity", popular), ("content kNN", likes))
    }
    lines = [f"\nNewcomers by answers only: n = {len(people)}"]
    for name, scored in found.items():
        lines.append(
            f"{name:14} NDCG@10 {measures.interval(scored.ndcg)}  Recall@20 "
            f"{measures.interval(scored.recall)}  coverage@20 {scored.coverage:.3f}"
        )
    for name in ("popularity", "content kNN"):
        gap = measures.interval(found["ours"].ndcg - found[name].ndcg)
        lines.append(f"ours − {name}: NDCG@10 {gap}")
    return lines


def _newcomer_lists(window: Window, scores: NDArray[np.float32]) -> Scored:
    noise = np.random.default_rng(0).random(len(window.listings))
    mine = np.array(scores, dtype=np.float64)
    for i, out in enumerate(window.newcomers.out):
        mine[i, out] = -np.inf
    every = np.arange(len(window.listings))
    top = measures.first_places(mine, 100, noise)
    return score_lists(top, window.newcomers.truth, every, window)


def floor_lines(
    window: Window, people: NDArray[np.float32], listings: NDArray[np.float32]
) -> list[str]:
    """Everybody's first page (both slices of people together) with and without the floor."""
    lines = ["\nExposure floor (places 11–20; scores and the first ten places stay)"]
    noise = np.random.default_rng(0).random(len(window.listings))
    for name, candidates in (
        ("cold", np.flatnonzero(window.cold)),
        ("all", np.arange(len(window.listings))),
    ):
        rows = [p for p in window.slices if p.name.startswith(name)]
        who = np.sort(np.concatenate([p.rows for p in rows]))
        scores = np.asarray(people[who] @ listings[candidates].T, dtype=np.float64)
        place = np.full(len(window.listings), -1)
        place[candidates] = np.arange(len(candidates))
        for i, row in enumerate(who.tolist()):
            seen = place[window.seen[row]]
            scores[i, seen[seen >= 0]] = -np.inf
        pools = measures.first_places(scores, POOL, noise[candidates])
        floored = with_floor(pools, len(candidates))
        truths = [np.intersect1d(window.truth[r], candidates) for r in who.tolist()]
        for label, top in (("off", pools[:, :20]), ("on", floored.top)):
            scored = score_lists(candidates[top], truths, candidates, window)
            lines.append(
                f"{name:5} floor {label:3} coverage@20 {scored.coverage:.3f}  Gini "
                f"{scored.gini:.3f}  NDCG@10 {scored.ndcg.mean():.4f}  NDCG@20 "
                f"{_ndcg20(candidates[top], truths):.4f}  Recall@20 {scored.recall.mean():.4f}"
            )
        lines.append(f"{name:5} moved: {floored.moved.mean():.2f} of all places")
    return lines


def _ndcg20(top: NDArray[np.int64], truths: list[NDArray[np.int64]]) -> float:
    hits = np.array([np.isin(row, truth) for row, truth in zip(top, truths, strict=True)])
    number = np.array([len(t) for t in truths])
    return float(measures.ndcg(hits, number, 20).mean())


def attack(ranker: FittedRanker, window: Window) -> list[str]:
    """50 accounts choose one listed project with a history (and popular ones, to look like others):
    its share of other people's first 20, before and after. Vectors are made anew; the weights of
    the parts are those learnt before."""
    began = time.perf_counter()
    choices, projects, investors, now = venture.frames(window)
    known = projects.drop_duplicates("group_id", keep="last").set_index("group_id")
    listed = window.listings.project_id[~window.cold]
    if listed.empty:
        return ["\nNo listing has a history: an attack has nothing to lift"]
    target = str(listed.iloc[len(listed) // 2])
    popular = choices.project_id.value_counts().index[:5].tolist()
    count = len(popular)
    fakes: dict[str, list[Any]] = {"investor_id": [], "project_id": [], "chosen_at": []}
    for n in range(ACCOUNTS):
        for project in (known.project_id[target], popular[n % count], popular[(n + 1) % count]):
            fakes["investor_id"].append(f"account {n}")
            fakes["project_id"].append(project)
            fakes["chosen_at"].append(now - pd.Timedelta(days=3))
    joined = pd.concat([choices, pd.DataFrame(fakes)], ignore_index=True)
    world = read_world(venture.SCHEMA, joined, projects, investors, now)
    after = fold(world, ranker.meta["weights"], Settings(), 0)
    shares = [_share(r, window, target) for r in (ranker, after)]
    return [
        f"\n50 accounts choose {target}: its share of others' first 20 goes from "
        f"{100 * shares[0]:.2f} % to {100 * shares[1]:.2f} % "
        f"({time.perf_counter() - began:.0f} s)"
    ]


def _share(ranker: FittedRanker, window: Window, target: str) -> float:
    people, listings = venture.vectors(ranker, window)
    row = window.listings.project_id.tolist().index(target)
    scores = people @ listings.T
    return float(((scores > scores[:, [row]]).sum(axis=1) < 20).mean())

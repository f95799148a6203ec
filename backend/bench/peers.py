"""Published ways to rank, on the same window: each returns people × listings scores.

Benchmark only. Each has four settings around what its authors advise; the best on the months before
the window is fitted again and scored.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from backend.bench.lists import judge
from backend.bench.venture import SCHEMA
from backend.bench.window import Window
from backend.matching.engine.encoding import fit_encoder
from backend.matching.engine.tastes import as_csr

Scores = NDArray[np.float32]
MOST_ITEMS = 15_000  # of EASE: a Cholesky of 17.7k has crashed inside BLAS
FACTS = ("category", "country", "state", "region", "city", "place", "round_type", "batch", "age")


class Table:
    """The window as numbers: all investors, companies of the past first, then the listings."""

    def __init__(self, window: Window) -> None:
        self.window = window
        choices = window.choices
        self.investors = pd.Index(np.sort(choices.investor_id.unique()))
        self.who = self.investors.get_indexer(choices.investor_id)
        self.people = self.investors.get_indexer(window.people)
        self.companies = pd.Index(np.sort(choices.company_id.unique()))
        self.what = self.companies.get_indexer(choices.company_id)
        self.of_listing = self.companies.get_indexer(window.listings.project_id)
        self.years = (window.start - choices.chosen_at).dt.days.to_numpy() / 365.25
        self.projects = pd.Index(window.projects.project_id)
        self.round = self.projects.get_indexer(choices.project_id)
        self.encoder = fit_encoder(SCHEMA, window.projects)
        self.past_facts = as_csr(self.encoder.encode(window.projects))
        self.facts = as_csr(self.encoder.encode(window.listings))

    def taken(self, columns: NDArray[np.int64], size: int, scale: float | None = None) -> Any:
        """investors × columns, 1 (or decayed by age in years) where chosen."""
        values = np.ones(len(self.who)) if scale is None else np.exp(-self.years / scale)
        out = sp.csr_matrix(
            (values.astype(np.float32), (self.who, columns)), shape=(len(self.investors), size)
        )
        out.data = np.minimum(out.data, 1.0)
        return out


def popularity(table: Table, years: float = 1.0) -> Scores:
    """Choices of the company in the last years."""
    recent = table.years < years
    counts = np.bincount(table.what[recent], minlength=len(table.companies))
    score = np.where(table.of_listing >= 0, counts[table.of_listing], 0)
    return np.tile(score.astype(np.float32), (len(table.people), 1))


def _documents(frame: pd.DataFrame) -> list[str]:
    octave = np.floor(np.log2(frame.ask.where(frame.ask > 0))).fillna(-1).astype(int).astype(str)
    words = [[f"{c}={v}".replace(" ", "_") for v in frame[c]] for c in FACTS]
    words.append([f"ask={o}" for o in octave])
    return [" ".join(row) for row in zip(*words, strict=True)]


def content_knn(
    table: Table, answers: pd.DataFrame | None = None, scale: float = 3.0, damped: bool = False
) -> Scores:
    """TF-IDF of the facts; the mean likeness with what a person chose, weighted by recency.

    With `answers` (newcomers): the likeness with their answers, one document a row.
    """
    reader = TfidfVectorizer(token_pattern=r"\S+", lowercase=False, sublinear_tf=damped)  # noqa: S106 (no password)
    past = reader.fit_transform(_documents(table.window.projects))
    listings = reader.transform(_documents(table.window.listings))
    if answers is not None:
        filled = answers.reindex(columns=[*FACTS, "ask", "investor_id"])
        filled["ask"] = filled["ask"].astype(float)
        said = reader.transform(_documents(filled))
        people = pd.Index(table.window.newcomers.people)
        row = people.get_indexer(pd.Index(filled.investor_id))
        mix = sp.csr_matrix((np.ones(len(row)), (row, np.arange(len(row)))))
        return np.asarray(((mix @ said) @ listings.T).todense(), dtype=np.float32)
    taken = table.taken(table.round, len(table.projects), scale=scale)[table.people]
    return np.asarray(((taken @ past) @ listings.T).todense(), dtype=np.float32)


def als(table: Table, factors: int = 64, alpha: float = 10.0) -> Scores:
    """implicit ALS; it knows only companies that were chosen before."""
    taken = table.taken(table.what, len(table.companies))
    model = import_module("implicit.cpu.als").AlternatingLeastSquares(
        factors=factors, regularization=0.05, alpha=alpha, iterations=12, random_state=0,
        num_threads=2,
    )  # fmt: skip
    model.fit(taken, show_progress=False)
    items = np.zeros((len(table.of_listing), model.item_factors.shape[1]), dtype=np.float32)
    known = table.of_listing >= 0
    items[known] = model.item_factors[table.of_listing[known]]
    scores: Scores = np.asarray(model.user_factors[table.people] @ items.T, dtype=np.float32)
    return scores


def lightfm_warp(table: Table, components: int = 64, epochs: int = 12) -> Scores:
    """LightFM with WARP on the facts of a project (hybrid), no identity of single projects."""
    taken = table.taken(table.round, len(table.projects), scale=4.0).tocoo()
    ones = sp.coo_matrix((np.ones(len(taken.row), np.float32), (taken.row, taken.col)), taken.shape)
    model = import_module("lightfm").LightFM(
        no_components=components, loss="warp", learning_rate=0.05, item_alpha=1e-6, random_state=0
    )
    facts = _unit(table.past_facts)
    model.fit(
        ones, item_features=facts, sample_weight=taken, epochs=epochs, num_threads=2, verbose=False
    )
    bias, vectors = model.get_item_representations(_unit(table.facts))
    user_bias, users = model.get_user_representations()
    del user_bias
    scores: Scores = (users[table.people] @ vectors.T + bias).astype(np.float32)
    return scores


def _unit(matrix: Any) -> Any:
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (sp.diags(1 / np.where(length > 0, length, 1)) @ matrix).tocsr().astype(np.float32)


def ease(table: Table, side_weight: float = 4.0, penalty: float = 30.0) -> Scores:
    """EASE on choices stacked with the facts (side information), rounds of the last three years
    and the listings as items: a new listing is reached through its facts."""
    young = np.unique(table.round[table.years < 3])
    chosen = np.bincount(table.round, minlength=len(table.projects))[young]
    room = max(MOST_ITEMS - len(table.of_listing), 1)  # the most chosen, when there are too many
    recent = np.sort(young[np.argsort(-chosen, kind="stable")[:room]])
    place = np.full(len(table.projects), -1)
    place[recent] = np.arange(len(recent))
    known = place[table.round] >= 0
    size = len(recent) + len(table.of_listing)
    choices = sp.csr_matrix(
        (np.ones(known.sum(), np.float32), (table.who[known], place[table.round[known]])),
        shape=(len(table.investors), size),
    )
    side = _unit(sp.vstack([table.past_facts[recent], table.facts])).T.tocsr() * np.float32(
        side_weight
    )
    gram = (choices.T @ choices + side.T @ side).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += penalty
    factor = scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    new = np.arange(len(recent), size)
    right = np.zeros((size, len(new)), dtype=np.float32)
    right[new, np.arange(len(new))] = 1.0
    inverse = scipy.linalg.cho_solve(factor, right, overwrite_b=True, check_finite=False)
    weights = -inverse[: len(recent)] / inverse[new, np.arange(len(new))]
    decayed = table.taken(table.round, len(table.projects), scale=4.0)[table.people][:, recent]
    scores: Scores = np.asarray(decayed @ weights, dtype=np.float32)
    return scores


Setting = Mapping[str, Any]
PEERS: dict[str, tuple[Callable[..., Scores], Sequence[Setting]]] = {
    "recent popularity": (popularity, [{"years": y} for y in (0.25, 0.5, 1.0, 2.0)]),
    "content kNN (TF-IDF)": (
        content_knn, [{"scale": s, "damped": d} for s in (2.0, 5.0) for d in (False, True)],
    ),
    "implicit ALS": (als, [{"factors": f, "alpha": a} for f in (32, 96) for a in (2.0, 15.0)]),
    "LightFM WARP hybrid": (
        lightfm_warp, [{"components": c, "epochs": e} for c in (48, 96) for e in (8, 20)],
    ),
    "EASE, side information": (
        ease, [{"side_weight": w, "penalty": p} for w in (2.0, 5.0) for p in (15.0, 60.0)],
    ),
}  # fmt: skip


class Tuned:
    """One peer by name, so that a process of its own can be told which."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, window: Window) -> dict[str, Any]:
        method, settings = PEERS[self.name]
        chosen, tried = settings[0], 0
        if window.before is not None:
            table, before = Table(window.before), window.before
            chosen = max(settings, key=lambda s: tuned_by(before, method(table, **s)))
            tried = len(settings)
        began = time.perf_counter()
        scores = method(Table(window), **chosen)
        return {
            "scores": {self.name: scores},
            "seconds": {self.name: time.perf_counter() - began},
            "settings": {self.name: tried},
            "lines": [f"{self.name}: {_text(chosen)}"],
        }


def tuned_by(window: Window, scores: Scores) -> float:
    """What settings are chosen by: NDCG@10 of the first slice that has people."""
    for part in window.slices:
        if len(part.rows):
            return float(judge(window, part, scores).ndcg.mean())
    return 0.0


def _text(setting: Setting) -> str:
    return ", ".join(f"{key} {value}" for key, value in setting.items())

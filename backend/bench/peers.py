"""Published ways to rank, on the same window: each returns people × listings scores.

Benchmark only. Each is set as its authors advise; `PEERS` says how many settings each was given on
the tuning window.
"""

from collections.abc import Callable
from typing import Any

import implicit.cpu.als
import lightfm
import numpy as np
import pandas as pd
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from backend.bench.venture import SCHEMA
from backend.bench.window import Window
from backend.matching.engine.encoding import fit_encoder
from backend.matching.engine.tastes import as_csr

Scores = NDArray[np.float32]
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


def popularity(table: Table) -> Scores:
    """Choices of the company in the last year."""
    recent = table.years < 1
    counts = np.bincount(table.what[recent], minlength=len(table.companies))
    score = np.where(table.of_listing >= 0, counts[table.of_listing], 0)
    return np.tile(score.astype(np.float32), (len(table.people), 1))


def _documents(frame: pd.DataFrame) -> list[str]:
    octave = np.floor(np.log2(frame.ask.where(frame.ask > 0))).fillna(-1).astype(int).astype(str)
    words = [[f"{c}={v}".replace(" ", "_") for v in frame[c]] for c in FACTS]
    words.append([f"ask={o}" for o in octave])
    return [" ".join(row) for row in zip(*words, strict=True)]


def content_knn(table: Table, answers: pd.DataFrame | None = None) -> Scores:
    """TF-IDF of the facts; the mean likeness with what a person chose, weighted by recency.

    With `answers` (newcomers): the likeness with their answers, one document a row.
    """
    reader = TfidfVectorizer(token_pattern=r"\S+", lowercase=False)  # noqa: S106 (no password)
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
    taken = table.taken(table.round, len(table.projects), scale=3.0)[table.people]
    return np.asarray(((taken @ past) @ listings.T).todense(), dtype=np.float32)


def als(table: Table) -> Scores:
    """implicit ALS; it knows only companies that were chosen before."""
    taken = table.taken(table.what, len(table.companies))
    model = implicit.cpu.als.AlternatingLeastSquares(
        factors=64, regularization=0.05, alpha=10.0, iterations=12, random_state=0, num_threads=2
    )
    model.fit(taken, show_progress=False)
    items = np.zeros((len(table.of_listing), model.item_factors.shape[1]), dtype=np.float32)
    known = table.of_listing >= 0
    items[known] = model.item_factors[table.of_listing[known]]
    scores: Scores = np.asarray(model.user_factors[table.people] @ items.T, dtype=np.float32)
    return scores


def lightfm_warp(table: Table) -> Scores:
    """LightFM with WARP on the facts of a project (hybrid), no identity of single projects."""
    taken = table.taken(table.round, len(table.projects), scale=4.0).tocoo()
    ones = sp.coo_matrix((np.ones(len(taken.row), np.float32), (taken.row, taken.col)), taken.shape)
    model = lightfm.LightFM(
        no_components=64, loss="warp", learning_rate=0.05, item_alpha=1e-6, random_state=0
    )
    facts = _unit(table.past_facts)
    model.fit(
        ones, item_features=facts, sample_weight=taken, epochs=12, num_threads=2, verbose=False
    )
    bias, vectors = model.get_item_representations(_unit(table.facts))
    user_bias, users = model.get_user_representations()
    del user_bias
    scores: Scores = (users[table.people] @ vectors.T + bias).astype(np.float32)
    return scores


def _unit(matrix: Any) -> Any:
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    return (sp.diags(1 / np.where(length > 0, length, 1)) @ matrix).tocsr().astype(np.float32)


def ease(table: Table) -> Scores:
    """EASE on choices stacked with the facts (side information), rounds of the last three years
    and the listings as items: a new listing is reached through its facts."""
    recent = np.unique(table.round[table.years < 3])
    place = np.full(len(table.projects), -1)
    place[recent] = np.arange(len(recent))
    known = place[table.round] >= 0
    size = len(recent) + len(table.of_listing)
    choices = sp.csr_matrix(
        (np.ones(known.sum(), np.float32), (table.who[known], place[table.round[known]])),
        shape=(len(table.investors), size),
    )
    side = _unit(sp.vstack([table.past_facts[recent], table.facts])).T.tocsr() * np.float32(4.0)
    gram = (choices.T @ choices + side.T @ side).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += 30.0
    factor = scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    new = np.arange(len(recent), size)
    right = np.zeros((size, len(new)), dtype=np.float32)
    right[new, np.arange(len(new))] = 1.0
    inverse = scipy.linalg.cho_solve(factor, right, overwrite_b=True, check_finite=False)
    weights = -inverse[: len(recent)] / inverse[new, np.arange(len(new))]
    decayed = table.taken(table.round, len(table.projects), scale=4.0)[table.people][:, recent]
    scores: Scores = np.asarray(decayed @ weights, dtype=np.float32)
    return scores


PEERS: dict[str, tuple[Callable[[Table], Scores], int]] = {
    "recent popularity": (popularity, 1),
    "content kNN (TF-IDF)": (content_knn, 1),
    "implicit ALS": (als, 1),
    "LightFM WARP hybrid": (lightfm_warp, 1),
    "EASE, side information": (ease, 1),
}

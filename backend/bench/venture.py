"""The benchmark's columns for the engine: its schema, and frames of a window."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backend.bench.window import Window
from backend.matching.engine.fitted import FittedRanker
from backend.matching.engine.frames import Schema

SCHEMA = Schema(
    categorical=(
        "category", "country", "state", "region", "city", "place", "round_type", "exact_ask", "age",
        "batch", "month", "first_of_month",
    ),
    log_amount="ask",
    crosses=(
        ("category", "country"), ("category", "round_type"), ("category", "place"),
        ("category", "ask"), ("round_type", "place"), ("round_type", "ask"), ("round_type", "age"),
        ("ask", "place"), ("exact_ask", "place"), ("city", "round_type"), ("city", "category"),
    ),
    home="hq_country",
    factors={
        "category": "field", "country": "place", "state": "place", "region": "place",
        "city": "place", "place": "place", "round_type": "stage", "age": "stage", "ask": "ticket",
        "exact_ask": "ticket", "batch": "ticket", "month": "season", "first_of_month": "season",
    },
)  # fmt: skip


def frames(window: Window) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.Timestamp]:
    """What `MatchRanker.fit` takes: choices, projects, investors, now."""
    projects = window.projects.rename(columns={"company_id": "group_id"})
    return window.choices, projects, window.investors, window.start


def listing_frame(window: Window) -> pd.DataFrame:
    return window.listings.rename(columns={"company_id": "group_id"})


def answer_frame(window: Window) -> Any:
    """Answers of newcomers with their home, one row for each round of their first day."""
    homes = window.investors.set_index("investor_id").hq_country
    answers = window.newcomers.answers.copy()
    answers["hq_country"] = homes.reindex(answers.investor_id).to_numpy()
    return answers


def vectors(
    ranker: FittedRanker, window: Window
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """People and listings as vectors, in the window's order."""
    known = ranker.listings(listing_frame(window))
    order = [known.row_of[i] for i in window.listings.project_id]
    return ranker.vectors_of(window.people)[1], known.vectors[order]

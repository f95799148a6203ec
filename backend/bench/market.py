"""An invented market of the benchmark's size for timing: 13,000 investors, 17,000 projects, 64,000
choices. Nothing in it is real and no quality is read from it."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from backend.matching.engine.fitted import FittedRanker
from backend.matching.engine.frames import Schema
from backend.matching.engine.learn import MatchRanker

SERVED_D = 1221
NOW = np.datetime64("2026-11-01")
SCHEMA = Schema(
    categorical=("field", "country", "region", "city", "stage", "exact_ask", "age", "month"),
    log_amount="ask",
    crosses=(
        ("field", "country"), ("field", "stage"), ("field", "region"), ("stage", "region"),
        ("stage", "ask"), ("ask", "region"), ("city", "stage"), ("city", "field"),
    ),
    home="home",
    factors={
        "field": "field", "country": "place", "region": "place", "city": "place",
        "stage": "stage", "age": "stage", "ask": "ticket", "exact_ask": "ticket", "month": "season",
    },
)  # fmt: skip
Frames = tuple[dict[str, Any], dict[str, Any], dict[str, Any], np.datetime64]


def projects(count: int, random: np.random.Generator, prefix: str = "p") -> dict[str, Any]:
    city = random.zipf(1.4, count) % 1000
    ask = 2.0 ** random.normal(20, 2.5, count).clip(13, 28)
    return {
        "project_id": [f"{prefix}{n:06d}" for n in range(count)],
        "field": [f"f{v}" for v in random.zipf(1.5, count) % 42],
        "country": [f"c{v % 80}" for v in (city // 12)],
        "region": [f"r{v // 2}" for v in city],
        "city": [f"t{v}" for v in city],
        "stage": [f"s{v}" for v in random.integers(0, 8, count)],
        "exact_ask": [str(int(round(a, -5))) for a in ask],
        "age": [str(v) for v in random.integers(-1, 13, count)],
        "month": [str(v) for v in random.integers(1, 13, count)],
        "ask": ask,
    }


def market(
    investors: int = 13_000, count: int = 17_000, choices: int = 64_000, seed: int = 0
) -> Frames:
    """Choices, projects, investors, now: what `MatchRanker.fit` takes."""
    random = np.random.default_rng(seed)
    made = projects(count, random)
    age = np.sort(random.uniform(0.01, 8, count) ** 1.2)[::-1]
    field_of = np.array([hash_of(v) for v in made["field"]])
    liked = random.integers(0, 42, investors)
    drawn = 4 * choices  # a third fits; who chose the same twice counts once
    who = (random.zipf(1.3, drawn) - 1) % investors
    what = random.integers(0, count, drawn)
    fits = (field_of[what] == liked[who]) | (random.random(drawn) < 0.35)
    _pairs, first = np.unique(who[fits] * count + what[fits], return_index=True)
    kept = np.sort(first)[:choices]
    who, what = who[fits][kept], what[fits][kept]
    at = NOW - (age[what] * 365.25 * 86_400).astype("timedelta64[s]")
    names = [f"i{n:06d}" for n in range(investors)]
    return (
        {
            "investor_id": [names[w] for w in who.tolist()],
            "project_id": [made["project_id"][w] for w in what.tolist()],
            "chosen_at": at,
        },
        made,
        {"investor_id": names, "home": [f"c{n % 30}" for n in range(investors)]},
        NOW,
    )


def hash_of(name: str) -> int:
    return int(name[1:])


def small_ranker() -> FittedRanker:
    """A ranker of full width from a smaller market."""
    return MatchRanker(SCHEMA).fit(*market(3_000, 6_000, 20_000))


def stored(ranker: FittedRanker) -> Path:
    path = Path(tempfile.mkdtemp()) / "ranker.npz"
    path.write_bytes(ranker.dump())
    return path

"""The benchmark's protocol: what a model may see of a folder of choices, and what is scored.

Reads `choices.csv`, `companies.csv` and `investors.csv` of the folder given; keeps nothing of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ROUND = ["company_id", "funded_on", "round_type", "amount_usd"]
CHOICES = ("investor_id", "company_id", "funded_on", "amount_usd", "round_type")
COMPANIES = ("company_id", "name", "category", "country", "state", "region", "city", "founded_year")
INVESTORS = ("investor_id", "investor_name", "hq_country")
MOST = 1e15  # USD; a larger sum is a slip
BATCH_DAYS = 20
SMALL = 200_000  # USD; up to here a sum that many rounds share is an accelerator's


class BadFolder(ValueError):
    """The folder or the dates cannot be used; the message says why."""


@dataclass(frozen=True)
class Slice:
    """People and the listings that are ranked for them. `rows` index `Window.people`."""

    name: str
    rows: NDArray[np.int64]
    candidates: NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """`choices` before the window; `listings` of the window (first round, facts only);
    `truth[i]`: rows of listings that `people[i]` chose in the window for the first time.
    `before`: the months of the same length just before, where settings are chosen."""

    start: pd.Timestamp
    end: pd.Timestamp
    choices: pd.DataFrame
    projects: pd.DataFrame
    listings: pd.DataFrame
    investors: pd.DataFrame
    people: list[str]
    known: NDArray[np.int64]
    truth: list[NDArray[np.int64]]
    seen: list[NDArray[np.int64]]
    cold: NDArray[np.bool_]
    newcomers: "Newcomers"
    before: "Window | None" = None

    @cached_property
    def slices(self) -> list[Slice]:
        every = np.arange(len(self.listings))
        cold = np.flatnonzero(self.cold)
        has_cold = np.array([bool(self.cold[t].any()) for t in self.truth])
        found = []
        for name, candidates, has in (
            ("cold", cold, has_cold),
            ("all", every, np.ones(len(self.truth), bool)),
        ):
            many = self.known >= 5
            found.append(Slice(f"{name} ≥5", np.flatnonzero(has & many), candidates))
            found.append(Slice(f"{name} 1–4", np.flatnonzero(has & ~many), candidates))
        return found


@dataclass(frozen=True)
class Newcomers:
    """People without a choice before. `answers`: their rounds of their first day, one row each;
    `out[i]` are rows of listings that may not be shown (what they chose that day)."""

    people: list[str]
    answers: pd.DataFrame
    out: list[NDArray[np.int64]]
    truth: list[NDArray[np.int64]]


@dataclass(frozen=True)
class Tables:
    """The three files. Ids and facts are texts as they stand ("nan" may be a name)."""

    choices: pd.DataFrame
    companies: pd.DataFrame
    investors: pd.DataFrame


def read_tables(folder: Path) -> Tables:
    """Raises BadFolder when a file or a column is absent. A row without a date or an id does not
    count; a sum that is no positive number is a sum that nobody stated."""
    choices = _read(folder / "choices.csv", CHOICES)
    choices["funded_on"] = pd.to_datetime(choices.funded_on, errors="coerce")
    amount = pd.to_numeric(choices.amount_usd, errors="coerce").astype(float)
    choices["amount_usd"] = amount.where((amount > 0) & (amount < MOST))
    usable = choices.funded_on.notna() & (choices.investor_id != "") & (choices.company_id != "")
    companies = _read(folder / "companies.csv", COMPANIES).drop_duplicates("company_id")
    companies["founded_year"] = pd.to_numeric(companies.founded_year, errors="coerce").astype(float)
    investors = _read(folder / "investors.csv", INVESTORS).drop_duplicates("investor_id")
    ordered = choices[usable].sort_values("funded_on", kind="stable").reset_index(drop=True)
    return Tables(ordered, companies.set_index("company_id"), investors.reset_index(drop=True))


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise BadFolder(f"{path}: {error}") from error
    missing = [c for c in columns if c not in frame]
    if missing:
        raise BadFolder(f"{path} has no column {', '.join(missing)}")
    return frame[list(columns)]


def open_window(folder: Path, start: str, end: str) -> Window:
    """Read a folder and cut it as the protocol says; `before` is cut the same way."""
    try:
        first, last = pd.Timestamp(start), pd.Timestamp(end)
    except ValueError as error:
        raise BadFolder(f"no date: {error}") from error
    if not first < last:
        raise BadFolder(f"{start} is not before {end}")
    tables = read_tables(folder)
    window = cut(tables, first, last)
    if not window.people:
        raise BadFolder(f"nobody with a choice before {start} made a new one until {end}")
    months = max(1, round((last - first).days / 30.44))
    before = cut(tables, first - pd.DateOffset(months=months), first)
    return replace(window, before=before if before.people else None)


def cut(tables: Tables, first: pd.Timestamp, last: pd.Timestamp) -> Window:
    """What is known before `first`, and what is scored until `last`."""
    every, companies, investors = tables.choices, tables.companies, tables.investors
    train = every[every.funded_on < first]
    window = every[(every.funded_on >= first) & (every.funded_on < last)]
    rounds = train.drop_duplicates(ROUND).reset_index(drop=True)
    projects = facts_of(rounds, companies)
    key = pd.MultiIndex.from_frame(rounds[ROUND].fillna(-1))
    number = key.get_indexer(pd.MultiIndex.from_frame(train[ROUND].fillna(-1)))
    choices = pd.DataFrame(
        {
            "investor_id": train.investor_id.to_numpy(),
            "project_id": projects.project_id.to_numpy()[number],
            "chosen_at": train.funded_on.to_numpy(),
            "company_id": train.company_id.to_numpy(),
        }
    )
    shown = window.drop_duplicates("company_id").reset_index(drop=True)
    listings = facts_of(shown, companies)
    listings["project_id"] = shown.company_id
    people, known, truth, seen = _people(train, window, shown)
    return Window(
        first, last, choices, projects, listings, investors, people, known, truth, seen,
        ~shown.company_id.isin(train.company_id).to_numpy(),
        _newcomers(train, window, shown, companies),
    )  # fmt: skip


def _people(
    train: pd.DataFrame, window: pd.DataFrame, shown: pd.DataFrame
) -> tuple[list[str], NDArray[np.int64], list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    before = train.groupby("investor_id").company_id.agg(set)
    row_of = {c: i for i, c in enumerate(shown.company_id)}
    people, known, truth, seen = [], [], [], []
    for person, companies in window.groupby("investor_id").company_id.agg(set).items():
        if person not in before.index:
            continue
        mine: set[str] = before.loc[str(person)]
        new = sorted(row_of[c] for c in companies - mine)
        if new:
            people.append(str(person))
            known.append(len(mine))
            truth.append(np.array(new, dtype=np.int64))
            seen.append(np.array(sorted(row_of[c] for c in mine if c in row_of), dtype=np.int64))
    return people, np.array(known, dtype=np.int64), truth, seen


def _newcomers(
    train: pd.DataFrame, window: pd.DataFrame, shown: pd.DataFrame, companies: pd.DataFrame
) -> Newcomers:
    row_of = {c: i for i, c in enumerate(shown.company_id)}
    new = window[~window.investor_id.isin(train.investor_id)]
    people, rounds, out, truth = [], [], [], []
    for person, mine in new.groupby("investor_id"):
        if mine.company_id.nunique() < 2 or mine.funded_on.nunique() < 2:
            continue
        answered = mine[mine.funded_on == mine.funded_on.min()]
        first = set(answered.company_id)
        later = sorted(row_of[c] for c in set(mine.company_id) - first)
        if later:
            people.append(str(person))
            rounds.append(answered)
            out.append(np.array(sorted(row_of[c] for c in first), dtype=np.int64))
            truth.append(np.array(later, dtype=np.int64))
    if not rounds:
        names = ["investor_id", "category", "country", "ask", "round_type"]
        return Newcomers([], pd.DataFrame(columns=names), [], [])
    stated = pd.concat(rounds, ignore_index=True)
    facts = facts_of(stated, companies)
    # Answers hold what the protocol names: category, country, ask and round type; nothing else.
    answers = facts[["category", "country", "ask", "round_type"]].copy()
    answers.insert(0, "investor_id", stated.investor_id.to_numpy())
    return Newcomers(people, answers, out, truth)


def facts_of(rounds: pd.DataFrame, companies: pd.DataFrame) -> pd.DataFrame:
    """What a listing of this round states, and what follows from the list that it stands in."""
    known = companies.reindex(rounds.company_id)
    text = {
        c: known[c].astype(object).where(known[c].notna(), "").to_numpy()
        for c in ("category", "country", "state", "region", "city", "name")
    }
    place = np.where(text["region"] != "", text["region"], text["state"])
    place = np.where(place != "", place, text["country"])
    at, amount = rounds.funded_on, rounds.amount_usd.to_numpy(dtype=float)
    age = at.dt.year.to_numpy() - known.founded_year.to_numpy(dtype=float)
    exact = np.where(amount > 0, np.nan_to_num(amount), 0).astype(np.int64).astype(str)
    return pd.DataFrame(
        {
            "project_id": [
                f"{c}|{d:%Y%m%d}|{r}|{a}"
                for c, d, r, a in zip(rounds.company_id, at, rounds.round_type, exact, strict=True)
            ],
            "company_id": rounds.company_id.to_numpy(),
            "listed_at": at.to_numpy(),
            **text,
            "place": place,
            "state": _joined(text["country"], text["state"]),
            "region": _joined(text["country"], text["region"]),
            "city": _joined(text["country"], text["state"], text["city"]),
            "round_type": rounds.round_type.to_numpy(),
            "ask": amount,
            "exact_ask": np.where(exact == "0", "", exact),
            "age": np.where(np.isfinite(age), np.clip(np.nan_to_num(age), -1, 12), -9)
            .astype(int).astype(str),
            "month": at.dt.month.astype(str).to_numpy(),
            "first_of_month": np.where(at.dt.day == 1, "yes", "no"),
            "batch": _batch(at, exact, amount),
        }
    )  # fmt: skip


def _joined(*parts: NDArray[np.object_]) -> list[str]:
    return ["|".join(map(str, p)) for p in zip(*parts, strict=True)]


def _batch(at: pd.Series, exact: NDArray[np.str_], amount: NDArray[np.float64]) -> list[str]:
    """How many rounds of the same sum stand within 20 days: accelerators come in batches."""
    days = (at - pd.Timestamp("1990-01-01")).dt.days.to_numpy()
    near = np.zeros(len(at), dtype=np.int64)
    for value in np.unique(exact[exact != "0"]):
        rows = np.flatnonzero(exact == value)
        ordered = np.sort(days[rows])
        near[rows] = np.searchsorted(ordered, days[rows] + BATCH_DAYS, "right") - np.searchsorted(
            ordered, days[rows] - BATCH_DAYS, "left"
        )
    size = np.digitize(near, [1, 2, 3, 5, 9, 17])
    return [
        f"{'small' if a < SMALL else 'large'} {s}"
        for a, s in zip(amount.tolist(), size.tolist(), strict=True)
    ]

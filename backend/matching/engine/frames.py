"""What the generic ranker reads: a schema, columns of facts, and choices in time. numpy only.

Frames are mappings from a column name to equally long columns; a pandas DataFrame is one. A missing
fact is None or NaN, several values of one fact are a list or a tuple.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from backend.matching.engine.schema import Floats, Ints


class Frame(Protocol):
    """Columns by name: a dict of lists, a pandas DataFrame."""

    def __getitem__(self, key: str, /) -> Any: ...

    def __contains__(self, key: object, /) -> bool: ...


PEOPLE_FACTOR = "people_like_you"


class EngineError(ValueError):
    """The engine cannot answer; the message says why. Callers fall back to the rules."""


class NothingToLearn(EngineError):
    """Too few choices, or nothing to choose from."""


class BadFrame(EngineError):
    """A column is absent or columns are not equally long."""


@dataclass(frozen=True)
class Schema:
    """Which columns of a project count, and under which factor a person reads them.

    `crosses` are pairs (or triples) of columns whose joint value is learnt too; `log_amount` may
    stand in one, as its octave. A cross belongs to the factor of its first column. `home` names an
    investor's column (such as a country): people of one home share what they tend to choose.
    """

    categorical: Sequence[str]
    log_amount: str | None = None
    text: Sequence[str] = ()
    crosses: Sequence[Sequence[str]] = ()
    home: str | None = None
    factors: Mapping[str, str] = field(default_factory=dict)

    def columns(self) -> tuple[str, ...]:
        amount = (self.log_amount,) if self.log_amount else ()
        return (*self.categorical, *amount, *self.text)

    def factor_of(self, column: str) -> str:
        return self.factors.get(column, column)

    def check(self) -> None:
        """Raises BadFrame when a cross names what is neither a category nor the amount."""
        known = {*self.categorical, self.log_amount}
        for cross in self.crosses:
            if len(cross) < 2 or not set(cross) <= known:
                raise BadFrame(f"a cross of unknown columns: {cross!r}")

    def as_json(self) -> dict[str, Any]:
        return {
            "categorical": list(self.categorical),
            "log_amount": self.log_amount,
            "text": list(self.text),
            "crosses": [list(c) for c in self.crosses],
            "home": self.home,
            "factors": dict(self.factors),
        }


def column(frame: Frame, name: str) -> list[Any]:
    """One column as a list; raises BadFrame when it is absent."""
    try:
        values = frame[name]
    except (KeyError, IndexError) as error:
        raise BadFrame(f"no column {name!r}") from error
    return list(values.tolist() if hasattr(values, "tolist") else values)


def is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or value == ""


def texts(value: Any) -> list[str]:
    """The values of one cell as strings; none when it is missing."""
    if isinstance(value, (list, tuple, set, frozenset, np.ndarray)):
        return [str(v) for v in value if not is_missing(v)]
    return [] if is_missing(value) else [str(value)]


def log2_amounts(values: Iterable[Any]) -> Floats:
    """log2 of positive finite sums; everything else (also infinity and text) is NaN."""
    return np.array([_log2(v) for v in values], dtype=np.float64)


def _log2(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
    return math.log2(number) if 0 < number < math.inf else math.nan


@dataclass(frozen=True)
class Events:
    """Choices as numbers: row `person[i]` of `investors` chose row `project[i]` `age[i]` years
    before now with `weight[i]`. One row for a person and a project: the last."""

    investors: tuple[str, ...]
    person: Ints
    project: Ints
    age: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.person)


def _moments(frame: Frame, name: str) -> "NDArray[np.datetime64]":
    """In whole microseconds: in nanoseconds the year 2300 would be one of the past."""
    values: Any = frame[name] if name in frame else column(frame, name)
    kind = getattr(getattr(values, "dtype", None), "kind", "")
    try:  # numpy lists the nanoseconds of an array as plain numbers
        given = np.asarray(values) if kind == "M" else list(values)
        return np.array(given, dtype="datetime64[us]")
    except (ValueError, TypeError, OverflowError) as error:
        raise BadFrame(f"no date in column {name!r}: {error}") from error


def _numbers(frame: Frame, name: str) -> Floats:
    try:
        return np.array(column(frame, name), dtype=np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadFrame(f"no number in column {name!r}: {error}") from error


def read_choices(choices: Frame, project_ids: Sequence[str], now: Any) -> Events:
    """Checked choices before `now`. Choices of unknown projects, in the future, without a date or
    with a weight that is no positive number are left out; of duplicates the last counts."""
    who, what = column(choices, "investor_id"), column(choices, "project_id")
    at = _moments(choices, "chosen_at")
    weight = np.ones(len(who))
    if "weight" in choices:
        weight = _numbers(choices, "weight")
    if not len(who) == len(what) == len(at) == len(weight):
        raise BadFrame("columns of choices are not equally long")
    row_of = {key: i for i, key in enumerate(project_ids)}
    project = np.array([row_of.get(str(w), -1) for w in what], dtype=np.int64)
    moment = np.datetime64(now, "us")
    good = (project >= 0) & ~np.isnat(at) & (at < moment) & np.isfinite(weight) & (weight > 0)
    rows = np.flatnonzero(good)
    rows = rows[np.argsort(at[rows], kind="stable")]
    last = {(str(who[i]), int(project[i])): int(i) for i in rows.tolist()}
    kept = np.array(list(last.values()), dtype=np.int64)
    investors = tuple(sorted({key[0] for key in last}))
    number = {key: i for i, key in enumerate(investors)}
    seconds = np.subtract(moment, at[kept]) / np.timedelta64(1, "s")
    return Events(
        investors=investors,
        person=np.array([number[key[0]] for key in last], dtype=np.int64),
        project=project[kept],
        age=np.asarray(seconds, dtype=np.float64) / (365.25 * 86_400),
        weight=weight[kept],
    )

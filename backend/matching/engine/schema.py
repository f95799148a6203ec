"""What the order is made of: the factors, an investor's answers, listings as arrays. numpy only.

A null in a listing ("the source does not say") and an unanswered question are both missing values:
they count neither for nor against.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SCHEMA_VERSION = 1
FEATURE_VERSION = "2026-11"

FACTORS = (
    "field", "technology", "place", "instrument", "ticket", "stage", "horizon", "language",
    "skills", "people_like_you", "your_choices",
)  # fmt: skip
STATED = FACTORS[:9]
PEOPLE = FACTORS.index("people_like_you")
MINE = FACTORS.index("your_choices")
STEERING = {"more": 2.0, "normal": 1.0, "less": 0.5, "off": 0.0}

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Vocabulary:
    """The keys that answers and listings may use; unknown keys are ignored (an older version's)."""

    fields: tuple[str, ...]
    pillars: tuple[str, ...]
    technologies: tuple[str, ...]
    instruments: tuple[str, ...]
    languages: tuple[str, ...]
    skills: tuple[str, ...]
    # place code -> area (the former province), for "nearby".
    places: Mapping[str, str] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Columns of `ListingArrays.features`."""
        return sum(map(len, (self.fields, self.technologies, self.pillars, self.instruments)))


@dataclass(frozen=True)
class Chosen:
    """What one person chose, counted by facts (`field:smart_manufacturing`): how much weight of
    their choices each one has, and how much of what they refused because of it."""

    total: float = 0.0
    # How much of `total` states a fact of each kind.
    stated: Mapping[str, float] = field(default_factory=dict)
    liked: Mapping[str, float] = field(default_factory=dict)
    # The same as numbers of projects, for words: all of them, and those with each fact.
    number: int = 0
    times: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """What one investor told us, and what they chose. Empty means not answered.

    `budget` and listing tickets are in the same base currency, whole units.
    """

    fields: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    country: str = ""
    home_place: str = ""
    budget: float | None = None
    instruments: tuple[str, ...] = ()
    horizon_months: int | None = None
    stages: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    chosen: Chosen | None = None


@dataclass(frozen=True)
class Listing:
    """One live project's facts; None and empty mean not stated."""

    id: str
    field: str | None = None
    pillars: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    place: str | None = None
    instrument: str | None = None
    ticket: float | None = None
    trl: int | None = None
    horizon_months: int | None = None
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()


@dataclass(frozen=True)
class ListingArrays:
    """Listings encoded once, ready for any number of investors. Row i belongs to `ids[i]`."""

    ids: tuple[str, ...]
    field_id: Ints  # -1 not stated
    technologies: NDArray[np.bool_]  # n × technologies
    place: Ints  # index into the vocabulary's places, -1 not stated
    area: Ints
    instrument: Ints
    log_ticket: Floats  # log2, NaN not stated
    trl: Floats
    horizon: Floats
    languages: NDArray[np.bool_]
    skills: NDArray[np.bool_]
    features: Floats  # n × d, rows of length 1 (or 0), for people_like_you
    vocabulary: Vocabulary
    # Kept by run: the listings that it knows by themselves, and where each one here stands there.
    columns: dict[str, tuple[tuple[str, ...], Ints]] = field(default_factory=dict)
    # Kept by kind of fact: how often each key stands in the listings (chosen.py).
    shares: dict[str, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


def _index(keys: Sequence[str]) -> dict[str, int]:
    return {key: i for i, key in enumerate(keys)}


def _one_of(index: Mapping[str, int], value: str | None) -> int:
    return index.get(value, -1) if value else -1


def _many_of(rows: Sequence[Sequence[str]], index: Mapping[str, int]) -> NDArray[np.bool_]:
    mask = np.zeros((len(rows), len(index)), dtype=np.bool_)
    for i, row in enumerate(rows):
        for key in row:
            if key in index:
                mask[i, index[key]] = True
    return mask


def log2_or_nan(value: float | None) -> float:
    """log2 of a positive finite sum; everything else is missing."""
    if value is None or not np.isfinite(value) or value <= 0:
        return float("nan")
    return float(np.log2(value))


def encode_listings(listings: Sequence[Listing], vocabulary: Vocabulary) -> ListingArrays:
    """Encode listings into arrays. Linear; about 10 µs a listing."""
    fields, instruments = _index(vocabulary.fields), _index(vocabulary.instruments)
    places = _index(tuple(vocabulary.places))
    areas = _index(tuple(dict.fromkeys(vocabulary.places.values())))
    technologies = _many_of([r.technologies for r in listings], _index(vocabulary.technologies))
    pillars = _many_of([r.pillars for r in listings], _index(vocabulary.pillars))
    field_ids = np.array([_one_of(fields, r.field) for r in listings], dtype=np.int64)
    instrument_ids = np.array(
        [_one_of(instruments, r.instrument) for r in listings], dtype=np.int64
    )
    one_hot = [
        _one_hot(field_ids, len(fields)),
        technologies,
        pillars,
        _one_hot(instrument_ids, len(instruments)),
    ]
    return ListingArrays(
        ids=tuple(r.id for r in listings),
        field_id=field_ids,
        technologies=technologies,
        place=np.array([_one_of(places, r.place) for r in listings], dtype=np.int64),
        area=np.array(
            [_one_of(areas, vocabulary.places.get(r.place) if r.place else None) for r in listings],
            dtype=np.int64,
        ),
        instrument=instrument_ids,
        log_ticket=np.array([log2_or_nan(r.ticket) for r in listings], dtype=np.float64),
        trl=np.array([np.nan if r.trl is None else r.trl for r in listings], dtype=np.float64),
        horizon=np.array(
            [np.nan if r.horizon_months is None else r.horizon_months for r in listings],
            dtype=np.float64,
        ),
        languages=_many_of([r.languages for r in listings], _index(vocabulary.languages)),
        skills=_many_of([r.skills for r in listings], _index(vocabulary.skills)),
        features=_unit_rows(np.hstack(one_hot).astype(np.float64)),
        vocabulary=vocabulary,
    )


def _one_hot(ids: Ints, size: int) -> NDArray[np.bool_]:
    hot: NDArray[np.bool_] = ids[:, None] == np.arange(size)[None, :]
    return hot


def _unit_rows(matrix: Floats) -> Floats:
    lengths = np.sqrt((matrix * matrix).sum(axis=1, keepdims=True))
    return matrix / np.where(lengths == 0, 1, lengths)


def answer_features(answers: Answers, names: Mapping[str, int]) -> Floats:
    """The answers as a vector of length 1 over learned names such as `country:US` (or zeros)."""
    keys = ["everyone"]
    if answers.country:
        keys.append(f"country:{answers.country}")
    for kind in ("fields", "technologies", "instruments", "skills"):
        keys += [f"{kind}:{key}" for key in getattr(answers, kind)]
    vector = np.zeros(len(names))
    for key in keys:
        if key in names:
            vector[names[key]] = 1.0
    length = np.sqrt(vector.sum())
    return vector / length if length else vector

"""Every key that a project or a profile may use, with its names in both languages. Pure.

The data stand in `data/taxonomy.json` (versioned) and `data/places.csv`: the 168 units of the city
since 1 July 2025, codes and names as in the General Statistics Office's list, names shown in the
old tone style.
"""

import csv
import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from backend.core.text import fold, sort_key

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Term:
    """One key with its names."""

    key: str
    vi: str
    en: str
    # Countries where many overseas Vietnamese live come first in pickers.
    is_first: bool = False
    # What officers read where it differs from the public name (project statuses).
    staff_vi: str = ""
    staff_en: str = ""
    # May be chosen from the first day to the day before the second; empty: always.
    valid_from: date | None = None
    valid_to: date | None = None
    # Group of the national list of strategic technologies, where it is confirmed.
    strategic_group: int | None = None

    def label(self, language: str) -> str:
        return self.vi if language == "vi" else self.en

    def staff_label(self, language: str) -> str:
        return (self.staff_vi if language == "vi" else self.staff_en) or self.label(language)

    def is_current(self, on: date) -> bool:
        starts = self.valid_from is None or self.valid_from <= on
        return starts and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True)
class Place:
    """A ward, commune or special zone of the merged city."""

    code: str
    name: str
    kind: str
    before_july_2025: str

    def label(self, language: str) -> str:
        kind = _terms("place_kind")[self.kind].label(language)
        return f"{kind} {self.name}" if language == "vi" else f"{self.name} {kind}"


@lru_cache(maxsize=1)
def _raw() -> dict[str, Any]:
    raw: dict[str, Any] = json.loads((DATA / "taxonomy.json").read_text(encoding="utf-8"))
    return raw


@lru_cache(maxsize=1)
def _document() -> dict[str, dict[str, Term]]:
    return {
        kind: {row["key"]: _term(row) for row in rows} for kind, rows in _raw()["kinds"].items()
    }


def _term(row: dict[str, Any]) -> Term:
    return Term(
        row["key"],
        row["vi"],
        row["en"],
        is_first=row.get("diaspora", False),
        staff_vi=row.get("staff_vi", ""),
        staff_en=row.get("staff_en", ""),
        valid_from=_day(row.get("from")),
        valid_to=_day(row.get("to")),
        strategic_group=row.get("strategic_group"),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def version() -> str:
    """The version of the taxonomy, as the API and stored rankings name it."""
    return str(_raw()["version"])


def effective_from() -> date:
    """The first day on which this version is the one in force."""
    return date.fromisoformat(_raw()["effective_from"])


def _terms(kind: str) -> dict[str, Term]:
    return _document()[kind]


@lru_cache(maxsize=1)
def places_by_code() -> dict[str, Place]:
    with (DATA / "places.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            Place(r["code"], r["name_vi"], r["kind"], r["before_july_2025"])
            for r in csv.DictReader(file)
        ]
    return {p.code: p for p in sorted(rows, key=lambda p: (sort_key(p.name), p.code))}


def places() -> list[Place]:
    """All 168 units in Vietnamese order."""
    return list(places_by_code().values())


def kinds() -> list[str]:
    return [*_document(), "place"]


def keys(kind: str) -> list[str]:
    """The keys of one kind, in their order; KeyError for a kind that does not exist."""
    return list(places_by_code()) if kind == "place" else list(_terms(kind))


def terms(kind: str, *, on: date | None = None) -> list[Term]:
    """The terms of one kind, in their order (places: `places()`); with `on`, those of that day."""
    found = _terms(kind).values()
    return [t for t in found if on is None or t.is_current(on)]


def countries(language: str) -> list[Term]:
    """Countries and territories in the order of their names in one language."""
    return sorted(_terms("country").values(), key=lambda t: (sort_key(t.label(language)), t.key))


def is_known(kind: str, key: str) -> bool:
    """Whether the key exists, or once existed: stored projects may carry a key that has ended."""
    return key in (places_by_code() if kind == "place" else _terms(kind))


def label(kind: str, key: str | int, language: str) -> str:
    """The name of a key; the key itself when it is not known (an older version's key)."""
    found: Term | Place | None
    if kind == "place":
        found = places_by_code().get(str(key))
    else:
        found = _terms(kind).get(str(key))
    return str(key) if found is None else found.label(language)


def staff_label(kind: str, key: str, language: str) -> str:
    """What officers read: the public name unless the term has one of its own."""
    found = _terms(kind).get(key)
    return key if found is None else found.staff_label(language)


def find_places(query: str) -> list[Place]:
    """Units whose name contains the query, without regard to marks."""
    wanted = fold(query).strip()
    return [p for p in places() if wanted in fold(p.name)]

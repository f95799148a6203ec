"""Every key that a project or a profile may use, with its names in both languages. Pure.

The data stand in `data/taxonomy.json` (versioned) and `data/places.csv`: the 168 units of the city
since 1 July 2025, codes and names as in the General Statistics Office's list, names shown in the
old tone style.
"""

import csv
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

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

    def label(self, language: str) -> str:
        return self.vi if language == "vi" else self.en


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
def _document() -> dict[str, dict[str, Term]]:
    raw = json.loads((DATA / "taxonomy.json").read_text(encoding="utf-8"))
    return {
        kind: {
            row["key"]: Term(row["key"], row["vi"], row["en"], row.get("diaspora", False))
            for row in rows
        }
        for kind, rows in raw["kinds"].items()
    }


@lru_cache(maxsize=1)
def version() -> str:
    """The version of the taxonomy, as the API and stored rankings name it."""
    raw = json.loads((DATA / "taxonomy.json").read_text(encoding="utf-8"))
    return str(raw["version"])


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


def terms(kind: str) -> list[Term]:
    """The terms of one kind, in their order (places: `places()`)."""
    return list(_terms(kind).values())


def is_known(kind: str, key: str) -> bool:
    return key in (places_by_code() if kind == "place" else _terms(kind))


def label(kind: str, key: str | int, language: str) -> str:
    """The name of a key; the key itself when it is not known (an older version's key)."""
    found: Term | Place | None
    if kind == "place":
        found = places_by_code().get(str(key))
    else:
        found = _terms(kind).get(str(key))
    return str(key) if found is None else found.label(language)


def find_places(query: str) -> list[Place]:
    """Units whose name contains the query, without regard to marks."""
    wanted = fold(query).strip()
    return [p for p in places() if wanted in fold(p.name)]

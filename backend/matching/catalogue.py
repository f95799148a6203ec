"""The listings as arrays, kept per process and refreshed when they change. numpy only.

The web serves from here: reading rows and encoding costs about 20 µs a listing, ranking far less.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Count, Max

from backend.core.errors import Conflict
from backend.core.money import Money
from backend.funding.queries import Rate, convert, latest_rates
from backend.matching.engine.schema import Listing, ListingArrays, Vocabulary, encode_listings
from backend.projects import taxonomy
from backend.projects.queries import browsable_projects
from backend.projects.workflow import GATED_INSTRUMENTS

CHECK_EVERY_S = 2.0
COLUMNS = (
    "pk", "public_id", "field", "pillars", "technologies", "place_code", "instrument",
    "min_ticket_minor", "currency", "trl", "horizon_months", "languages", "skills",
)  # fmt: skip


@dataclass(frozen=True)
class Catalogue:
    """Encoded listings with their row ids in the database; `sha256` names exactly these facts."""

    arrays: ListingArrays
    project_ids: tuple[int, ...]
    row_of: dict[str, int]
    version: tuple[Any, ...]
    listings: tuple[Listing, ...]

    @property
    def sha256(self) -> str:
        return sha256_of(self.listings)


@lru_cache(maxsize=1)
def engine_vocabulary() -> Vocabulary:
    """The taxonomy as the engine reads it."""
    return Vocabulary(
        fields=tuple(taxonomy.keys("field")),
        pillars=tuple(taxonomy.keys("pillar")),
        technologies=tuple(taxonomy.keys("technology")),
        instruments=tuple(taxonomy.keys("instrument")),
        languages=tuple(taxonomy.keys("language")),
        skills=tuple(taxonomy.keys("skill")),
        places={p.code: p.before_july_2025 for p in taxonomy.places()},
    )


def sha256_of(listings: Sequence[Listing]) -> str:
    text = json.dumps([asdict(row) for row in listings], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def listing_from(document: dict[str, Any]) -> Listing:
    """A stored listing (CatalogueSnapshot) as the engine reads it."""
    many = ("pillars", "technologies", "languages", "skills")
    values: dict[str, Any] = {k: tuple(v) if k in many else v for k, v in document.items()}
    return Listing(**values)


def in_base(money: Money, rates: dict[str, Rate]) -> float | None:
    """A sum in whole đồng, for comparing tickets; None when there is no rate."""
    try:
        return float(convert(money, "VND", rates).money.minor)
    except Conflict:
        return None


def read_listings(rows: Iterable[tuple[Any, ...]], rates: dict[str, Rate]) -> list[Listing]:
    """Rows of COLUMNS as listings. The smallest ticket of a gated form is not public, so nobody's
    order may depend on it."""
    return [_listing(row, rates) for row in rows]


def _listing(row: tuple[Any, ...], rates: dict[str, Rate]) -> Listing:
    (_, public_id, field, pillars, technologies, place, instrument, ticket, currency, trl,
     horizon, languages, skills) = row  # fmt: skip
    is_public = ticket is not None and instrument not in GATED_INSTRUMENTS
    return Listing(
        id=public_id,
        field=field,
        pillars=tuple(pillars),
        technologies=tuple(technologies),
        place=place,
        instrument=instrument,
        ticket=in_base(Money(ticket, currency), rates) if is_public else None,
        trl=trl,
        horizon_months=horizon,
        languages=tuple(languages),
        skills=tuple(skills),
    )


def build() -> Catalogue:
    """Read and encode everything that is browsable now."""
    version = _version()
    rows = list(browsable_projects().order_by("pk").values_list(*COLUMNS))
    listings = read_listings(rows, latest_rates())
    return Catalogue(
        arrays=encode_listings(listings, engine_vocabulary()),
        project_ids=tuple(row[0] for row in rows),
        row_of={row.id: i for i, row in enumerate(listings)},
        version=version,
        listings=tuple(listings),
    )


def _version() -> tuple[Any, ...]:
    found = browsable_projects().aggregate(n=Count("pk"), at=Max("updated_at"))
    return (found["n"], found["at"])


class _Kept:
    """One catalogue per process; at most one thread refreshes it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.catalogue: Catalogue | None = None
        self.checked_at = 0.0

    def current(self) -> Catalogue:
        now = time.monotonic()
        kept = self.catalogue
        if kept is not None and now - self.checked_at < CHECK_EVERY_S:
            return kept
        with self.lock:
            if self.catalogue is None or self.catalogue.version != _version():
                self.catalogue = build()
            self.checked_at = time.monotonic()
            return self.catalogue

    def forget(self) -> None:
        self.catalogue = None


_kept = _Kept()


def current_catalogue() -> Catalogue:
    """The listings, at most two seconds old."""
    return _kept.current()


def forget_catalogue() -> None:
    """For tests and after imports in the same process."""
    _kept.forget()

"""The listings as arrays, kept per process and refreshed when they change. numpy only.

The web serves from here: reading rows and encoding costs about 20 µs a listing, ranking far less.
"""

import hashlib
import threading
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import orjson
from django.db import connection
from django.db.models import (
    BigIntegerField,
    Count,
    Exists,
    F,
    Func,
    Max,
    OuterRef,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Extract

from backend.core.errors import Conflict
from backend.core.money import Money
from backend.funding.models import FxRate
from backend.funding.queries import Rate, convert, latest_rates, open_rounds
from backend.matching.engine.schema import (
    Ints,
    Listing,
    ListingArrays,
    Vocabulary,
    encode_listings,
)
from backend.projects import taxonomy
from backend.projects.models import Project
from backend.projects.queries import browsable_projects
from backend.projects.workflow import GATED_INSTRUMENTS, OF_A_ROUND

CHECK_EVERY_S = 2.0
# Above this many listings a change is read beside the requests, which go on with the old arrays.
READ_ASIDE_FROM = 5_000
COLUMNS = (
    "pk", "public_id", "field", "pillars", "technologies", "place_code", "instrument",
    "min_ticket_minor", "currency", "trl", "horizon_months", "languages", "skills", "origin",
)  # fmt: skip


@dataclass(frozen=True)
class Catalogue:
    """Encoded listings with their row ids in the database; `sha256` names exactly these facts."""

    arrays: ListingArrays
    project_ids: tuple[int, ...]
    row_of: dict[str, int]
    version: tuple[Any, ...]
    listings: tuple[Listing, ...]
    # Rows of what the city runs itself: calls of others are left out of these.
    own_rows: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    # Rows whose round is closed: they stand after all others.
    closed_rows: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    # The rates by which tickets were compared; for showing a sum in another currency as well.
    rates: dict[str, Rate] = field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        return sha256_of(self.listings, self.closed_rows)


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


def vocabulary_version(vocabulary: Vocabulary) -> str:
    """Names exactly these keys in this order: a model read with others would be wrong silently."""
    return hashlib.sha256(orjson.dumps(asdict(vocabulary))).hexdigest()[:8]


def sha256_of(listings: Sequence[Listing], closed_rows: Ints) -> str:
    return hashlib.sha256(orjson.dumps([listings, closed_rows.tolist()])).hexdigest()


def packed(catalogue: Catalogue) -> bytes:
    """Facts, vocabulary, whose rows they are and which are closed, as one compressed JSON
    document."""
    document = {
        "vocabulary": asdict(catalogue.arrays.vocabulary),
        "own": catalogue.own_rows.tolist(),
        "closed": catalogue.closed_rows.tolist(),
        "listings": catalogue.listings,
    }
    return zlib.compress(orjson.dumps(document), 1)


def restored(content: bytes, version: str) -> Catalogue:
    """The catalogue that `packed` wrote, for an order that is made again (without row numbers of
    today). Documents from before the vocabulary was kept are read with today's."""
    document = orjson.loads(zlib.decompress(content))
    kept = document["vocabulary"]
    vocabulary = Vocabulary(**_tuples(kept)) if kept else engine_vocabulary()
    listings = tuple(Listing(**_tuples(row)) for row in document["listings"])
    own = document.get("own", list(range(len(listings))))
    return Catalogue(
        arrays=encode_listings(listings, vocabulary),
        project_ids=(),
        row_of={row.id: i for i, row in enumerate(listings)},
        version=(version,),
        listings=listings,
        own_rows=np.array(own, dtype=np.int64),
        # Lists from before closed rounds stood behind are made again without that rule.
        closed_rows=np.array(document.get("closed", []), dtype=np.int64),
    )


def _tuples(document: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in document.items()}


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
     horizon, languages, skills, _origin) = row  # fmt: skip
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
    # Whether a round is open comes with the row: a page of a new process reads all of this.
    takes = Exists(open_rounds().filter(project=OuterRef("pk")))
    found = browsable_projects().annotate(takes=takes).order_by("pk")
    read = list(found.values_list(*COLUMNS, "public_status", "takes"))
    rows = [row[:-2] for row in read]
    closed = [i for i, row in enumerate(read) if row[-2] in OF_A_ROUND and not row[-1]]
    rates = latest_rates()
    listings = read_listings(rows, rates)
    return Catalogue(
        arrays=encode_listings(listings, engine_vocabulary()),
        project_ids=tuple(row[0] for row in rows),
        row_of={row.id: i for i, row in enumerate(listings)},
        version=version,
        listings=tuple(listings),
        own_rows=np.array(
            [i for i, row in enumerate(rows) if row[-1] != Project.Origin.PUBLISHED_CALL],
            dtype=np.int64,
        ),
        closed_rows=np.array(closed, dtype=np.int64),
        rates=rates,
    )


def _version() -> tuple[Any, ...]:
    """Changes with every edit, every project that comes or goes, every new rate, and every round
    that opens or closes.

    Sums of hashes of rows, not the newest time or id: a transaction may write an older one later
    than it was read here, and two changes at once may leave a sum of plain ids as it was.
    """
    rates = FxRate.objects.order_by().values("quote").annotate(mark=Sum(_mark("pk")))
    rounds = open_rounds().order_by().values("status").annotate(mark=Sum(_mark("pk")))
    found = browsable_projects().aggregate(
        n=Count("pk"),
        projects=Sum(_mark("pk", "updated_at")),
        rates=Max(Subquery(rates.filter(quote="VND").values("mark"))),
        rounds=Max(Subquery(rounds.values("mark"))),
    )
    return tuple(found.values())


def _mark(row: str, at: str = "") -> Func:
    """64 bits that stand for a row in its state."""
    microseconds = Extract(at, "epoch") * 1_000_000 if at else Value(0)
    seed = Cast(microseconds, BigIntegerField())
    return Func(F(row), seed, function="hashint8extended", output_field=BigIntegerField())


class _Kept:
    """One catalogue per process; at most one thread refreshes it, the others do not wait."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.catalogue: Catalogue | None = None
        self.checked_at = 0.0

    def current(self) -> Catalogue:
        kept = self.catalogue
        if kept is not None and time.monotonic() - self.checked_at < CHECK_EVERY_S:
            return kept
        if not self.lock.acquire(blocking=kept is None):
            assert kept is not None
            return kept
        # From here the lock is ours; `_read_aside` gives it back when it has read.
        kept, aside = self.catalogue, False
        try:
            if kept is None:
                self._read()
            elif kept.version != _version():
                if len(kept.arrays) < READ_ASIDE_FROM:
                    self._read()
                else:
                    threading.Thread(target=self._read_aside, daemon=True).start()
                    aside = True
            self.checked_at = time.monotonic()
        finally:
            if not aside:
                self.lock.release()
        found = self.catalogue
        assert found is not None
        return found

    def newest(self) -> Catalogue:
        """Never older than the call: waits while another thread reads, then reads if it must."""
        with self.lock:
            kept = self.catalogue
            if kept is None or kept.version != _version():
                self._read()
            self.checked_at = time.monotonic()
            found = self.catalogue
        assert found is not None
        return found

    def _read(self) -> None:
        self.catalogue = build()

    def _read_aside(self) -> None:
        try:
            self._read()
        finally:
            connection.close()
            self.lock.release()

    def forget(self) -> None:
        self.catalogue = None


_kept = _Kept()


def current_catalogue() -> Catalogue:
    """The listings, at most two seconds old (large ones: and the seconds that reading takes)."""
    return _kept.current()


def newest_catalogue() -> Catalogue:
    """The listings as they stand now, for workers: they may wait, and decide by no old row."""
    return _kept.newest()


def forget_catalogue() -> None:
    """For tests and after imports in the same process."""
    _kept.forget()

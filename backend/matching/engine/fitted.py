"""A learnt order that is served: one vector a person, one a project, their product the score.

numpy only. The coordinates are cut into segments, one for each named factor, so the parts of a
score are the segments' products and add up to it.
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from backend.matching.engine.answers import ANSWERED, EARLY, stated_rows
from backend.matching.engine.encoding import Block, Encoder, Floats32, Sparse
from backend.matching.engine.frames import EngineError, Frame, Schema, column, log2_amounts, texts
from backend.matching.engine.schema import Floats, Ints
from backend.matching.engine.topk import best, best_columns

GENERIC_VERSION = 3
MAPS = ("own_map", "beside_map")
ARRAYS = ("basis", "vectors", "base", *MAPS, "home_vectors", "group_vectors", "segments")
FEW = 16  # so few people need no whole block
SPARE = 8  # places that are scored again in double precision
ANSWER_WEIGHT = 2.0  # a stated choice counts as much as this many real ones
ANSWER_PRIOR = 8.0  # choices that the general taste counts beside the answers


class UnknownInvestor(EngineError):
    """Nothing is known of this person; rank them by answers or by the rules."""


class BadArtifact(EngineError):
    """The file is absent, cut off, changed, or of another version."""


@dataclass(frozen=True)
class Ranking:
    """The first k listings of each investor; arrays are investors × k and aligned."""

    investors: tuple[str, ...]
    listing_ids: tuple[str, ...]
    rows: Ints
    scores: Floats

    def ids(self, investor: int) -> list[str]:
        return [self.listing_ids[row] for row in self.rows[investor].tolist()]


@dataclass(frozen=True)
class Listings:
    """Listings as vectors, in an order that no owner can choose (SHA-256 of the id)."""

    ids: tuple[str, ...]
    vectors: Floats32
    row_of: Mapping[str, int]


@dataclass(frozen=True)
class FittedRanker:
    """What `MatchRanker.fit` learnt. `segments[i]`: start and stop of `factors[i]`."""

    encoder: Encoder
    factors: tuple[str, ...]
    investor_ids: tuple[str, ...]
    group_ids: tuple[str, ...]
    home_ids: tuple[str, ...]
    segments: Ints
    basis: Floats32  # 2 × columns (plain, then unit rows) × d: what turns facts into coordinates
    vectors: Floats32  # investors × d
    base: Floats32  # columns: how often everybody chose each value
    own_map: Floats32  # columns × d: from own log-lifts
    beside_map: Floats32  # columns of single facts × d: from a chosen value to those beside it
    home_vectors: Floats32  # homes × d
    group_vectors: Floats32  # groups × d: what a project with a history adds
    meta: Mapping[str, Any]

    @property
    def schema(self) -> Schema:
        return self.encoder.schema

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {key: i for i, key in enumerate(self.investor_ids)}

    def listings(self, frame: Frame) -> Listings:
        """Encode listings once for any number of calls. Duplicate ids: the first counts."""
        given = [str(i) for i in column(frame, "project_id")]
        first = {key: i for i, key in reversed(list(enumerate(given)))}
        keep = sorted(first.items(), key=lambda item: tie_of(item[0]))
        order = np.array([i for _, i in keep], dtype=np.int64)
        plain = self.encoder.encode(frame)
        width = self.encoder.width
        vectors = plain.times(self.basis[:width]) + plain.unit_rows().times(self.basis[width:])
        groups = [str(g) for g in column(frame, "group_id")] if "group_id" in frame else given
        number = {key: i for i, key in enumerate(self.group_ids)}
        known = np.array([number.get(g, -1) for g in groups], dtype=np.int64)
        vectors[known >= 0] += self.group_vectors[known[known >= 0]]
        ids = tuple(key for key, _ in keep)
        return Listings(ids, vectors[order], {key: i for i, key in enumerate(ids)})

    def vectors_of(self, investors: Sequence[str] | Frame) -> tuple[tuple[str, ...], Floats32]:
        """Ids and vectors. Ids are looked up; a frame of answers (investor_id, the columns of a
        project that they would choose, and perhaps the home) makes new ones.

        Raises UnknownInvestor for an id without choices.
        """
        if not isinstance(investors, Sequence):
            return self._from_answers(investors)
        number = self._row_of
        names = tuple(str(i) for i in investors)
        missing = [n for n in names if n not in number]
        if missing:
            raise UnknownInvestor(f"no choices of {missing[0]!r} and {len(missing) - 1} others")
        return names, self.vectors[[number[n] for n in names]]

    def _from_answers(self, frame: Frame) -> tuple[tuple[str, ...], Floats32]:
        given = [str(i) for i in column(frame, "investor_id")]
        names = tuple(dict.fromkeys(given))
        if weights := self._answer_weights():
            return names, self._weighed_answers(frame, names, weights)
        length = len(given)
        filled = {c: frame[c] if c in frame else [None] * length for c in self.schema.columns()}
        plain = self._answered(self.encoder.encode(filled), filled)
        homes: list[str] = [""] * length
        if self.schema.home and self.schema.home in frame:
            homes = [(texts(v) or [""])[0] for v in column(frame, self.schema.home)]
        number = {key: i for i, key in enumerate(self.home_ids)}
        out = np.zeros((len(names), self.basis.shape[1]), dtype=np.float32)
        for i, name in enumerate(names):
            mine = [r for r, g in enumerate(given) if g == name]
            # Together the answers weigh as ANSWER_WEIGHT choices, however many rows they fill.
            share = ANSWER_WEIGHT / len(mine)
            counts = np.zeros(self.encoder.width)
            for r in mine:
                span = slice(int(plain.indptr[r]), int(plain.indptr[r + 1]))
                np.add.at(counts, plain.columns[span], share * plain.values[span])
            out[i] = self._vector(counts)
            if homes[mine[0]] in number:
                out[i] += self.home_vectors[number[homes[mine[0]]]]
        return names, out

    def _answer_weights(self) -> dict[str, float]:
        """What each answered question counts for somebody without a choice; none when the people
        learnt from had stated nothing."""
        learnt = self.meta["weights"]
        return {
            block.name: learnt[f"{ANSWERED} {block.name}"] + learnt[f"{EARLY} {block.name}"]
            for block in self.encoder.blocks
            if f"{ANSWERED} {block.name}" in learnt
        }

    def _weighed_answers(
        self, frame: Frame, names: tuple[str, ...], weights: Mapping[str, float]
    ) -> Floats32:
        """The same parts, with the same weights, as in the fit for people without a choice."""
        rows = stated_rows(self.encoder, frame, names)
        weight = np.zeros(self.encoder.width, dtype=np.float32)
        for block in self.encoder.blocks:
            weight[block.start : block.stop] = weights.get(block.name, 0.0)
        out = rows.times(weight[:, None] * self.own_map)
        home = self.schema.home
        if home and home in frame:
            number = {key: i for i, key in enumerate(self.home_ids)}
            place = {name: i for i, name in enumerate(names)}
            for key, value in zip(column(frame, "investor_id"), column(frame, home), strict=True):
                known = (texts(value) or [""])[0]
                if known in number:
                    out[place[str(key)]] += self.home_vectors[number[known]]
        out[:, -1] = 1.0  # the history of a project
        return out

    def _answered(self, rows: Sparse, filled: Frame) -> Sparse:
        """Single facts that were answered. What is missing in a project is a value of its own, in
        a person it is no answer; crosses are tastes that only choices show."""
        names = (*self.schema.categorical, *self.schema.text)
        said = {name: [bool(texts(v)) for v in column(filled, name)] for name in names}
        if amount := self.schema.log_amount:
            said[amount] = np.isfinite(log2_amounts(column(filled, amount))).tolist()
        nobody = [False] * len(rows)
        stated = np.array([said.get(b.name, nobody) for b in self.encoder.blocks], dtype=np.bool_)
        starts = np.array([b.start for b in self.encoder.blocks], dtype=np.int64)
        block = np.searchsorted(starts, rows.columns, side="right") - 1
        return rows.keep(stated[block, rows.row_numbers()])

    def _vector(self, counts: Floats) -> Floats32:
        """Log-lifts of what was answered and of what is chosen together with it, all questions
        alike: weights that were learnt from people with a past do worse for those without
        (measured; DECISIONS.md)."""
        stated = np.zeros(self.encoder.width, dtype=np.bool_)
        for block in self.encoder.blocks:
            stated[block.start : block.stop] = counts[block.start : block.stop].any()
        every = ANSWER_WEIGHT + ANSWER_PRIOR
        rate = (counts + ANSWER_PRIOR * self.base) / every
        lift = np.where(stated, np.log(rate / self.base), 0.0)
        found = lift @ self.own_map + (counts[: len(self.beside_map)] / every) @ self.beside_map
        vector: Floats32 = (self.meta["answer_weight"] * found).astype(np.float32)
        return vector

    def rank(
        self, investors: Sequence[str] | Frame, listings: Frame | Listings, k: int = 20
    ) -> Ranking:
        """The first k listings of one person or of a million, by the same call. Exact; equal
        scores by SHA-256 of the listing's id."""
        known = listings if isinstance(listings, Listings) else self.listings(listings)
        names, vectors = self.vectors_of(investors)
        return self.rank_vectors(names, vectors, known, k)

    def rank_vectors(
        self, names: tuple[str, ...], vectors: Floats32, known: Listings, k: int = 20
    ) -> Ranking:
        """As `rank`, for vectors. Scores are in double precision, and so is the order of the first
        places."""
        k = min(k, len(known.ids))
        wide = min(k + SPARE, len(known.ids))
        rows = np.zeros((len(names), k), dtype=np.int64)
        scores = np.zeros((len(names), k), dtype=np.float64)

        def write(start: int, columns: Ints, _values: Floats32) -> None:
            for i, near in enumerate(columns, start):
                exact = known.vectors[near].astype(np.float64) @ vectors[i].astype(np.float64)
                order = np.lexsort((near, -np.round(exact, 9)))[:k]
                rows[i], scores[i] = near[order], exact[order]

        if k and len(names) <= FEW:
            write(0, best_columns(vectors @ known.vectors.T, wide), vectors)
        elif k:
            best(lambda a, b: vectors[a:b], len(names), known.vectors, wide, write=write)
        return Ranking(names, known.ids, rows, scores)

    def explain(
        self, investor: str | Frame, listing: str | Frame, listings: Listings | None = None
    ) -> dict[str, float]:
        """Named factors and their contributions; they add up to the score (within 1e-6 of it)."""
        names, vectors = self.vectors_of([investor] if isinstance(investor, str) else investor)
        if isinstance(listing, str):
            if listings is None or listing not in listings.row_of:
                raise EngineError(f"no listing {listing!r}")
            vector = listings.vectors[listings.row_of[listing]]
        else:
            vector = self.listings(listing).vectors[0]
        if len(names) != 1:
            raise EngineError("explain takes one investor")
        return self.parts(vectors[0], vector)

    def parts(self, person: Floats32, listing: Floats32) -> dict[str, float]:
        """Contributions by factor of one pair of vectors."""
        product = person.astype(np.float64) * listing
        return {
            factor: float(product[start:stop].sum())
            for factor, (start, stop) in zip(self.factors, self.segments.tolist(), strict=True)
        }

    def score(self, person: Floats32, listing: Floats32) -> float:
        return float(person.astype(np.float64) @ listing.astype(np.float64))

    def dump(self) -> bytes:
        """Arrays and JSON, never pickle; the same ranker gives the same bytes."""
        arrays = {name: getattr(self, name) for name in ARRAYS}
        meta = {
            "version": GENERIC_VERSION,
            "schema": self.schema.as_json(),
            "blocks": [[b.name, b.factor, b.start, b.stop] for b in self.encoder.blocks],
            "keys": {name: list(keys) for name, keys in self.encoder.keys.items()},
            "octaves": list(self.encoder.octaves),
            "factors": list(self.factors),
            "investor_ids": list(self.investor_ids),
            "group_ids": list(self.group_ids),
            "home_ids": list(self.home_ids),
            "meta": dict(self.meta),
            "sha256": _digest(arrays),
        }
        text = json.dumps(meta, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
        out = io.BytesIO()
        np.savez(out, meta=np.frombuffer(text, dtype=np.uint8), **arrays)
        return out.getvalue()


def tie_of(listing_id: str) -> bytes:
    """The order of listings with equal scores, which no owner can choose."""
    return hashlib.sha256(listing_id.encode("utf-8", "surrogatepass")).digest()


def _digest(arrays: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in ARRAYS:
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def load(source: str | Path | bytes) -> FittedRanker:
    """A ranker from a file or its bytes. Raises BadArtifact."""
    try:
        return _read(source if isinstance(source, bytes) else Path(source).read_bytes())
    except BadArtifact:
        raise
    except Exception as error:  # what a broken archive raises has no common class (zlib, struct, …)
        raise BadArtifact(repr(error)) from error


def _read(data: bytes) -> FittedRanker:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        meta = json.loads(bytes(file["meta"]).decode("utf-8", "surrogatepass"))
        arrays = {name: file[name] for name in ARRAYS}
    if meta.get("version") != GENERIC_VERSION:
        raise BadArtifact(f"made by version {meta.get('version')}")
    if meta["sha256"] != _digest(arrays):
        raise BadArtifact("the hash does not fit")
    encoder = Encoder(
        Schema(**meta["schema"]),
        tuple(Block(*block) for block in meta["blocks"]),
        {name: {key: i for i, key in enumerate(keys)} for name, keys in meta["keys"].items()},
        (meta["octaves"][0], meta["octaves"][1]),
    )
    ranker = FittedRanker(
        encoder=encoder,
        factors=tuple(meta["factors"]),
        investor_ids=tuple(meta["investor_ids"]),
        group_ids=tuple(meta["group_ids"]),
        home_ids=tuple(meta["home_ids"]),
        meta=meta["meta"],
        **arrays,
    )
    _check(ranker)
    return ranker


def _check(ranker: FittedRanker) -> None:
    """Raises BadArtifact for what would give no scores, or parts that do not add up to them: a
    file may be whole and still hold what a fit should never have written."""
    broken = [name for name in ARRAYS if not np.isfinite(getattr(ranker, name)).all()]
    if broken:
        raise BadArtifact(f"no numbers in {', '.join(broken)}")
    width, d = ranker.encoder.width, ranker.basis.shape[1]
    shapes = {
        "basis": (2 * width, d),
        "vectors": (len(ranker.investor_ids), d),
        "base": (width,),
        "own_map": (width, d),
        "home_vectors": (len(ranker.home_ids), d),
        "group_vectors": (len(ranker.group_ids), d),
        "segments": (len(ranker.factors), 2),
    }
    wrong = [name for name, shape in shapes.items() if getattr(ranker, name).shape != shape]
    if wrong:
        raise BadArtifact(f"arrays of another size: {', '.join(wrong)}")
    starts, stops = ranker.segments.T.tolist()
    if [*starts, d] != [0, *stops]:
        raise BadArtifact("the factors do not share out the coordinates")

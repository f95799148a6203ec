"""Facts of projects as sparse rows: one-hot categories, soft buckets of the amount, crosses and
pieces of words. numpy only; the same code serves the fit and the web."""

import itertools
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backend.matching.engine.frames import Frame, Schema, column, log2_amounts, texts
from backend.matching.engine.schema import Floats, Ints

Floats32 = NDArray[np.float32]
MOST_KEYS = 4096  # per block: the most frequent; the rest is "another"
MOST_PAIRS = 16  # of one project in one cross
LEAST_IN_CROSS = 3
TEXT_BUCKETS = 512
SEPARATOR = "\x1f"
CHUNK = 2048


@dataclass(frozen=True)
class Block:
    """Columns `start`…`stop` of the encoding: what one fact (or cross of facts) turns into."""

    name: str
    factor: str
    start: int
    stop: int


@dataclass(frozen=True)
class Sparse:
    """Compressed rows: row i has `columns[indptr[i]:indptr[i+1]]` with `values`."""

    indptr: Ints
    columns: Ints
    values: Floats32
    width: int

    def __len__(self) -> int:
        return len(self.indptr) - 1

    def times(self, dense: Floats32) -> Floats32:
        """rows × width times width × d, as float32; memory for 2,048 rows at a time."""
        out = np.zeros((len(self), dense.shape[1]), dtype=np.float32)
        for start in range(0, len(self), CHUNK):
            stop = min(start + CHUNK, len(self))
            a, b = int(self.indptr[start]), int(self.indptr[stop])
            if a == b:
                continue
            parts = dense[self.columns[a:b]] * self.values[a:b, None]
            begins = self.indptr[start:stop] - a
            full = np.diff(self.indptr[start : stop + 1]) > 0
            out[start:stop][full] = np.add.reduceat(parts, begins[full], axis=0)
        return out

    def keep(self, mask: "NDArray[np.bool_]") -> "Sparse":
        """The same rows with only the entries in `mask`."""
        left = np.bincount(self.row_numbers()[mask], minlength=len(self))
        indptr = np.concatenate([[0], np.cumsum(left)]).astype(np.int64)
        return Sparse(indptr, self.columns[mask], self.values[mask], self.width)

    def unit_rows(self) -> "Sparse":
        """Rows of length 1 (or 0)."""
        squares = np.bincount(self.row_numbers(), self.values.astype(np.float64) ** 2, len(self))
        scale = 1 / np.sqrt(np.where(squares > 0, squares, 1.0))
        values = (self.values * scale[self.row_numbers()]).astype(np.float32)
        return Sparse(self.indptr, self.columns, values, self.width)

    def row_numbers(self) -> Ints:
        """The row of each entry."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr)).astype(np.int64)


@dataclass(frozen=True)
class Encoder:
    """The learnt keys of each block. `keys[block]` maps a value to its place in the block."""

    schema: Schema
    blocks: tuple[Block, ...]
    keys: Mapping[str, Mapping[str, int]]
    octaves: tuple[int, int]

    @property
    def width(self) -> int:
        return self.blocks[-1].stop if self.blocks else 0

    @property
    def singles(self) -> tuple[Block, ...]:
        """Blocks that are no crosses; they come first."""
        return self.blocks[: len(self.schema.columns())]

    def encode(self, frame: Frame) -> Sparse:
        """One row for each project. Unknown keys leave no mark. About 60 µs a row."""
        rows: list[Ints] = []
        cols: list[Ints] = []
        values: list[Floats32] = []
        cells = _cells(self.schema, frame, self.octaves)
        for block in self.blocks:
            r, c, v = self._entries(block, cells, frame)
            rows.append(r)
            cols.append(c + block.start)
            values.append(v)
        count = _length(self.schema, frame)
        row = np.concatenate(rows) if rows else np.zeros(0, np.int64)
        order = np.argsort(row, kind="stable")
        indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=count))])
        return Sparse(
            indptr.astype(np.int64),
            np.concatenate(cols)[order] if cols else np.zeros(0, np.int64),
            np.concatenate(values)[order] if values else np.zeros(0, np.float32),
            self.width,
        )

    def _entries(
        self, block: Block, cells: Mapping[str, list[list[str]]], frame: Frame
    ) -> tuple[Ints, Ints, Floats32]:
        if block.name == self.schema.log_amount:
            return _soft(log2_amounts(column(frame, block.name)), self.octaves)
        if block.name in self.schema.text:
            return _pieces(column(frame, block.name))
        keys = self.keys[block.name]
        rows, cols, values = [], [], []
        for i, cell in enumerate(cells[block.name]):
            for key in cell:
                if key in keys:
                    rows.append(i)
                    cols.append(keys[key])
                    values.append(1 / np.sqrt(len(cell)))
        return (
            np.array(rows, dtype=np.int64),
            np.array(cols, dtype=np.int64),
            np.array(values, dtype=np.float32),
        )


def fit_encoder(schema: Schema, frame: Frame) -> Encoder:
    """Learn the keys of each block from projects."""
    schema.check()
    amounts = np.zeros(0)
    if schema.log_amount:
        amounts = log2_amounts(column(frame, schema.log_amount))
    octaves = _octaves(amounts)
    cells = _cells(schema, frame, octaves)
    crosses = {_name(c): schema.factor_of(c[0]) for c in schema.crosses}
    keys: dict[str, dict[str, int]] = {}
    blocks: list[Block] = []
    start = 0
    for name in (*schema.columns(), *crosses):
        if name == schema.log_amount:
            size = octaves[1] - octaves[0] + 2
        elif name in schema.text:
            size = TEXT_BUCKETS
        else:
            keys[name] = _frequent(cells[name], LEAST_IN_CROSS if name in crosses else 1)
            size = len(keys[name])
        factor = crosses.get(name) or schema.factor_of(name)
        blocks.append(Block(name, factor, start, start + size))
        start += size
    return Encoder(schema, tuple(blocks), keys, octaves)


def _name(cross: Sequence[str]) -> str:
    return "×".join(cross)


def _length(schema: Schema, frame: Frame) -> int:
    names = schema.columns()
    return len(column(frame, names[0])) if names else 0


def _octaves(amounts: Floats) -> tuple[int, int]:
    known = amounts[np.isfinite(amounts)]
    if not len(known):
        return 0, 1
    low, high = np.floor(np.percentile(known, [0.5, 99.5])).astype(int)
    return int(low), int(max(high, low) + 1)


def _cells(schema: Schema, frame: Frame, octaves: tuple[int, int]) -> dict[str, list[list[str]]]:
    """Per block the keys of each project."""
    cells = {name: [texts(v) for v in column(frame, name)] for name in schema.categorical}
    single = dict(cells)
    if schema.log_amount:
        amounts = log2_amounts(column(frame, schema.log_amount))
        bands = np.clip(np.floor(np.nan_to_num(amounts)), *octaves).astype(int)
        known = np.isfinite(amounts)
        single[schema.log_amount] = [
            [str(b)] if ok else [] for b, ok in zip(bands.tolist(), known.tolist(), strict=True)
        ]
    for cross in schema.crosses:
        cells[_name(cross)] = [
            _joined(parts) for parts in zip(*(single[c] for c in cross), strict=True)
        ]
    return cells


def _joined(parts: Sequence[Sequence[str]]) -> list[str]:
    """All joint values; a missing part is a value of its own."""
    filled = [p or ("",) for p in parts]
    pairs = itertools.islice(itertools.product(*filled), MOST_PAIRS)
    return [SEPARATOR.join(pair) for pair in pairs]


def _frequent(cells: Sequence[Sequence[str]], least: int) -> dict[str, int]:
    counts = Counter(key for cell in cells for key in cell)
    kept = sorted((k for k, n in counts.items() if n >= least), key=lambda k: (-counts[k], k))
    return {key: i for i, key in enumerate(kept[:MOST_KEYS])}


def _soft(amounts: Floats, octaves: tuple[int, int]) -> tuple[Ints, Ints, Floats32]:
    """Two neighbouring octaves share a sum by its nearness; the last column is "not stated"."""
    low, high = octaves
    known = np.isfinite(amounts)
    place = np.clip(np.nan_to_num(amounts) - low, 0.0, high - low)
    left = np.minimum(np.floor(place), high - low - 1).astype(np.int64)
    share = place - left
    row = np.arange(len(amounts), dtype=np.int64)
    columns = np.where(known, left, high - low + 1)
    rows = np.concatenate([row, row[known]])
    cols = np.concatenate([columns, (left + 1)[known]])
    values = np.concatenate([np.where(known, 1 - share, 1.0), share[known]]).astype(np.float32)
    some = values > 0
    return rows[some], cols[some], values[some]


def _pieces(values: Sequence[Any]) -> tuple[Ints, Ints, Floats32]:
    """Pieces of three to five letters, hashed, each row of length 1."""
    rows: list[int] = []
    cols: list[int] = []
    shares: list[float] = []
    for i, value in enumerate(values):
        text = " ".join(["", *" ".join(texts(value)).lower().split(), ""])[:400]
        counts = Counter(
            zlib.crc32(text[a : a + n].encode("utf-8", "replace")) % TEXT_BUCKETS
            for n in (3, 4, 5)
            for a in range(len(text) - n + 1)
        )
        length = np.sqrt(sum(c * c for c in counts.values()))
        rows += [i] * len(counts)
        cols += list(counts)
        shares += [c / length for c in counts.values()]
    return np.array(rows, np.int64), np.array(cols, np.int64), np.array(shares, np.float32)

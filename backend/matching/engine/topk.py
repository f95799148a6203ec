"""The exact best k of a product of two matrices, in blocks. numpy only.

A block of 512 people times all listings is held at a time. Columns are folded into groups whose
maxima give a bound under which nothing can be among the best k; only what is above is sorted.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from backend.matching.engine.encoding import Floats32
from backend.matching.engine.schema import Ints

BLOCK = 512  # people at a time, always: what a machine computes then never depends on the shards
GROUP = 32  # columns folded into one maximum
MANY = 8  # times k: what is sorted together


def best_of_block(people: Floats32, listings_t: Floats32, k: int, out: Floats32) -> Ints:
    """Row i: the k best columns of people[i] · listings_t, best first; equal scores by column.

    `people`: 512 × d; `listings_t`: d × n with n a multiple of GROUP (see `padded`); `out`: 512
    × n, overwritten with the scores.
    """
    np.matmul(people, listings_t, out=out)
    return best_columns(out, k)


def best_columns(scores: Floats32, k: int) -> Ints:
    """The k best columns of each row, best first; equal scores by column number. Exact."""
    rows, n = scores.shape
    k = min(k, n)
    if n % GROUP or n < 4 * k * GROUP:
        return _sorted_best(scores, np.broadcast_to(np.arange(n), scores.shape), k)
    # k groups have a maximum at or above the bound, so k columns do: the k best all do too, and
    # seldom more than a few others.
    folds = n // GROUP
    maxima = scores.reshape(rows, GROUP, folds).max(axis=1)
    bound = np.partition(maxima, folds - k, axis=1)[:, folds - k]
    flat = np.flatnonzero(scores >= bound[:, None])
    row, column = np.divmod(flat, n)
    count = np.bincount(row, minlength=rows)
    # Many equal scores (somebody of whom nothing is known), or none that compares.
    odd = (count > MANY * k) | (count < k)
    if odd.any():
        usual = ~odd[row]
        flat, row, column, count = flat[usual], row[usual], column[usual], count * ~odd
    # Side by side, filled up with the worst: a stable sort leaves equal ones in their order.
    place = np.arange(len(row)) - (np.cumsum(count) - count)[row]
    shape = (rows, max(k, int(count.max())))
    minus, names = np.full(shape, np.inf, dtype=np.float32), np.zeros(shape, dtype=np.int64)
    minus[row, place], names[row, place] = -scores.reshape(-1)[flat], column
    order = np.argsort(minus, axis=1, kind="stable")[:, :k]
    best: Ints = np.take_along_axis(names, order, axis=1)
    for i in np.flatnonzero(odd).tolist():
        best[i] = _sorted_best(scores[i : i + 1], np.arange(n)[None, :], k)[0]
    return best


def _sorted_best(values: Floats32, columns: "NDArray[np.int64]", k: int) -> Ints:
    rows, n = values.shape
    if n > k:
        chosen = np.argpartition(values, n - k, axis=1)[:, n - k :]
        bound = np.take_along_axis(values, chosen, axis=1).min(axis=1)
        crowded = np.flatnonzero((values >= bound[:, None]).sum(axis=1) > k).tolist()
    else:
        chosen, bound, crowded = np.tile(np.arange(n), (rows, 1)), None, []
    top = np.take_along_axis(values, chosen, axis=1)
    names = np.take_along_axis(columns, chosen, axis=1)
    order = np.lexsort((names, -top), axis=1)
    best = np.take_along_axis(names, order, axis=1).astype(np.int64)
    for row in crowded:
        near = np.flatnonzero(values[row] >= bound[row])
        ordered = near[np.lexsort((columns[row, near], -values[row, near]))][:k]
        best[row] = columns[row, ordered]
    return best


def padded(listings: Floats32) -> tuple[Floats32, int]:
    """d × n', contiguous, and the n that is real. A last coordinate makes padding the worst."""
    n, d = listings.shape
    size = -(-max(n, 1) // GROUP) * GROUP
    out = np.zeros((d + 1, size), dtype=np.float32)
    out[:d, :n] = listings.T
    out[d, n:] = np.finfo(np.float32).min / 4
    return out, n


def blocks(count: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, BLOCK):
        yield start, min(start + BLOCK, count)


def best(
    people: Callable[[int, int], Floats32],
    count: int,
    listings: Floats32,
    k: int,
    *,
    threads: int = 1,
    write: Callable[[int, Ints, Floats32], None],
) -> None:
    """Exact best k for any number of people in the memory of a few blocks.

    `people(start, stop)` gives vectors (rows × d); `write(start, columns, scores)` takes each
    block's answer, in any order. Give BLAS one thread when `threads` is more than one. The last
    block is filled up with zeros, so that every product has the same shape.
    """
    listings_t, real = padded(listings)
    k = min(k, real)
    d = listings.shape[1]

    def work(mine: list[tuple[int, int]]) -> None:
        scores = np.empty((BLOCK, listings_t.shape[1]), dtype=np.float32)
        block = np.zeros((BLOCK, d + 1), dtype=np.float32)
        block[:, d] = 1.0
        for start, stop in mine:
            block[: stop - start, :d] = people(start, stop)
            block[stop - start :, :d] = 0.0
            columns = best_of_block(block, listings_t, k, scores)[: stop - start]
            write(start, columns, np.take_along_axis(scores[: stop - start], columns, axis=1))

    parts = list(blocks(count))
    if threads <= 1:
        work(parts)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, [parts[i::threads] for i in range(threads)]))

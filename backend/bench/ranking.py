"""Speed of the final order, beside the machine's own matrix product, faiss and implicit.

    ./scripts/bench ranking [--people 1000000] [--listings 10000] [--d D]

The served score is one product of d coordinates, so what is timed is the order that is shown, not a
stage before it. Vectors are random; the work does not depend on what they hold.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import faiss
import implicit.cpu.topk
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from backend.bench import market
from backend.bench.memory import peak_mb
from backend.matching.engine.learn import MatchRanker
from backend.matching.engine.topk import BLOCK, best, padded

Vectors = NDArray[np.float32]
K = 20
SAMPLE = 40_000  # people for the peers: their rate does not depend on how many there are
THREADS = max(1, len(os.sched_getaffinity(0)))


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    ok = True
    if "bulk" in options.parts:
        ok &= _bulk(options.people, options.listings, options.d)
    if "growth" in options.parts:
        _growth(options.d)
    if "one" in options.parts:
        ok &= _one()
    if options.parts == ["fit"]:
        ok &= _fit()
    elif "fit" in options.parts:  # in a process of its own: its memory is measured
        command = [sys.executable, "-m", "backend.bench.ranking", "--parts", "fit"]
        ok &= subprocess.run(command).returncode == 0
    return 0 if ok else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench ranking", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--listings", type=int, default=10_000)
    parser.add_argument("--d", type=int, default=market.SERVED_D)
    parser.add_argument("--parts", nargs="*", default=["bulk", "growth", "one", "fit"])
    return parser.parse_args(arguments)


def _vectors(count: int, d: int, seed: int) -> Vectors:
    return np.random.default_rng(seed).standard_normal((count, d), dtype=np.float32)


def _bulk(people: int, listings: int, d: int) -> bool:
    """The whole bulk order, and what the same machine does otherwise, in the same minutes."""
    items = _vectors(listings, d, 1)
    print(f"{people:,} investors × d = {d} × {listings:,} listings, top {K}, {THREADS} cores")
    peak = _peak()
    plain = max(_plain(items, d), _plain_threads(items, d))
    crowd = _vectors(people, d, 2)
    before = peak_mb()
    seconds = timed(lambda: ours(crowd, items))
    extra = peak_mb() - before
    rate = 2.0 * people * listings * d / seconds / 1e9
    some = crowd[:SAMPLE]
    wrong = _differences(some[:2000], items)
    rates = {
        "machine's peak, 4096³": (peak, None),
        "plain product, this shape": (plain, None),
        "ours, exact final order": (rate, people / seconds),
    }
    for name, call in (
        ("faiss IndexFlatIP", lambda: _faiss(some, items)),
        ("implicit topk", lambda: _implicit(some, items)),
        ("matmul + argpartition", lambda: _argpartition(some, items)),
    ):
        took = timed(call)
        rates[name] = (2.0 * len(some) * listings * d / took / 1e9, len(some) / took)
    for name, (gflops, persons) in rates.items():
        tail = f"{persons:12,.0f} investors/s" if persons else ""
        print(f"{name:28} {gflops:8.1f} GFLOP/s {gflops / plain:6.2f} of plain {tail}")
    print(f"whole run {seconds:.1f} s; {extra:.0f} MB beside the input; {wrong} lists not exact")
    others = max(rates["faiss IndexFlatIP"][0], rates["implicit topk"][0])
    return rate >= 0.6 * plain and rate > others and extra <= 2048 and wrong == 0


def timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def ours(people: Vectors, items: Vectors) -> tuple[NDArray[np.int32], Vectors]:
    """Rows and scores of the first K of everybody."""
    rows = np.empty((len(people), K), dtype=np.int32)
    scores = np.empty((len(people), K), dtype=np.float32)

    def write(start: int, columns: NDArray[np.int64], values: Vectors) -> None:
        rows[start : start + len(columns)] = columns
        scores[start : start + len(columns)] = values

    with threadpool_limits(1):
        best(lambda a, b: people[a:b], len(people), items, K, threads=THREADS, write=write)
    return rows, scores


def _peak() -> float:
    a = _vectors(4096, 4096, 3)
    out = np.empty_like(a)
    np.matmul(a, a, out=out)
    return 2 * 4096**3 / min(timed(lambda: np.matmul(a, a, out=out)) for _ in range(3)) / 1e9


def _plain(items: Vectors, d: int) -> float:
    """The product alone with BLAS' own threads, blocks of 2,048 people."""
    block, right = _vectors(2048, d, 4), np.ascontiguousarray(items.T)
    out = np.empty((2048, len(items)), dtype=np.float32)
    np.matmul(block, right, out=out)
    best_time = min(timed(lambda: np.matmul(block, right, out=out)) for _ in range(5))
    return 2.0 * 2048 * d * len(items) / best_time / 1e9


def _plain_threads(items: Vectors, d: int) -> float:
    """The product alone with our threads and blocks."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 (used here alone)

    right, _real = padded(items)
    left = _vectors(BLOCK, d + 1, 4)

    def work(_: int) -> None:
        out = np.empty((BLOCK, right.shape[1]), dtype=np.float32)
        for _again in range(20):
            np.matmul(left, right, out=out)

    with threadpool_limits(1), ThreadPoolExecutor(THREADS) as pool:
        took = min(timed(lambda: list(pool.map(work, range(THREADS)))) for _ in range(3))
    return 2.0 * BLOCK * 20 * THREADS * d * len(items) / took / 1e9


def _faiss(people: Vectors, items: Vectors) -> object:
    index = faiss.IndexFlatIP(items.shape[1])
    index.add(items)
    faiss.omp_set_num_threads(THREADS)
    return index.search(people, K)


def _implicit(people: Vectors, items: Vectors) -> object:
    return implicit.cpu.topk.topk(items, people, K, num_threads=THREADS)


def _argpartition(people: Vectors, items: Vectors) -> object:
    right = np.ascontiguousarray(items.T)
    found = []
    for start in range(0, len(people), 1024):
        scores = people[start : start + 1024] @ right
        top = np.argpartition(scores, -K, axis=1)[:, -K:]
        values = np.take_along_axis(scores, top, axis=1)
        found.append(np.take_along_axis(top, np.argsort(-values, axis=1), axis=1))
    return found


def _differences(people: Vectors, items: Vectors) -> int:
    """Lists that differ from a full sort by more than scores within 1e-4 of each other."""
    rows, _scores = ours(people, items)
    exact = people.astype(np.float64) @ items.T.astype(np.float64)
    full = -np.sort(-exact, axis=1)[:, :K]
    mine = np.take_along_axis(exact, rows.astype(np.int64), axis=1)
    return int((np.abs(mine - full) > 1e-4).any(axis=1).sum())


def _growth(d: int) -> None:
    """Seconds for 20,000 investors as listings grow."""
    people = _vectors(20_000, d, 5)
    for count in (1_000, 10_000, 100_000):
        items = _vectors(count, d, 6)
        took = timed(lambda items=items: ours(people, items))  # type: ignore[misc]
        print(f"20,000 investors × {count:>7,} listings: {took:7.2f} s {20_000 / took:10,.0f} /s")


def _one() -> bool:
    """One investor × 10,000 listings and 20 explanations, in a process as the web's."""
    ranker = market.small_ranker()
    path = market.stored(ranker)
    command = [sys.executable, "-m", "backend.bench.ranking_one", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    print(
        f"one investor × {result['listings']:,} listings, d = {result['d']}, 20 explanations: "
        f"p50 {result['p50_ms']:.2f} ms, p95 {result['p95_ms']:.2f} ms; "
        f"heavy modules loaded: {result['heavy'] or 'none'}"
    )
    return bool(result["p95_ms"] <= 10 and not result["heavy"])


def _fit() -> bool:
    """The nightly fit on 64,000 choices of an invented market."""
    choices, projects, investors, now = market.market()
    seconds = timed(lambda: MatchRanker(market.SCHEMA).fit(choices, projects, investors, now))
    peak = peak_mb() / 1024
    count = len(choices["investor_id"])
    print(f"fit on {count:,} choices: {seconds:.1f} s, peak {peak:.2f} GiB (whole process)")
    return seconds <= 180 and peak <= 4


if __name__ == "__main__":
    sys.exit(main())

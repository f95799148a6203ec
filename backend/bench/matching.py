"""Quality of the order on choices that investors really made, beside published ways to rank.

    ./scripts/bench matching --data DIR --train-before 2012-01-01 --until 2012-10-01 [--scores OUT]

DIR holds choices.csv, companies.csv and investors.csv. Each model is fitted in a process of
its own.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from backend.bench import boxes, ours, peers
from backend.bench.lists import Model, judge, print_differences, print_table, save_lists
from backend.bench.window import Window, open_window

OURS = "ours, served"
SETTINGS = 1  # of ours on the tuning window; about 40 on 2011-01 to 2011-09


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    if options.data is None:
        print("No --data DIR: nothing to measure on real choices.")
        return 0
    window = open_window(options.data, options.train_before, options.until)
    print(
        f"{len(window.choices)} choices before {options.train_before}; "
        f"{len(window.listings)} listings until {options.until} ({int(window.cold.sum())} cold), "
        f"{len(window.people)} people, {len(window.newcomers.people)} newcomers"
    )
    models, extra = _run_all(window, options.models)
    names = [part.name for part in window.slices]
    print_table(models, names)
    if any(m.name == OURS for m in models):
        print_differences(models, OURS, names)
    for line in extra:
        print(line)
    tried = ", ".join(f"{m.name} {m.settings}" for m in models)
    print(f"\nSettings tried on the tuning window: {tried}. Ours: some 40 on 2011-01 to 2011-09.")
    if options.scores:
        save_lists(options.scores, models, window)
        print(f"The first 100 of every list are in {options.scores}")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench matching", description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--train-before", default="2012-01-01")
    parser.add_argument("--until", default="2012-10-01")
    parser.add_argument("--scores", type=Path, help="a folder for the lists")
    parser.add_argument("--models", nargs="*", help="only those whose name holds one of these")
    return parser.parse_args(arguments)


def _run_all(window: Window, wanted: Sequence[str] | None) -> tuple[list[Model], list[str]]:
    tasks: dict[str, tuple[Callable[[Window], dict[str, Any]], int]] = {
        OURS: (ours.served, SETTINGS)
    }
    tasks["black boxes"] = (boxes.black_boxes, len(boxes.TRIALS))
    for name, (_call, count) in peers.PEERS.items():
        tasks[name] = (_Peer(name), count)
    models: list[Model] = []
    extra: list[str] = []
    for name, (call, count) in tasks.items():
        if wanted and not any(w in name for w in wanted):
            continue
        result = _alone(call, window)
        for label, scores in result["scores"].items():
            slices = {part.name: judge(window, part, scores) for part in window.slices}
            models.append(Model(label or name, result["seconds"], result["peak_mb"], count, slices))
        extra += result.get("lines", [])
        print(f"  {name}: {result['seconds']:.1f} s", file=sys.stderr, flush=True)
    return models, extra


class _Peer:
    """One peer by name, so that a process of its own can be told which."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, window: Window) -> dict[str, Any]:
        call = peers.PEERS[self.name][0]
        return {"scores": {"": call(peers.Table(window))}}


def _alone(call: Callable[[Window], dict[str, Any]], window: Window) -> dict[str, Any]:
    """Run in a fresh process; adds its seconds and its peak memory (with the data, in MB)."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            result = pool.submit(_measured, call, window, folder).result()
        for name, path in result["scores"].items():
            result["scores"][name] = np.load(path)
    return result


def _measured(
    call: Callable[[Window], dict[str, Any]], window: Window, folder: str
) -> dict[str, Any]:
    began = time.perf_counter()
    result = call(window)
    result.setdefault("seconds", time.perf_counter() - began)
    result["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for number, (name, scores) in enumerate(list(result["scores"].items())):
        path = f"{folder}/{number}.npy"
        np.save(path, scores)
        result["scores"][name] = path
    return result


if __name__ == "__main__":
    sys.exit(main())

"""Quality of the order on choices that investors really made, beside published ways to rank.

    ./scripts/bench matching --data DIR --train-before 2012-01-01 --until 2012-10-01 [--scores OUT]

DIR holds choices.csv, companies.csv and investors.csv; left out, it is ../shared/data/benchmark
beside the project. Each model is fitted in a process of its own, ours first, and its lists are
written when it has them; one that fails is named at the end and the others go on. Peers and black
boxes choose their settings on the months before --train-before, never on the window that is scored.
"""

import argparse
import json
import multiprocessing
import os
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
from backend.bench.memory import peak_mb
from backend.bench.window import BadFolder, Window, open_window

BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data" / "benchmark"
TRIED = (
    "ours: on 2011-01 to 2011-09 some 150, of them 70 on 2010-04 to 2010-12 too"  # before this run
)
# Gives `scores` and `seconds` by model, `settings` (how many were tried; by model) and `lines`.
Call = Callable[[Window], dict[str, Any]]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    if options.data is None and BESIDE.is_dir():
        options.data = BESIDE
    if options.data is None:
        print("No --data DIR and no ../shared/data/benchmark: real choices were not measured.")
        return 0
    try:
        if options.scores:
            options.scores.mkdir(parents=True, exist_ok=True)
        window = open_window(options.data, options.train_before, options.until)
    except (BadFolder, OSError) as error:
        print(f"Nothing measured: {error}", file=sys.stderr)
        return 2
    _print_size(window)
    models, extra, failed = _run_all(window, options)
    names = [part.name for part in window.slices]
    print_table(models, names)
    if any(m.name == ours.NAME for m in models):
        print_differences(models, ours.NAME, names)
    for line in extra:
        print(line)
    tried = ", ".join(f"{m.name} {m.settings}" for m in models if m.settings)
    print(f"\nSettings tried before {options.train_before}: {tried}; {TRIED}.")
    if options.scores:
        print(f"The first 100 of every list are in {options.scores}")
    for line in failed:
        print(f"FAILED {line}")
    return 1 if failed else 0


def _print_size(window: Window) -> None:
    distinct = len(window.choices.drop_duplicates(["investor_id", "project_id"]))
    print(
        f"{len(window.choices)} choices before {window.start:%Y-%m-%d} ({distinct} after doubles "
        f"of the same person and round are joined); {len(window.listings)} listings until "
        f"{window.end:%Y-%m-%d} ({int(window.cold.sum())} cold), {len(window.people)} people, "
        f"{len(window.newcomers.people)} newcomers",
        flush=True,
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench matching", description=__doc__)
    parser.add_argument("--data", type=_folder)
    parser.add_argument("--train-before", default="2012-01-01")
    parser.add_argument("--until", default="2012-10-01")
    parser.add_argument("--scores", type=_folder, help="a folder for the lists")
    parser.add_argument(
        "--keep", type=_folder, help="a folder: what is done there is not done again"
    )
    parser.add_argument("--models", nargs="*", help="only those whose name holds one of these")
    return parser.parse_args(arguments)


def _folder(text: str) -> Path:
    """A folder as the caller means it: ./scripts/bench works in the project's own."""
    return Path(os.environ.get("CAUKIEU_CALLED_FROM", "."), text).resolve()


def _run_all(
    window: Window, options: argparse.Namespace
) -> tuple[list[Model], list[str], list[str]]:
    """Models, lines to print beside the table, and what failed."""
    tasks: dict[str, Call] = {ours.NAME: ours.served, "black boxes": boxes.black_boxes}
    tasks |= {name: peers.Tuned(name) for name in peers.PEERS}
    models: list[Model] = []
    extra: list[str] = []
    failed: list[str] = []
    for name, call in tasks.items():
        if options.models and not any(w in name for w in options.models):
            continue
        began = time.perf_counter()
        try:
            result = _kept_or_made(options.keep and options.keep / name, call, window)
        except Exception as error:  # one model's failure must not hide the others
            failed.append(f"{name}: {type(error).__name__}: {error}")
            continue
        for label, scores in result["scores"].items():
            slices = {part.name: judge(window, part, scores) for part in window.slices}
            seconds, settings = result["seconds"][label], result["settings"].get(label, 0)
            models.append(Model(label, seconds, result["peak_mb"], settings, slices))
            if options.scores:
                save_lists(options.scores, models[-1:], window)
        extra += result.get("lines", [])
        print(f"  {name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    return models, extra, failed


def _kept_or_made(folder: Path | None, call: Call, window: Window) -> dict[str, Any]:
    """With a folder, a result is stored when it is there, so that a run that was stopped goes on.
    The caller gives each window and each state of the code a folder of its own."""
    if folder is None:
        return _alone(call, window)
    found = folder / "result.json"
    if not found.exists():
        result = _alone(call, window)
        folder.mkdir(parents=True, exist_ok=True)
        names = list(result["scores"])
        for number, name in enumerate(names):
            np.save(folder / f"{number}.npy", result["scores"][name])
        found.write_text(json.dumps({**result, "scores": names}), encoding="utf-8")
    kept: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    kept["scores"] = {n: np.load(folder / f"{i}.npy") for i, n in enumerate(kept["scores"])}
    return kept


def _alone(call: Call, window: Window) -> dict[str, Any]:
    """Run in a fresh process; adds its seconds and its peak memory (with the data, in MB)."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            result = pool.submit(_measured, call, window, folder).result()
        for name, path in result["scores"].items():
            result["scores"][name] = np.load(path)
    return result


def _measured(call: Call, window: Window, folder: str) -> dict[str, Any]:
    result = call(window)
    result["peak_mb"] = peak_mb()
    for number, (name, scores) in enumerate(list(result["scores"].items())):
        path = f"{folder}/{number}.npy"
        np.save(path, scores)
        result["scores"][name] = path
    return result


if __name__ == "__main__":
    sys.exit(main())

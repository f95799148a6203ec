"""What another machine would answer: the same program, other kernels, other hashes of text."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PEOPLE, LISTINGS = 600, 2000
MACHINES: dict[str, dict[str, str]] = {
    "this one": {"PYTHONHASHSEED": "1"},
    "an old one": {
        "PYTHONHASHSEED": "2",
        "OPENBLAS_CORETYPE": "Nehalem",
        "OPENBLAS_NUM_THREADS": "1",
        "NPY_DISABLE_CPU_FEATURES": "AVX2 AVX512F AVX512CD AVX512_SKX",
    },
}


def answers_of(machine: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.matching.another_machine", str(PEOPLE), str(LISTINGS)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | MACHINES[machine],
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_another_machine_agrees_on_999_lists_of_1000() -> None:
    """Lists that differ do so between scores within 1e-4."""
    one, other = (answers_of(machine) for machine in MACHINES)
    assert one["kernels"] != other["kernels"]
    for engine in ("pages", "generic"):
        mine, theirs = (np.array(a[engine]["ids"]) for a in (one, other))
        scores = [np.array(a[engine]["scores"], dtype=np.float64) for a in (one, other)]
        assert mine.shape == theirs.shape
        agree = (mine == theirs).all(axis=1)
        print(f"{engine}: {agree.mean():.4f} of {len(agree)} lists")
        assert agree.mean() >= 0.999
        assert np.abs(scores[0] - scores[1]).max() <= 1e-4

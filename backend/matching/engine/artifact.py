"""A fitted model as bytes: arrays and JSON, never pickle. numpy only.

The file is an npz with a `meta` entry: schema and feature version, run id, metrics, data window and
the SHA-256 of the arrays. A file that is absent, cut off or of another schema is a typed error.
"""

import hashlib
import io
import json
from typing import Any

import numpy as np

from backend.matching.engine.schema import FACTORS, FEATURE_VERSION, SCHEMA_VERSION
from backend.matching.engine.score import TOTAL, Model

BY_FACTOR = ("coefficients", "low", "high", "max_points")
# Runs from before a person's own choices counted by themselves.
BEFORE_CHOICES = FACTORS[:10]
ARRAYS = ("coefficients", "low", "high", "max_points", "lift", "lift_listings")


class ArtifactError(Exception):
    """The stored model cannot be used; the rules serve instead."""


class ArtifactMissing(ArtifactError):
    """There is no stored model."""


class ArtifactDamaged(ArtifactError):
    """Cut off, changed, or not one of our files."""


class ArtifactOutdated(ArtifactError):
    """Made by another version of the schema."""


def dump(model: Model, *, metrics: dict[str, Any], window: dict[str, str]) -> bytes:
    """The model as bytes; the same model gives the same bytes."""
    arrays = {name: getattr(model, name) for name in ARRAYS}
    meta = {
        "schema_version": SCHEMA_VERSION,
        "feature_version": FEATURE_VERSION,
        "factors": list(FACTORS),
        "run_id": model.run_id,
        "answer_names": list(model.answer_names),
        "lift_ids": list(model.lift_ids),
        "metrics": metrics,
        "window": window,
        "sha256": _digest(arrays),
    }
    out = io.BytesIO()
    text = json.dumps(meta, ensure_ascii=False, sort_keys=True).encode()
    np.savez_compressed(out, meta=np.frombuffer(text, dtype=np.uint8), **arrays)
    return out.getvalue()


def _digest(arrays: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in ARRAYS:
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def load(data: bytes | None) -> tuple[Model, dict[str, Any]]:
    """The model and its meta. Raises ArtifactMissing, ArtifactDamaged or ArtifactOutdated."""
    if not data:
        raise ArtifactMissing("no artifact")
    try:
        return _read(data)
    except ArtifactError:
        raise
    except Exception as error:  # what a broken archive raises has no common class (zlib, struct, …)
        raise ArtifactDamaged(repr(error)) from error


def _read(data: bytes) -> tuple[Model, dict[str, Any]]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        meta = json.loads(bytes(file["meta"]).decode())
        arrays = {name: file[name] for name in ARRAYS}
    known = (list(FACTORS), list(BEFORE_CHOICES))
    if meta.get("schema_version") != SCHEMA_VERSION or meta.get("factors") not in known:
        raise ArtifactOutdated(f"schema {meta.get('schema_version')}")
    if meta["sha256"] != _digest(arrays):
        raise ArtifactDamaged("the hash does not fit")
    for name in BY_FACTOR:  # a factor that the run did not know gives no points
        arrays[name] = np.pad(arrays[name], (0, len(FACTORS) - len(meta["factors"])))
    model = Model(
        run_id=str(meta["run_id"]),
        answer_names=tuple(meta["answer_names"]),
        lift_ids=tuple(meta["lift_ids"]),
        is_rules=False,
        **arrays,
    )
    _check(model)
    return model, meta


def _check(model: Model) -> None:
    """Raises ArtifactDamaged for what would give no scores, or other ones than 0 to 100: a file
    may be whole and still hold what a training should never have written."""
    numbers = {name: np.asarray(getattr(model, name), dtype=np.float64) for name in ARRAYS}
    broken = [name for name, values in numbers.items() if not np.isfinite(values).all()]
    if broken:
        raise ArtifactDamaged(f"no numbers in {', '.join(broken)}")
    if any(numbers[name].shape != (len(FACTORS),) for name in BY_FACTOR):
        raise ArtifactDamaged("not one number for each factor")
    points = model.max_points
    if points.dtype.kind != "i" or points.min() < 0 or points.sum() != TOTAL:
        raise ArtifactDamaged("the points do not add up to a hundred")
    if (model.high < model.low).any():
        raise ArtifactDamaged("a bound below the other one")
    answers, known = len(model.answer_names), len(model.lift_ids)
    if model.lift.shape[:1] != (answers,) or model.lift_listings.shape != (answers, known):
        raise ArtifactDamaged("tastes of other answers or listings than are named")

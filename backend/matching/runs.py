"""Which model serves: the newest published run, or the rules when none can be read."""

import threading
import time
from dataclasses import dataclass

import structlog

from backend.matching.catalogue import engine_vocabulary, vocabulary_version
from backend.matching.engine import artifact
from backend.matching.engine.schema import FEATURE_VERSION
from backend.matching.engine.score import Model, rule_model
from backend.matching.models import MatchRun

log = structlog.get_logger(__name__)
CHECK_EVERY_S = 2.0


@dataclass(frozen=True)
class Serving:
    """The model in use; `problem` says why the rules serve ("" when a run does)."""

    model: Model
    run_id: int | None
    version: str
    problem: str


def newest_published() -> MatchRun | None:
    return (
        MatchRun.objects.filter(state=MatchRun.State.PUBLISHED)
        .order_by("-trained_at", "-id")
        .first()
    )


def feature_version() -> str:
    """The engine's features with today's taxonomy: `2026-11/1a2b3c4d`."""
    return f"{FEATURE_VERSION}/{vocabulary_version(engine_vocabulary())}"


def serving_of(run: MatchRun | None) -> Serving:
    """The model of a run; the rules, with the reason, when its artifact cannot be used."""
    if run is None:
        return Serving(rule_model(), None, "rules", "no run is published")
    if run.feature_version not in (FEATURE_VERSION, feature_version()):
        # Its columns are those of other keys: it would read one technology as another.
        return _unusable(run, "made with another taxonomy")
    try:
        model = model_of(run)
    except artifact.ArtifactError as error:
        return _unusable(run, type(error).__name__)
    if len(model.lift) and model.lift.shape[1] != engine_vocabulary().width:
        return _unusable(run, "made with another taxonomy")
    return Serving(model, run.pk, run.public_id, "")


def model_of(run: MatchRun | None) -> Model:
    """What a run learnt, whatever the taxonomy is today (for replay). Raises ArtifactError."""
    return rule_model() if run is None else artifact.load(bytes(run.artifact))[0]


def _unusable(run: MatchRun, why: str) -> Serving:
    problem = f"{why} in {run.public_id}"
    log.warning("matching.artifact_unusable", run=run.public_id, problem=problem)
    return Serving(rule_model(), None, "rules", problem)


class _Kept:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.serving: Serving | None = None
        self.newest: int | None = None
        self.checked_at = 0.0

    def current(self) -> Serving:
        now = time.monotonic()
        if self.serving is not None and now - self.checked_at < CHECK_EVERY_S:
            return self.serving
        with self.lock:
            newest = (
                MatchRun.objects.filter(state=MatchRun.State.PUBLISHED)
                .order_by("-trained_at", "-id")
                .values_list("pk", flat=True)
                .first()
            )
            if self.serving is None or newest != self.newest:
                self.serving = serving_of(newest_published())
                self.newest = newest
            self.checked_at = time.monotonic()
            return self.serving

    def forget(self) -> None:
        self.serving = None


_kept = _Kept()


def current_model() -> Serving:
    """The model that serves now, at most two seconds old."""
    return _kept.current()


def serving_run() -> MatchRun | None:
    """What is written about the run in use, without its arrays; None while the rules serve."""
    run_id = current_model().run_id
    if run_id is None:
        return None
    return MatchRun.objects.defer("artifact", "trial").filter(pk=run_id).first()


def forget_model() -> None:
    _kept.forget()


def matcher_state() -> str:
    """For /readyz: "ok", or why the list is ranked by rules."""
    problem = current_model().problem
    return f"ranked by rules: {problem}" if problem else "ok"

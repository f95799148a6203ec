"""Everything that changes a run, a list, a choice or a count of views."""

from backend.matching.actions.dismissals import dismiss_project, undo_dismissal
from backend.matching.actions.exposures import measure_exposure, set_exposure_policy
from backend.matching.actions.lists import (
    keep_snapshot,
    keep_steering,
    list_for,
    note_view,
    replay,
)
from backend.matching.actions.training import gate_of, train_run

__all__ = [
    "dismiss_project",
    "gate_of",
    "keep_snapshot",
    "keep_steering",
    "list_for",
    "measure_exposure",
    "note_view",
    "replay",
    "set_exposure_policy",
    "train_run",
    "undo_dismissal",
]

"""Everything that changes a run, a list, a choice, a kept search or a count of views."""

from backend.matching.actions.batches import rank_block, rows_of, start_batch
from backend.matching.actions.demands import ask_for_demand, count_demand, made_from
from backend.matching.actions.dismissals import dismiss_project, undo_dismissal
from backend.matching.actions.exposures import measure_exposure, set_exposure_policy
from backend.matching.actions.lists import (
    keep_snapshot,
    keep_steering,
    list_for,
    note_view,
    replay,
)
from backend.matching.actions.searches import (
    ask_for_news,
    drop_search,
    keep_search,
    read_stop_token,
    set_alert,
    stop_link,
    tell_new,
)
from backend.matching.actions.training import gate_of, train_run

__all__ = [
    "ask_for_demand",
    "ask_for_news",
    "count_demand",
    "dismiss_project",
    "drop_search",
    "gate_of",
    "keep_search",
    "keep_snapshot",
    "keep_steering",
    "list_for",
    "made_from",
    "measure_exposure",
    "note_view",
    "rank_block",
    "read_stop_token",
    "replay",
    "rows_of",
    "set_alert",
    "set_exposure_policy",
    "start_batch",
    "stop_link",
    "tell_new",
    "train_run",
    "undo_dismissal",
]

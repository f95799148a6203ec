"""The lives of a redirect plan and of one of its periods, as tables. Pure.

Roles: `investor` (whose plan it is), `system` (a job).
"""

from enum import StrEnum

from backend.core.workflow import Workflow, table_of


class PlanStatus(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"


class RunStatus(StrEnum):
    WAITING = "waiting"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    SKIPPED = "skipped"
    EMPTY = "empty"
    MISSED = "missed"


PLAN = Workflow(
    "plan",
    table_of(
        [
            ("active", "paused", "investor", "plan.paused"),
            ("active", "stopped", "investor", "plan.stopped"),
            ("paused", "active", "investor", "plan.resumed"),
            ("paused", "stopped", "investor", "plan.stopped"),
        ],
        final=("stopped",),
    ),
)
RUN = Workflow(
    "run",
    table_of(
        [
            ("waiting", "proposed", "system", "plan_run.proposed"),
            ("waiting", "empty", "system", "plan_run.nothing_fitted"),
            ("waiting", "missed", "system", "plan_run.missed"),
            ("waiting", "skipped", "investor system", "plan_run.skipped"),
            ("proposed", "confirmed", "system", "plan_run.pledged"),
            ("proposed", "skipped", "investor system", "plan_run.skipped"),
            ("proposed", "empty", "system", "plan_run.nothing_pledged"),
            # The plan was changed: the split is made again with a whole time to remove.
            ("proposed", "waiting", "system", "plan_run.reopened"),
        ],
        final=("confirmed", "skipped", "empty", "missed"),
    ),
)
RUN_OPEN = frozenset({"waiting", "proposed"})
# Why a line became no pledge: the person said "not this one" after it was proposed.
LEFT_OUT = "left_out"

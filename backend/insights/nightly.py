"""A night's work: seal the ledger's chain, add up what is new, take the snapshot, check it.

Workers only. Each step can be run again: killed anywhere, the job is leased anew and goes on where
the last part was committed.
"""

from datetime import date

import structlog
from django.db import transaction

from backend.core import audit
from backend.core.clock import app_now, city_day
from backend.core.formats import CITY_ZONE
from backend.insights import actions, changes, ledger_sums, sources
from backend.insights.checks import check_snapshot
from backend.insights.models import Snapshot
from backend.insights.queries import newest_snapshot
from backend.ledger import checks

log = structlog.get_logger(__name__)


def take_nightly(*, step: int = ledger_sums.STEP) -> Snapshot:
    """The day's snapshot, once: run twice, the second finds it taken and checks it again."""
    newest = newest_snapshot()
    if newest is None or _day(newest) != city_day(app_now()):
        newest = take_now(step=step)
    check_snapshot(newest)
    return newest


def take_now(*, step: int = ledger_sums.STEP) -> Snapshot:
    """Seal, add up and take a snapshot of this moment."""
    checks.extend_chain()
    ledger_sums.add_up(step=step)
    row = _take()
    log.info("insights.snapshot", version=row.version, head=row.head_sha256)
    return row


@transaction.atomic
def _take() -> Snapshot:
    """Under both locks: what was shown before and what is kept of the ledger stay as they are."""
    actions.lock_snapshots()
    ledger_sums.lock()
    reached, newest = ledger_sums.mark(), newest_snapshot()
    row = actions.take_snapshot(
        sources.real_cells(ledger_sums.kept_book()), ledger_head=reached.sha256,
        ledger_position=reached.position, before=changes.before_of(newest),
    )  # fmt: skip
    if newest is not None and _day(newest).replace(day=1) != _day(row).replace(day=1):
        audit.record("report.ready", by=None, subject=row, data={"month": f"{_day(newest):%Y-%m}"})
    return row


def _day(row: Snapshot) -> date:
    return row.taken_at.astimezone(CITY_ZONE).date()

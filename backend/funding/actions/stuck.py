"""A row that fails in a way that nobody foresaw: it stands aside, is shown, and goes on by itself.

One such row must not hold up a queue. A database that is away ends the worker's turn instead: what
it had leased becomes free when the lease runs out.
"""

from datetime import timedelta

import structlog
from django.db import InterfaceError, OperationalError, connection

from backend.core.clock import app_now
from backend.funding.actions.breaks import heal_break, open_break
from backend.funding.models import ChargeObligation, PaymentAttempt, ReconciliationBreak, Refund
from backend.funding.payment_workflow import ObligationStatus

log = structlog.get_logger(__name__)
DATABASE = (OperationalError, InterfaceError)
STUCK, UNKNOWN = "stuck", "unknown_outcome"
# So long a request may stay without a known outcome before somebody is told.
UNKNOWN_AT_MOST = timedelta(hours=1)


def survive(error: Exception) -> None:
    """After a failure: a connection that broke is replaced at the next query."""
    if not isinstance(error, DATABASE) or connection.in_atomic_block:
        return
    if not connection.is_usable():
        connection.close()


def show(subject: str, error: Exception) -> None:
    """Tell somebody. Deadlocks and timeouts of the database pass by themselves."""
    if isinstance(error, DATABASE):
        log.warning("row.waits_for_the_database", subject=subject, error=repr(error))
        return
    log.error("row.stands_aside", subject=subject, exc_info=error)
    open_break(STUCK, subject, detail=repr(error))


def look() -> int:
    """Show requests whose outcome has been unknown for an hour, close what has resolved itself;
    how many are shown."""
    late = PaymentAttempt.objects.filter(
        outcome=PaymentAttempt.Outcome.SENT,
        sent_at__lt=app_now() - UNKNOWN_AT_MOST,
        obligation__status=ObligationStatus.CONFIRMING,
    ).select_related("obligation")
    waiting = {attempt.obligation.public_id: attempt.obligation.amount for attempt in late}
    for subject, money in waiting.items():
        open_break(UNKNOWN, subject, money=money)
    shown = ReconciliationBreak.objects.filter(state="open", kind__in=[STUCK, UNKNOWN])
    for row in shown:
        is_over = row.subject not in waiting if row.kind == UNKNOWN else _goes_on(row.subject)
        if is_over:
            heal_break(row.kind, row.subject)
    return shown.count()


def _goes_on(subject: str) -> bool:
    """The row ended, or its last step worked."""
    for model in (ChargeObligation, Refund):
        row = model.objects.filter(public_id=subject).first()
        if row is not None:
            return row.finished_at is not None or row.errors == 0
    return True

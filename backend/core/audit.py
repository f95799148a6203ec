"""Writing and reading what happened. The same rows feed history pages and notifications."""

from collections.abc import Iterable
from typing import Any

import structlog
from django.db.models import QuerySet

from backend.core.clock import AppNow
from backend.core.models import AuditEvent


def record(code: str, *, by: Any, subject: Any, data: dict[str, Any] | None = None) -> AuditEvent:
    """Write one `noun.verbed` fact in the caller's transaction.

    `by` is a user, or None for the system; `subject` any row with a `public_id`.
    """
    event = _event(code, by, subject, data)
    event.save(force_insert=True)
    return event


def record_many(
    code: str, *, by: Any, subjects: Iterable[Any], data: dict[str, Any] | None = None
) -> None:
    """The same fact about many rows at once (imports, the close of a round)."""
    AuditEvent.objects.bulk_create((_event(code, by, s, data) for s in subjects), batch_size=1000)


def _event(code: str, by: Any, subject: Any, data: dict[str, Any] | None) -> AuditEvent:
    context = structlog.contextvars.get_contextvars()
    return AuditEvent(
        code=code,
        actor=getattr(by, "public_id", "") or "",
        subject_type=subject._meta.model_name,
        subject_id=subject.public_id,
        data=data or {},
        request_id=str(context.get("request_id", ""))[:40],
        at=AppNow(),
    )


def events_of(subject: Any) -> QuerySet[AuditEvent]:
    """Everything that happened to one thing, oldest first."""
    return AuditEvent.objects.filter(subject_id=subject.public_id).order_by("at", "id")

"""The row that every charge passes: the kill switch, the pace, and the most in one hour."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.funding import permissions
from backend.funding.actions.words import MAX_LINE, written
from backend.funding.models import PaymentControl

# One statement: refills by the clock of the deadlines, counts the hour, takes what there is.
_TAKE = """
WITH fresh AS (
    SELECT id, is_stopped,
        least(burst, tokens + rate * greatest(0, extract(epoch FROM app_now() - tokens_at)))
            AS filled,
        CASE WHEN app_now() >= hour_began_at + interval '1 hour' OR app_now() < hour_began_at
            THEN app_now() ELSE hour_began_at END AS began,
        CASE WHEN app_now() >= hour_began_at + interval '1 hour' OR app_now() < hour_began_at
            THEN 0 ELSE hour_count END AS counted,
        most_per_hour
    FROM funding_paymentcontrol WHERE id = 1 FOR UPDATE
), taken AS (
    SELECT *, CASE WHEN is_stopped THEN 0
        ELSE greatest(0, least(%s, floor(filled)::int, most_per_hour - counted)) END AS n
    FROM fresh
)
UPDATE funding_paymentcontrol c
SET tokens = t.filled - t.n, tokens_at = app_now(), hour_began_at = t.began,
    hour_count = t.counted + t.n
FROM taken t WHERE c.id = t.id RETURNING t.n
"""

CHANGED = ["is_stopped", "stop_reason", "changed_by", "resume_asked_by", "resume_asked_at"]


@dataclass(frozen=True)
class ControlFacts:
    """Whether charges run, and how fast they may."""

    is_stopped: bool
    reason: str
    rate: float
    most_per_hour: int
    hour_count: int
    asked_by: User | None = None
    asked_at: datetime | None = None
    asked_reason: str = ""


def _row() -> PaymentControl:
    row, _created = PaymentControl.objects.get_or_create(id=1)
    return row


def control_facts() -> ControlFacts:
    row = _row()
    asked = None
    if row.resume_asked_by_id is not None:
        asked = audit.events_of(row).filter(code="charging.resume_asked").order_by("-id").first()
    return ControlFacts(
        row.is_stopped, row.stop_reason, float(row.rate), row.most_per_hour, row.hour_count,
        row.resume_asked_by, row.resume_asked_at, str(asked.data["reason"]) if asked else "",
    )  # fmt: skip


def is_stopped() -> bool:
    """Asked before each request that could move money."""
    return PaymentControl.objects.filter(id=1, is_stopped=True).exists()


def take_turns(wanted: int) -> int:
    """How many charges may begin now: by the pace, the hour and the switch. Zero to `wanted`."""
    if (taken := _take(wanted)) is None:
        _row()
        taken = _take(wanted)
    return taken or 0


def _take(wanted: int) -> int | None:
    """None when the row is not there yet."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, [wanted])
        row = cursor.fetchone()
    return int(row[0]) if row else None


@transaction.atomic
def stop_charging(*, by: User, reason: str) -> None:
    """The kill switch: no charge begins from now on. Refunds go on. One person may stop, and may
    keep it stopped when somebody asked that charges go on."""
    _row()
    row = PaymentControl.objects.select_for_update().get(id=1)
    permissions.check_is_finance(by)
    reason = written(reason, "reason", _("Enter the reason"), MAX_LINE)
    if row.is_stopped and row.resume_asked_by_id is None:
        return
    row.is_stopped, row.stop_reason, row.changed_by = True, reason, by
    row.resume_asked_by = row.resume_asked_at = None
    row.save(update_fields=CHANGED)
    audit.record("charging.stopped", by=by, subject=row, data={"reason": row.stop_reason})


@transaction.atomic
def ask_to_resume(*, by: User, reason: str) -> None:
    """Ask that charges go on, and say why; nothing begins before another person agrees."""
    _row()
    row = PaymentControl.objects.select_for_update().get(id=1)
    permissions.check_is_finance(by)
    reason = written(reason, "reason", _("Enter the reason"), MAX_LINE)
    if not row.is_stopped or row.resume_asked_by_id is not None:
        return
    row.resume_asked_by, row.resume_asked_at = by, app_now()
    row.save(update_fields=["resume_asked_by", "resume_asked_at"])
    audit.record("charging.resume_asked", by=by, subject=row, data={"reason": reason})


@transaction.atomic
def resume_charging(*, by: User) -> None:
    """Let charges begin again: another person than the one who asked for it (also a trigger)."""
    _row()
    row = PaymentControl.objects.select_for_update().get(id=1)
    permissions.check_is_finance(by)
    if not row.is_stopped:
        return
    if row.resume_asked_by_id is None:
        raise Conflict(_("Nobody has asked yet that charges go on."), code="not_asked")
    if row.resume_asked_by_id == by.pk:
        raise Invalid(_("Another finance officer must let charges go on."), code="same_person")
    asked_by = row.resume_asked_by
    assert asked_by is not None
    row.is_stopped, row.stop_reason, row.changed_by = False, "", by
    row.resume_asked_by = row.resume_asked_at = None
    row.save(update_fields=CHANGED)
    audit.record("charging.resumed", by=by, subject=row, data={"asked_by": asked_by.public_id})

"""Jobs of this slice: tell what waits, and one mail a day to those who want it so."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from celery import shared_task

from backend.accounts.models import User
from backend.core import jobs
from backend.core.clock import app_now
from backend.notifications import actions
from backend.notifications.models import MailState, PendingEvent

MOST_AT_ONCE = 500
HOUR_OF_DIGEST = 8
GIVEN_UP_AFTER = timedelta(days=30)


@shared_task
def tell_people() -> int:
    """Every few seconds: what the audit trigger left. Returns how many events were told."""
    done = 0
    while done < MOST_AT_ONCE and actions.tell_next():
        done += 1
    return done


@shared_task
def ask_for_digests() -> None:
    """Every hour: a digest for everybody for whom it is eight in the morning, once a day."""
    at = app_now()
    waiting = User.objects.filter(
        notifications__mail=MailState.FOR_DIGEST, is_active=True
    ).distinct()
    for user in waiting:
        local = at.astimezone(ZoneInfo(user.time_zone))
        if local.hour == HOUR_OF_DIGEST:
            key = f"{user.public_id}:{local.date().isoformat()}"
            jobs.enqueue("notifications.send_digest", key, person=user.public_id)


@shared_task
def sweep_given_up() -> None:
    """Every night: events whose words failed for a month are forgotten; the log has them."""
    old = app_now() - GIVEN_UP_AFTER
    PendingEvent.objects.filter(attempts__gte=actions.MAX_ATTEMPTS, event__at__lt=old).delete()


def send_digest(person: str) -> None:
    user = User.objects.filter(public_id=person, closed_at__isnull=True).first()
    if user is not None:
        actions.send_digest(user)

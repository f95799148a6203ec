from datetime import timedelta

from celery import shared_task
from django.contrib.sessions.models import Session
from django.utils import timezone

from backend.core import jobs
from backend.core.models import IdempotencyKey, Job


@shared_task
def run_jobs() -> None:
    """Woken by `enqueue`."""
    jobs.run_due_jobs()


@shared_task
def drain_jobs() -> None:
    """What a lost wake-up left behind."""
    jobs.run_due_jobs()


@shared_task
def sweep_expired() -> None:
    """Delete what has served its time: old sessions, answered keys, finished jobs."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    IdempotencyKey.objects.filter(created_at__lt=now - timedelta(days=2)).delete()
    Job.objects.filter(state=Job.State.DONE, finished_at__lt=now - timedelta(days=30)).delete()

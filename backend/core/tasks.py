from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from backend.core import jobs, kept_files
from backend.core.models import IdempotencyKey, Job
from backend.core.throttle import sweep_throttle


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
    import_string(f"{settings.SESSION_ENGINE}.SessionStore").clear_expired()
    IdempotencyKey.objects.filter(created_at__lt=now - timedelta(days=2)).delete()
    Job.objects.filter(state=Job.State.DONE, finished_at__lt=now - timedelta(days=30)).delete()
    sweep_throttle()


@shared_task
def sweep_kept_files() -> None:
    """Every hour: files of forms that nobody came back to."""
    kept_files.sweep()

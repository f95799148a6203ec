"""The transactional outbox: work is a row, the broker only a hint.

`enqueue` writes the row in the caller's transaction, so the work exists exactly if the change does.
Workers lease rows with SKIP LOCKED; a worker that dies lets its lease run out. A job's function
must therefore be safe to run twice. The name `slice.function` resolves to `backend.<slice>.tasks`.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from backend.core.metrics import JOBS
from backend.core.models import Job

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=15)
MAX_ATTEMPTS = 8
SILENCE_S = 10.0
_silent_until = 0.0


def enqueue(name: str, key: str, *, delay: timedelta = timedelta(0), **payload: Any) -> bool:
    """Ask for `name` to run once for `key`, after this transaction commits.

    Returns False when the same name and key was asked for before (then nothing is added).
    """
    _, created = Job.objects.get_or_create(
        name=name,
        key=key,
        defaults={"payload": payload, "run_after": timezone.now() + delay},
    )
    if created:
        transaction.on_commit(_wake_workers)
    return created


def _wake_workers() -> None:
    global _silent_until
    if not settings.CELERY_BROKER_URL or time.monotonic() < _silent_until:
        return
    # Imported here: core.tasks imports this module.
    from backend.core.tasks import run_jobs  # noqa: PLC0415

    try:
        run_jobs.apply_async(retry=False, ignore_result=True)
    except Exception as error:
        # Beat drains the table every ten seconds: a lost hint costs delay, never work. While the
        # broker is away no request waits for it again.
        _silent_until = time.monotonic() + SILENCE_S
        log.warning("jobs.broker_unreachable", error=repr(error))


def function_of(name: str) -> Callable[..., Any]:
    """The function behind a job name; ImportError when there is none."""
    app, function = name.split(".", 1)
    found: Callable[..., Any] = import_string(f"backend.{app}.tasks.{function}")
    return found


def run_due_jobs(limit: int = 100) -> int:
    """Lease and run due jobs, one at a time, until none is left or `limit` is reached."""
    done = 0
    while done < limit and (job := _lease_one()) is not None:
        _run(job)
        done += 1
    return done


def release_leases() -> int:
    """Give back what workers that are certainly gone had taken up; returns how many rows.

    For the start of a copy whose workers all live and die with it: nobody then waits for leases of
    a training that was killed.
    """
    leased = Job.objects.filter(state=Job.State.WAITING, leased_until__isnull=False)
    return leased.update(leased_until=None)


def _lease_one() -> Job | None:
    now = timezone.now()
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    with transaction.atomic():
        job = (
            Job.objects.select_for_update(skip_locked=True)
            .filter(free, state=Job.State.WAITING, run_after__lte=now)
            .order_by("run_after", "id")
            .first()
        )
        if job is None:
            return None
        job.leased_until = now + LEASE
        job.attempts += 1
        job.save(update_fields=["leased_until", "attempts"])
    return job


def _run(job: Job) -> None:
    try:
        with structlog.contextvars.bound_contextvars(job=job.name, job_key=job.key):
            function_of(job.name)(**job.payload)
    except OperationalError:
        # The database went away: the lease runs out and another worker takes the row.
        connection.close()
        raise
    except Exception as error:
        log.exception("jobs.failed", name=job.name, key=job.key, attempt=job.attempts)
        _give_back(job, repr(error))
        JOBS.labels(job.name, "failed").inc()
        return
    JOBS.labels(job.name, "done").inc()
    job.state = Job.State.DONE
    job.finished_at = timezone.now()
    job.leased_until = None
    job.save(update_fields=["state", "finished_at", "leased_until"])


def _give_back(job: Job, error: str) -> None:
    job.last_error = error[:2000]
    job.leased_until = None
    if job.attempts >= MAX_ATTEMPTS:
        job.state = Job.State.DEAD
    job.run_after = timezone.now() + timedelta(seconds=10 * 2**job.attempts)
    job.save(update_fields=["last_error", "leased_until", "state", "run_after"])

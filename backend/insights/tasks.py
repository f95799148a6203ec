"""Jobs of this slice, and what the clock asks for. What they import reads the whole account and
loads numpy."""

from celery import shared_task

from backend.core import jobs
from backend.core.clock import app_now, city_day


def take_nightly() -> None:
    """The job `insights.take_nightly`: a worker that dies leaves it to the next one."""
    from backend.insights import nightly  # noqa: PLC0415

    nightly.take_nightly()


@shared_task
def take_snapshot() -> None:
    """Every night: the public account as it stands, once a day whatever is fired twice."""
    jobs.enqueue("insights.take_nightly", city_day(app_now()).isoformat())

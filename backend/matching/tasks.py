from celery import shared_task
from django.utils import timezone

from backend.core import jobs
from backend.matching import actions


def train() -> None:
    """The job `matching.train`."""
    actions.train_run()


@shared_task
def train_nightly() -> None:
    """Ask for one training a day, whatever is fired twice."""
    jobs.enqueue("matching.train", timezone.localdate().isoformat())

"""Jobs of this slice (core.jobs resolves `matching.<name>` to a function here), and what is asked
for by the clock."""

from celery import shared_task
from django.utils import timezone

from backend.core import jobs
from backend.matching import actions
from backend.matching.models import RankBatch
from backend.projects.models import Project


def train() -> None:
    """The job `matching.train`."""
    actions.train_run()


def measure_exposure() -> None:
    actions.measure_exposure()


def start_batch() -> None:
    actions.start_batch()


def rank_block(batch: str, number: int) -> None:
    row = RankBatch.objects.filter(public_id=batch).first()
    if row is not None:
        actions.rank_block(row, number)


def count_demand(project: str, state: str) -> None:
    row = Project.objects.filter(public_id=project).first()
    if row is not None:
        actions.count_demand(row, state=state)


def tell_new(search: str, on: str) -> None:
    actions.tell_new(search, on=on)


@shared_task
def train_nightly() -> None:
    """Ask for one training a day, whatever is fired twice."""
    jobs.enqueue("matching.train", timezone.localdate().isoformat())


@shared_task
def rank_nightly() -> None:
    """After the training: everybody's first places, one job for each block."""
    jobs.enqueue("matching.start_batch", timezone.localdate().isoformat())


@shared_task
def measure_views() -> None:
    """Four times a day: who is owed views."""
    now = timezone.localtime()
    jobs.enqueue("matching.measure_exposure", f"{now:%Y-%m-%d}-{now.hour // 6}")


@shared_task
def look_for_news() -> None:
    """Every quarter of an hour: whose morning it is."""
    actions.ask_for_news()

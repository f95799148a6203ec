"""The nightly order of everybody over real Celery workers, one of which is killed half-way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from celery import Celery
from django.conf import settings
from django.db import connection
from django.utils import timezone

from backend.core.models import Job
from backend.local import valkey
from backend.local.state import open_state
from backend.matching import actions, catalogue, population, runs
from backend.matching.models import RankedPerson
from backend.projects import actions as projects
from tests.matching.world import a_market, a_profile

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]


def address() -> str:
    database = connection.settings_dict
    return (
        f"postgresql://{database['USER'] or 'caukieu'}@/{database['NAME']}"
        f"?host={quote(database['HOST'], safe='')}"
    )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A Valkey of its own, as `./scripts/run` starts one."""
    server = valkey.start(open_state(tmp_path))
    yield server.url
    valkey.stop(server)


@contextmanager
def workers(broker: str, count: int) -> "Iterator[list[subprocess.Popen[bytes]]]":
    """Celery workers, each a group of processes of its own; all are gone afterwards."""
    environment = os.environ | {
        "DATABASE_URL": address(),
        "DJANGO_SETTINGS_MODULE": "backend.config.settings.dev",
        "CELERY_BROKER_URL": broker,
    }
    celery = [sys.executable, "-m", "celery", "-A", "backend.config.celery", "worker"]
    found = [
        subprocess.Popen(
            [*celery, "--concurrency", "1", "--hostname", f"w{n}@test", "--loglevel", "WARNING"],
            cwd=settings.ROOT, env=environment, start_new_session=True,
        )
        for n in range(count)
    ]  # fmt: skip
    try:
        yield found
    finally:
        for one in found:
            kill(one)


def kill(worker: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def wake(broker: str, count: int) -> None:
    """What `enqueue` sends."""
    # CELERY_BROKER_URL of the environment goes before a broker that an app is given.
    with Celery(set_as_current=False) as app, app.connection_for_write(broker) as connection:
        for _n in range(count):
            app.send_task("backend.core.tasks.run_jobs", ignore_result=True, connection=connection)


def until(done: Callable[[], bool]) -> None:
    ends = time.monotonic() + 400
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.02)


def blocks_done(batch: Any) -> int:
    return RankedPerson.objects.filter(batch=batch).values("block").distinct().count()


def test_a_killed_worker_changes_no_row(rates: None, broker: str) -> None:
    made = a_market(12)
    for number in range(6):  # people with accounts too, who saved something or left it out
        me = a_profile().user
        projects.save_for_later(made[number], by=me)
        actions.dismiss_project(made[number + 1], user=me, by=me, reason="field")
    catalogue.forget_catalogue()
    runs.forget_model()
    population.create(people=120)
    Job.objects.all().delete()
    batch = actions.start_batch(block_size=2)
    expected = {
        (row.user_id, row.simulated_id): (row.projects, row.scores)
        for number in range(len(batch.blocks))
        for row in actions.rows_of(batch, number)
    }
    # The later half is not due yet: however slowly this test runs, the first cannot end it all.
    half = len(batch.blocks) // 2
    late = list(Job.objects.order_by("pk").values_list("pk", flat=True)[half:])
    Job.objects.filter(pk__in=late).update(run_after=timezone.now() + timedelta(days=1))
    with workers(broker, 1) as (first,):
        wake(broker, 1)
        until(lambda: blocks_done(batch) >= 3 or first.poll() is not None)
        kill(first)
        done = blocks_done(batch)
        assert 3 <= done <= half
    # What the dead one held is free when its lease has run out.
    Job.objects.filter(leased_until__isnull=False).update(
        leased_until=timezone.now() - timedelta(seconds=1)
    )
    Job.objects.filter(pk__in=late).update(run_after=timezone.now() - timedelta(seconds=1))
    with workers(broker, 2):
        wake(broker, 4)
        until(lambda: not Job.objects.filter(state=Job.State.WAITING).exists())
    found = {
        (row.user_id, row.simulated_id): (row.projects, row.scores)
        for row in RankedPerson.objects.filter(batch=batch)
    }
    assert found == expected
    batch.refresh_from_db()
    assert batch.finished_at is not None

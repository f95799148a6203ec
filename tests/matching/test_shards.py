"""The nightly order of everybody over real worker processes, one of which is killed half-way."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from backend.core.models import Job
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


def a_worker() -> "subprocess.Popen[bytes]":
    """A process of its own that takes jobs until none is left."""
    environment = os.environ | {
        "DATABASE_URL": address(),
        "DJANGO_SETTINGS_MODULE": "backend.config.settings.dev",
        "CELERY_BROKER_URL": "",
    }
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_jobs"], cwd=settings.ROOT, env=environment
    )


def blocks_done(batch: Any) -> int:
    return RankedPerson.objects.filter(batch=batch).values("block").distinct().count()


def test_a_killed_worker_changes_no_row(rates: None) -> None:
    made = a_market(12)
    for number in range(6):  # people with accounts too, who saved something and left something out
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
    first = a_worker()
    while blocks_done(batch) < 3 and first.poll() is None:
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()
    done = blocks_done(batch)
    assert 3 <= done <= half
    # What the dead one held is free when its lease has run out.
    Job.objects.filter(leased_until__isnull=False).update(
        leased_until=timezone.now() - timedelta(seconds=1)
    )
    Job.objects.filter(pk__in=late).update(run_after=timezone.now() - timedelta(seconds=1))
    assert [worker.wait() for worker in [a_worker(), a_worker()]] == [0, 0]
    found = {
        (row.user_id, row.simulated_id): (row.projects, row.scores)
        for row in RankedPerson.objects.filter(batch=batch)
    }
    assert found == expected
    batch.refresh_from_db()
    assert batch.finished_at is not None

"""The outbox: work exists exactly if the change does, is done at least once, and never lost."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from backend.core import jobs
from backend.core.models import Job

Calls = list[dict[str, Any]]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    made: Calls = []
    monkeypatch.setattr(jobs, "function_of", lambda name: lambda **payload: made.append(payload))
    return made


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(**payload: Any) -> None:
        raise error

    monkeypatch.setattr(jobs, "function_of", lambda name: fail)


@pytest.mark.django_db
def test_a_job_is_asked_for_once_and_done_once(calls: Calls) -> None:
    assert jobs.enqueue("x.work", "k", n=1)
    assert not jobs.enqueue("x.work", "k", n=2)
    assert jobs.run_due_jobs() == 1
    assert jobs.run_due_jobs() == 0
    assert calls == [{"n": 1}]
    assert Job.objects.get().state == Job.State.DONE


@pytest.mark.django_db
def test_a_job_for_later_waits(calls: Calls) -> None:
    jobs.enqueue("x.work", "k", delay=timedelta(minutes=10))
    assert jobs.run_due_jobs() == 0
    Job.objects.update(run_after=timezone.now())
    assert jobs.run_due_jobs() == 1


@pytest.mark.django_db(transaction=True)
def test_work_that_was_rolled_back_does_not_exist(calls: Calls) -> None:
    with pytest.raises(ValueError, match="no"), transaction.atomic():
        jobs.enqueue("x.work", "k")
        raise ValueError("no")
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_a_failure_is_tried_again_later_and_given_up_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing(monkeypatch, ValueError("broken"))
    jobs.enqueue("x.work", "k")
    waits = []
    for _ in range(jobs.MAX_ATTEMPTS):
        Job.objects.update(run_after=timezone.now())
        assert jobs.run_due_jobs(1) == 1
        waits.append(Job.objects.get().run_after - timezone.now())
    assert waits == sorted(waits)
    job = Job.objects.get()
    assert (job.state, job.attempts) == (Job.State.DEAD, jobs.MAX_ATTEMPTS)
    assert "broken" in job.last_error
    Job.objects.update(run_after=timezone.now())
    assert jobs.run_due_jobs() == 0


@pytest.mark.django_db
def test_the_work_of_a_worker_that_died_is_taken_over_when_its_lease_is_out(calls: Calls) -> None:
    jobs.enqueue("x.work", "k")
    Job.objects.update(leased_until=timezone.now() + timedelta(minutes=1), attempts=1)
    assert jobs.run_due_jobs() == 0
    Job.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert jobs.run_due_jobs() == 1
    assert len(calls) == 1


@pytest.mark.django_db
def test_a_copy_that_starts_takes_up_what_its_dead_workers_had(calls: Calls) -> None:
    jobs.enqueue("x.work", "k")
    Job.objects.update(leased_until=timezone.now() + timedelta(minutes=10), attempts=1)
    assert jobs.run_due_jobs() == 0
    assert jobs.release_leases() == 1
    assert jobs.run_due_jobs() == 1
    assert jobs.release_leases() == 0


@pytest.mark.django_db(transaction=True)
def test_when_the_database_goes_the_row_stays_leased_and_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failing(monkeypatch, OperationalError("gone"))
    jobs.enqueue("x.work", "k")
    with pytest.raises(OperationalError):
        jobs.run_due_jobs()
    assert Job.objects.get().state == Job.State.WAITING


@pytest.mark.django_db(transaction=True)
def test_many_workers_share_the_work_without_doing_any_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[int] = []
    lock = threading.Lock()

    def work(n: int) -> None:
        with lock:
            done.append(n)

    monkeypatch.setattr(jobs, "function_of", lambda name: work)
    for n in range(40):
        jobs.enqueue("x.work", str(n), n=n)

    def worker() -> None:
        jobs.run_due_jobs()
        connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(done) == list(range(40))


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_gone_costs_no_error_and_is_not_asked_again_at_once(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    from backend.core import tasks

    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    asked = []

    def gone(*args: Any, **options: Any) -> None:
        asked.append(1)
        raise ConnectionError

    monkeypatch.setattr(tasks.run_jobs, "apply_async", gone)
    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    for key in "abc":
        with transaction.atomic():
            assert jobs.enqueue("x.work", key)
    assert len(asked) == 1
    assert Job.objects.count() == 3


def test_a_name_that_is_no_job_is_an_import_error() -> None:
    with pytest.raises(ImportError):
        jobs.function_of("matching.no_such_job")


@pytest.mark.django_db
def test_the_database_refuses_an_unknown_state(refuses: Callable[[str], None]) -> None:
    jobs.enqueue("x.work", "k")
    refuses("UPDATE core_job SET state = 'lost'")


@pytest.fixture
def refuses() -> Callable[[str], None]:
    def check(sql: str) -> None:
        from django.db import IntegrityError

        with (
            pytest.raises(IntegrityError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)

    return check

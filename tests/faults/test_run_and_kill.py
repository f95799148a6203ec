"""The whole site under ./scripts/run: it comes up, it goes down, and nothing it does is lost."""

import http.client
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from backend.local import fingerprint, postgres, processes, valkey
from backend.local.state import open_state
from tests.local.copies import ROOT, UP, environment, free_port, wait_until, wait_until_gone

pytestmark = pytest.mark.timeout(240)
COLD_S, WARM_S = 150, 60


class Copy:
    """One running site, its output and its page."""

    def __init__(self, var: Path, port: int) -> None:
        self.var, self.port = var, port
        self.output = var.parent / f"output-{time.monotonic_ns()}.txt"
        with self.output.open("wb") as file:
            self.process = subprocess.Popen(
                UP,
                env=environment(var, PORT=str(port)),
                cwd=ROOT,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def words(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_ready(self, seconds: float) -> None:
        wait_until(lambda: "Ready:" in self.words() or self.process.poll() is not None, seconds)
        assert self.process.poll() is None, self.words()

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and body; status 0 when there was no answer."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with suppress(OSError, http.client.HTTPException), closing(link):
            link.request("GET", path, headers=headers or {})
            answer = link.getresponse()
            return answer.status, answer.read().decode()
        return 0, ""

    def status_of(self, path: str) -> int:
        return self.get(path)[0]

    def wait_healthy(self) -> None:
        wait_until(lambda: self.status_of("/readyz") == 200, 30)

    def main_process(self, program: str) -> psutil.Process:
        """The first process of web, worker or beat: a child of the supervisor itself."""
        word = {"web": "gunicorn", "worker": "worker", "beat": "beat"}[program]
        children = psutil.Process(self.process.pid).children()
        return next(c for c in children if word in c.cmdline())


def count(var: Path, table: str) -> int:
    with psycopg.connect(postgres.database_url(open_state(var))) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


def assert_nothing_runs(var: Path) -> None:
    wait_until(lambda: not processes.marked(var), 20)
    wait_until_gone(var / "postgres" / "data")
    wait_until_gone(var / "valkey")


class House:
    """One state folder for all tests here; it is started again when a test left it dark."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.copy: Copy | None = None

    def live(self, seconds: float = WARM_S, port: int | None = None) -> Copy:
        if self.copy is None or self.copy.process.poll() is not None:
            self.copy = Copy(self.var, port or free_port())
            self.copy.wait_ready(seconds)
        return self.copy

    def end(self) -> int:
        assert self.copy is not None
        if self.copy.process.poll() is None:
            self.copy.process.send_signal(signal.SIGINT)
        return self.copy.process.wait(40)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("site") / "var")
    try:
        house.live(COLD_S)
        yield house
    finally:
        house.end()


@pytest.fixture
def site(house: House) -> Copy:
    return house.live()


def test_a_first_start_fills_the_site(site: Copy) -> None:
    assert site.status_of("/healthz") == site.status_of("/readyz") == 200
    assert count(site.var, "projects_project") >= 92 + 64
    assert f"Ready: http://127.0.0.1:{site.port}\n" in site.words()
    assert "mai@caukieu.example" in site.words()
    told = re.findall(r"^\[ *\d+\.\d s\] (.+)$", site.words(), re.MULTILINE)
    assert told[:2] == ["PostgreSQL", "Valkey"]
    assert told[2:4] == ["Stripe sandbox (test payments)", "Database tables"]


def test_a_very_long_query_is_refused_by_a_sentence(site: Copy) -> None:
    for letter in ("a", "%E1%BA%A3"):
        status, body = site.get(f"/api/v1/projects/?q={letter * 10_000}")
        assert status == 400
        assert '"code": "too_long"' in body
        assert site.status_of(f"/vi/projects/?q={letter * 10_000}") in {200, 400}


def test_the_demo_table_is_for_its_owner_alone(site: Copy) -> None:
    assert (site.var / "demo_people.txt").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("program", ["web", "worker", pytest.param("beat", marks=pytest.mark.slow)])
def test_a_killed_program_is_started_again(program: str, site: Copy) -> None:
    old = site.main_process(program)
    old.kill()
    wait_until(lambda: f"{program} runs again" in site.words(), 30)
    assert site.main_process(program).pid != old.pid
    site.wait_healthy()


def test_the_worker_does_what_beat_asks_for(site: Copy) -> None:
    with psycopg.connect(postgres.database_url(open_state(site.var))) as connection:
        connection.execute(
            "INSERT INTO core_job (name, key, payload, state, attempts, last_error)"
            " VALUES ('tests.no_such_job', %s, '{}', 'waiting', 0, '')",
            [str(time.monotonic_ns())],
        )
    # Nobody woke the worker: beat's round every ten seconds finds the row.
    tried = "core_job WHERE name = 'tests.no_such_job' AND attempts > 0"
    wait_until(lambda: count(site.var, tried) > 0, 90)


def test_pages_do_without_the_broker(site: Copy) -> None:
    for server in processes.working_in(site.var / "valkey"):
        with suppress(psutil.NoSuchProcess):
            server.kill()
    assert site.status_of("/readyz") == 200
    wait_until(lambda: "Valkey runs again" in site.words(), 30)
    assert valkey._answers(valkey.socket_path(open_state(site.var)))


def test_a_killed_database_comes_back_and_so_do_the_pages(site: Copy) -> None:
    before = count(site.var, "core_auditevent")
    first = (site.var / "postgres" / "data" / "postmaster.pid").read_text().split()[0]
    os.kill(int(first), signal.SIGKILL)
    wait_until(lambda: "PostgreSQL runs again" in site.words(), 30)
    site.wait_healthy()
    assert count(site.var, "core_auditevent") >= before > 0


def test_a_database_killed_under_load_gives_clean_errors_and_then_none(site: Copy) -> None:
    paths = ["/readyz", "/api/v1/projects/", "/api/v1/projects/?q=san%20xuat", "/vi/"]
    pid_file = site.var / "postgres" / "data" / "postmaster.pid"
    until = time.monotonic() + 6

    def visit(path: str) -> list[tuple[int, str]]:
        answers = []
        while time.monotonic() < until:
            answers.append(site.get(path, {"Cookie": "sessionid=" + "a" * 32}))
            time.sleep(0.4)  # people, not a flood: that would be told to wait (429)
        return answers

    with ThreadPoolExecutor(4) as visitors:
        under_way = [visitors.submit(visit, path) for path in paths]
        time.sleep(1)
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
        answers = [answer for job in under_way for answer in job.result(60)]
    assert {status for status, _ in answers} == {200, 503}
    broken = [body for status, body in answers if status == 503]
    assert not [body for body in broken if "Traceback" in body or "psycopg" in body]
    assert [body for body in broken if "<h1>" in body], "a page should have met the outage"
    site.wait_healthy()
    assert {site.status_of(path) for path in paths for _ in range(5)} == {200}


def test_ctrl_c_ends_everything_and_a_warm_start_fills_nothing(house: House, site: Copy) -> None:
    assert house.end() == 0
    assert_nothing_runs(site.var)
    log = (site.var / "log" / "postgres.log").read_text()
    assert log.rstrip().endswith("database system is shut down")
    changed = (site.var / "postgres" / "prepared").read_text() != fingerprint.fingerprint()
    again = house.live()
    assert ("Sample data" in again.words()) == changed  # somebody may be editing the code
    assert "mai@caukieu.example" in again.words()


def test_no_program_outlives_a_killed_supervisor(house: House, site: Copy) -> None:
    site.process.kill()
    site.process.wait(10)
    assert_nothing_runs(site.var)
    assert house.live(port=site.port).status_of("/readyz") == 200


def test_everything_killed_at_once_loses_nothing(house: House, site: Copy) -> None:
    before = count(site.var, "core_auditevent")
    with psycopg.connect(postgres.database_url(open_state(site.var))) as connection:
        # What a worker that is killed in the middle of a training leaves behind.
        connection.execute(
            "INSERT INTO core_job"
            " (name, key, payload, state, attempts, last_error, run_after, leased_until)"
            " VALUES ('tests.no_such_job', %s, '{}', 'waiting', 1, '', now() + interval '1 day',"
            " now() + interval '1 hour')",
            [str(time.monotonic_ns())],
        )
    family = psutil.Process(site.process.pid).children(recursive=True)
    for process in [psutil.Process(site.process.pid), *family]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    site.process.wait(10)
    house.live()
    assert count(site.var, "core_job WHERE leased_until > now() + interval '30 minutes'") == 0
    # The matcher's training may have ended meanwhile and left a row of its own.
    assert count(site.var, "core_auditevent") >= before > 0

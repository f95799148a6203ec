"""The two commands as a newcomer meets them, up to the point where Django begins."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from backend.local import postgres, processes
from backend.local.state import open_state
from backend.local.suite import default_arguments
from tests.local.copies import ROOT, UP, environment, free_port, wait_until_gone


def said(command: list[str], env: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


@contextmanager
def servers_up(var: Path) -> Iterator["subprocess.Popen[str]"]:
    """`./scripts/run --servers`, ready: both addresses are printed."""
    with subprocess.Popen(
        [*UP, "--servers"], env=environment(var), cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            while "CELERY_BROKER_URL" not in (line := child.stdout.readline()):
                assert line, "it ended before it was ready"
            yield child
        finally:
            child.terminate()
            child.wait(30)


def put_row(var: Path) -> None:
    with psycopg.connect(postgres.database_url(open_state(var))) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('còn đây')")


def rows(var: Path) -> list[tuple[str]]:
    with psycopg.connect(postgres.database_url(open_state(var))) as connection:
        return connection.execute("SELECT word FROM kept").fetchall()


@pytest.mark.parametrize("script", ["run", "test"])
def test_a_python_that_is_too_old_is_named(script: str, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\ncase $2 in *print*) echo 3.9.2;; *) exit 1;; esac\n")
    old.chmod(0o755)
    (tmp_path / "dirname").symlink_to(shutil.which("dirname") or "/usr/bin/dirname")
    code, words = said([str(ROOT / "scripts" / script)], {"PATH": str(tmp_path)})
    assert code == 1
    assert words == (
        "Python 3.11 or newer is needed (python3 is 3.9.2). "
        "Install one and put it on PATH, then start again.\n"
    )


def test_no_python_at_all_is_said(tmp_path: Path) -> None:
    (tmp_path / "dirname").symlink_to(shutil.which("dirname") or "/usr/bin/dirname")
    code, words = said([str(ROOT / "scripts/run")], {"PATH": str(tmp_path)})
    assert (code, "no Python found" in words) == (1, True)


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        port = holder.getsockname()[1]
        code, words = said(UP, environment(tmp_path, PORT=str(port)))
    assert code == 1
    assert f"Port {port} is taken" in words
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1", "8000 "])
def test_a_port_that_is_none_is_named(port: str, tmp_path: Path) -> None:
    code, words = said(UP, environment(tmp_path, PORT=port))
    assert (code, f"PORT must be a number from 1 to 65535, not {port!r}" in words) == (1, True)


def test_a_state_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    code, words = said(UP, environment(tmp_path / "var", PORT=str(free_port())))
    assert code == 1
    assert "var is not writable" in words
    assert "Traceback" not in words


def test_production_refuses_the_embedded_servers(tmp_path: Path) -> None:
    env = environment(tmp_path, DJANGO_SETTINGS_MODULE="backend.config.settings.prod")
    code, words = said(UP, env)
    assert code == 1
    assert "Set DATABASE_URL and CELERY_BROKER_URL." in words


def test_production_tests_ask_for_the_servers(tmp_path: Path) -> None:
    env = environment(tmp_path, DATABASE_URL="postgresql:///x")
    code, words = said([sys.executable, "-m", "backend.local.suite", "--production"], env)
    assert code == 1
    assert "set CELERY_BROKER_URL" in words


def test_a_second_copy_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with servers_up(tmp_path) as first:
        code, words = said(UP, environment(tmp_path, PORT=str(free_port())))
        assert code == 1
        assert f"Another copy (process {first.pid}) is using the state folder {tmp_path}" in words
        assert first.poll() is None


def test_copies_with_folders_of_their_own_run_side_by_side(tmp_path: Path) -> None:
    with ExitStack() as stack:
        for name in ("one", "two"):
            stack.enter_context(servers_up(tmp_path / name))
        put_row(tmp_path / "one")
        put_row(tmp_path / "two")
        assert rows(tmp_path / "one") == rows(tmp_path / "two") == [("còn đây",)]


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        *(pytest.param(n, marks=pytest.mark.slow) for n in (signal.SIGTERM, signal.SIGHUP)),
    ],
)
def test_a_signal_ends_it_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    with servers_up(tmp_path) as site:
        site.send_signal(number)
        assert site.wait(20) == 0
    assert processes.working_in(tmp_path / "postgres" / "data") == []
    assert processes.working_in(tmp_path / "valkey") == []
    assert "database system is shut down" in (tmp_path / "log/postgres.log").read_text()


def test_servers_do_not_outlive_a_killed_supervisor_and_the_rows_stay(tmp_path: Path) -> None:
    with servers_up(tmp_path) as site:
        put_row(tmp_path)
        site.kill()
        site.wait(10)
        wait_until_gone(tmp_path / "postgres" / "data")
        wait_until_gone(tmp_path / "valkey")
    with servers_up(tmp_path):
        assert rows(tmp_path) == [("còn đây",)]


def test_everything_killed_at_once_loses_nothing(tmp_path: Path) -> None:
    with servers_up(tmp_path) as site:
        put_row(tmp_path)
        folders = (tmp_path / "postgres" / "data", tmp_path / "valkey")
        for process in [p for folder in folders for p in processes.working_in(folder)]:
            # A child of the database ends by itself when the postmaster before it is gone.
            with suppress(psutil.NoSuchProcess):
                process.kill()
        site.kill()
        site.wait(10)
    with servers_up(tmp_path):
        assert rows(tmp_path) == [("còn đây",)]


def test_a_database_killed_alone_is_started_again(tmp_path: Path) -> None:
    with servers_up(tmp_path):
        put_row(tmp_path)
        pid_file = tmp_path / "postgres" / "data" / "postmaster.pid"
        killed = int(pid_file.read_text().split()[0])
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while True:
            try:
                assert rows(tmp_path) == [("còn đây",)]
                if int(pid_file.read_text().split()[0]) != killed:
                    break
            except (psycopg.OperationalError, OSError):
                pass
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_server_that_keeps_ending_stops_everything_with_its_log(tmp_path: Path) -> None:
    with servers_up(tmp_path) as site:
        conf = tmp_path / "postgres" / "data" / "postgresql.conf"
        with conf.open("a") as file:
            file.write("\nno_such_setting = 1\n")
        os.kill(int((conf.parent / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        assert site.wait(45) == 1
    assert processes.working_in(tmp_path / "valkey") == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            [],
            [
                "-m",
                "not browser and not slow",
                "-n",
                "2",
                "--dist",
                "loadfile",
                "--no-loadscope-reorder",
            ],
        ),
        (["-m", "slow", "-n0"], ["-m", "slow", "-n0"]),
        (
            ["-x"],
            [
                "-m",
                "not browser and not slow",
                "-n",
                "2",
                "--dist",
                "loadfile",
                "--no-loadscope-reorder",
                "-x",
            ],
        ),
    ],
)
def test_what_the_caller_asks_of_pytest_wins(given: list[str], expected: list[str]) -> None:
    assert default_arguments(given, browser=False) == expected

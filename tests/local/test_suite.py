"""./scripts/test itself: what pytest finds, and what is left afterwards."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.local import processes
from tests.local.copies import ROOT, environment, wait_until

SUITE = [sys.executable, "-m", "backend.local.suite", "-p", "xdist", "-n0", "-c", "/dev/null"]
SEES_SERVERS = """
import os, psycopg
from kombu import Connection

def test_servers():
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        assert database.execute("SHOW fsync").fetchone() == ("off",)
    with Connection(os.environ["CELERY_BROKER_URL"]) as broker:
        broker.ensure_connection(max_retries=1)
"""


@pytest.fixture(autouse=True)
def _few_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading them all costs each of these runs seconds."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def command(folder: Path, code: str) -> list[str]:
    file = folder / "test_it.py"
    file.write_text(code)
    return [*SUITE, f"--rootdir={folder}", str(file)]


@pytest.mark.parametrize(
    ("code", "expected"), [(SEES_SERVERS, 0), ("def test_no():\n    assert False\n", 1)]
)
def test_the_verdict_is_pytests_and_nothing_is_left(
    code: str, expected: int, tmp_path: Path
) -> None:
    var = tmp_path / "var"
    done = subprocess.run(
        command(tmp_path, code), env=environment(var), cwd=ROOT, capture_output=True, timeout=60
    )
    assert done.returncode == expected, done.stdout.decode()
    assert list((var / "test").iterdir()) == []


def test_servers_given_from_outside_are_not_touched(tmp_path: Path) -> None:
    """A newcomer may have DATABASE_URL set for something else."""
    outside = environment(tmp_path / "var", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    done = subprocess.run(command(tmp_path, SEES_SERVERS), env=outside, cwd=ROOT, timeout=60)
    assert done.returncode == 0


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)]
)
def test_a_run_that_is_ended_leaves_no_server(number: signal.Signals, tmp_path: Path) -> None:
    code = "import time\nfrom pathlib import Path\n\ndef test_long():\n"
    code += f"    Path({str(tmp_path / 'began')!r}).touch()\n    time.sleep(60)\n"
    var = tmp_path / "var"
    with subprocess.Popen(command(tmp_path, code), env=environment(var), cwd=ROOT) as suite:
        wait_until((tmp_path / "began").exists, 40)
        (folder,) = (var / "test").iterdir()
        suite.send_signal(number)
        suite.wait(40)
    wait_until(lambda: not processes.working_in(folder / "postgres" / "data"), 15)
    wait_until(lambda: not processes.working_in(folder / "valkey"), 15)
    if number == signal.SIGKILL:  # the next run clears away what this one could not
        again = command(tmp_path, SEES_SERVERS)
        assert subprocess.run(again, env=environment(var), cwd=ROOT, timeout=60).returncode == 0
    assert list((var / "test").iterdir()) == []


def test_missing_browser_programs_are_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "backend.local.suite", "--browser"],
        env=environment(tmp_path / "var", PATH=str(tmp_path), CHROMIUM=""),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The browser tests need chromium, node and npm")

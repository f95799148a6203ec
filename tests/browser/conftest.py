"""A whole site with its sample data, on a database and a port of its own, for real browsers."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from backend.local.stripe_sandbox.server import KEY
from tests.database import copy_database, make_database
from tests.sandbox import SECRET, a_sandbox

ROOT = Path(__file__).resolve().parents[2]
NAME = "caukieu_browser"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _manage(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=600,
        stdout=subprocess.DEVNULL,
    )


def _environment(database: str, folder: Path) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "backend.config.settings.dev",
        "CAUKIEU_VAR": str(folder),
        "CAUKIEU_DB_ROLE": "caukieu_app",
        "CELERY_BROKER_URL": "",
    }


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a site with its sample data and a trained matcher, which is made by the
    first process that wants it; its database is called NAME."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own) / "seeded-site"
    folder.mkdir(exist_ok=True)
    with open(folder.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            environment = _environment(make_database(os.environ["DATABASE_URL"], NAME), folder)
            _manage(environment, "migrate", "--noinput", "-v0")
            _manage(environment, "collectstatic", "--noinput", "-v0")
            _manage(environment, "seed")
            _manage(environment, "run_jobs")
            (folder / "ready").touch()
    return folder


@pytest.fixture(scope="session")
def payments() -> Iterator[str]:
    """The address of a payment sandbox for this process's site. The sample world was made without
    one, so its supporters' pledges have no card; whoever pledges in a journey has."""
    with a_sandbox() as running:
        yield running.base


@pytest.fixture(scope="session")
def site_environment(
    seeded: Path, payments: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What the programs of this process's own copy of the site are started with."""
    return _copy(seeded, payments, tmp_path_factory.mktemp("site"), f"{NAME}_{os.getpid()}")


@pytest.fixture(scope="session")
def site(site_environment: dict[str, str]) -> Iterator[str]:
    """The address of a seeded site with a trained matcher."""
    with _served(site_environment) as base:
        yield base


@pytest.fixture
def fresh_site(seeded: Path, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a served copy, with its own payments, which one journey may use up."""
    with a_sandbox() as running:
        environment = _copy(seeded, running.base, tmp_path / "site", f"{NAME}_{os.getpid()}_fresh")
        with _served(environment):
            yield environment


def _copy(seeded: Path, payments: str, folder: Path, database: str) -> dict[str, str]:
    shutil.copytree(seeded, folder, dirs_exist_ok=True)
    url = copy_database(os.environ["DATABASE_URL"], NAME, database)
    return _environment(url, folder) | {
        "PORT": str(_free_port()),
        "STRIPE_API_KEY": KEY,
        "STRIPE_API_BASE": payments,
        "STRIPE_WEBHOOK_SECRETS": SECRET,
    }


@contextmanager
def _served(environment: dict[str, str]) -> Iterator[str]:
    web = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "-c", "python:backend.config.gunicorn",
         "backend.config.wsgi"],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    base = f"http://127.0.0.1:{environment['PORT']}"
    try:
        _wait(base)
        yield base
    finally:
        web.terminate()
        web.wait(20)


def _wait(base: str) -> None:
    deadline = time.monotonic() + 40
    while True:
        try:
            with urllib.request.urlopen(f"{base}/readyz", timeout=5):
                return
        except OSError:
            assert time.monotonic() < deadline, "the site did not start"
            time.sleep(0.2)

"""How tests start a whole copy of the site, and look at what is left of it."""

import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from backend.local import processes

ROOT = Path(__file__).resolve().parents[2]
UP = [sys.executable, "-m", "backend.local.up"]


def environment(var: Path, **more: str) -> dict[str, str]:
    # What the settings of this test run put into our own environment.
    hidden = {"DATABASE_URL", "CELERY_BROKER_URL", "CAUKIEU_BEGAN", "CAUKIEU_DB_ROLE"}
    hidden |= {"DJANGO_SETTINGS_MODULE", "PORT"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"CAUKIEU_VAR": str(var)} | more


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_gone(folder: Path) -> None:
    wait_until(lambda: not processes.working_in(folder), 15)


def wait_until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)

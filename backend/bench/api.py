"""`./scripts/bench api`: the API on generated projects, beside its baselines, in one run.

    python -m backend.bench.api [--rounds N] [--large N] [--small N]

Uses the PostgreSQL of DATABASE_URL (an owner that may create databases), else one of its own that
is thrown away. Prints one table with ok or FAIL per target of issue 2; exit code 1 when one fails.
"""

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit, urlunsplit

import psycopg

from backend.local import servers

ROOT = Path(__file__).resolve().parents[2]
Numbers = dict[str, dict[str, float]]
Times = dict[str, list[float]]
BURST = 5
SLOW = {"preview", "search drf", "search raw"}
# As a small production server is set (the defaults of PostgreSQL are for 1 GB of memory).
POSTGRES = {"shared_buffers": "512MB", "random_page_cost": "1.1"}
LOAD = """
import django; django.setup()
from backend.accounts.models import Organisation
from backend.bench.generate import load
load({count}, owner_id=Organisation.objects.create(name_vi="Bench", kind="firm").pk)
"""


@dataclass(frozen=True)
class Site:
    """One bench database with the environment of processes that use it."""

    count: int
    environment: dict[str, str]

    def run(self, *command: str) -> str:
        """The output of a Python process of this site; its errors are shown."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *command],
            cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, check=True, text=True,
            timeout=1800,
        )  # fmt: skip
        return done.stdout


def make_site(environment: dict[str, str], count: int) -> Site:
    """A fresh database with `count` projects, migrated and analysed."""
    url, name = environment["DATABASE_URL"], f"caukieu_bench_{count}"
    with psycopg.connect(database_url(url, "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    own = {
        **environment,
        "DATABASE_URL": database_url(url, name),
        "DJANGO_SETTINGS_MODULE": "backend.bench.settings",
    }
    as_owner = Site(count, {**own, "CAUKIEU_DB_ROLE": ""})
    as_owner.run("manage.py", "migrate", "-v", "0")
    as_owner.run("-c", LOAD.format(count=count))
    return Site(count, own)


def database_url(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextlib.contextmanager
def serving(site: Site) -> Iterator[int]:
    """The site behind gunicorn (one process, four threads), as it is deployed; yields its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [
        sys.executable, "-W", "ignore", "-m", "gunicorn", "backend.config.wsgi:application",
        "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "4",
        "--keep-alive", "30", "--log-level", "error",
    ]  # fmt: skip
    server = subprocess.Popen(command, cwd=ROOT, env=site.environment)
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(port: int, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise TimeoutError(f"nothing answers on port {port}")


class Worker:
    """A process that times calls on one site when it is told to."""

    def __init__(self, site: Site, where: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "backend.bench.api_worker", where],
            cwd=ROOT, env=site.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        self.times: Times = {}
        self.names: list[str] = json.loads(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a worker of the bench ended early")
        return line

    def time(self, name: str, count: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([name, count]) + "\n")
        self.process.stdin.flush()
        self.times.setdefault(name, []).extend(json.loads(self._line()))

    def numbers(self) -> Numbers:
        cuts = {n: quantiles(t, n=100, method="inclusive") for n, t in self.times.items()}
        return {name: {"p50": cut[49], "p95": cut[94]} for name, cut in cuts.items()}

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(20)


def measure(small: Worker, large: Worker, web: Worker, rounds: int) -> None:
    """Call by call over all three, so that a busy moment of the machine touches each alike."""
    for number in range(rounds):
        for name in small.names:
            count = BURST if name not in SLOW else 2
            for worker in (small, large, web):
                worker.time(name, count)
        for name in ("facets", "facets filtered", "facets searched"):
            for worker in (small, large):
                worker.time(name, 2)
        if number % 5 == 0:
            for worker in (small, large, web):
                worker.time("mix", 1)
        if number % 5 == 1:
            for worker in (small, large):
                worker.time("mix cold", 1)


@dataclass(frozen=True)
class Target:
    about: str
    value: float
    limit: float
    unit: str

    @property
    def is_met(self) -> bool:
        return self.value <= self.limit

    def line(self) -> str:
        mark = "ok  " if self.is_met else "FAIL"
        return f"{mark}  {self.about:<58} {self.value:9.2f} {self.unit:<3} (≤ {self.limit:g})"


def targets(small: Numbers, large: Numbers, web: Numbers) -> list[Target]:
    def ratio(numbers: Numbers, one: str, other: str) -> float:
        return numbers[one]["p50"] / numbers[other]["p50"]

    found = []
    for place, numbers in (("in process", large), ("over HTTP", web)):
        found += [
            Target(f"list against plain DRF, {place} (≥ 2 times faster)",
                   ratio(numbers, "list ours", "list drf"), 0.5, "×"),
            Target(f"list against psycopg + json, {place}",
                   ratio(numbers, "list ours", "list raw"), 3, "×"),
        ]  # fmt: skip
    for name in ("list ours", "filtered ours", "search ours", "mix", "project ours"):
        grown = large[name]["p50"] / small[name]["p50"]
        about = name.removesuffix(" ours").replace("mix", "search, median of the 200 queries")
        found.append(Target(f"growth of {about}, small to large", grown, 1.5, "×"))
    for name in ("facets", "facets filtered", "facets searched"):
        found.append(Target(f"{name}, nothing kept, p95", large[name]["p95"], 150, "ms"))
    return [
        *found,
        Target("200 queries, nothing kept: search and count, p95", large["mix cold"]["p95"], 50,
               "ms"),
        Target("200 queries, whole answer in process, p95", large["mix"]["p95"], 50, "ms"),
        Target("the deepest page against the first", ratio(large, "deepest", "list ours"), 1.3,
               "×"),
        Target("a match preview, in process, p50", large["preview"]["p50"], 60, "ms"),
        Target("API list of 20 in process, p95", large["list ours"]["p95"], 10, "ms"),
    ]  # fmt: skip


def print_times(title: str, numbers: Numbers) -> None:
    print(f"\n{title}\n{'call':<20} {'p50 ms':>9} {'p95 ms':>9}")
    for name, parts in numbers.items():
        print(f"{name:<20} {parts['p50']:9.2f} {parts['p95']:9.2f}")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--small", type=int, default=1_000)
    parser.add_argument("--large", type=int, default=100_000)
    return parser.parse_args()


def _run(small_site: Site, large_site: Site, rounds: int) -> tuple[Numbers, Numbers, Numbers]:
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(serving(large_site))
        small = Worker(small_site, "local")
        stack.callback(small.stop)
        large = Worker(large_site, "local")
        stack.callback(large.stop)
        web = Worker(large_site, f"http:{port}")
        stack.callback(web.stop)
        measure(small, large, web, rounds)
        return small.numbers(), large.numbers(), web.numbers()


def main() -> int:
    asked = read_arguments()
    os.environ.setdefault("DEBUG", "0")
    with (
        tempfile.TemporaryDirectory(prefix="ck-") as folder,
        servers.running(Path(folder), POSTGRES) as environment,
    ):
        started = time.monotonic()
        small_site, large_site = (make_site(environment, n) for n in (asked.small, asked.large))
        print(
            f"made {asked.small} and {asked.large} projects in {time.monotonic() - started:.0f} s"
        )
        small, large, web = _run(small_site, large_site, asked.rounds)
    for title, numbers in (
        (f"In process, {asked.small} projects", small),
        (f"In process, {asked.large} projects", large),
        (f"Over HTTP, {asked.large} projects", web),
    ):
        print_times(title, numbers)
    print()
    found = targets(small, large, web)
    for target in found:
        print(target.line())
    return 0 if all(target.is_met for target in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""`./scripts/bench faults`: a round of many pledges is collected while Stripe keeps failing.

    python -m backend.bench.faults [--count N] [--rate SHARE] [--workers N]

Every request may meet a fault before or after its effect: 500, 503, 429, 409, a timeout, a reset, a
broken or cut answer. Workers are processes. After each drain both clocks move on by twenty minutes,
until nothing is due or a day of the clock is over. What counts is the sandbox's own list of money
that moved. The pace (10 charges a second) is lifted here; it has tests of its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from backend.bench.api import Site, database_url
from backend.local import payments, servers

WORLD = "backend.bench.faults_world"
ACTIONS = ["500", "503", "429", "409", "timeout", "reset", "garbage", "truncated"]
POSTGRES = {"synchronous_commit": "off", "shared_buffers": "256MB"}
STEP_S = 20 * 60
DAY_S = 24 * 3600


def make_site(environment: dict[str, str], base: str) -> Site:
    url, name = environment["DATABASE_URL"], "caukieu_bench_faults"
    with psycopg.connect(database_url(url, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    own = {
        **environment,
        "DATABASE_URL": database_url(url, name),
        "DJANGO_SETTINGS_MODULE": "backend.bench.settings",
        "STRIPE_API_KEY": payments.KEY,
        "STRIPE_API_BASE": base,
        "STRIPE_TIMEOUT_S": "1",
        "LOG_LEVEL": "CRITICAL",
        "CELERY_BROKER_URL": "",
    }
    as_owner = Site(0, {**own, "CAUKIEU_DB_ROLE": ""})
    as_owner.run("manage.py", "migrate", "-v", "0")
    as_owner.run("-m", WORLD, "project")
    return Site(0, own)


@contextmanager
def sandbox() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "backend.local.stripe_sandbox"],
        cwd=servers.ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.wait(20)


def told(base: str, name: str, **body: Any) -> Any:
    request = urllib.request.Request(  # noqa: S310
        f"{base}/_sandbox/{name}", json.dumps(body).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
        return json.loads(answer.read())


def drain(site: Site, workers: int) -> int:
    """Let the workers run until nothing is due; how many rows they took up."""
    children = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", WORLD, "work"],
            cwd=servers.ROOT, env=site.environment, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(workers)
    ]  # fmt: skip
    return sum(int(child.communicate()[0].split()[-1]) for child in children)


def collect(site: Site, workers: int) -> tuple[float, int]:
    """Run until nothing waits or a day of the clock is over: seconds of the clock, and how many
    rows were ever left behind by a drain though no fault had met them."""
    passed, left_behind = 0.0, 0
    while passed <= DAY_S:
        drain(site, workers)
        waiting, unhurt = map(int, site.run("-m", WORLD, "waiting").split())
        left_behind += unhurt
        print(f"  clock +{passed / 60:5.0f} min: {waiting} pause after a fault", flush=True)
        if waiting == 0:
            break
        passed += STEP_S
        site.run("-m", WORLD, "clock", str(passed))
    return passed, left_behind


def verdict(site: Site, base: str, count: int) -> dict[str, tuple[bool, str]]:
    """What must hold, with what was seen."""
    told(base, "faults", clear=True)
    facts = json.loads(site.run("-m", WORLD, "facts").strip().splitlines()[-1])
    charges = Counter(
        e["metadata"].get("obligation_id")
        for e in told(base, "effects") if e["kind"] == "charge"
    )  # fmt: skip
    sums = {
        e["metadata"].get("obligation_id"): [e["amount"], e["currency"].upper()]
        for e in told(base, "effects") if e["kind"] == "charge"
    }  # fmt: skip
    twice = sum(n > 1 for n in charges.values())
    wrong = sum(sums.get(id_) != wanted for id_, wanted in facts["wanted"].items())
    return {
        "every pledge charged exactly once": (
            len(charges) == count and twice == 0, f"{len(charges)} charged, {twice} more than once"
        ),
        "every sum is the pledge's": (wrong == 0, f"{wrong} wrong"),
        "every charge is known here": (
            facts["succeeded"] == facts["collected"] == count, f"{facts['succeeded']}"
        ),
        "the ledger's checks find nothing": (facts["findings"] == 0, f"{facts['findings']}"),
        "the comparison with Stripe finds nothing": (facts["breaks"] == 0, f"{facts['breaks']}"),
        "no intent is left over": (facts["orphans"] == 0, f"{facts['orphans']}"),
        "every request is as the SDK says": (
            not told(base, "violations"), f"{len(told(base, 'violations'))} violations"
        ),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ck-") as folder,
        servers.running(Path(folder), POSTGRES) as environment,
        sandbox() as base,
    ):
        site = make_site(environment, base)
        began = time.monotonic()
        site.run("-m", WORLD, "prepare", str(asked.count))
        print(f"{asked.count} pledges with cards in {time.monotonic() - began:.0f} s", flush=True)
        told(base, "faults", faults=[
            {"match": {}, "when": when, "action": ACTIONS, "times": 0, "rate": asked.rate / 2,
             "seconds": 1.2}
            for when in ("before", "after")
        ])  # fmt: skip
        hits_before = told(base, "requests")["count"]
        began = time.monotonic()
        passed, left_behind = collect(site, asked.workers)
        wall = time.monotonic() - began
        hits = sum(f.get("hits", 0) for f in told(base, "faults"))
        calls = told(base, "requests")["count"] - hits_before
        found = verdict(site, base, asked.count)
    pace = asked.count / wall
    print(f"\n{calls} requests, {hits} faults, {wall:.0f} s of wall time ({pace:.0f} charges/s), "
          f"{passed / 60:.0f} minutes of the clock")  # fmt: skip
    found["everything resolves within a day of the clock"] = (passed <= DAY_S, f"{passed:.0f} s")
    found["only what met a fault waits for its next try"] = (left_behind == 0, f"{left_behind}")
    for about, (is_met, seen) in found.items():
        print(f"{'ok  ' if is_met else 'FAIL'}  {about:<48} {seen}")
    return 0 if all(is_met for is_met, _seen in found.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())

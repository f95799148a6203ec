"""`./scripts/bench flows`: a snapshot of ten million ledger rows, killed midway and taken up.

    python -m backend.bench.flows [--rows N] [--more N]

Loads an invented ledger by COPY as the owner of a database of its own (thrown away) and verifies
it, load and check timed apart. Then, as the application's role: the night is killed with SIGKILL
when four tenths are added up, begun again and finished; the same figures by one plain GROUP BY; a
second night with N more entries; the public page out of the snapshot, and one at full size.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg

from backend.bench.api import POSTGRES, Site, database_url
from backend.local import servers

WORLD, NIGHT = "backend.bench.flows_world", "backend.bench.flows_night"
FULL = "backend.bench.flows_full"
DATABASE = "caukieu_bench_flows"
MOST_QUERIES, MOST_MS, MOST_MB = 3, 20.0, 300


def make_site(environment: dict[str, str]) -> tuple[Site, Site]:
    """The same empty database as its owner and as the application's role."""
    with psycopg.connect(
        database_url(environment["DATABASE_URL"], "postgres"), autocommit=True
    ) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    own = {
        **environment,
        "DATABASE_URL": database_url(environment["DATABASE_URL"], DATABASE),
        "DJANGO_SETTINGS_MODULE": "backend.config.settings.dev",
    }
    owner = Site(0, {**own, "CAUKIEU_DB_ROLE": ""})
    owner.run("manage.py", "migrate", "-v", "0")
    owner.run("manage.py", "collectstatic", "--noinput", "-v", "0")
    return owner, Site(0, own)


def _result(site: Site, *command: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(site.run("-m", *command).strip().splitlines()[-1])
    return answer


def verify(site: Site) -> dict[str, Any]:
    """The checks of the book, and every hash of its chain computed again in two halves at once."""
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(lambda n: _result(site, WORLD, "chain", str(n), "2"), (0, 1)))
    found = _result(site, WORLD, "verify")
    return found | {
        "chain": "".join(half["problem"] for half in halves),
        "places": sum(half["places"] for half in halves),
        "seconds": round(time.monotonic() - began, 1),
    }


def kill_midway(site: Site, entries: int) -> tuple[float, int]:
    """Begin a night and kill its process; seconds it lived and the place that was kept."""
    began = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", NIGHT, "night"], cwd=servers.ROOT,
        env=site.environment, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    with psycopg.connect(site.environment["DATABASE_URL"], autocommit=True) as connection:
        reached = 0
        while child.poll() is None and reached < entries * 4 // 10:
            time.sleep(0.05)
            row = connection.execute("SELECT position FROM insights_ledgermark").fetchone()
            reached = row[0] if row else 0
        child.kill()
        child.wait(30)
        took = time.monotonic() - began
        row = connection.execute(
            "SELECT (SELECT position FROM insights_ledgermark), (SELECT count(*) FROM "
            "insights_snapshot)"
        ).fetchone()
        assert row is not None
        assert row[1] == 0, "a snapshot stands although its night was killed"
        return took, int(row[0] or 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--more", type=int, default=2_000)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="ck-") as folder,
        servers.running(Path(folder), POSTGRES) as environment,
    ):
        owner, site = make_site(environment)
        loaded = _result(owner, WORLD, "load", str(asked.rows))
        print(f"loaded by COPY as the owner in {loaded['seconds']} s", flush=True)
        checked = verify(site)
        transfers, entries, pledges = checked["counts"]
        print(f"{transfers:,} ledger rows of {entries:,} entries, {pledges:,} pledges")
        print(f"verified as the application: {checked['seconds']} s, {checked['findings']} "
              f"findings {checked['first']}, {checked['places']:,} hashes", flush=True)  # fmt: skip
        lived, kept = kill_midway(site, entries)
        first = _result(site, NIGHT, "night")
        print(f"night done in {first['seconds']} s after the kill", flush=True)
        plain = _result(site, NIGHT, "plain")
        site.run("-m", NIGHT, "more", str(asked.more))
        second = _result(site, NIGHT, "night")
        page = _result(site, NIGHT, "page") | {"full": _result(site, FULL)}
    return _report(lived, kept, first, plain, second, page, checked)


def _report(
    lived: float,
    kept: int,
    first: dict[str, Any],
    plain: dict[str, Any],
    second: dict[str, Any],
    page: dict[str, Any],
    checked: dict[str, Any],
) -> int:
    print(f"night, killed after {lived:.1f} s at entry {kept:,}; taken up at {first['from']:,}, "
          f"done in {first['seconds']} s, {first['rows']} public rows, "
          f"peak {first['peak_mb']} MB")  # fmt: skip
    print(f"plain GROUP BY of the same figures: {plain['group_by']} s, {plain['groups']:,} groups")
    print(f"next night: {second['to'] - second['from']:,} entries, {second['seconds']} s, peak "
          f"{second['peak_mb']} MB")  # fmt: skip
    for name in ("warm", "cold"):
        one = page[name]
        print(f"page, {name}: {one['queries']} queries, {one['p50']} ms p50, {one['p95']} ms p95, "
              f"{one['own']} ms of its own processor time")  # fmt: skip
    print(f"{page['kb']} KB, {page['cache']}")
    full = page["full"]
    print(f"page at full size ({full['rows']:,} rows, {full['hidden']} hidden in "
          f"{full['hiding_s']} s, {full['kb']} KB), made from nothing: {full['least']} ms least, "
          f"{full['median']} ms median of {full['renders']}, processor time\n")  # fmt: skip
    targets = {
        "the loaded book is sound and its chain whole": checked["findings"] == 0
        and checked["chain"] == "" and checked["places"] == checked["counts"][1],
        "taken up where it was killed, nothing read twice": first["from"] == kept > 0,
        "the kept sums equal the plain GROUP BY to the unit": plain["same"]
        and plain["transfers"] == checked["counts"][0],
        f"the process stays below {MOST_MB} MB": first["peak_mb"] < MOST_MB,
        f"the page takes at most {MOST_QUERIES} queries": page["cold"]["queries"] <= MOST_QUERIES,
        f"the page takes at most {MOST_MS:.0f} ms (p50)": page["warm"]["p50"] <= MOST_MS,
        "at full size and with nothing kept too (median)": full["median"] <= MOST_MS,
        "the page may be kept by caches": "public" in page["cache"],
    }  # fmt: skip
    for words, is_met in targets.items():
        print(f"{'ok  ' if is_met else 'FAIL'}  {words}")
    return 0 if all(targets.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())

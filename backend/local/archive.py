"""`scripts/backup FILE` and `scripts/restore FILE`: the database and the uploads in one archive.

The archive is a tar file with `database.dump` (pg_dump, custom format, without owners), `media/`
and `about.json` (when it was made, of which migrations). Restoring refuses a database that holds
tables.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from backend.local import manage, postgres
from backend.local.state import StartError

CHECK_CODE = (
    "import django; django.setup();"
    "from django.core.management import call_command as c;"
    "c('migrate', interactive=False, verbosity=0); c('check', databases=['default'])"
)


def _program(name: str) -> str:
    """pg_dump and its kin: of the wheel for the embedded server, else what PATH has."""
    for folder in postgres.installations().values():
        if (folder / name).exists() and not os.environ.get("DATABASE_URL"):
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise StartError(f"{name} is not installed. It comes with PostgreSQL's client programs.")
    return found


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise StartError(f"{Path(command[0]).name} failed:\n{done.stderr[-2000:]}")


def _rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def backup(target: Path) -> None:
    """Write the archive; an existing file is not overwritten."""
    if target.exists():
        raise StartError(f"{target} exists already.")
    with manage.database() as url, tempfile.TemporaryDirectory(dir=target.parent) as folder:
        dump = Path(folder) / "database.dump"
        _run(_program("pg_dump"), "--format=custom", "--no-owner", f"--file={dump}", url)
        migrations = _rows(url, "SELECT app, name FROM django_migrations ORDER BY 1, 2")
        about = Path(folder) / "about.json"
        about.write_text(
            json.dumps({"made_at": datetime.now(UTC).isoformat(), "migrations": migrations})
        )
        part = Path(folder) / "part.tar"
        with tarfile.open(part, "w") as archive:
            archive.add(about, "about.json")
            archive.add(dump, "database.dump")
            media = manage.state_folder() / "media"
            if media.exists():
                archive.add(media, "media")
        part.rename(target)
    print(f"Backed up to {target} ({target.stat().st_size:,} bytes)")


def restore(source: Path) -> None:
    """Fill an empty database from an archive, bring an older one up to this release, and check the
    result."""
    if not tarfile.is_tarfile(source):
        raise StartError(f"{source} is not an archive of scripts/backup.")
    with manage.database() as url, tempfile.TemporaryDirectory() as folder:
        if _rows(url, "SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1"):
            raise StartError("The database holds tables. Restore into an empty one.")
        with tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
        dump = Path(folder) / "database.dump"
        if not dump.exists():
            raise StartError(f"{source} holds no database.")
        # Grants in the dump name this role; roles belong to the cluster, not to the database.
        with psycopg.connect(url, autocommit=True) as connection:
            _ensure_role(connection)
        _run(_program("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={url}", str(dump))
        media = Path(folder) / "media"
        if media.exists():
            shutil.copytree(media, manage.state_folder() / "media", dirs_exist_ok=True)
        manage.set_environment(url)
        subprocess.run(
            [sys.executable, "-c", CHECK_CODE],
            check=True,
            env={**os.environ, "CAUKIEU_DB_ROLE": ""},
        )
        files, lost = _files_of_proposals(url)
    if lost:
        raise StartError(
            f"Restored, but {len(lost)} of {files} files of proposals are not in the archive, "
            f"or not whole. The first: {lost[0]}"
        )
    print(f"Restored and checked. Files of proposals in place: {files}")


def _files_of_proposals(url: str) -> tuple[int, list[str]]:
    """How many files the database names, and those whose bytes are not here under their hash."""
    rows = _rows(url, "SELECT DISTINCT sha256, size_bytes FROM projects_document ORDER BY 1")
    lost = []
    for sha256, size in rows:
        path = manage.state_folder() / "media" / "documents" / str(sha256)[:2] / str(sha256)
        whole = path.is_file() and path.stat().st_size == size
        if not (whole and hashlib.sha256(path.read_bytes()).hexdigest() == sha256):
            lost.append(str(sha256))
    return len(rows), lost


def _ensure_role(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'caukieu_app'").fetchone()
    if found is None:
        connection.execute("CREATE ROLE caukieu_app NOLOGIN")
        connection.execute("GRANT caukieu_app TO CURRENT_USER")


def main() -> int:
    action, path = sys.argv[1], Path(sys.argv[2]).resolve()
    try:
        {"backup": backup, "restore": restore}[action](path)
    except (StartError, OSError, psycopg.Error, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

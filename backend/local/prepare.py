"""Bring database, sample data and static files up to date in one Django process.

`python -m backend.local.prepare FOLDER [--quick] [--alone]`: writes the demo people's table to
FOLDER/demo_people.txt. `--quick` (nothing changed since the last time) only checks the migrations;
`--alone` says that no worker but this copy's own uses the database.
"""

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from backend.local import progress
from backend.local.fingerprint import STATIC, fingerprint, is_recorded

ROLE = "CAUKIEU_DB_ROLE"
# Scripts and styles of packages whose own pages we do not show; compressing them costs seconds.
UNUSED_STATIC = ["rest_framework", "account", "mfa", "ext"]


def main(folder: Path, *, quick: bool, alone: bool) -> None:
    role = os.environ.get(ROLE, "caukieu_app")
    os.environ[ROLE] = ""  # the schema's owner, until the schema stands
    django.setup()
    if has_pending_migrations():
        progress.say("Database tables")
        call_command("migrate", verbosity=0, interactive=False)
        quick = False
    _act_as_site(role)
    if not quick:
        collect_static(folder)
        progress.say("Sample data")
        # Who reads the steps on a terminal is not helped by what jobs write for a log.
        logging.disable(logging.INFO)
        call_command("seed", stdout=progress.Lines())
        logging.disable(logging.NOTSET)
    if alone:
        # A training that was killed is taken up at once, not when its lease has run out.
        call_command("release_leases")
    _write_people(folder / "demo_people.txt")


def has_pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def collect_static(folder: Path) -> None:
    """Hashed names and compressed copies of what the browser loads, when a source changed."""
    made, now = folder / "static-made", fingerprint(*STATIC)
    if is_recorded(made, now) and (folder / "static" / "staticfiles.json").exists():
        return
    progress.say("Static files")
    made.unlink(missing_ok=True)
    call_command(
        "collectstatic", verbosity=0, interactive=False, clear=True, ignore_patterns=UNUSED_STATIC
    )
    made.write_text(now)


def _act_as_site(role: str) -> None:
    """From here on as web and workers: what the site may not do, the sample data may not either."""
    connection.close()
    options = connection.settings_dict["OPTIONS"]
    if role:
        options["options"] = f"{options.get('options', '')} -c role={role}".strip()


def _write_people(file: Path) -> None:
    """Readable by the owner alone: the table says how to sign in."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as output:
        call_command("demo_people", stdout=output)


def run(arguments: Sequence[str]) -> None:
    options = set(arguments[1:])
    main(Path(arguments[0]), quick="--quick" in options, alone="--alone" in options)


if __name__ == "__main__":
    run(sys.argv[1:])

"""Whether anything changed since the state folder was last brought up to date."""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from backend.local import servers
from backend.local.state import State


def _record(state: State) -> Path:
    # Beside the cluster: whoever deletes the database deletes the claim that it is up to date.
    return state.postgres / "prepared"


def is_prepared(state: State, value: str) -> bool:
    """Only ever true of our own cluster: another database may change without us."""
    if servers.is_given("postgres") or not (state.root / "static" / "staticfiles.json").exists():
        return False
    try:
        return _record(state).read_text() == value
    except FileNotFoundError:
        return False


def remember_prepared(state: State, value: str) -> None:
    if not servers.is_given("postgres"):
        _record(state).write_text(value)


def fingerprint() -> str:
    """Changes when code, migrations, sample data or static files change."""
    facts = hashlib.sha256(sys.version.encode())
    for file in _sources():
        seen = file.stat()
        facts.update(
            f"{file.relative_to(servers.ROOT)} {seen.st_size} {seen.st_mtime_ns}\n".encode()
        )
    return facts.hexdigest()


def _sources() -> Iterator[Path]:
    for top in ("backend", "frontend-templates/static", "requirements"):
        for folder, folders, names in os.walk(servers.ROOT / top):
            folders[:] = sorted(set(folders) - {"__pycache__"})
            yield from (Path(folder) / name for name in sorted(names))

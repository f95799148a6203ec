"""Whether anything changed since the state folder was last brought up to date."""

import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from backend.local import servers
from backend.local.state import State

STATIC = ("frontend-templates/static", "requirements")
EVERYTHING = ("backend", *STATIC)


def fingerprint(*tops: str) -> str:
    """Changes when a file under these folders of the project changes, by size and time."""
    facts = hashlib.sha256(sys.version.encode())
    for file in _sources(tops or EVERYTHING):
        try:
            seen = file.stat()
        except OSError:  # an editor's passing file
            continue
        name = file.relative_to(servers.ROOT)
        facts.update(f"{name} {seen.st_size} {seen.st_mtime_ns}\n".encode())
    return facts.hexdigest()


def _sources(tops: tuple[str, ...]) -> Iterator[Path]:
    for top in tops:
        for folder, folders, names in os.walk(servers.ROOT / top):
            folders[:] = sorted(set(folders) - {"__pycache__"})
            yield from (Path(folder) / name for name in sorted(names))


def is_recorded(record: Path, value: str) -> bool:
    try:
        return record.read_text() == value
    except FileNotFoundError:
        return False


def _prepared(state: State) -> Path:
    # Beside the cluster: whoever deletes the database deletes the claim that it is up to date.
    return state.postgres / "prepared"


def is_prepared(state: State, value: str) -> bool:
    """Only ever true of our own cluster: another database may change without us."""
    if servers.is_given("postgres") or not (state.root / "static" / "staticfiles.json").exists():
        return False
    return is_recorded(_prepared(state), value)


def remember_prepared(state: State, value: str) -> None:
    if not servers.is_given("postgres"):
        _prepared(state).write_text(value)

"""The state folder: everything that one running copy of the site keeps on this machine."""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LEAST_FREE_BYTES = 500 * 1024 * 1024
# sun_path holds 108 bytes with the closing NUL; ".s.PGSQL.5432.lock" is our longest name.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432.lock")
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


class StartError(Exception):
    """The site cannot start; the message is the sentence that the person at the terminal reads."""


@dataclass(frozen=True)
class State:
    """One state folder. ``sockets`` may lie elsewhere: socket paths must be short and plain."""

    root: Path
    sockets: Path

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def valkey(self) -> Path:
        return self.root / "valkey"

    def log(self, name: str) -> Path:
        return self.root / "log" / f"{name}.log"


def open_state(root: Path, *, needed_bytes: int = LEAST_FREE_BYTES) -> State:
    """Make the folder when absent and check that it can be used.

    Raises StartError when it is not writable or its disk has fewer than ``needed_bytes`` free.
    """
    root = Path(os.path.abspath(root))
    try:
        (root / "log").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as probe:
            probe.write(b"x")
            probe.flush()
        check_disk(root, needed_bytes)
        return State(root, _socket_folder(root))
    except OSError as error:
        raise StartError(_why_unusable(root, error)) from None


def _why_unusable(root: Path, error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"The disk of the state folder {root} is full. Free some space and start again."
    return (
        f"The state folder {root} is not writable ({error.strerror}). "
        "Set CAUKIEU_VAR to a folder that you can write to."
    )


def check_disk(folder: Path, needed_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        mega = 1024 * 1024
        raise StartError(
            f"The disk of {folder} has {free // mega} MB free; {needed_bytes // mega} MB are "
            "needed. Free some space, or set CAUKIEU_VAR to a folder on another disk."
        )


def lock_state(state: State) -> IO[str]:
    """Hold the folder for this process; the lock ends with the process, however it ends."""
    file = open(state.root / "lock", "a+", encoding="utf-8")  # noqa: SIM115 (held by the caller)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise StartError(
            f"Another copy (process {owner}) is using the state folder {state.root}. Stop it, "
            "or set CAUKIEU_VAR and PORT to other values to run a second copy beside it."
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def is_locked(root: Path) -> bool:
    """Whether a running copy holds the folder."""
    try:
        with open(root / "lock", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _socket_folder(root: Path) -> Path:
    """``run`` in the state folder, or a short one under the temporary folder, written down."""
    inside = root / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER and PLAIN_PATH.fullmatch(str(inside)):
        inside.mkdir(mode=0o700, exist_ok=True)
        inside.chmod(0o700)
        return inside
    record = root / "socket-folder"
    if record.exists():
        recorded = Path(record.read_text(encoding="utf-8"))
        if _make_private(recorded):
            return recorded
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"caukieu-{name}"
    if not _make_private(short):
        short = Path(tempfile.mkdtemp(prefix="caukieu-", dir="/tmp"))
    record.write_text(str(short), encoding="utf-8")
    return short


def leave_sockets(root: Path) -> None:
    """Take an emptied socket folder outside the state folder away; the next start makes it anew."""
    with contextlib.suppress(OSError):
        Path((root / "socket-folder").read_text(encoding="utf-8")).rmdir()


def _make_private(folder: Path) -> bool:
    """True when the folder is ours alone: whoever may enter it may use the database."""
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER:
        return False
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        facts = folder.lstat()
    except OSError:
        return False
    owner_only = (facts.st_mode & 0o777) == 0o700
    return folder.is_dir() and not folder.is_symlink() and owner_only and _is_mine(facts.st_uid)


def _is_mine(uid: int) -> bool:
    return uid == os.geteuid()

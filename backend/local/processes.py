"""Child processes: started so that they end with their parent, found again, ended in time."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import psutil

# In the environment of every child: a later run finds what outlived a `kill -9` by it.
T = TypeVar("T")
MARK = "CAUKIEU_CHILD_OF"
LOG_LIMIT_BYTES = 10 * 1024 * 1024
_PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    when_parent_dies: signal.Signals = signal.SIGTERM,
) -> "subprocess.Popen[bytes]":
    """Start ``command`` in a session of its own, its output appended to ``log``.

    Call it from the main thread: Linux counts the death of the starting thread.
    """
    _rotate(log)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            start_new_session=True,
            preexec_fn=end_with_parent(when_parent_dies),
        )


def end_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What a forked child runs before exec, so that the kernel ends it when its parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def _rotate(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".1.log"))


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, indented, for a message at the terminal."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"    {line}" for line in lines[-count:])


def working_in(folder: Path) -> list[psutil.Process]:
    """Live processes whose working folder is ``folder``: how servers are known for certain.

    A process id in a file proves nothing: the number may have passed to another program.
    """
    wanted = os.path.realpath(folder)
    return [p for p in _others() if _fact(p.cwd) == wanted]


def marked(root: Path) -> list[psutil.Process]:
    """Live processes that an earlier run for this state folder left behind."""
    return [p for p in _others() if (_fact(p.environ) or {}).get(MARK) == str(root)]


def _others() -> Iterable[psutil.Process]:
    mine = os.getpid()
    return (p for p in psutil.process_iter() if p.pid != mine and is_alive(p))


def is_alive(process: psutil.Process) -> bool:
    """A zombie is not alive: it holds no memory, no socket and no lock."""
    try:
        running: bool = process.is_running()
        return running and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _fact(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except (psutil.Error, OSError):
        return None


def end_all(
    processes: Sequence[psutil.Process], steps: Sequence[tuple[signal.Signals, float]]
) -> None:
    """Send each signal in turn to those still alive, waiting up to its seconds."""
    left = list(processes)
    for number, seconds in steps:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.send_signal(number)
        deadline = time.monotonic() + seconds
        while (left := [p for p in left if is_alive(p)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        if not left:
            return


def end(
    child: "subprocess.Popen[bytes]",
    steps: Sequence[tuple[signal.Signals, float]],
    *,
    told: bool = False,
) -> None:
    """End one child of ours: each signal in turn, each with its seconds; then SIGKILL.

    ``told``: the first signal was sent before, only its wait is left.
    """
    for number, seconds in [*steps, (signal.SIGKILL, 5.0)]:
        if child.poll() is not None:
            return
        if not told:
            child.send_signal(number)
        told = False
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(seconds)

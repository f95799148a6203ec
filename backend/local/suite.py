"""Behind ./scripts/test: servers of its own, pytest, and everything stopped afterwards."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from backend.local import messages, processes, servers
from backend.local.state import StartError, is_locked, leave_sockets

# Nobody needs these rows after a power cut, so nothing waits for the disk.
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
}
BROWSER_TOOLS = servers.ROOT / "tests" / "browser"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
EVERYDAY = "not browser and not slow"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="./scripts/test",
        description="Run the tests; what is not named here goes to pytest.",
        allow_abbrev=False,
    )
    parser.add_argument("--browser", action="store_true", help="add the browser tests")
    parser.add_argument(
        "--production", action="store_true", help="use DATABASE_URL and CELERY_BROKER_URL"
    )
    options, rest = parser.parse_known_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        if options.browser:
            prepare_browser()
        messages.compile_when_stale()
        return run_production(options, rest) if options.production else run_alone(options, rest)
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def run_production(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """The same tests on the servers that a public site would use."""
    missing = [name for server, name in servers.GIVEN.items() if not servers.is_given(server)]
    if missing:
        raise StartError(
            f"--production tests on servers of your own: set {' and '.join(missing)} "
            "(a PostgreSQL whose role may create databases and roles, and a Redis or Valkey)."
        )
    folder = _fresh_folder(servers.state_folder() / "test")
    try:
        return _pytest(options, rest, os.environ | {"CAUKIEU_VAR": str(folder)})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_alone(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """On an embedded PostgreSQL and Valkey made for this run, whatever else is set outside."""
    for name in servers.GIVEN.values():
        os.environ.pop(name, None)
    folder = _fresh_folder(servers.state_folder() / "test")
    try:
        with servers.running(folder, THROW_AWAY) as environment:
            return _pytest(options, rest, environment)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fresh_folder(parent: Path) -> Path:
    """A state folder for one run; those of runs that were killed are cleared away."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for old in parent.glob("run-*"):
            if not is_locked(old):
                leave_sockets(old)
                shutil.rmtree(old, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
        (folder / "static").mkdir()  # where the settings look for collected files
        return folder
    except OSError as error:
        raise StartError(
            f"The folder {parent} is not writable ({error.strerror}). "
            "Set CAUKIEU_VAR to a folder that you can write to."
        ) from None


def _pytest(options: argparse.Namespace, rest: Sequence[str], environment: dict[str, str]) -> int:
    environment = environment | {
        "DJANGO_SETTINGS_MODULE": "backend.config.settings.test",
        # Where tests/database.py keeps what the migrations made, for the next run.
        "CAUKIEU_TEST_CACHE": str(servers.state_folder() / "test-cache"),
    }
    command = [sys.executable, "-m", "pytest", *default_arguments(rest, browser=options.browser)]
    end_with_us = processes.end_with_parent(signal.SIGTERM)

    def begin() -> None:
        # A shell lets what it starts in the background ignore SIGINT, children included: pytest
        # would use up all the time that it has to end.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if end_with_us is not None:
            end_with_us()

    child = subprocess.Popen(command, env=environment, preexec_fn=begin)
    try:
        return child.wait()
    finally:
        # The terminal tells pytest about Ctrl-C as well; it prints what it found, then ends.
        told = isinstance(sys.exc_info()[1], KeyboardInterrupt)
        processes.end(child, ((signal.SIGINT, 20.0), (signal.SIGTERM, 5.0)), told=told)


def default_arguments(rest: Sequence[str], *, browser: bool) -> list[str]:
    """The caller's own choice of tests and of processes wins over ours."""
    given = {word.split("=")[0] for word in rest}
    ours = []
    if not given & {"-m"}:
        ours += ["-m", "not slow" if browser else EVERYDAY]
    if not given & {"-n", "--numprocesses"} and not any(word.startswith("-n") for word in rest):
        ours += ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
    return [*ours, *rest]


def prepare_browser() -> None:
    """Chromium, node and the npm tools of tests/browser, or a sentence about what is missing."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM)), None)
    npm = shutil.which("npm")
    if not chromium or not npm or not shutil.which("node"):
        raise StartError(
            "The browser tests need chromium, node and npm "
            "(Debian: apt install chromium nodejs npm)."
        )
    os.environ["CHROMIUM"] = chromium
    if (BROWSER_TOOLS / "node_modules").exists():
        return
    environment = os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"}
    pinned = (BROWSER_TOOLS / "package-lock.json").exists()
    command = [npm, "ci" if pinned else "install", "--no-audit", "--no-fund"]
    if subprocess.run(command, cwd=BROWSER_TOOLS, env=environment).returncode != 0:
        raise StartError("The browser tools of tests/browser could not be installed by npm.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

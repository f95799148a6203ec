"""Make the environment inside the project, then become it: bootstrap.py KIND MODULE [ARGUMENTS].

Runs on any Python >= 3.11 with the standard library alone. KIND is `run`, `test` or `bench`:
which requirements are needed. A stamp with the hash of the requirements makes later starts skip
all this.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NEEDED = {
    "run": ["runtime.txt"],
    "test": ["runtime.txt", "test.txt"],
    "bench": ["runtime.txt", "bench.txt"],
}
LEAST_FREE_BYTES = 1500 * 1024 * 1024


def main(kind: str, module: str, arguments: Sequence[str]) -> NoReturn:
    os.environ["CAUKIEU_BEGAN"] = str(time.monotonic())  # backend.local.progress counts from here
    files = [REQUIREMENTS / name for name in NEEDED[kind]]
    if not _is_current(files):
        with _one_at_a_time():
            if not _is_current(files):
                _install(files)
    _enter_project()
    os.execv(PYTHON, [str(PYTHON), "-m", module, *arguments])  # noqa: S606


def _enter_project() -> None:
    """Work in the project folder; a relative state folder still means the caller's."""
    if state := os.environ.pop("CAUKIEU_VAR", ""):
        os.environ["CAUKIEU_VAR"] = os.path.abspath(state)
    os.environ.pop("PYTHONHOME", None)
    os.chdir(ROOT)


def _stop(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(1)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _stamp(file: Path) -> Path:
    return VENV / f".installed-{file.stem}"


def _is_current(files: Sequence[Path]) -> bool:
    with contextlib.suppress(OSError):
        same = all(_stamp(file).read_text() == _digest(file) for file in files)
        return same and PYTHON.exists()
    return False


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two starts in one checkout take turns; the lock ends with the process."""
    with (REQUIREMENTS / "bootstrap.txt").open("rb") as file:
        with contextlib.suppress(OSError):  # a network disk may know no locks
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _install(files: Sequence[Path]) -> None:
    if not os.access(ROOT, os.W_OK):
        _stop(f"The project folder {ROOT} is not writable: its environment (.venv) is made there.")
    free = shutil.disk_usage(ROOT).free
    if free < LEAST_FREE_BYTES:
        _stop(
            f"The disk of {ROOT} has {free // 2**20} MB free; the environment needs "
            f"{LEAST_FREE_BYTES // 2**20} MB. Free some space and start again."
        )
    began = time.monotonic()
    _make_venv()
    print(f"Environment in {VENV}", flush=True)
    installers = _installers()
    for file in files:
        print(f"Installing {file.relative_to(ROOT)} (pinned, with hashes) …", flush=True)
        for installer in installers:
            if _run(installer, file):
                break
            print(f"{' '.join(installer)} could not install them.", file=sys.stderr, flush=True)
        else:
            _stop(f"The packages of {file.name} could not be installed; the reason stands above.")
        _stamp(file).write_text(_digest(file))
    print(f"Environment ready in {time.monotonic() - began:.1f} s", flush=True)


def _run(installer: Sequence[str], file: Path) -> bool:
    # Certificates of the system: behind a company's proxy only those are right.
    certificates = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"}
    environment = os.environ | certificates | {"UV_PYTHON": str(PYTHON)}
    command = [*installer, "install", "--quiet", "--require-hashes", "-r", str(file)]
    return subprocess.run(command, env=environment).returncode == 0


def _make_venv() -> None:
    """A venv that works stays; a broken or too old one is made again."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    if PYTHON.exists() and _quietly([str(PYTHON), "-c", check]):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    for options in ([], ["--without-pip"]):
        if _quietly([sys.executable, "-m", "venv", *options, str(VENV)]):
            return
        shutil.rmtree(VENV, ignore_errors=True)
    _stop(
        f"{sys.executable} cannot make a virtual environment. On Debian or Ubuntu install the "
        "package python3-venv; elsewhere use a Python that has the module venv."
    )


def _quietly(command: Sequence[str]) -> bool:
    with contextlib.suppress(OSError):
        return subprocess.run(command, capture_output=True).returncode == 0
    return False


def _installers() -> list[list[str]]:
    """uv (ten times faster), fetched by pip, then pip: it may know a mirror that uv does not."""
    uv = VENV / "bin" / "uv"
    wanted = REQUIREMENTS / "bootstrap.txt"
    pip = _pip()
    if pip and not (uv.exists() and _is_current([wanted])) and _run(pip, wanted):
        _stamp(wanted).write_text(_digest(wanted))
    found = str(uv) if uv.exists() else shutil.which("uv")
    with_uv = [[found, "pip"]] if found else []
    with_pip = [pip] if pip else []
    if not with_uv and not with_pip:
        _stop(
            f"{sys.executable} comes without pip, and there is no uv on PATH. On Debian or Ubuntu "
            "install the package python3-venv, delete the folder .venv and start again."
        )
    return [*with_uv, *with_pip]


def _pip() -> list[str] | None:
    """The pip of the environment, or the one of the Python that runs this, aimed at it."""
    if _quietly([str(PYTHON), "-m", "pip", "--version"]):
        return [str(PYTHON), "-m", "pip"]
    if _quietly([sys.executable, "-m", "pip", "--python", str(PYTHON), "--version"]):
        return [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    return None


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2], sys.argv[3:])
    except KeyboardInterrupt:
        sys.exit(130)

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.local import state
from backend.local.state import StartError, is_locked, lock_state, open_state


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    with pytest.raises(StartError, match=r"var is not writable .* Set CAUKIEU_VAR"):
        open_state(tmp_path / "var")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(StartError, match="not writable"):
        open_state(closed / "var")


def test_a_disk_without_room_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"MB free; 1048576000 MB are needed"):
        open_state(tmp_path, needed_bytes=1_000_000_000 * 1024 * 1024 + 48_576_000 * 1024 * 1024)


def test_a_really_full_disk_is_named() -> None:
    """/dev/full cannot hold a folder, so the message is asked for with the error it would give."""
    with pytest.raises(OSError) as caught, open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")
    assert "is full" in state._why_unusable(Path("/srv/var"), caught.value)


def test_a_folder_serves_one_copy_at_a_time(tmp_path: Path) -> None:
    state = open_state(tmp_path)
    with lock_state(state):
        assert is_locked(tmp_path)
        with pytest.raises(StartError, match=rf"process {os.getpid()}\) is using"):
            lock_state(state)
    assert not is_locked(tmp_path)


def test_the_lock_ends_with_the_process(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from backend.local.state import *;"
        "held = lock_state(open_state(Path(sys.argv[1]))); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == -9
    with lock_state(open_state(tmp_path)):
        pass


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A socket path has 107 bytes; pytest's own folders are too long for it."""
    with tempfile.TemporaryDirectory(prefix="t") as folder:
        yield Path(folder)


def test_a_socket_folder_that_others_may_enter_is_not_used(
    tmp_path: Path, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(short_folder))
    long = tmp_path / ("y" * 150)
    first = open_state(long).sockets
    assert first.parent == short_folder
    assert open_state(long).sockets == first
    first.chmod(0o755)
    second = open_state(long).sockets
    assert second != first
    assert second.stat().st_mode & 0o777 == 0o700
    second.rmdir()


def test_a_short_socket_folder_goes_when_it_is_empty_and_comes_again(tmp_path: Path) -> None:
    long = tmp_path / ("z" * 150)
    sockets = open_state(long).sockets
    (sockets / "in-use").touch()
    state.leave_sockets(long)
    assert sockets.exists()
    (sockets / "in-use").unlink()
    state.leave_sockets(long)
    assert not sockets.exists()
    assert open_state(long).sockets == sockets
    state.leave_sockets(long)

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from backend.local import postgres, processes
from backend.local.state import StartError, State, lock_state, open_state

Start = Callable[[State], postgres.Server]


def put_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('còn đây')")


def rows(url: str) -> list[tuple[str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT word FROM kept").fetchall()


def kill_and_wait(server: postgres.Server) -> None:
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(10)


@pytest.mark.parametrize(
    "name", ['cầu kiều\'s "va r", 100%', "x" * 150, "a,b;c=d&e?f#g"], ids=["odd", "long", "signs"]
)
def test_any_folder_name_works(name: str, tmp_path: Path, start_postgres: Start) -> None:
    state = open_state(tmp_path / name)
    server = start_postgres(state)
    put_row(server.url)
    assert rows(server.url) == [("còn đây",)]
    assert (state.root / "postgres" / "data" / "PG_VERSION").exists()


def test_the_database_is_utf8_without_icu_and_knows_vietnamese_case(
    state: State, start_postgres: Start
) -> None:
    with psycopg.connect(start_postgres(state).url) as connection:
        found = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datlocprovider, lower('ĐƯỜNG Ẩ'),"
            " current_setting('data_checksums'), current_setting('listen_addresses'),"
            " rolcreaterole, rolcreatedb FROM pg_database, pg_roles"
            " WHERE datname = current_database() AND rolname = current_user"
        ).fetchone()
    assert found is not None
    assert found[0] == "UTF8"
    assert found[1] != "i"
    assert found[2:] == ("đường ẩ", "on", "", True, True)


def test_only_the_owner_of_the_folder_can_reach_the_socket(
    state: State, start_postgres: Start
) -> None:
    start_postgres(state)
    assert state.sockets.stat().st_mode & 0o077 == 0
    assert (state.sockets / ".s.PGSQL.5432").is_socket()


def test_rows_survive_kill_9_of_the_postmaster(state: State, start_postgres: Start) -> None:
    first = start_postgres(state)
    put_row(first.url)
    kill_and_wait(first)
    assert rows(start_postgres(state).url) == [("còn đây",)]


def test_a_busy_backend_that_outlives_the_postmaster_does_not_block_the_next_start(
    state: State, start_postgres: Start
) -> None:
    first = start_postgres(state)
    put_row(first.url)
    busy = psycopg.connect(first.url)
    busy.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
    time.sleep(0.3)
    kill_and_wait(first)
    assert processes.working_in(state.postgres / "data"), "the busy backend should still run"
    assert rows(start_postgres(state).url) == [("còn đây",)]
    busy.close()


def test_a_server_left_running_is_ended_before_the_next(
    state: State, start_postgres: Start
) -> None:
    first = start_postgres(state)
    put_row(first.url)
    second = start_postgres(state)
    assert first.process.poll() is not None
    assert rows(second.url) == [("còn đây",)]


def test_a_stale_pid_file_whose_number_passed_to_another_program(
    state: State, start_postgres: Start
) -> None:
    first = start_postgres(state)
    put_row(first.url)
    pid_file = state.postgres / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    kill_and_wait(first)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        for file in (pid_file, state.sockets / ".s.PGSQL.5432.lock"):
            file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        assert rows(start_postgres(state).url) == [("còn đây",)]
        assert stranger.poll() is None, "a stranger's process must not be touched"
    finally:
        stranger.kill()
        stranger.wait(5)


def test_a_zombie_postmaster_is_not_alive(state: State, start_postgres: Start) -> None:
    first = start_postgres(state)
    put_row(first.url)
    os.kill(first.process.pid, signal.SIGKILL)  # not waited for: it stays a zombie
    assert rows(start_postgres(state).url) == [("còn đây",)]


def test_an_interrupted_initdb_is_done_again(tmp_path: Path, start_postgres: Start) -> None:
    state = open_state(tmp_path)
    code = (
        "import sys; from pathlib import Path; from backend.local import postgres, state;"
        "postgres.ensure_cluster(state.open_state(Path(sys.argv[1])))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob("postgres.new-*/data/PG_VERSION")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    child.kill()
    child.wait(10)
    assert not state.postgres.exists()
    put_row(start_postgres(state).url)
    assert not list(tmp_path.glob("postgres.new-*"))


def test_a_foreign_folder_is_not_taken_over(state: State) -> None:
    state.postgres.mkdir()
    (state.postgres / "letter.txt").write_text("mine")
    with pytest.raises(StartError, match="not a cluster of ours"):
        postgres.ensure_cluster(state)
    assert (state.postgres / "letter.txt").read_text() == "mine"


def test_who_it_runs_as_is_settled_once(state: State) -> None:
    account = postgres.ensure_cluster(state)
    assert json.loads((state.postgres / "account.json").read_text()) == {
        "how": account.how,
        "uid": account.uid,
    }
    assert postgres.ensure_cluster(state) == account
    assert (account.how == "self") == (os.geteuid() != 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can choose another user")
def test_root_without_user_namespaces_runs_it_as_nobody(
    state: State, start_postgres: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (tools / "unshare").chmod(0o755)
    (tools / "setpriv").symlink_to(postgres._tool("setpriv"))
    monkeypatch.setattr(postgres, "TOOL_PATH", str(tools))
    server = start_postgres(state)
    put_row(server.url)
    account = json.loads((state.postgres / "account.json").read_text())
    assert account == {"how": "uid", "uid": postgres.NOBODY}
    assert (state.postgres / "data").stat().st_uid == postgres.NOBODY
    kill_and_wait(server)
    monkeypatch.undo()
    assert rows(start_postgres(state).url) == [("còn đây",)]


def test_two_state_folders_run_side_by_side(tmp_path: Path, start_postgres: Start) -> None:
    one, two = open_state(tmp_path / "one"), open_state(tmp_path / "two")
    with lock_state(one), lock_state(two):
        first, second = start_postgres(one), start_postgres(two)
        put_row(first.url)
        with pytest.raises(psycopg.errors.UndefinedTable):
            rows(second.url)

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from kombu import Connection

from backend.local import valkey
from backend.local.state import State, open_state

Start = Callable[[State], valkey.Server]


def client(state: State) -> "redis.Redis":
    return redis.Redis(unix_socket_path=str(valkey.socket_path(state)), decode_responses=True)


def kill_and_wait(server: valkey.Server) -> None:
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait(10)


@pytest.mark.parametrize("name", ['cầu kiều\'s "va r"', "x" * 150], ids=["odd", "long"])
def test_celery_reaches_it_in_any_folder(name: str, tmp_path: Path, start_valkey: Start) -> None:
    server = start_valkey(open_state(tmp_path / name))
    with Connection(server.url) as connection:
        queue = connection.SimpleQueue("hàng")
        queue.put({"job": 1})
        assert queue.get(timeout=5).payload == {"job": 1}
        queue.close()


def test_a_list_survives_kill_9(state: State, start_valkey: Start) -> None:
    first = start_valkey(state)
    client(state).rpush("queue", "một", "hai")
    kill_and_wait(first)
    assert valkey.socket_path(state).exists(), "the socket of the dead server should be in the way"
    start_valkey(state)
    assert client(state).lrange("queue", 0, -1) == ["một", "hai"]


def test_a_cut_tail_of_the_log_costs_only_the_tail(state: State, start_valkey: Start) -> None:
    first = start_valkey(state)
    client(state).rpush("queue", "một")
    client(state).rpush("queue", "hai")
    kill_and_wait(first)
    log = next((state.valkey / "appendonlydir").glob("*.incr.aof"))
    log.write_bytes(log.read_bytes()[:-4])
    start_valkey(state)
    assert client(state).lrange("queue", 0, -1) == ["một"]


def test_a_log_damaged_further_is_set_aside(state: State, start_valkey: Start) -> None:
    first = start_valkey(state)
    client(state).rpush("queue", "một")
    client(state).rpush("queue", "hai")
    kill_and_wait(first)
    log = next((state.valkey / "appendonlydir").glob("*.incr.aof"))
    log.write_bytes(b"?" * 40 + log.read_bytes()[40:])
    start_valkey(state)
    assert client(state).lrange("queue", 0, -1) == []
    assert len(list(state.root.glob("valkey.damaged-*"))) == 1


def test_a_server_left_running_is_ended_before_the_next(state: State, start_valkey: Start) -> None:
    first = start_valkey(state)
    client(state).rpush("queue", "một")
    start_valkey(state)
    assert first.process.poll() is not None
    assert client(state).lrange("queue", 0, -1) == ["một"]

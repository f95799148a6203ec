"""Real servers in folders of their own; every wait is bounded and everything is stopped."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from backend.local import postgres, valkey
from backend.local.state import State, leave_sockets, lock_state, open_state


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state(tmp_path / "var")
    with lock_state(opened):
        yield opened


@pytest.fixture
def start_postgres() -> Iterator[Callable[[State], postgres.Server]]:
    with ExitStack() as stack:

        def start(state: State) -> postgres.Server:
            stack.callback(leave_sockets, state.root)
            server = postgres.start(state)
            stack.callback(postgres.stop, server)
            return server

        yield start


@pytest.fixture
def start_valkey() -> Iterator[Callable[[State], valkey.Server]]:
    with ExitStack() as stack:

        def start(state: State) -> valkey.Server:
            stack.callback(leave_sockets, state.root)
            server = valkey.start(state)
            stack.callback(valkey.stop, server)
            return server

        yield start

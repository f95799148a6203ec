"""Django's commands against this machine's database: `python -m backend.local.manage COMMAND`.

Uses DATABASE_URL when it is set, else the embedded server: the running one of ./scripts/run, or one
started for the time of the command.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from backend.local import postgres, valkey
from backend.local.state import StartError, State, is_locked, lock_state, open_state

ROOT = Path(__file__).resolve().parents[2]


def state_folder() -> Path:
    return Path(os.environ.get("CAUKIEU_VAR") or ROOT / "var")


@contextlib.contextmanager
def database() -> Iterator[str]:
    """The address of a database that answers, as its owner, for the time of the block."""
    if os.environ.get("DATABASE_URL"):
        yield os.environ["DATABASE_URL"]
        return
    state = open_state(state_folder())
    if is_locked(state.root):
        yield postgres.database_url(state)
        return
    with lock_state(state):
        server = postgres.start(state)
        try:
            yield server.url
        finally:
            postgres.stop(server)


def set_environment(url: str) -> None:
    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.dev")
    state = State(state_folder(), state_folder())
    if not os.environ.get("CELERY_BROKER_URL") and state.root.exists():
        os.environ["CELERY_BROKER_URL"] = valkey.broker_url(open_state(state.root))


def main() -> int:
    try:
        with database() as url:
            set_environment(url)
            # After the environment is set: the project's manage.py decides on the database role.
            from manage import main as run  # noqa: PLC0415

            run()
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

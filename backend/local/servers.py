"""The servers of one state folder, and the environment by which programs find them."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from backend.local import postgres, valkey
from backend.local.state import StartError, State, leave_sockets, lock_state, open_state

ROOT = Path(__file__).resolve().parents[2]
GIVEN = {"postgres": "DATABASE_URL", "valkey": "CELERY_BROKER_URL"}


def state_folder() -> Path:
    return Path(os.environ.get("CAUKIEU_VAR") or ROOT / "var").absolute()


def is_given(server: str) -> bool:
    """Whether the caller brought an own server of this kind, so that ours stays off."""
    return bool(os.environ.get(GIVEN[server]))


def refuse_embedded_in_production() -> None:
    missing = [name for server, name in GIVEN.items() if not is_given(server)]
    settings = os.environ.get("DJANGO_SETTINGS_MODULE", "")
    if missing and settings.endswith(".prod"):
        raise StartError(
            f"Production does not use the embedded servers. Set {' and '.join(missing)}."
        )


def environment(state: State) -> dict[str, str]:
    """What Django, Celery and beat need to find this copy of the site."""
    own = {
        "DATABASE_URL": postgres.database_url(state),
        "CELERY_BROKER_URL": valkey.broker_url(state),
        "DJANGO_SETTINGS_MODULE": "backend.config.settings.dev",
    }
    given = {name: value for name, value in os.environ.items() if value or name not in own}
    return own | given | {"CAUKIEU_VAR": str(state.root)}


@contextlib.contextmanager
def running(root: Path, settings: dict[str, str] | None = None) -> Iterator[dict[str, str]]:
    """The environment of a site whose servers run: started here, unless the caller brought them."""
    state = open_state(root)
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock_state(state))
        stack.callback(leave_sockets, state.root)
        if not is_given("postgres"):
            stack.callback(postgres.stop, postgres.start(state, settings))
        if not is_given("valkey"):
            stack.callback(valkey.stop, valkey.start(state))
        yield environment(state)

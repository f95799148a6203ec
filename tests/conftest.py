"""Fixtures for the whole suite. The database is made by its owner; tests act as the web does."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection, connections
from django.utils import translation

from tests import secrets_watch
from tests.database import make_database
from tests.sandbox import Sandbox, a_sandbox, use

# What the migrations let the application's role empty (asked before the suite's own grant).
TRUNCATE_GRANTED_BY_MIGRATIONS: list[list[str]] = []
MAY_TRUNCATE = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
AND has_table_privilege('caukieu_app', oid, 'TRUNCATE')
"""


# Files whose few tests take minutes: begun last, one process would work on them alone.
LONG_FILES = (
    "tests/faults/test_run_and_kill.py", "tests/faults/test_backup.py",
    "tests/browser/test_pages.py", "tests/local/", "tests/accounts/test_permissions.py",
    "tests/home/test_api_permissions.py", "tests/projects/test_search.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONG_FILES)}

    def place(item: pytest.Item) -> int:
        return next((n for name, n in places.items() if item.nodeid.startswith(name)), len(places))

    items.sort(key=place)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """For `.ci/run`: the names of the tests that failed, a line each."""
    file = os.environ.get("CAUKIEU_FAILED_TESTS")
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if file and reporter and not hasattr(session.config, "workerinput"):
        red = [*reporter.getreports("failed"), *reporter.getreports("error")]
        Path(file).write_text("".join(f"{name}\n" for name in dict.fromkeys(r.nodeid for r in red)))


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The database is there before Django asks: a copy of one that was migrated once."""
    return True


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    make_database(os.environ["DATABASE_URL"], connection.settings_dict["TEST"]["NAME"])


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: Any, django_db_blocker: Any) -> Iterator[None]:
    """After the migrations, act as `caukieu_app`, as web and workers do."""
    with django_db_blocker.unblock():
        with connection.cursor() as cursor:
            cursor.execute(MAY_TRUNCATE)
            TRUNCATE_GRANTED_BY_MIGRATIONS.append([row[0] for row in cursor.fetchall()])
            # pytest empties tables between transactional tests; production never grants this.
            cursor.execute("GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO caukieu_app")
        settings = connections["default"].settings_dict
        as_owner = settings["OPTIONS"].get("options", "")
        settings["OPTIONS"]["options"] = f"{as_owner} -c role=caukieu_app"
        connection.close()
    yield
    with django_db_blocker.unblock():
        connection.close()
        settings["OPTIONS"]["options"] = as_owner


@pytest.fixture(scope="session", autouse=True)
def _nothing_secret_is_logged_or_sent() -> Iterator[None]:
    """Over the whole suite: no card number and no key in a line of a log or in the broker."""
    watch = secrets_watch.Watch()
    logging.getLogger().addHandler(watch)
    yield
    logging.getLogger().removeHandler(watch)
    assert watch.found == []
    assert secrets_watch.in_broker() == []


@pytest.fixture(autouse=True)
def _empty_memory() -> None:
    """Counts are kept for a minute in the process; no test reads those of another one."""
    caches["memory"].clear()


@pytest.fixture(autouse=True)
def _language_of_nobody() -> None:
    """A page of the test before leaves its language to the thread; addresses would follow it."""
    translation.deactivate()


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[Sandbox]:
    """One Stripe sandbox for the session, started by the first test that pays."""
    with a_sandbox() as running:
        yield running


@pytest.fixture
def sandbox(
    sandbox_process: Sandbox, settings: Any, request: pytest.FixtureRequest
) -> Iterator[Sandbox]:
    """A sandbox that remembers nothing; the test fails when a request was not as Stripe's SDK
    says that it must be, or when it left the number of a card behind."""
    sandbox_process.reset()
    use(settings, sandbox_process)
    yield sandbox_process
    assert not sandbox_process.violations()
    if request.node.get_closest_marker("django_db") and not connection.needs_rollback:
        assert secrets_watch.in_database_and_mail() == []


@pytest.fixture(autouse=True)
def no_catalogue_of_another_test() -> None:
    """The process keeps listings and model for two seconds; tests follow each other faster."""
    from backend.matching.catalogue import forget_catalogue
    from backend.matching.runs import forget_model

    forget_catalogue()
    forget_model()

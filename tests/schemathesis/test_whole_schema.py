"""Calls made up from the OpenAPI document, good and bad: none may break, and every answer has the
status, the type and the shape that the document promises. Bounded for CI; API_EXAMPLES widens it.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from backend.accounts.actions import issue_api_token
from tests import factories
from tests.projects.calls import a_call

EXAMPLES = int(os.environ.get("API_EXAMPLES", "20"))
PLAIN = {"Accept-Encoding": "identity"}
PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """The calls see the rows of the test's own transaction, as with the test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _world(db: None, settings: Any, _one_connection: None) -> None:
    settings.API_CALLS_A_MINUTE = dict.fromkeys(settings.API_CALLS_A_MINUTE, 10**6)
    factories.a_listed_project()
    factories.a_listed_project(instrument="loan")
    a_call()


schema = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
# The handler itself, not the test client: it sees what a server would hand over.
schema.app = WSGIHandler()
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@schema.parametrize()
@bounded
def test_no_call_of_a_stranger_breaks(case: Any) -> None:
    case.call_and_validate(checks=PROMISES, headers=PLAIN)


@schema.parametrize()
@bounded
def test_no_call_with_a_key_breaks(case: Any, key: str) -> None:
    case.call_and_validate(checks=PROMISES, headers={**PLAIN, "Authorization": f"Bearer {key}"})


@pytest.fixture
def key(db: None) -> str:
    person = factories.a_user()
    return issue_api_token(person, by=person, name="schemathesis")[1]


def test_the_document_is_valid_and_clean_of_warnings() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", os.devnull)


def test_the_document_shows_examples_and_every_refusal(client: Client) -> None:
    document = client.get("/api/schema/", headers={"Accept": "application/json"}).json()
    listing = document["paths"]["/api/v1/projects/"]["get"]
    assert listing["responses"]["200"]["content"]["application/json"]["examples"]
    assert "application/problem+json" in listing["responses"]["400"]["content"]
    assert (
        "examples"
        in (
            document["paths"]["/api/v1/matches/preview/"]["post"]["requestBody"]["content"][
                "application/json"
            ]
        )
    )

"""How many questions a page asks the database; the number does not grow with the rows."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backend.accounts import actions
from backend.core.models import IdempotencyKey
from backend.projects import actions as projects
from backend.projects.models import SavedProject
from tests import factories

pytestmark = pytest.mark.django_db

# Session and person are two of each.
LIMITS = {
    "/en/me/": 12,
    "/en/me/profile/": 4,
    "/en/me/saved/": 4,
    "/en/me/tokens/": 4,
    "/en/me/close/": 3,
    "/en/account/sign-in/": 0,
    "/en/account/join/": 0,
    "/en/outbox/": 4,
}


def asked(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize(("path", "limit"), sorted(LIMITS.items()))
def test_a_page_keeps_to_its_number_of_queries(client: Client, path: str, limit: int) -> None:
    if "/me/" in path:
        client.force_login(factories.a_user())
    assert asked(client, path) <= limit


def test_a_long_list_of_saved_projects_costs_no_more(client: Client) -> None:
    user = factories.a_user()
    client.force_login(user)
    project = factories.a_listed_project()
    projects.save_for_later(project, by=user)
    few = asked(client, "/en/me/saved/")
    for number in range(20):
        project.pk, project.public_id, project.slug = None, f"prj_{number:020}", f"copy-{number}"
        project.status = "draft"
        project._state.adding = True
        project.save()
        SavedProject.objects.create(user=user, project=project)
    assert SavedProject.objects.filter(user=user).count() == 21
    assert asked(client, "/en/me/saved/") == few


def test_closing_takes_answers_of_repeated_calls_along() -> None:
    user = factories.a_user()
    IdempotencyKey.objects.create(owner=user.public_id, key="a", request_sha256="0" * 64)
    actions.close_account(user, by=user)
    assert not IdempotencyKey.objects.exists()

"""Odd input, two at once, and what a page may leave behind in a browser."""

import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import translation
from sesame.utils import get_token

from backend.accounts import mail_link
from backend.accounts.models import User
from backend.core.errors import Conflict
from tests import factories

ODD = [
    "",
    "x" * 10_000,
    "a\x00b@example.com",
    "\ud800@example.com",
    "\u202elan@example.com",
    "' OR 1=1; --",
    "<img src=x onerror=alert(1)>",
    "lan@example.com\nBcc: all@example.com",
    "🐉" * 200,
]
FORMS = {
    "/en/account/sign-in/": ("login", "password"),
    "/en/account/sign-in/link/": ("email",),
    "/en/account/join/": ("email", "full_name", "password1"),
    "/en/account/password/reset/": ("email",),
}


@pytest.mark.django_db
@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("path", sorted(FORMS))
def test_odd_input_is_answered_and_makes_nobody(client: Client, path: str, text: str) -> None:
    sent = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    data = dict.fromkeys(FORMS[path], sent) | {"consent": "on"}
    response = client.post(path, data)
    assert response.status_code in {200, 302, 400}
    assert "<img src=x" not in response.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("body", [b"\xff\xfe", b"login=%ff%fe&password=%00", b"&&&=", b"login"])
def test_bytes_that_are_no_form_are_answered(client: Client, body: bytes) -> None:
    kind = "application/x-www-form-urlencoded"
    response = client.post("/en/account/sign-in/", body, content_type=kind)
    assert response.status_code in {200, 400}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/en/account/sign-in/", "/vi/account/join/", "/en/outbox/", "/en/account/confirm/"]
)
def test_looking_opens_no_session(client: Client, path: str) -> None:
    client.get(path)
    assert "sessionid" not in client.cookies


@pytest.mark.django_db
def test_the_language_switch_keeps_the_page_and_its_query(client: Client) -> None:
    page = client.get("/en/account/sign-in/?next=/en/me/saved/").content.decode()
    assert "/vi/account/sign-in/?next=" in page


@pytest.mark.django_db
def test_limits_are_counted_in_the_database(client: Client) -> None:
    client.post("/en/account/sign-in/link/", {"email": "nobody@example.com"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM core_cache WHERE cache_key LIKE '%mail_link%'")
        row = cursor.fetchone()
    assert row and row[0] == 2


@pytest.mark.django_db(transaction=True)
def test_of_two_presses_on_one_link_exactly_one_signs_in() -> None:
    user = factories.a_user()
    token = get_token(user, scope=mail_link.SCOPE)
    ready, outcomes = threading.Barrier(2), []

    def press() -> None:
        ready.wait()
        try:
            outcomes.append(mail_link._spend(token).pk)
        except Conflict:
            outcomes.append(None)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes, key=str) == sorted([user.pk, None], key=str)


@pytest.mark.django_db(transaction=True)
def test_of_two_windows_saving_at_once_exactly_one_is_refused() -> None:
    from backend.accounts import actions
    from backend.accounts.answers import Answers
    from backend.home.vocabulary import vocabulary

    user = factories.a_user()
    ready, outcomes = threading.Barrier(2), []

    def save(country: str) -> None:
        ready.wait()
        try:
            actions.save_profile(
                user, Answers(country=country), {}, by=user,
                expected_version=0, vocabulary=vocabulary(),
            )  # fmt: skip
            outcomes.append("saved")
        except Conflict as conflict:
            outcomes.append(conflict.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save, args=(c,)) for c in ("US", "JP")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(outcomes) == ["profile_changed", "saved"]


@pytest.mark.django_db
def test_what_was_posted_before_the_password_was_asked_again_is_not_lost(client: Client) -> None:
    from tests.accounts.test_sign_in import PASSWORD, confirmed

    user = confirmed()
    client.post("/en/account/sign-in/", {"login": user.email, "password": PASSWORD})
    asked: Any = client.post("/en/me/data/")
    response = client.post(asked["Location"], {"password": PASSWORD})
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"


@pytest.mark.django_db
def test_a_refusal_of_a_limit_names_a_clock_time(client: Client) -> None:
    with translation.override("en"):
        for _ in range(4):
            response = client.post("/en/account/sign-in/link/", {"email": "a@example.com"})
    assert response.status_code == 429
    assert "Try again after" in response.content.decode()

"""Every page of accounts, of a person and of the outbox × who asks: the answer, and that nothing
moved. `tests/house` reads PAGES to see that no URL is in no matrix."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from backend.accounts import actions
from backend.accounts.models import ApiToken, InvestorProfile, User
from backend.core.models import AuditEvent
from backend.projects import actions as projects
from backend.projects.models import SavedProject
from tests import factories

pytestmark = pytest.mark.django_db

IN, OK, AGAIN = "to sign-in", 200, "to the password"
SIGNED_OUT = "to sign-in, from the start"
NO_METHOD, BAD, NONE = 405, 400, 404
PEOPLE = ("anonymous", "investor", "owner", "officer")
Answer = int | str

# url name: (arguments, method, answer for a stranger, answer for everybody who is signed in)
PAGES: list[tuple[str, dict[str, str], str, Answer, Answer]] = [
    ("account_login", {}, "get", OK, "elsewhere"),
    ("account_login", {}, "post", OK, "elsewhere"),
    ("account_mail_link", {}, "get", OK, OK),
    ("account_mail_link", {}, "post", BAD, BAD),
    ("account_mail_link_sent", {}, "get", OK, OK),
    ("account_open_link", {"token": "x"}, "get", 410, 410),
    ("account_open_link", {"token": "x"}, "post", 410, 410),
    ("mfa_authenticate", {}, "get", SIGNED_OUT, "elsewhere"),
    ("account_logout", {}, "get", "elsewhere", OK),
    ("account_inactive", {}, "get", OK, OK),
    ("account_signup", {}, "get", OK, "elsewhere"),
    ("account_signup", {}, "post", OK, "elsewhere"),
    ("account_email_verification_sent", {}, "get", OK, OK),
    ("account_confirm_email", {"key": "x"}, "get", OK, OK),
    ("account_confirm_email", {"key": "x"}, "post", NONE, NONE),
    ("account_email", {}, "get", IN, OK),
    ("account_change_password", {}, "get", IN, OK),
    ("account_change_password", {}, "post", IN, OK),
    ("account_set_password", {}, "get", IN, "elsewhere"),
    ("account_reset_password", {}, "get", OK, OK),
    ("account_reset_password", {}, "post", OK, OK),
    ("account_reset_password_done", {}, "get", OK, OK),
    ("account_reset_password_from_key_done", {}, "get", OK, OK),
    ("account_reset_password_from_key", {"uidb36": "1", "key": "a-b"}, "get", OK, OK),
    ("account_reauthenticate", {}, "get", IN, OK),
    ("account_reauthenticate", {}, "post", IN, OK),
    ("mfa_index", {}, "get", IN, OK),
    ("mfa_reauthenticate", {}, "get", IN, AGAIN),
    ("mfa_activate_totp", {}, "get", IN, AGAIN),
    ("mfa_activate_totp", {}, "post", IN, AGAIN),
    ("mfa_deactivate_totp", {}, "get", IN, NONE),
    ("mfa_deactivate_totp", {}, "post", IN, NONE),
    ("mfa_view_recovery_codes", {}, "get", IN, NONE),
    ("mfa_generate_recovery_codes", {}, "get", IN, AGAIN),
    ("mfa_generate_recovery_codes", {}, "post", IN, AGAIN),
    ("mfa_download_recovery_codes", {}, "get", IN, NONE),
    ("home:me", {}, "get", IN, OK),
    ("home:me", {}, "post", IN, NO_METHOD),
    ("home:details", {}, "get", IN, OK),
    ("home:details", {}, "post", IN, BAD),
    ("home:consent", {}, "get", IN, OK),
    ("home:consent", {}, "post", IN, BAD),
    ("home:profile", {}, "get", IN, OK),
    ("home:profile", {}, "post", IN, BAD),
    ("home:saved", {}, "get", IN, OK),
    ("home:save_project", {"key": "{listed}"}, "get", IN, OK),
    ("home:save_project", {"key": "prj_none"}, "post", IN, NONE),
    ("home:save_project", {"key": "{draft}"}, "get", IN, NONE),
    ("home:save_project", {"key": "{draft}"}, "post", IN, NONE),
    ("home:drop_project", {"key": "{listed}"}, "get", IN, NO_METHOD),
    ("home:drop_project", {"key": "{listed}"}, "post", IN, NONE),
    ("home:dismissed", {}, "get", IN, OK),
    ("home:dismiss", {"key": "{listed}"}, "get", IN, OK),
    ("home:dismiss", {"key": "{listed}"}, "post", IN, BAD),
    ("home:dismiss", {"key": "{draft}"}, "get", IN, NONE),
    ("home:dismiss", {"key": "{draft}"}, "post", IN, NONE),
    ("home:undo_dismissal", {"key": "{listed}"}, "get", IN, NO_METHOD),
    ("home:undo_dismissal", {"key": "{listed}"}, "post", IN, NONE),
    ("home:past_lists", {}, "get", IN, OK),
    ("home:past_lists", {}, "post", IN, NO_METHOD),
    ("home:past_list", {"key": "lst_none"}, "get", IN, NONE),
    ("home:searches", {}, "get", IN, OK),
    ("home:keep_search", {}, "get", IN, BAD),
    ("home:keep_search", {}, "post", IN, BAD),
    ("home:stop_alert", {"token": "x"}, "get", 410, 410),
    ("home:stop_alert", {"token": "x"}, "post", 410, 410),
    ("home:set_alert", {"key": "srch_none"}, "get", IN, NO_METHOD),
    ("home:set_alert", {"key": "srch_none"}, "post", IN, NONE),
    ("home:drop_search", {"key": "srch_none"}, "post", IN, NONE),
    ("home:demand", {"key": "{listed}"}, "get", IN, 403),
    ("home:demand", {"key": "{draft}"}, "get", IN, NONE),
    ("home:demand", {"key": "{listed}"}, "post", IN, NO_METHOD),
    ("home:keep_steering", {}, "get", IN, NO_METHOD),
    ("home:keep_steering", {}, "post", IN, 409),
    ("home:tokens", {}, "get", IN, OK),
    ("home:tokens", {}, "post", IN, AGAIN),
    ("home:revoke_token", {"prefix": "{foreign}"}, "post", IN, NONE),
    ("home:revoke_token", {"prefix": "{foreign}"}, "get", IN, NO_METHOD),
    ("home:data", {}, "get", IN, OK),
    ("home:data", {}, "post", IN, AGAIN),
    ("home:sign_out_everywhere", {}, "get", IN, NO_METHOD),
    ("home:sign_out_everywhere", {}, "post", IN, SIGNED_OUT),
    ("home:close", {}, "get", IN, OK),
    ("home:close", {}, "post", IN, BAD),
    ("home:closed", {}, "get", OK, OK),
    ("notices:list", {}, "get", IN, OK),
    ("notices:mark_read", {}, "get", IN, NO_METHOD),
    ("notices:mark_read", {}, "post", IN, "elsewhere"),
    ("notices:settings", {}, "get", IN, OK),
    ("notices:settings", {}, "post", IN, BAD),
    ("notices:stop", {"token": "x"}, "get", 410, 410),
    ("notices:stop", {"token": "x"}, "post", 410, 410),
    ("notifications:outbox", {}, "get", OK, OK),
    ("notifications:outbox", {}, "post", NO_METHOD, NO_METHOD),
    ("notifications:outbox_mail", {"number": "0"}, "get", NONE, NONE),
    ("notifications:outbox_html", {"number": "0"}, "get", NONE, NONE),
]


def path_of(name: str, kwargs: dict[str, str]) -> str:
    """The URL of a row; what stands in braces is made first."""
    needs_world = any("{" in value for value in kwargs.values())
    made = a_world() if needs_world else {}
    return reverse(name, kwargs={key: value.format(**made) for key, value in kwargs.items()})


def a_world() -> dict[str, str]:
    """A listed project, a draft that only its owner sees, and somebody else's saved row and key."""
    other = factories.a_user()
    listed = factories.a_listed_project()
    projects.save_for_later(listed, by=other)
    key, _text = actions.issue_api_token(other, by=other, name="not yours")
    return {
        "listed": listed.public_id,
        "draft": factories.a_draft().public_id,
        "foreign": key.prefix,
    }


def a_person(who: str) -> User | None:
    if who == "anonymous":
        return None
    if who == "officer":
        return factories.an_officer()
    user = factories.a_user()
    if who == "owner":
        factories.a_project_at("submitted", owner=user)
    return user


def what_stands() -> list[Any]:
    """What a page of this matrix could change, without the trace of signing in itself."""
    return [
        list(User.objects.order_by("pk").values_list("pk", "email", "full_name", "password")),
        list(InvestorProfile.objects.values_list("pk", "version")),
        list(SavedProject.objects.order_by("pk").values_list("pk", flat=True)),
        list(ApiToken.objects.order_by("pk").values_list("pk", "revoked_at")),
        list(Authenticator.objects.values_list("pk", flat=True)),
        EmailAddress.objects.filter(verified=True).count(),
        AuditEvent.objects.exclude(code="user.signed_out_everywhere").count(),
    ]


def kind_of(response: Any) -> Answer:
    if response.status_code != 302:
        return int(response.status_code)
    where = response["Location"]
    if "/sign-in/" in where:
        return IN if "next=" in where else SIGNED_OUT
    return AGAIN if "/account/again/" in where else "elsewhere"


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize(("name", "kwargs", "method", "stranger", "member"), PAGES)
def test_every_page_answers_as_written_and_changes_nothing(
    client: Client,
    who: str,
    name: str,
    kwargs: dict[str, str],
    method: str,
    stranger: Answer,
    member: Answer,
) -> None:
    person = a_person(who)
    if person:
        client.force_login(person)
    path = path_of(name, kwargs)
    before = what_stands()
    response = getattr(client, method)(path)
    expected = member if person else stranger
    if who == "officer" and "{draft}" in kwargs.values():
        expected = NONE
    assert kind_of(response) == expected
    assert what_stands() == before


@pytest.mark.parametrize("name", sorted({row[0] for row in PAGES}))
def test_nothing_of_these_pages_is_kept_by_a_proxy(client: Client, name: str) -> None:
    kwargs = next(row[1] for row in PAGES if row[0] == name)
    policy = client.get(path_of(name, kwargs)).headers["Cache-Control"]
    assert "private" in policy or "no-store" in policy
    assert "public" not in policy


def test_a_form_without_its_token_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    user = factories.a_user()
    strict.force_login(user)
    for name in ("home:details", "home:sign_out_everywhere", "home:close", "account_logout"):
        assert strict.post(reverse(name)).status_code == 403
    assert strict.post(reverse("account_login")).status_code == 403


def test_a_form_of_before_the_sign_in_is_answered_in_words() -> None:
    strict = Client(enforce_csrf_checks=True)
    for language, words in (("en", "can no longer be sent"), ("vi", "không gửi được nữa")):
        answer = strict.post(f"/{language}/account/sign-in/", {"login": "x"})
        assert answer.status_code == 403
        assert words in answer.content.decode()

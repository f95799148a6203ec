"""Joining and signing in through the pages: link, password, code; and what strangers learn."""

import re
import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from backend.accounts import actions, demo
from backend.accounts.models import Consent, PersonSession, User
from backend.accounts.permissions import require_staff_code
from backend.core import jobs
from backend.core.models import AuditEvent
from tests import factories

pytestmark = pytest.mark.django_db

PASSWORD = "bốn từ dễ nhớ"
JOIN = "/en/account/join/"
SIGN_IN = "/en/account/sign-in/"
LINK = "/en/account/sign-in/link/"


def confirmed(email: str = "lan@example.com", **fields: Any) -> User:
    user = factories.a_user(email=email, **{"language": "en", **fields})
    user.set_password(PASSWORD)
    user.save()
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def mails(mailoutbox: list[Any]) -> list[Any]:
    jobs.run_due_jobs()
    return mailoutbox


def link_in(mail: Any) -> str:
    found = re.search(r"http://testserver(/\S+)", mail.body)
    assert found, mail.body
    return found[1]


def is_signed_in(client: Client) -> bool:
    return client.get("/en/me/details/").status_code == 200


def code_now(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))


def join(client: Client, email: str, **values: Any) -> Any:
    data = {"email": email, "password1": PASSWORD, "consent": "on", **values}
    return client.post(JOIN, {k: v for k, v in data.items() if v is not None})


def test_joining_confirming_and_being_in(client: Client, mailoutbox: list[Any]) -> None:
    response = join(client, "Lan@Example.com", full_name="  Nguyễn   Lan ")
    assert response["Location"] == "/en/account/confirm/"
    assert not is_signed_in(client)
    user = User.objects.get()
    assert (user.email, user.full_name, user.language) == ("lan@example.com", "Nguyễn Lan", "en")
    assert {c.document for c in Consent.objects.filter(user=user)} == {"terms", "privacy"}
    path = link_in(mails(mailoutbox)[0])
    assert not EmailAddress.objects.get().verified, "opening a mail must not confirm"
    assert client.get(path).status_code == 200
    assert not EmailAddress.objects.get().verified, "a mail program's preview must not confirm"
    client.post(path)
    assert EmailAddress.objects.get().verified
    assert is_signed_in(client)


def test_joining_without_a_password_means_links(client: Client) -> None:
    join(client, "lan@example.com", password1="")
    assert not User.objects.get().has_usable_password()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"consent": None}, "agree to the terms"),
        ({"email": "lan"}, "Enter an e-mail address"),
        ({"password1": "short"}, "at least 10"),
        ({"password1": "1234567890"}, "numeric"),
    ],
)
def test_a_mistake_is_named_at_its_field_and_above(
    client: Client, change: dict[str, Any], words: str
) -> None:
    response = join(client, **{"email": "lan@example.com", **change})
    page = response.content.decode()
    assert words in page
    assert page.count("There is a problem") == 1
    assert "<title>Error:" in page
    assert 'aria-invalid="true"' in page
    assert not User.objects.exists()


def test_the_consent_box_is_not_ticked(client: Client) -> None:
    page = client.get(JOIN).content.decode()
    box = re.search(r'<input[^>]*name="consent"[^>]*>', page)
    assert box and "checked" not in box[0]


def test_joining_says_the_same_when_the_account_exists(
    client: Client, mailoutbox: list[Any]
) -> None:
    confirmed("lan@example.com")
    old = join(client, "lan@example.com")
    new = join(Client(), "mai@example.com")
    assert (old.status_code, old["Location"]) == (new.status_code, new["Location"])
    assert client.get(old["Location"]).content.count(b"Confirm your address") > 0
    assert User.objects.filter(email="lan@example.com").count() == 1
    subjects = {m.to[0]: m.subject for m in mails(mailoutbox)}
    assert "already have an account" in subjects["lan@example.com"]
    assert "Confirm" in subjects["mai@example.com"]


def test_a_password_signs_in(client: Client) -> None:
    user = confirmed()
    client.post(SIGN_IN, {"login": "LAN@example.com", "password": PASSWORD})
    assert is_signed_in(client)
    assert PersonSession.objects.filter(person_key=user.pk).count() == 1


@pytest.mark.parametrize("email", ["lan@example.com", "nobody@example.com"])
def test_a_wrong_pair_says_the_same_for_everybody(client: Client, email: str) -> None:
    confirmed()
    page = client.post(SIGN_IN, {"login": email, "password": "not the one"}).content.decode()
    assert "The address or the password is not right" in page
    assert not is_signed_in(client)


def test_the_tries_of_one_address_are_counted_over_all_browsers(client: Client) -> None:
    confirmed()
    for _ in range(5):
        Client().post(SIGN_IN, {"login": "lan@example.com", "password": "wrong wrong"})
    page = client.post(SIGN_IN, {"login": "lan@example.com", "password": PASSWORD})
    assert "Too many tries" in page.content.decode()
    assert not is_signed_in(client)


def test_a_link_signs_in_once(client: Client, mailoutbox: list[Any]) -> None:
    confirmed()
    assert client.post(LINK, {"email": "lan@example.com"})["Location"].endswith("/link/sent/")
    path = link_in(mails(mailoutbox)[0])
    assert client.get(path).status_code == 200
    assert not is_signed_in(client), "opening the page must not use the link up"
    client.post(path)
    assert is_signed_in(client)
    again = Client()
    assert again.get(path).status_code == 410, "a used link says so before the press"
    assert again.post(path).status_code == 410
    assert not is_signed_in(again)


def test_the_sign_in_page_can_ask_for_a_link(client: Client, mailoutbox: list[Any]) -> None:
    confirmed()
    client.post(LINK, {"login": "lan@example.com", "password": ""})
    assert mails(mailoutbox)[0].to == ["lan@example.com"]


def test_a_link_ends_after_fifteen_minutes(
    client: Client, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed()
    client.post(LINK, {"email": "lan@example.com"})
    path = link_in(mails(mailoutbox)[0])
    later = time.time() + 901
    monkeypatch.setattr("sesame.tokens_v2.time.time", lambda: later)
    assert client.post(path).status_code == 410


@pytest.mark.parametrize("token", ["x", "A" * 60, "á", "AAAA-BBBB_cccc"])
def test_a_made_up_link_is_refused(client: Client, token: str) -> None:
    for ask in (client.get, client.post):
        assert ask(f"/en/account/sign-in/link/{token}/").status_code == 410


def test_a_link_with_a_nul_names_nothing(client: Client) -> None:
    assert client.post("/en/account/sign-in/link/%00/").status_code == 404


def test_asking_for_a_link_says_the_same_for_strangers(
    client: Client, mailoutbox: list[Any]
) -> None:
    confirmed()
    known = client.post(LINK, {"email": "lan@example.com"})
    stranger = client.post(LINK, {"email": "nobody@example.com"})
    assert known["Location"] == stranger["Location"]
    sent = {m.to[0]: m.body for m in mails(mailoutbox)}
    assert "sign-in/link/" in sent["lan@example.com"]
    assert "sign-in/link/" not in sent["nobody@example.com"]


def test_three_links_in_five_minutes_are_enough(client: Client, mailoutbox: list[Any]) -> None:
    confirmed()
    answers = [client.post(LINK, {"email": "lan@example.com"}).status_code for _ in range(4)]
    assert answers == [302, 302, 302, 429]
    assert len(mails(mailoutbox)) == 3


def test_a_link_takes_the_account_back_from_whoever_joined_with_it(
    client: Client, mailoutbox: list[Any]
) -> None:
    thief = Client()
    join(thief, "lan@example.com", password1="the thief's own words")
    client.post(LINK, {"email": "lan@example.com"})
    link = next(m for m in mails(mailoutbox) if "sign-in/link/" in m.body)
    client.post(link_in(link))
    assert is_signed_in(client)
    thief.post(SIGN_IN, {"login": "lan@example.com", "password": "the thief's own words"})
    assert not is_signed_in(thief)


def test_mails_speak_the_language_of_their_reader(client: Client, mailoutbox: list[Any]) -> None:
    confirmed(language="vi")
    client.post(LINK, {"email": "lan@example.com"})
    mail = mails(mailoutbox)[0]
    assert "đăng nhập" in mail.subject
    assert "/vi/account/sign-in/link/" in mail.body


def test_nobody_is_led_to_another_site(client: Client) -> None:
    confirmed()
    data = {"login": "lan@example.com", "password": PASSWORD, "next": "https://evil.example/"}
    assert client.post(SIGN_IN, data)["Location"] == "/en/me/"


def test_a_reset_link_sets_a_password_and_ends(client: Client, mailoutbox: list[Any]) -> None:
    confirmed()
    client.post("/en/account/password/reset/", {"email": "lan@example.com"})
    path = link_in(mails(mailoutbox)[0])
    form = client.get(path)["Location"]
    response = client.post(form, {"password1": "năm từ khác hẳn nhau"})
    assert response["Location"].endswith("/reset/done/")
    assert "does not work any more" in Client().get(path).content.decode()
    assert AuditEvent.objects.filter(code="user.password_changed").count() == 1
    client.post(SIGN_IN, {"login": "lan@example.com", "password": "năm từ khác hẳn nhau"})
    assert is_signed_in(client)


@pytest.fixture
def officer() -> User:
    demo.create_demo_people()
    return User.objects.get(email="tung@caukieu.example")


SECRET = next(p.code_secret for p in demo.PEOPLE if p.email == "tung@caukieu.example")


def test_staff_are_asked_for_a_code_after_the_password(client: Client, officer: User) -> None:
    response = client.post(SIGN_IN, {"login": officer.email, "password": demo.PASSWORD})
    assert response["Location"] == "/en/account/sign-in/code/"
    assert not is_signed_in(client)
    client.post("/en/account/sign-in/code/", {"code": "000000"})
    assert not is_signed_in(client)
    response = client.post("/en/account/sign-in/code/", {"code": code_now(SECRET)})
    assert response["Location"] == "/en/office/"
    assert is_signed_in(client)


def test_staff_are_asked_for_a_code_after_a_link(
    client: Client, officer: User, mailoutbox: list[Any]
) -> None:
    client.post(LINK, {"email": officer.email})
    response = client.post(link_in(mails(mailoutbox)[0]))
    assert response["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(client)
    client.post("/en/account/sign-in/code/", {"code": code_now(SECRET)})
    assert is_signed_in(client)


def test_a_code_works_once(officer: User) -> None:
    code = code_now(SECRET)
    for expected in (True, False):
        client = Client()
        client.post(SIGN_IN, {"login": officer.email, "password": demo.PASSWORD})
        client.post("/en/account/sign-in/code/", {"code": code})
        assert is_signed_in(client) is expected


def test_a_person_of_an_office_cannot_switch_the_code_off(client: Client, officer: User) -> None:
    client.post(SIGN_IN, {"login": officer.email, "password": demo.PASSWORD})
    client.post("/en/account/sign-in/code/", {"code": code_now(SECRET)})
    client.post("/en/account/again/", {"password": demo.PASSWORD})
    page = client.post("/en/account/code/off/").content.decode()
    assert "cannot be switched off" in page
    assert Authenticator.objects.filter(user=officer).exists()


@require_staff_code("case_officer", "lead")
def staff_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("the queue")


def asked(client: Client, user: User) -> HttpResponse:
    """`staff_page` as this browser would get it."""
    request = RequestFactory().get("/en/review/")
    request.session = client.session  # type: ignore[assignment]
    request.user = user
    request._messages = type("M", (), {"add": lambda *a, **k: None})()  # type: ignore[attr-defined]
    return staff_page(request)


def test_the_staff_gate_leads_to_the_code_and_then_opens(client: Client, officer: User) -> None:
    client.force_login(officer)
    assert "/code/again/" in asked(client, officer)["Location"]
    Authenticator.objects.filter(user=officer).delete()
    assert "/code/set-up/" in asked(client, officer)["Location"]


def test_the_staff_gate_opens_after_the_code(client: Client, officer: User) -> None:
    client.post(SIGN_IN, {"login": officer.email, "password": demo.PASSWORD})
    client.post("/en/account/sign-in/code/", {"code": code_now(SECRET)})
    assert asked(client, officer).content == b"the queue"


def test_the_staff_gate_leads_a_newcomer_through_the_set_up(client: Client) -> None:
    user = confirmed()
    office = factories.an_officer("lead").office_memberships.get().office
    actions.add_to_office(user, office, "case_officer", by=None)
    client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    set_up = asked(client, user)["Location"]
    again = client.get(set_up)["Location"]
    assert "/account/again/" in again
    back = client.post(again, {"password": PASSWORD})["Location"]
    assert back.endswith(set_up.split("/account/")[1])
    page = client.get(back).content.decode()
    secret = re.search(r'<code class="hash">(\w+)</code>', page)
    hidden = re.search(r'name="next" value="([^"]+)"', page)
    assert secret
    assert hidden and hidden[1] == "/en/review/"
    data = {"code": code_now(secret[1]), "next": hidden[1]}
    codes = client.post(set_up.split("?")[0], data)["Location"]
    assert 'href="/en/review/"' in client.get(codes).content.decode()
    assert asked(client, user).content == b"the queue"


def test_the_staff_gate_is_closed_for_everybody_else(client: Client) -> None:
    from django.contrib.auth.models import AnonymousUser

    from backend.core.errors import NotAllowed

    for user in (factories.a_user(), factories.an_officer("auditor")):
        with pytest.raises(NotAllowed):
            asked(client, user)
    response = asked(client, AnonymousUser())  # type: ignore[arg-type]
    assert "/account/sign-in/?next=" in response["Location"]


def test_setting_a_code_up_gives_recovery_codes(
    client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    user = confirmed()
    client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    client.post("/en/account/again/", {"password": PASSWORD})
    page = client.get("/en/account/code/set-up/").content.decode()
    secret = re.search(r'<code class="hash">(\w+)</code>', page)
    assert secret
    assert "data:image/svg+xml" in page
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/en/account/code/set-up/", {"code": code_now(secret[1])})
    stored = Authenticator.objects.get(user=user, type="totp").data["secret"]
    assert secret[1] not in stored, "a copy of the database must not open the account"
    codes_of_events = set(AuditEvent.objects.values_list("code", flat=True))
    assert {"user.code_switched_on", "user.signed_in"} <= codes_of_events
    shown = client.get("/en/account/code/recovery/").content.decode()
    codes = re.findall(r"<li><code>(\w+)</code>", shown)
    assert len(codes) == 10
    other = Client()
    other.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    other.post("/en/account/sign-in/code/", {"code": codes[0]})
    assert is_signed_in(other)


def test_a_new_address_counts_once_it_is_confirmed(client: Client, mailoutbox: list[Any]) -> None:
    user = confirmed()
    client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    client.post("/en/account/again/", {"password": PASSWORD})
    client.post("/en/account/email/", {"email": "new@example.com", "action_add": "1"})
    user.refresh_from_db()
    assert user.email == "lan@example.com"
    client.post(link_in(mails(mailoutbox)[-1]))
    user.refresh_from_db()
    assert user.email == "new@example.com"
    assert [e.email for e in EmailAddress.objects.filter(user=user)] == ["new@example.com"]
    assert AuditEvent.objects.filter(code="user.email_changed", actor=user.public_id).exists()
    told = [m for m in mails(mailoutbox) if m.to == ["lan@example.com"]]
    assert "new@example.com" in told[-1].body


def test_signing_out_takes_a_press(client: Client) -> None:
    user = confirmed()
    client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    client.get("/en/account/sign-out/")
    assert is_signed_in(client)
    assert client.post("/en/account/sign-out/")["Location"] == "/en/"
    assert not is_signed_in(client)

"""The local outbox: newest first, harmless, and absent in production."""

import re
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from backend.accounts import demo
from backend.accounts.sealed import seal
from backend.notifications.models import OutboxMail
from backend.notifications.outbox import EmailBackend
from backend.notifications.queries import codes_of_demo_staff
from tests import factories

pytestmark = pytest.mark.django_db

PAGES = ["/en/outbox/", "/vi/outbox/"]


def send(subject: str, html: str = "<p>x</p>") -> OutboxMail:
    message = EmailMultiAlternatives(subject, "text", to=["a@example.com"])
    message.attach_alternative(html, "text/html")
    EmailBackend().send_messages([message])
    return OutboxMail.objects.latest("id")


def test_mails_stand_newest_first(client: Client) -> None:
    send("first mail")
    send("second mail")
    page = client.get("/en/outbox/").content.decode()
    assert page.index("second mail") < page.index("first mail")


def test_a_mail_is_shown_as_text_and_in_a_frame_that_can_do_nothing(client: Client) -> None:
    mail = send("<b>bold</b>", "<script>alert(1)</script><p>hello</p>")
    page = client.get(f"/en/outbox/{mail.pk}/")
    assert "<b>bold</b>" not in page.content.decode()
    assert re.search(r"<iframe[^>]* sandbox ", page.content.decode())
    assert "frame-src 'self'" in page["Content-Security-Policy"]
    frame = client.get(f"/en/outbox/{mail.pk}/html/")
    policy = frame["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "X-Frame-Options" not in frame


def test_codes_of_demo_staff_are_those_of_their_phones(client: Client) -> None:
    demo.create_demo_people()
    factories.an_officer("lead")
    codes = codes_of_demo_staff(at=59)
    assert len(codes) == 7
    assert all(re.fullmatch(r"\d{6}", row.code) for row in codes)
    assert codes[0].seconds_left == 1
    page = client.get("/en/outbox/").content.decode()
    assert "tung@caukieu.example" in page


def test_the_code_follows_the_standard() -> None:
    """RFC 6238, appendix B: the secret of twenty bytes at second 59 gives …287082."""
    from allauth.mfa.models import Authenticator

    user = factories.a_user(is_demo=True)
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    Authenticator.objects.create(user=user, type="totp", data={"secret": seal(secret)})
    assert [row.code for row in codes_of_demo_staff(at=59)] == ["287082"]


@pytest.mark.parametrize(
    "path", ["/en/outbox/", "/vi/outbox/", "/en/outbox/{pk}/", "/en/outbox/{pk}/html/"]
)
def test_production_has_no_outbox(client: Client, settings: Any, path: str) -> None:
    mail = send("mail-in-the-outbox")
    demo.create_demo_people()
    settings.ENVIRONMENT = "production"
    response = client.get(path.format(pk=mail.pk))
    assert response.status_code == 404
    assert "mail-in-the-outbox" not in response.content.decode()
    assert codes_of_demo_staff() == []


@pytest.mark.parametrize("page", ["", "x", "0", "-1", "999999999999999999999"])
def test_any_page_number_is_answered(client: Client, page: str) -> None:
    assert client.get("/en/outbox/", {"page": page}).status_code == 200


@pytest.mark.parametrize("number", ["0", "99999999999999999999"])
def test_a_mail_that_is_not_there_is_404(client: Client, number: str) -> None:
    assert client.get(f"/en/outbox/{number}/").status_code == 404

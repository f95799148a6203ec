"""Every mail, in both languages: small, self-contained, the same facts as text and as HTML."""

import re
from typing import Any

import pytest
from django.utils.html import strip_tags

from backend.accounts.mails import MAILS, render_mail

VALUES: dict[str, Any] = {
    "minutes": 15,
    "link": "https://caukieu.example/en/account/sign-in/link/abc/",
    "activate_url": "https://caukieu.example/en/account/confirm/abc/",
    "password_reset_url": "https://caukieu.example/en/account/password/reset/1-abc/",
    "signup_url": "https://caukieu.example/en/account/join/",
    "code": "12345678",
    "to_email": "<script>@example.com",
    "prefix": "ck_12345678",
    "who": "Tran Van Loc",
    "organisation": "Binh Tan <b>Coop</b>",
}
VIETNAMESE = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", sorted(MAILS))
def test_a_mail_is_small_and_needs_nothing_from_elsewhere(name: str, language: str) -> None:
    message = render_mail(name, "lan@example.com", VALUES, language=language)
    html = str(message.alternatives[0][0])
    assert len(html.encode()) + len(str(message.body).encode()) <= 30 * 1024
    for remote in ("<img", "<link", "<script", "url(", "@import", " src="):
        assert remote not in html
    assert f'<html lang="{language}">' in html
    assert "\n" not in message.subject
    assert message.to == ["lan@example.com"]


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", sorted(MAILS))
def test_text_and_html_say_the_same(name: str, language: str) -> None:
    message = render_mail(name, "lan@example.com", VALUES, language=language)
    html = strip_tags(str(message.alternatives[0][0])).replace("&lt;", "<").replace("&gt;", ">")
    flat = " ".join(html.split())
    for line in str(message.body).split("\n-- \n")[0].splitlines():
        assert " ".join(line.split()).rstrip(":") in flat


@pytest.mark.parametrize("name", sorted(MAILS))
def test_each_mail_speaks_its_language(name: str) -> None:
    english = render_mail(name, "lan@example.com", VALUES, language="en")
    vietnamese = render_mail(name, "lan@example.com", VALUES, language="vi")
    assert not VIETNAMESE.search(str(english.body).replace("Cầu Kiều", "").lower())
    assert VIETNAMESE.search(str(vietnamese.body).replace("Cầu Kiều", "").lower())
    assert english.subject != vietnamese.subject

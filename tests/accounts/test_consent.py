"""Consent is to exact texts: their hash, their language, and again when they change."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from backend.accounts.consent_texts import DOCUMENTS, LANGUAGES, consent_text
from backend.accounts.models import Consent, User
from backend.accounts.queries import texts_to_agree_to
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def texts(tmp_path: Path, settings: Any) -> Path:
    """Texts of our own that a test may change."""
    for language in LANGUAGES:
        (tmp_path / language).mkdir()
        for document in DOCUMENTS:
            text = f"---\nversion: 2026-11-24\n---\n{document} {language}\n"
            (tmp_path / language / f"{document}.md").write_text(text, encoding="utf-8")
    settings.LEGAL_TEXTS = tmp_path
    consent_text.cache_clear()
    yield tmp_path
    consent_text.cache_clear()


def test_the_hash_is_of_the_file_that_the_footer_page_shows() -> None:
    for language in LANGUAGES:
        for document in DOCUMENTS:
            path = settings.LEGAL_TEXTS / language / f"{document}.md"
            found = consent_text(document, language)
            assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
            assert found.version
            # No variable may be filled in: what is shown is what was hashed.
            assert "{" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_joining_agrees_in_the_language_of_the_page(
    client: Client, texts: Path, language: str
) -> None:
    data = {"email": "lan@example.com", "password1": "", "consent": "on"}
    client.post(f"/{language}/account/join/", data)
    kept = Consent.objects.filter(document="terms").get()
    path = texts / language / "terms.md"
    assert kept.text_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (kept.language, kept.version) == (language, "2026-11-24")


def test_a_changed_text_is_agreed_to_again_once(client: Client, texts: Path) -> None:
    data = {"email": "lan@example.com", "password1": "", "consent": "on"}
    client.post("/en/account/join/", data)
    user = User.objects.get()
    client.force_login(user)
    assert "changed" not in client.get("/en/me/").content.decode()
    for language in LANGUAGES:
        (texts / language / "terms.md").write_text("version: 2027-01-01\nnew", encoding="utf-8")
    consent_text.cache_clear()
    assert [text.document for text in texts_to_agree_to(user, "vi")] == ["terms"]
    assert "The terms or the privacy notice changed" in client.get("/en/me/").content.decode()
    assert client.post("/vi/me/consent/", {}).status_code == 400
    assert Consent.objects.count() == 2
    client.post("/vi/me/consent/", {"consent": "on"})
    client.post("/vi/me/consent/", {"consent": "on"})
    newest = Consent.objects.latest("id")
    assert Consent.objects.count() == 3
    assert (newest.document, newest.language, newest.version) == ("terms", "vi", "2027-01-01")


def test_a_text_without_a_version_is_named_by_its_hash(texts: Path) -> None:
    (texts / "vi" / "privacy.md").write_text("không có phiên bản", encoding="utf-8")
    consent_text.cache_clear()
    found = consent_text("privacy", "vi")
    assert found.version == found.sha256[:12]


def test_demo_people_are_not_asked() -> None:
    assert texts_to_agree_to(factories.a_user(is_demo=True), "vi") == []
    assert len(texts_to_agree_to(factories.a_user(), "vi")) == 2

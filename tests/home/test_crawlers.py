"""What search engines and shared links read."""

import pytest
from django.conf import settings
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db


def test_crawlers_find_the_map_and_no_page_of_a_person() -> None:
    answer = Client().get("/robots.txt").content.decode()
    assert f"Sitemap: {settings.SITE_URL}/sitemap.xml" in answer
    assert "Disallow: /vi/me/" in answer and "Disallow: /en/office/" in answer


def test_the_map_names_each_listed_project_in_both_languages_and_no_draft() -> None:
    listed, draft = factories.a_listed_project(), factories.a_draft()
    answer = Client().get("/sitemap.xml")
    text = answer.content.decode()
    assert f"/vi/projects/{listed.slug}/" in text and f"/en/projects/{listed.slug}/" in text
    assert f"/projects/{draft.slug}/" not in text and "/vi/about/fees/" in text
    assert "public" in answer.headers["Cache-Control"]


def test_a_shared_page_brings_a_picture_that_exists() -> None:
    page = Client().get("/vi/").content.decode()
    assert f'property="og:image" content="{settings.SITE_URL}/static/icons/preview' in page
    assert Client().get("/favicon.ico").status_code == 301

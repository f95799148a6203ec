"""Which language a page is in."""

import pytest
from django.utils import translation

from backend.core.language import language_of_page


@pytest.mark.parametrize(
    ("active", "expected"),
    [("vi", "vi"), ("en", "en"), ("en-us", "en"), ("vi-vn", "vi"), ("fr", "vi"), (None, "vi")],
)
def test_a_page_is_in_one_of_two_languages(active: str | None, expected: str) -> None:
    with translation.override(active):
        assert language_of_page() == expected

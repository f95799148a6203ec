"""Pasted HTML and Word text becomes plain text; plain text stays as it was typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.paste import plain_text


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("<p>Một</p><p>Hai</p>", "Một\nHai\n"),
        ("<ul><li>a</li><li>b</li></ul>", "\n- a\n\n- b\n\n"),
        ("A<script>alert(1)</script>B", "AB"),
        ("<o:p></o:p><b>Đậm</b> & nhạt", "Đậm & nhạt"),
        ("·\tMột\n\uf0b7 Hai", "- Một\n- Hai"),
        ("x < 5 mm và <ngưỡng>", "x < 5 mm và <ngưỡng>"),
        ("a\n\n\n\n\nb", "a\n\nb"),
    ],
)
def test_what_was_meant_is_kept(pasted: str, kept: str) -> None:
    assert plain_text(pasted) == kept


@given(st.text(max_size=120))
def test_it_is_idempotent_on_any_text(text: str) -> None:
    once = plain_text(text)
    assert plain_text(once) == once


@given(st.text(alphabet="<>&;/ bpscriptlt=\"'x", max_size=60))
def test_no_tag_survives_however_it_is_written(text: str) -> None:
    assert "<script" not in plain_text(text).lower()

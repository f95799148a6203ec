"""Vietnamese text: one folding for index and query, one order, one way to store."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.text import (
    clean_text,
    fold,
    initials,
    mark_form,
    old_tone_style,
    phrases_and_words,
    shorten_words,
    slugify_vi,
    sort_key,
)

any_text = st.text(st.characters(), max_size=60)


@pytest.mark.parametrize("query", ["duong", "Đường", "ĐƯỜNG", "đường", "dUOng"])
def test_one_word_in_all_its_forms_folds_alike(query: str) -> None:
    assert fold(query) == fold(unicodedata.normalize("NFD", query)) == "duong"


@given(any_text)
def test_folding_any_text_is_idempotent_and_has_no_marks(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert not any(unicodedata.combining(c) for c in folded)


@given(any_text)
def test_decomposed_input_finds_what_composed_input_finds(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@given(any_text)
def test_what_is_stored_is_composed_and_holds_no_trap(text: str) -> None:
    stored = clean_text(text)
    assert stored == unicodedata.normalize("NFC", stored)
    assert clean_text(stored) == stored
    assert not set(stored) & {"\x00", "\u202e", "\u200b", "\ufeff", "\r"}
    stored.encode()  # no half characters


@pytest.mark.parametrize(
    ("new", "old"),
    [("hoà", "hòa"), ("thuỷ", "thủy"), ("hoá chất", "hóa chất"), ("quý", "quý"),
     ("toàn", "toàn"), ("Hoà Bình", "Hòa Bình"), ("khoẻ", "khỏe"), ("quỵ", "quỵ")],
)  # fmt: skip
def test_both_tone_styles_are_one(new: str, old: str) -> None:
    assert old_tone_style(new) == old
    assert mark_form(new) == mark_form(old)


def test_exact_marks_differ_where_folding_does_not() -> None:
    assert mark_form("bán") != mark_form("bạn")
    assert fold("bán") == fold("bạn")


def test_the_order_is_the_vietnamese_one() -> None:
    ordered = ["an", "án", "ăn", "ân", "da", "đa", "e", "ê", "o", "ô", "ơ", "u", "ư", "y"]
    assert sorted(ordered, key=sort_key) == ordered
    tones = ["ma", "mà", "mả", "mã", "má", "mạ"]
    assert sorted(tones, key=sort_key) == tones
    assert sorted(["Phường 10", "Phường 2"], key=sort_key) == ["Phường 2", "Phường 10"]


@given(any_text)
def test_a_sort_key_is_plain_and_short(text: str) -> None:
    key = sort_key(text)
    assert key.isascii()
    assert len(key) <= 400


def test_slugs_phrases_initials_and_cuts() -> None:
    assert slugify_vi("Nước mặn ở Cần Giờ!") == "nuoc-man-o-can-gio"
    assert slugify_vi("…") == ""
    assert phrases_and_words('ai "sản xuất thông minh" x') == (
        [["sản", "xuất", "thông", "minh"]], ["ai", "x"],
    )  # fmt: skip
    assert initials("Nguyễn Thị Mai") == "TM"
    assert shorten_words("một hai ba bốn", 9) == "một hai…"
    assert len(shorten_words("x" * 50, 10)) == 10

"""Words of texts and of queries: they meet however they are typed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.projects.search_text import text_query_of, vector_of, words_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Đường", "duong"),
        ("hoà", "hòa"),
        ("SẢN XUẤT", "sản xuất"),
        ("thủy sản", unicodedata.normalize("NFD", "thủy sản")),
        ("th\u200bủy", "thủy"),
        ("\u202esản\u202c", "sản"),
    ],
)
def test_two_ways_to_type_it_fold_to_the_same_words(one: str, other: str) -> None:
    assert [w.folded for w in words_of(one)] == [w.folded for w in words_of(other)]


def test_old_and_new_tone_placement_are_the_same_marks() -> None:
    assert words_of("hoà thuỷ") == words_of("hòa thủy")


def test_another_tone_is_another_exact_word() -> None:
    assert [w.exact for w in words_of("sản")] != [w.exact for w in words_of("sân")]


def test_a_query_without_words_asks_for_nothing() -> None:
    assert text_query_of("!!! — ¿ 🙂") is None


def test_marks_in_a_query_add_tiers_before_the_folded_ones() -> None:
    with_marks, without = text_query_of("sản xuất"), text_query_of("san xuat")
    assert with_marks is not None
    assert without is not None
    assert "'^=sản xuất'" in with_marks.tiers[0]
    assert not any("=" in tier for tier in without.tiers)
    assert with_marks.matches == without.matches


@given(st.text(max_size=200))
def test_no_text_breaks_out_of_its_quotes(text: str) -> None:
    for made in (vector_of([text], [text]), *(q.tiers if (q := text_query_of(text)) else ())):
        assert made.count("'") % 2 == 0
        assert "\\" not in made
        assert "\0" not in made

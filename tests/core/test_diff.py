"""The word diff: nothing invented, nothing lost, numbers named, time bounded."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.diff import Kind, NumberChange, TextDiff, word_diff

words = st.sampled_from(["nước", "mặn", "36", "1.200", "kho", "a", "b", ",", "mặn,", "\n", "\n\n"])
texts = st.lists(words, max_size=40).map(" ".join)


def side(diff: TextDiff, without: Kind) -> list[str]:
    return [
        word
        for paragraph in diff.paragraphs
        for segment in paragraph.segments
        if segment.kind != without
        for word in segment.text.split()
    ]


@given(texts, texts)
def test_both_texts_can_be_read_back_from_the_diff(old: str, new: str) -> None:
    diff = word_diff(old, new)
    assert side(diff, Kind.ADDED) == old.split()
    assert side(diff, Kind.REMOVED) == new.split()


@given(st.text(max_size=80))
def test_a_text_has_no_difference_from_itself_in_any_unicode_form(text: str) -> None:
    diff = word_diff(unicodedata.normalize("NFD", text), text)
    assert not diff.is_changed
    assert diff.changes == 0
    assert diff.numbers == ()


def test_a_new_paragraph_leaves_its_neighbours_alone() -> None:
    diff = word_diff(
        "Sà lan chạy điện.\n\nGiảm bốc dỡ ban đêm.",
        "Sà lan chạy điện.\n\nMột đoạn mới.\n\nGiảm bốc dỡ ban đêm.",
    )
    assert [p.kind for p in diff.paragraphs] == [Kind.SAME, Kind.ADDED, Kind.SAME]


def test_a_changed_figure_is_named_first_with_what_it_was() -> None:
    diff = word_diff("Cần 1.200 triệu trong 18 tháng.", "Cần 1.450 triệu trong 18 tháng.")
    assert diff.numbers == (NumberChange("1.200 triệu", "1.450 triệu"),)
    assert diff.changes == 1
    kinds = [s.kind for s in diff.paragraphs[0].segments]
    assert kinds == [Kind.SAME, Kind.REMOVED, Kind.ADDED, Kind.SAME]


@pytest.mark.parametrize(
    ("old", "new", "numbers"),
    [
        ("", "Có 3 máy.", (NumberChange("", "3"),)),
        ("Có 3 máy.", "", (NumberChange("3", ""),)),
        ("Có 3 máy.", "Có ba máy.", (NumberChange("3", ""),)),
        ("Có 3 máy.", "Có 3 máy!", ()),
    ],
)
def test_figures_that_came_or_went(old: str, new: str, numbers: object) -> None:
    assert word_diff(old, new).numbers == numbers


@pytest.mark.parametrize("old_word", ["a ", "mot hai ba "])
def test_two_long_unlike_texts_are_compared_in_bounded_time(old_word: str) -> None:
    # CPU time, so that a busy machine does not matter: 0.1 s here.
    start = time.process_time()
    diff = word_diff(old_word * 2_500, "x a y b " * 1_250)
    assert diff.is_changed
    assert time.process_time() - start < 2


def test_many_unlike_paragraphs_are_bounded_too() -> None:
    start = time.process_time()
    old = "\n".join(f"đoạn {n} cũ" for n in range(2_000))
    new = "\n".join(f"dòng {n} mới" for n in range(2_000))
    assert word_diff(old, new).changes == 4_000
    assert time.process_time() - start < 2

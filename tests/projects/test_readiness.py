"""The self-check: cumulative levels, points that add up, frames that the city may publish."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.projects.readiness import (
    FRAMES,
    GROUP_POINTS,
    LEVELS,
    QUARTERS,
    built_in,
    levels_of,
    points_of,
    problems_of_frame,
)

LEVEL_KEYS = [c["key"] for c in built_in("levels")["criteria"]]
POINT_KEYS = [c["key"] for g in built_in("points")["groups"] for c in g["criteria"]]
met = {"met": True, "proof": "Biên bản"}


@pytest.mark.parametrize("frame", FRAMES)
def test_what_comes_with_the_product_could_be_published(frame: str) -> None:
    assert problems_of_frame(frame, built_in(frame)) == []


def test_the_frame_of_the_circular_has_its_groups_and_its_hundred_points() -> None:
    assert len(POINT_KEYS) == 26
    assert sum(points for _count, points in GROUP_POINTS.values()) == 100
    best = points_of(built_in("points"), dict.fromkeys(POINT_KEYS, 3))
    assert best.points == 100
    assert {g.key: g.points for g in best.groups} == {"T": 30, "E": 20, "O": 19, "R": 17, "I": 14}
    assert points_of(built_in("points"), {}).points == 0


def test_every_principle_has_criteria_on_every_level_in_both_languages() -> None:
    frame = built_in("levels")
    assert len(frame["principles"]) == 6
    assert [row["level"] for row in frame["levels"]] == list(LEVELS)
    for criterion in frame["criteria"]:
        for name in ("vi", "en", "proof_vi", "proof_en"):
            assert criterion[name]
        assert bool(criterion["technology_vi"]) == bool(criterion["technology_en"])


def test_a_level_counts_only_when_those_below_are_complete() -> None:
    frame = built_in("levels")
    own = [c for c in frame["criteria"] if c["principle"] == "learning_organisation"]
    upper = {c["key"]: met for c in own if c["level"] >= 2}
    result = {p.key: p for p in levels_of(frame, upper).principles}["learning_organisation"]
    assert result.level == 0
    assert {g["level"] for g in result.gaps} == {1}
    everything = {c["key"]: met for c in own}
    assert {p.key: p.level for p in levels_of(frame, everything).principles} == {
        p["key"]: 5 if p["key"] == "learning_organisation" else 0 for p in frame["principles"]
    }


@given(st.sets(st.sampled_from(LEVEL_KEYS)), st.sampled_from(LEVEL_KEYS))
def test_one_more_proof_never_lowers_a_level(keys: set[str], one_more: str) -> None:
    frame = built_in("levels")
    before = levels_of(frame, dict.fromkeys(keys, met))
    after = levels_of(frame, dict.fromkeys(keys | {one_more}, met))
    assert after.level >= before.level
    for old, new in zip(before.principles, after.principles, strict=True):
        assert new.level >= old.level


@given(st.dictionaries(st.sampled_from(POINT_KEYS), st.sampled_from(QUARTERS)))
def test_points_of_groups_stay_within_their_bounds(answers: dict[str, int]) -> None:
    result = points_of(built_in("points"), answers)
    assert result.answered == len(answers)
    assert 0 <= result.points <= 100
    for group in result.groups:
        assert 0 <= group.points <= group.of


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.one_of(st.none(), st.booleans(), st.text(), st.integers(), st.lists(st.text())),
    )
)
def test_odd_answers_count_as_not_met(answers: dict[str, Any]) -> None:
    assert levels_of(built_in("levels"), answers).level == 0
    assert points_of(built_in("points"), answers).points == 0


def test_a_frame_that_does_not_add_up_is_named() -> None:
    wrong = copy.deepcopy(dict(built_in("points")))
    wrong["groups"][0]["criteria"][0]["points"] += 1
    assert problems_of_frame("points", wrong) == ["group_points"]
    empty = copy.deepcopy(dict(built_in("levels")))
    empty["criteria"] = empty["criteria"][1:]
    assert problems_of_frame("levels", empty) == []
    empty["criteria"] = [c for c in empty["criteria"] if c["level"] != 4]
    assert problems_of_frame("levels", empty) == ["empty_level"]
    assert problems_of_frame("levels", {"x": 1}) == ["shape"]

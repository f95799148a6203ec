"""One suite for every ranker of the generic engine, on a small world whose right answer is obvious:
people choose projects of their field; people of one home like one maker."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backend.matching.engine.fitted import BadArtifact, FittedRanker, UnknownInvestor, load
from backend.matching.engine.frames import BadFrame, NothingToLearn, Schema
from backend.matching.engine.learn import MatchRanker, Settings
from backend.matching.engine.stated import RuleRanker

NOW = np.datetime64("2026-11-01")
FIELDS = ("farming", "chips", "boats", "games")
SCHEMA = Schema(
    categorical=("field", "tools", "maker"),
    log_amount="ask",
    text=("title",),
    crosses=(("field", "ask"),),
    home="country",
    factors={"field": "field", "tools": "technology", "ask": "ticket", "title": "words"},
)
SETTINGS = Settings(rank=48, people_rank=12, votes_rank=8)


def projects(count: int = 120) -> dict[str, list[Any]]:
    return {
        "project_id": [f"p{n:03d}" for n in range(count)],
        "field": [FIELDS[n % 4] for n in range(count)],
        "tools": [["ai"] if n % 3 else ["ai", "solar"] for n in range(count)],
        "maker": [f"m{n % 7}" for n in range(count)],
        "ask": [100.0 * 2 ** (n % 5) for n in range(count)],
        "title": [f"{FIELDS[n % 4]} number {n}" for n in range(count)],
    }


def investors(count: int = 90) -> dict[str, list[Any]]:
    return {
        "investor_id": [f"i{n:02d}" for n in range(count)],
        "country": ["US" if n % 2 else "AU" for n in range(count)],
        "field": [FIELDS[n % 4] for n in range(count)],
    }


def choices(count: int = 90) -> dict[str, list[Any]]:
    random = np.random.default_rng(3)
    rows: dict[str, list[Any]] = {"investor_id": [], "project_id": [], "chosen_at": []}
    for n in range(count):
        mine = [p for p in range(120) if p % 4 == n % 4]
        for place, p in enumerate(random.choice(mine, 6, replace=False).tolist()):
            rows["investor_id"].append(f"i{n:02d}")
            rows["project_id"].append(f"p{p:03d}")
            rows["chosen_at"].append(NOW - np.timedelta64(20 + 150 * place + n, "D"))
    return rows


def new_listings(count: int = 40) -> dict[str, list[Any]]:
    made = projects(count)
    made["project_id"] = [f"new{n:03d}" for n in range(count)]
    return made


def fitted(given: Mapping[str, Any] | None = None, **changes: Any) -> FittedRanker:
    return MatchRanker(SCHEMA, random_state=0, settings=SETTINGS).fit(
        given or choices(), changes.get("projects", projects()), investors(), NOW
    )


LEARNT = fitted()
RULES = RuleRanker(SCHEMA).fit(choices(), projects(), investors(), NOW)
EVERY = pytest.mark.parametrize("ranker", [LEARNT, RULES], ids=["learnt", "rules"])
SOME = ["i00", "i01", "i02", "i03", "i50"]


def one_of(frame: Mapping[str, Sequence[Any]], row: int) -> dict[str, list[Any]]:
    return {name: [values[row]] for name, values in frame.items()}


def field_of(listing_id: str) -> str:
    return FIELDS[int(listing_id[-3:]) % 4]


@EVERY
def test_the_obvious_field_comes_first(ranker: Any) -> None:
    ranking = ranker.rank(SOME, new_listings(), k=5)
    for i, person in enumerate(SOME):
        wanted = FIELDS[int(person[1:]) % 4]
        assert [field_of(key) for key in ranking.ids(i)] == [wanted] * 5


@EVERY
def test_parts_add_up_to_the_score_of_every_pair(ranker: Any) -> None:
    """Of people who chose and of newcomers, of new projects and of one with a history."""
    listings = new_listings(6)
    for name, values in projects(6).items():
        listings[name] = [*listings[name], *values]
    answers = {"investor_id": ["new", "silent"], "field": ["boats", None], "country": ["AU", "?"]}
    people = [*SOME, *({name: [v[i]] for name, v in answers.items()} for i in range(2))]
    for person in people:
        ranking = ranker.rank([person] if isinstance(person, str) else person, listings, k=12)
        assert ranking.rows.shape == (1, 12)
        for place, key in enumerate(ranking.ids(0)):
            parts = ranker.explain(person, one_of(listings, listings["project_id"].index(key)))
            assert set(parts) == set(ranker.factors)
            assert abs(sum(parts.values()) - ranking.scores[0, place]) < 1e-6


@EVERY
def test_permuting_and_doubling_listings_changes_nothing(ranker: Any) -> None:
    listings = {name: [*values, *values[:8]] for name, values in new_listings().items()}
    listings["project_id"][40:] = [f"twin{n}" for n in range(8)]  # whose scores are equal
    order = np.random.default_rng(0).permutation(48).tolist()
    mixed = {name: [v[i] for i in order] + [v[0]] for name, v in listings.items()}
    one, two = ranker.rank(SOME, listings, k=20), ranker.rank(SOME, mixed, k=20)
    assert [one.ids(i) for i in range(5)] == [two.ids(i) for i in range(5)]


@EVERY
def test_one_person_or_many_give_the_same_lists(ranker: Any) -> None:
    together = ranker.rank(SOME, new_listings(), k=10)
    for i, person in enumerate(SOME):
        alone = ranker.rank([person], new_listings(), k=10)
        assert alone.ids(0) == together.ids(i)
        assert np.array_equal(alone.scores[0], together.scores[i])


@EVERY
def test_one_changed_fact_moves_its_factor_and_people_like_you_only(ranker: Any) -> None:
    before = one_of(new_listings(), 1)
    parts = ranker.explain("i01", before)
    for name, value, factor in (("ask", 3200.0, "ticket"), ("maker", "m3", "maker")):
        # Crosses belong to the factor of their first column: the field's learns the sum's octave.
        after = ranker.explain("i01", {**before, name: [value]})
        moved = {f for f in parts if abs(parts[f] - after[f]) > 0.25 * abs(parts["field"])}
        assert moved <= {factor, "people_like_you"}


@EVERY
@pytest.mark.parametrize("ask", [float("nan"), float("inf"), -3.0, 0.0, "much", None, 1e308])
def test_strange_asks_do_no_harm(ranker: Any, ask: Any) -> None:
    listings = new_listings(6)
    listings["ask"][2] = ask
    ranking = ranker.rank(SOME, listings, k=6)
    assert sorted(ranking.ids(0)) == listings["project_id"]
    assert np.isfinite(ranking.scores).all()


@EVERY
def test_unknown_values_missing_values_and_no_listing(ranker: Any) -> None:
    listings = new_listings(3)
    listings["field"] = ["never seen", None, ""]
    listings["tools"] = [[], None, ["x", "y"]]
    assert len(ranker.rank(["i01"], listings).rows[0]) == 3
    nothing: dict[str, list[Any]] = {name: [] for name in listings}
    assert ranker.rank(["i01"], nothing).rows.shape == (1, 0)


@EVERY
def test_an_unknown_person_is_a_typed_error_and_answers_are_enough(ranker: Any) -> None:
    with pytest.raises(UnknownInvestor):
        ranker.rank(["nobody"], new_listings())
    answers = {"investor_id": ["new"], "field": ["boats"], "country": ["AU"]}
    ranking = ranker.rank(answers, new_listings(), k=5)
    assert {field_of(key) for key in ranking.ids(0)} == {"boats"}


def test_the_same_inputs_give_the_same_bytes_and_come_back_equal(tmp_path: Any) -> None:
    data = LEARNT.dump()
    assert fitted().dump() == data
    path = tmp_path / "ranker.npz"
    path.write_bytes(data)
    again = load(path)
    one, two = LEARNT.rank(SOME, new_listings()), again.rank(SOME, new_listings())
    assert np.array_equal(one.scores, two.scores)
    assert [one.ids(i) for i in range(5)] == [two.ids(i) for i in range(5)]
    assert again.dump() == data


@EVERY
def test_ids_may_be_any_text_and_a_list_comes_back_from_its_file(ranker: Any) -> None:
    odd = ["a\x00b", "\ud800", "", "x" * 10_000, "Dự án ✓", "'; --"]
    listings = new_listings(6) | {"project_id": odd}
    ranking = ranker.rank(["i01"], listings, k=6)
    assert sorted(ranking.ids(0)) == sorted(odd)
    for person in odd[:2]:
        answers = {"investor_id": [person], "field": ["boats"], "country": [person]}
        assert len(ranker.rank(answers, listings, k=6).ids(0)) == 6


def test_a_byte_that_changed_anywhere_is_a_typed_error_or_no_change() -> None:
    whole = LEARNT.dump()
    places = {*range(0, len(whole), len(whole) // 60), *range(len(whole) - 40, len(whole))}
    broken = 0
    for place in sorted(places):
        data = bytearray(whole)
        data[place] ^= 1 + place % 255
        try:
            again = load(bytes(data))
        except BadArtifact:
            broken += 1
        else:
            assert again.dump() == whole
    assert broken > len(places) // 2


@pytest.mark.parametrize(
    "change",
    [
        lambda r: {"vectors": np.full_like(r.vectors, np.nan)},
        lambda r: {"basis": np.where(r.basis == r.basis[0, 0], np.inf, r.basis)},
        lambda r: {"vectors": r.vectors[:-1]},
        lambda r: {"group_ids": r.group_ids[:-1]},
        lambda r: {"own_map": r.own_map[:, :-1]},
        lambda r: {"segments": r.segments[::-1].copy()},
        lambda r: {"segments": np.maximum(r.segments, 1)},
        lambda r: {"factors": r.factors[:-1]},
    ],
)
def test_a_whole_file_that_holds_no_order_is_a_typed_error(change: Any) -> None:
    with pytest.raises(BadArtifact):
        load(replace(LEARNT, **change(LEARNT)).dump())


@pytest.mark.parametrize("damage", ["absent", "cut", "text", "changed", "older"])
def test_a_file_that_cannot_be_used_is_a_typed_error(
    damage: str, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = LEARNT.dump()
    path = tmp_path / "ranker.npz"
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "text":
        path.write_text("no archive")
    elif damage == "changed":
        whole = replace(LEARNT, vectors=LEARNT.vectors + 1).dump()
        assert whole != data
        monkeypatch.setattr("backend.matching.engine.fitted._digest", lambda arrays: "other")
        path.write_bytes(data)
    elif damage == "older":
        path.write_bytes(data)
        monkeypatch.setattr("backend.matching.engine.fitted.GENERIC_VERSION", 99)
    with pytest.raises(BadArtifact):
        load(path)


def test_no_choices_one_investor_and_one_project_are_typed_errors() -> None:
    empty: dict[str, list[Any]] = {"investor_id": [], "project_id": [], "chosen_at": []}
    with pytest.raises(NothingToLearn):
        fitted(empty)
    one = choices()
    alone = {name: values[:1] * 60 for name, values in one.items()}
    with pytest.raises(NothingToLearn):
        fitted(alone)
    with pytest.raises(NothingToLearn):
        fitted(projects=one_of(projects(), 0))
    with pytest.raises(BadFrame):
        fitted({"investor_id": ["a"]})
    two = {"investor_id": ["a", "b"], "project_id": ["p001", "p002"], "chosen_at": [NOW, NOW]}
    for change in (
        {"chosen_at": ["some day", NOW]}, {"chosen_at": [object(), NOW]}, {"chosen_at": [NOW]},
        {"weight": ["much", 1]}, {"weight": [[1], 2]}, {"weight": [1.0] * 3},
    ):  # fmt: skip
        with pytest.raises(BadFrame):
            fitted(two | change)


def test_from_one_investor_nothing_is_learnt_and_from_two_something() -> None:
    """Of one person alone nothing is known that they did not choose."""
    given: dict[str, list[Any]] = {
        "investor_id": ["i01"] * 60,
        "project_id": [f"p{n:03d}" for n in range(1, 120, 2)],
        "chosen_at": [NOW - np.timedelta64(10 + 15 * n, "D") for n in range(60)],
    }
    with pytest.raises(NothingToLearn):
        fitted(given)
    ranker = fitted(given | {"investor_id": [f"i{int(p[1:]) % 4}" for p in given["project_id"]]})
    ranking = ranker.rank(["i1", "i3"], new_listings(), k=5)
    assert [{field_of(key) for key in ranking.ids(i)} for i in (0, 1)] == [{"chips"}, {"games"}]


def test_choices_of_the_future_of_unknown_projects_and_twice_count_once_or_not() -> None:
    given = choices()
    strange = {name: list(values) for name, values in given.items()}
    for person, project, at in (
        ("i01", "p001", NOW + np.timedelta64(400, "D")),
        ("i01", "p001", np.datetime64("9999-12-31")),
        ("i01", "p001", np.datetime64("2400-01-01T00:00:00.5")),
        ("i01", "unheard", NOW - np.timedelta64(4, "D")),
        ("i01", "p001", np.datetime64("NaT")),
    ):
        strange["investor_id"].append(person)
        strange["project_id"].append(project)
        strange["chosen_at"].append(at)
    for name in strange:
        strange[name].append(given[name][0])
    assert fitted(strange).dump() == LEARNT.dump()


def test_a_hundred_thousand_categories_are_cut_to_the_frequent_ones() -> None:
    from backend.matching.engine.encoding import MOST_KEYS, fit_encoder

    frame = {"kind": [f"k{n}" for n in range(100_000)] + ["common"] * 9}
    encoder = fit_encoder(Schema(categorical=("kind",)), frame)
    assert encoder.width == MOST_KEYS
    assert "common" in encoder.keys["kind"]
    assert len(encoder.encode({"kind": ["k99999", "new"]}).columns) <= 1


def test_the_fitted_ranker_loads_and_ranks_without_scikit_learn(tmp_path: Any) -> None:
    path = tmp_path / "ranker.npz"
    path.write_bytes(LEARNT.dump())
    code = (
        "import sys; from backend.matching.engine.fitted import load; "
        f"r = load({str(path)!r}); "
        "f = {'project_id': ['a', 'b'], 'field': ['chips', 'boats'], 'tools': ['ai', None], "
        "'maker': ['m1', 'm2'], 'ask': [100, 200], 'title': ['x', 'y']}; "
        "print(r.rank(['i01'], f).ids(0)[0], r.explain('i01', 'a', r.listings(f)) != {}); "
        "print([m for m in ('sklearn', 'scipy', 'pandas', 'django') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split("\n")[:2] == ["a True", "[]"]

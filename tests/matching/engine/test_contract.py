"""One suite for every order: the rules and a learnt model, on a small world whose right answer is
obvious."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backend.matching.engine import artifact
from backend.matching.engine.chosen import having_chosen
from backend.matching.engine.explain import against, explain, parts_of, strongest
from backend.matching.engine.fit import Choices, MatchRanker, TooFewChoices
from backend.matching.engine.schema import (
    FACTORS,
    PEOPLE,
    Answers,
    Listing,
    Vocabulary,
    encode_listings,
)
from backend.matching.engine.score import Model, rank_one, rule_model

VOCABULARY = Vocabulary(
    fields=("farming", "chips", "boats"),
    pillars=("green", "digital"),
    technologies=("ai", "iot", "solar"),
    instruments=("contribution", "loan"),
    languages=("vi", "en"),
    skills=("legal", "design"),
    places={"1": "north", "2": "north", "3": "south"},
)
FIELDS = ("farming", "chips", "boats")


def a_listing(number: int, **facts: Any) -> Listing:
    base = Listing(
        id=f"prj_{number:03d}",
        field=FIELDS[number % 3],
        technologies=(VOCABULARY.technologies[number % 3],),
        place=str(1 + number % 3),
        instrument="contribution" if number % 2 else "loan",
        ticket=100.0 * (1 + number % 7),
        trl=1 + number % 9,
        horizon_months=6 + number % 30,
        languages=("vi",) if number % 4 else ("vi", "en"),
        skills=("legal",) if number % 5 else (),
    )
    return replace(base, **facts)


LISTINGS = [a_listing(n) for n in range(60)]
ARRAYS = encode_listings(LISTINGS, VOCABULARY)
WHO = Answers(
    fields=("chips",),
    technologies=("iot",),
    country="US",
    home_place="1",
    budget=250.0,
    instruments=("contribution",),
    horizon_months=18,
    stages=(5, 6),
    languages=("en",),
    skills=("legal",),
)


def a_learnt_model() -> Model:
    """People choose projects of their field, and Australians all love listing 7."""
    random = np.random.default_rng(1)
    people, person, listing = [], [], []
    for number in range(120):
        field = FIELDS[number % 3]
        people.append(Answers(fields=(field,), country="AU" if number % 2 else "US"))
        mine = [i for i, row in enumerate(LISTINGS) if row.field == field]
        chosen = set(random.choice(mine, 4, replace=False).tolist())
        if number % 2:
            chosen.add(7)
        person += [number] * len(chosen)
        listing += sorted(chosen)
    choices = Choices(np.array(person), np.array(listing), np.ones(len(person)))
    return MatchRanker(random_state=0).fit(people, ARRAYS, choices, "run_test")


LEARNT = a_learnt_model()
MODELS = pytest.mark.parametrize("model", [rule_model(), LEARNT], ids=["rules", "learnt"])


@MODELS
def test_points_add_up_to_the_score_for_every_listing(model: Model) -> None:
    ranked = rank_one(WHO, ARRAYS, model, k=60)
    assert (ranked.points.sum(axis=1) == ranked.scores).all()
    assert (ranked.points >= 0).all()
    assert (ranked.points <= ranked.max_points).all()
    assert ranked.max_points.sum() == 100
    assert ((ranked.scores >= 0) & (ranked.scores <= 100)).all()


@MODELS
def test_the_order_falls_by_score_then_by_the_raw_score(model: Model) -> None:
    ranked = rank_one(WHO, ARRAYS, model, k=60)
    keys = list(zip(ranked.scores.tolist(), np.round(ranked.raw, 4).tolist(), strict=True))
    assert keys == sorted(keys, reverse=True)


@MODELS
def test_the_obvious_listing_comes_first(model: Model) -> None:
    perfect = Listing(
        "prj_perfect", "chips", (), ("iot",), "1", "contribution", 100.0, 5, 12, ("en",), ("legal",)
    )
    arrays = encode_listings([*LISTINGS, perfect], VOCABULARY)
    assert arrays.ids[rank_one(WHO, arrays, model, k=1).rows[0]] == "prj_perfect"


@MODELS
def test_permuting_listings_changes_nothing(model: Model) -> None:
    shuffled = encode_listings(LISTINGS[::-1], VOCABULARY)
    one, two = rank_one(WHO, ARRAYS, model, k=30), rank_one(WHO, shuffled, model, k=30)
    assert [ARRAYS.ids[r] for r in one.rows] == [shuffled.ids[r] for r in two.rows]


@MODELS
def test_pages_join_up_to_the_whole_order(model: Model) -> None:
    whole = rank_one(WHO, ARRAYS, model, k=60).rows.tolist()
    pages = [rank_one(WHO, ARRAYS, model, k=20, offset=o).rows.tolist() for o in (0, 20, 40)]
    assert [row for page in pages for row in page] == whole


@MODELS
def test_explaining_one_listing_says_what_the_list_says(model: Model) -> None:
    ranked = rank_one(WHO, ARRAYS, model, k=60)
    for i in (0, 17, 59):
        score, parts = explain(WHO, ARRAYS, int(ranked.rows[i]), model)
        assert score == ranked.scores[i]
        assert parts == parts_of(ranked, i)
        assert sum(p.points for p in parts) == score


@MODELS
@pytest.mark.parametrize(
    ("change", "factor"),
    [
        ({"field": "boats"}, "field"),
        ({"ticket": 100_000.0}, "ticket"),
        ({"trl": 1}, "stage"),
        ({"horizon_months": 90}, "horizon"),
        ({"languages": ("vi",)}, "language"),
    ],
)
def test_one_changed_fact_moves_only_its_factor(
    model: Model, change: dict[str, Any], factor: str
) -> None:
    best = Listing("prj_x", "chips", (), ("iot",), "1", "contribution", 100.0, 5, 12, ("en",))
    parts = {}
    for name, listing in (("before", best), ("after", replace(best, **change))):
        arrays = encode_listings([*LISTINGS, listing], VOCABULARY)
        _score, found = explain(WHO, arrays, 60, model)
        parts[name] = {p.factor: p.points for p in found}
    moved = {f for f in parts["before"] if parts["before"][f] != parts["after"][f]}
    assert factor in moved
    # Rounding to whole points may hand one point to another factor, no more.
    assert all(
        abs(parts["before"][f] - parts["after"][f]) <= 1
        for f in moved - {factor, "people_like_you"}
    )


@MODELS
def test_steering_off_takes_a_factor_out_and_the_sum_stays_a_hundred(model: Model) -> None:
    ranked = rank_one(WHO, ARRAYS, model, weights={"field": "off"}, k=5)
    assert ranked.max_points[FACTORS.index("field")] == 0
    assert ranked.max_points.sum() == 100
    more = rank_one(WHO, ARRAYS, model, weights={"field": "more"}, k=5)
    normal = rank_one(WHO, ARRAYS, model, k=5)
    field = FACTORS.index("field")
    assert more.max_points[field] > normal.max_points[field]


@MODELS
@pytest.mark.parametrize(("level", "most"), [("normal", 30), ("more", 60), ("less", 15)])
def test_few_answers_still_outweigh_what_others_chose(model: Model, level: str, most: int) -> None:
    ranked = rank_one(Answers(fields=("chips",)), ARRAYS, model, weights={"people_like_you": level})
    assert ranked.max_points[PEOPLE] <= most
    assert ranked.max_points.sum() == 100


@MODELS
def test_everything_off_is_no_personal_order_and_no_crash(model: Model) -> None:
    ranked = rank_one(WHO, ARRAYS, model, weights=dict.fromkeys(FACTORS, "off"), k=10)
    assert not any(ranked.active)
    assert (ranked.scores == 0).all()


@MODELS
def test_what_is_not_stated_counts_neither_for_nor_against(model: Model) -> None:
    silent = replace(LISTINGS[0], id="prj_silent", field=None, trl=None, ticket=None)
    arrays = encode_listings([*LISTINGS, silent], VOCABULARY)
    _score, parts = explain(WHO, arrays, 60, model)
    unknown = [p for p in parts if p.factor in {"field", "stage", "ticket"}]
    assert not any(p.is_known for p in unknown)
    best = strongest(parts)
    assert not {p.factor for p in best} & {"field", "stage", "ticket"}
    # Whole points may put 60 % of a factor at 4 of 8; that is still no reason against it.
    assert not any(p.is_mismatch for p in unknown)


@MODELS
def test_a_mismatch_is_shown_whenever_a_factor_is_under_sixty_percent(model: Model) -> None:
    ranked = rank_one(WHO, ARRAYS, model, k=60)
    for i in range(60):
        parts = parts_of(ranked, i)
        bad = [p for p in parts if p.is_known and p.points < 0.6 * p.max_points]
        assert (against(parts) is not None) == bool(bad)


@MODELS
@pytest.mark.parametrize("ticket", [float("nan"), float("inf"), -5.0, 0.0, 1e300])
def test_strange_tickets_do_no_harm(model: Model, ticket: float) -> None:
    arrays = encode_listings([replace(LISTINGS[0], ticket=ticket)], VOCABULARY)
    ranked = rank_one(WHO, arrays, model, k=5)
    assert len(ranked.rows) == 1
    assert 0 <= ranked.scores[0] <= 100
    # What is no sum is not stated: neither for nor against.
    assert ranked.known[0, FACTORS.index("ticket")] == (ticket == 1e300)


@MODELS
def test_no_listing_and_one_listing(model: Model) -> None:
    assert len(rank_one(WHO, encode_listings([], VOCABULARY), model).rows) == 0
    assert len(rank_one(WHO, encode_listings(LISTINGS[:1], VOCABULARY), model).rows) == 1


@MODELS
def test_unknown_keys_are_ignored(model: Model) -> None:
    strange = replace(WHO, fields=("unheard",), country="ZZ", home_place="999")
    arrays = encode_listings([replace(LISTINGS[0], field="unheard", place="999")], VOCABULARY)
    assert len(rank_one(strange, arrays, model).rows) == 1


@MODELS
def test_nothing_answered_ranks_without_a_personal_score(model: Model) -> None:
    ranked = rank_one(Answers(), ARRAYS, rule_model(), k=3)
    assert not any(ranked.active)
    assert model is not None


def test_ties_change_with_the_day_and_stay_within_it() -> None:
    same = [replace(LISTINGS[0], id=f"prj_{n:03d}") for n in range(30)]
    arrays = encode_listings(same, VOCABULARY)
    monday = rank_one(WHO, arrays, rule_model(), k=30, day="2026-11-23").rows.tolist()
    again = rank_one(WHO, arrays, rule_model(), k=30, day="2026-11-23").rows.tolist()
    tuesday = rank_one(WHO, arrays, rule_model(), k=30, day="2026-11-24").rows.tolist()
    assert monday == again
    assert monday != tuesday


def test_a_learnt_model_knows_what_similar_people_chose() -> None:
    people = FACTORS.index("people_like_you")
    australian = Answers(fields=("boats",), country="AU")
    american = replace(australian, country="US")
    ours = [
        rank_one(who, ARRAYS, LEARNT, k=1, only=np.array([7])).points[0, people]
        for who in (australian, american)
    ]
    assert ours[0] > ours[1]


def test_fitting_twice_gives_the_same_bytes() -> None:
    one = artifact.dump(LEARNT, metrics={}, window={})
    two = artifact.dump(a_learnt_model(), metrics={}, window={})
    assert one == two


def test_an_artifact_comes_back_as_the_same_model() -> None:
    loaded, meta = artifact.load(artifact.dump(LEARNT, metrics={"ndcg": 0.5}, window={}))
    assert meta["metrics"] == {"ndcg": 0.5}
    one, two = rank_one(WHO, ARRAYS, LEARNT, k=60), rank_one(WHO, ARRAYS, loaded, k=60)
    assert one.rows.tolist() == two.rows.tolist()
    assert one.points.tolist() == two.points.tolist()


def test_a_missing_cut_or_changed_artifact_is_a_typed_error() -> None:
    whole = artifact.dump(LEARNT, metrics={}, window={})
    for data, error in (
        (b"", artifact.ArtifactMissing),
        (None, artifact.ArtifactMissing),
        (whole[: len(whole) // 2], artifact.ArtifactDamaged),
        (b"not a zip", artifact.ArtifactDamaged),
    ):
        with pytest.raises(error):
            artifact.load(data)


def test_an_artifact_of_another_schema_is_outdated(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = artifact.dump(LEARNT, metrics={}, window={})
    monkeypatch.setattr(artifact, "SCHEMA_VERSION", 99)
    with pytest.raises(artifact.ArtifactOutdated):
        artifact.load(whole)


@pytest.mark.parametrize("count", [0, 1, 49])
def test_too_few_choices_are_refused(count: int) -> None:
    choices = Choices(np.zeros(count, np.int64), np.zeros(count, np.int64), np.ones(count))
    with pytest.raises(TooFewChoices):
        MatchRanker().fit([WHO], ARRAYS, choices, "run_x")


def rewritten(change: Callable[[dict[str, Any]], None]) -> bytes:
    """A whole file, its hash right, that holds something else."""
    model, meta = artifact.load(artifact.dump(LEARNT, metrics={}, window={}))
    arrays = {name: getattr(model, name).copy() for name in artifact.ARRAYS}
    names = {"answer_names": model.answer_names, "lift_ids": model.lift_ids}
    held = arrays | names
    change(held)
    return artifact.dump(replace(model, **held), metrics=meta["metrics"], window={})


def set_to(name: str, place: Any, value: float) -> Callable[[dict[str, Any]], None]:
    def change(held: dict[str, Any]) -> None:
        held[name][place] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_to("coefficients", 0, np.nan),
        set_to("low", 3, -np.inf),
        set_to("high", 3, np.inf),
        set_to("lift", (0, 0), np.nan),
        set_to("lift_listings", (0, 0), np.nan),
        set_to("max_points", 0, 90),
        set_to("max_points", 0, -1),
        set_to("low", 0, 99.0),
        lambda held: held.update(max_points=held["max_points"].astype(np.float64)),
        lambda held: held.update(coefficients=held["coefficients"][:9]),
        lambda held: held.update(coefficients=held["coefficients"][:, None]),
        lambda held: held.update(lift=held["lift"][:-1]),
        lambda held: held.update(lift_ids=held["lift_ids"][:-1]),
        lambda held: held.update(answer_names=held["answer_names"][:-1]),
    ],
)
def test_a_whole_file_that_holds_no_model_is_damaged(
    change: Callable[[dict[str, Any]], None],
) -> None:
    with pytest.raises(artifact.ArtifactDamaged):
        artifact.load(rewritten(change))


def test_a_byte_that_changed_anywhere_is_a_typed_error_or_no_change() -> None:
    """What a broken archive raises has no common class: all of them must come out as ours."""
    whole = artifact.dump(LEARNT, metrics={}, window={})
    random = np.random.default_rng(0)
    places = {*range(0, len(whole), max(len(whole) // 150, 1)), *range(len(whole) - 80, len(whole))}
    wanted = rank_one(WHO, ARRAYS, LEARNT, k=60)
    broken = 0
    for place in sorted(places):
        data = bytearray(whole)
        data[place] ^= int(random.integers(1, 256))
        try:
            model, _meta = artifact.load(bytes(data))
        except artifact.ArtifactError:
            broken += 1
        else:
            assert rank_one(WHO, ARRAYS, model, k=60).points.tolist() == wanted.points.tolist()
    assert broken > len(places) // 2


def test_tastes_for_listings_that_are_gone_are_left_unread() -> None:
    gone = replace(LEARNT, lift_ids=tuple(f"gone_{key}" for key in LEARNT.lift_ids))
    none = replace(LEARNT, lift_ids=(), lift_listings=LEARNT.lift_listings[:, :0])
    one, two = (rank_one(WHO, replace(ARRAYS, columns={}), m, k=60) for m in (gone, none))
    assert one.points.tolist() == two.points.tolist()
    assert len(LEARNT.lift_ids) > 0


def test_choices_that_tell_nothing_are_too_few() -> None:
    """One person who took all there is, and listings that are all alike."""
    everything = Choices(np.zeros(60, np.int64), np.arange(60), np.ones(60))
    with pytest.raises(TooFewChoices):
        MatchRanker().fit([WHO], ARRAYS, everything, "run_x")
    same = encode_listings([replace(LISTINGS[0], id=f"p{n}") for n in range(60)], VOCABULARY)
    some = Choices(np.repeat(np.arange(20), 3), np.arange(60), np.ones(60))
    with pytest.raises(TooFewChoices):
        MatchRanker().fit([WHO] * 20, same, some, "run_x")


def test_one_person_is_enough_and_twice_chosen_is_chosen() -> None:
    chips = [i for i, row in enumerate(LISTINGS) if row.field == "chips"] * 3
    choices = Choices(np.zeros(60, np.int64), np.array(chips), np.ones(60))
    model = MatchRanker().fit([WHO], ARRAYS, choices, "run_x")
    ranked = rank_one(having_chosen(WHO, ARRAYS, chips, [1.0] * 60), ARRAYS, model, k=20)
    assert {LISTINGS[row].field for row in ranked.rows.tolist()} == {"chips"}
    assert (ranked.points.sum(axis=1) == ranked.scores).all()


def test_a_hundred_thousand_categories_rank_and_are_learnt_from() -> None:
    many = tuple(f"t{n}" for n in range(100_000))
    known = replace(VOCABULARY, technologies=(*VOCABULARY.technologies, *many))
    rows = [replace(LISTINGS[0], id="all", technologies=many), *LISTINGS[1:]]
    for vocabulary in (VOCABULARY, known):  # of which nearly all are unknown, or none
        arrays = encode_listings(rows, vocabulary)
        choices = Choices(np.repeat(np.arange(2), 28), np.arange(56), np.ones(56))
        people = [replace(WHO, technologies=(many[n], "iot")) for n in range(2)]
        model = MatchRanker(negatives=1).fit(people, arrays, choices, "run_x")
        who = having_chosen(people[0], arrays, [0, 1], [1.0, 1.0])
        ranked = rank_one(who, arrays, model, k=60)
        assert (ranked.points.sum(axis=1) == ranked.scores).all()


def test_an_answer_that_only_few_gave_sets_no_weight() -> None:
    """Fifty accounts alone say which languages they read, and save one project that has theirs."""
    rows = [a_listing(n, languages=("en",) if n % 7 == 1 else ("vi",)) for n in range(63)]
    arrays = encode_listings(rows, VOCABULARY)
    people = [Answers(fields=(FIELDS[n % 3],)) for n in range(90)]
    person = np.repeat(np.arange(90), 7)
    listing = (person % 3 + 3 * (person + np.tile(np.arange(7) * 3, 90))) % 63
    before = MatchRanker(0).fit(people, arrays, Choices(person, listing, np.ones(630)), "run_a")
    few = [Answers(fields=("chips",), languages=("en",))] * 50
    after = MatchRanker(0).fit(
        people + few,
        arrays,
        Choices(
            np.append(person, np.arange(90, 140)),
            np.append(listing, np.full(50, 1)),
            np.append(np.ones(630), np.full(50, 0.1)),
        ),
        "run_b",
    )
    language = FACTORS.index("language")
    assert after.max_points[language] <= before.max_points[language] + 5

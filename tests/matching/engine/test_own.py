"""A person's own choices as a factor: what it gives, how it fades in, what it leaves alone."""

from dataclasses import replace

import numpy as np
import pytest

from backend.matching.engine import artifact
from backend.matching.engine.chosen import (
    MOST,
    NEUTRAL,
    Taken,
    chosen_of,
    having_chosen,
    taken_at,
    values_of,
    values_without_one,
    weight_of,
)
from backend.matching.engine.evaluate import Quality, as_they_were, by_choices, evaluate
from backend.matching.engine.fit import Choices, MatchRanker
from backend.matching.engine.schema import FACTORS, MINE, Answers, Chosen
from backend.matching.engine.score import Model, rank_one, whole_parts
from tests.matching.engine.test_contract import ARRAYS, LISTINGS, VOCABULARY, WHO

AREAS = VOCABULARY.places
BOATS = [i for i, row in enumerate(LISTINGS) if row.field == "boats"]


def a_world(people: int = 150) -> tuple[list[Answers], Choices]:
    """Everybody answers the same and takes eight projects, seven of a field that nobody stated."""
    random = np.random.default_rng(2)
    person, listing = [], []
    for number in range(people):
        mine = [i for i in range(len(LISTINGS)) if i % 3 == number % 3]
        others = [i for i in range(len(LISTINGS)) if i % 3 != number % 3]
        person += [number] * 8
        listing += [*random.choice(mine, 7, replace=False), random.choice(others)]
    who = Answers(country="US", languages=("vi",))
    return [who] * people, Choices(np.array(person), np.array(listing), np.ones(len(person)))


PEOPLE, CHOICES = a_world()
MODEL = MatchRanker(0).fit(PEOPLE, ARRAYS, CHOICES, "run_own")


def took(rows: list[int], weight: float = 1.0) -> Chosen:
    found = chosen_of([Taken(LISTINGS[i], weight) for i in rows], AREAS)
    assert found is not None
    return found


def test_what_one_takes_again_and_again_stands_above_the_rest() -> None:
    values = values_of(took(BOATS[:6]), ARRAYS)
    rest = np.setdiff1d(np.arange(len(LISTINGS)), BOATS)
    assert values[BOATS].min() > NEUTRAL > values[rest].max()
    assert ((values >= 0) & (values <= 1)).all()


def test_one_choice_says_little_and_many_are_bounded() -> None:
    spreads, weights = [], []
    for count in (1, 3, 10):
        chosen = took((BOATS * 2)[:count])
        spreads.append(float(np.ptp(values_of(chosen, ARRAYS))))
        weights.append(weight_of(chosen))
    assert spreads == sorted(spreads)
    assert weights == sorted(weights)
    assert 0 < weights[0] < weights[-1] < 1
    assert weight_of(None) == 0
    flood = chosen_of([Taken(LISTINGS[0], 1.0) for _ in range(10 * MOST)], AREAS)
    assert flood is not None
    assert flood.number == MOST


def test_a_refusal_counts_against_its_reason_only() -> None:
    refused = chosen_of([Taken(LISTINGS[2], 1.0, refused="field")], AREAS)
    assert refused is not None
    values = values_of(refused, ARRAYS)
    assert (values[BOATS] < NEUTRAL).all()
    rest = np.setdiff1d(np.arange(len(LISTINGS)), BOATS)
    assert np.allclose(values[rest], NEUTRAL)
    assert chosen_of([], AREAS) is None


def test_older_choices_count_less() -> None:
    old = chosen_of([Taken(LISTINGS[i], 1.0, 2000.0) for i in BOATS[:4]], AREAS)
    assert old is not None
    assert weight_of(old) < weight_of(took(BOATS[:4]))


def test_the_factor_is_learnt_and_orders_better_than_without_it() -> None:
    assert MODEL.max_points.sum() == 100
    assert 5 <= MODEL.max_points[MINE] <= 30
    early = np.arange(len(CHOICES)) % 8 < 5
    seen, later = (
        Choices(CHOICES.person[of], CHOICES.listing[of], CHOICES.weight[of])
        for of in (early, ~early)
    )
    model = MatchRanker(0).fit(PEOPLE, ARRAYS, seen, "run_seen")
    zero = np.where(np.arange(len(FACTORS)) == MINE, 0, model.max_points)
    people = as_they_were(PEOPLE, ARRAYS, seen, later)
    with_it = evaluate(model, people, ARRAYS, seen, later).ndcg_at_10
    without = evaluate(replace(model, max_points=zero), people, ARRAYS, seen, later).ndcg_at_10
    assert with_it > without + 0.1


def test_without_a_choice_the_others_share_the_points_as_they_did() -> None:
    plain = rank_one(WHO, ARRAYS, MODEL, k=60)
    assert plain.max_points[MINE] == 0
    assert plain.max_points.sum() == 100
    mine = rank_one(replace(WHO, chosen=took(BOATS[:5])), ARRAYS, MODEL, k=60)
    assert 0 < mine.max_points[MINE] <= MODEL.max_points[MINE]
    assert mine.max_points.sum() == 100
    assert (mine.points.sum(axis=1) == mine.scores).all()
    # What the others can give keeps its proportions, to the rounding of whole points.
    left = 100 - mine.max_points[MINE]
    assert np.abs(plain.max_points[:MINE] * left / 100 - mine.max_points[:MINE]).max() <= 1


@pytest.mark.parametrize("level", ["off", "less", "normal", "more"])
def test_it_is_steered_like_every_factor(level: str) -> None:
    who = replace(WHO, chosen=took(BOATS[:5]))
    found = rank_one(who, ARRAYS, MODEL, weights={"your_choices": level}).max_points
    normal = rank_one(who, ARRAYS, MODEL).max_points
    assert found.sum() == 100
    if level == "off":
        assert found.tolist() == rank_one(WHO, ARRAYS, MODEL).max_points.tolist()
    else:
        change = found[MINE] - normal[MINE]
        assert {"less": change < 0, "normal": change == 0, "more": change > 0}[level]


def test_choices_read_from_arrays_are_those_of_the_facts() -> None:
    rows = [0, 5, 9]
    who = having_chosen(WHO, ARRAYS, rows, [1.0, 0.4, 1.0])
    weights = {0: 1.0, 5: 0.4, 9: 1.0}
    taken = [Taken(LISTINGS[i], weights[i]) for i in rows]
    assert who.chosen == chosen_of(taken, AREAS)


def test_a_run_from_before_the_factor_still_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    old = replace(
        MODEL,
        **{name: getattr(MODEL, name)[:MINE] for name in artifact.BY_FACTOR},
    )
    old = replace(old, max_points=whole_parts(old.max_points / old.max_points.sum() * 100, 100))
    with monkeypatch.context() as patch:
        patch.setattr(artifact, "FACTORS", FACTORS[:MINE])
        data = artifact.dump(old, metrics={}, window={})
    model, _meta = artifact.load(data)
    assert isinstance(model, Model)
    assert model.max_points[MINE] == 0
    who = replace(WHO, chosen=took(BOATS[:5]))
    ours, plain = rank_one(who, ARRAYS, model, k=60), rank_one(WHO, ARRAYS, model, k=60)
    assert ours.rows.tolist() == plain.rows.tolist()
    assert ours.max_points.sum() == 100


def test_a_run_that_is_fitted_twice_reads_the_listings_of_each_fit() -> None:
    arrays = replace(ARRAYS, columns={})
    half = Choices(CHOICES.person[::3], CHOICES.listing[::3], CHOICES.weight[::3])
    few = MatchRanker(0).fit(PEOPLE, arrays, half, "run_twice")
    whole = MatchRanker(0).fit(PEOPLE, arrays, CHOICES, "run_twice")
    assert len(few.lift_ids) < len(whole.lift_ids)
    again = rank_one(WHO, replace(ARRAYS, columns={}), whole, k=60)
    assert rank_one(WHO, arrays, whole, k=60).raw.tolist() == again.raw.tolist()


def test_many_at_once_are_counted_as_one_by_one() -> None:
    random = np.random.default_rng(5)
    chosen = random.choice(len(LISTINGS), 7, replace=False)
    weights = random.choice([0.4, 1.0], 7)
    rows, left_out = np.arange(len(LISTINGS)), np.arange(len(LISTINGS)) % 7
    at_once = values_without_one(ARRAYS, chosen, weights, rows, left_out)
    for row, out in zip(rows.tolist(), left_out.tolist(), strict=True):
        kept = np.delete(np.arange(7), out)
        rest = chosen_of(taken_at(ARRAYS, chosen[kept].tolist(), weights[kept].tolist()), AREAS)
        assert rest is not None
        value = values_of(rest, ARRAYS)[row]
        assert at_once[row] == pytest.approx(NEUTRAL + weight_of(rest) * (value - NEUTRAL))


def test_what_is_learnt_is_told_by_how_many_choices_were_seen() -> None:
    """Twelve people of no choice, eleven of three, nine of thirty (too few to tell)."""
    counts = [0] * 12 + [3] * 11 + [30] * 9
    persons = np.repeat(np.arange(len(counts)), counts)
    seen = Choices(persons, np.zeros(len(persons), np.int64), np.ones(len(persons)))

    def quality(gains: list[float]) -> Quality:
        return Quality(32, 0, 0, 0, 0, 0, tuple(gains), tuple(range(32)))

    ours = quality([0.1] * 12 + [0.3] * 11 + [0.9] * 9)
    plain, rules = quality([0.1] * 12 + [0.2] * 20), quality([0.05] * 32)
    found = by_choices(ours, plain, rules, seen)
    assert [(row["from"], row["to"], row["people"]) for row in found] == [(0, 0, 12), (1, 4, 11)]
    told = [(row["run"], row["without"], row["rules"], row["low"]) for row in found]
    assert told == [(0.1, 0.1, 0.05, 0.0), (0.3, 0.2, 0.05, 0.1)]
    nobody = Quality(0, 0, 0, 0, 0, 0, (), ())
    assert by_choices(nobody, nobody, nobody, seen) == []


def test_what_own_choices_add_can_be_left_out_of_the_measure() -> None:
    seen = Choices(CHOICES.person[::2], CHOICES.listing[::2], CHOICES.weight[::2])
    later = Choices(CHOICES.person[1::2], CHOICES.listing[1::2], CHOICES.weight[1::2])
    whole = evaluate(MODEL, as_they_were(PEOPLE, ARRAYS, seen, later), ARRAYS, seen, later)
    plain = evaluate(MODEL, PEOPLE, ARRAYS, seen, later)
    assert plain.persons == whole.persons
    assert plain.ndcg_at_10 < whole.ndcg_at_10

"""What people state is part of the learnt order: without a choice it is the rules', weighed."""

from typing import Any

import numpy as np
import pytest

from backend.matching.engine.answers import ANSWERED, EARLY, stated_rows
from backend.matching.engine.encoding import fit_encoder
from backend.matching.engine.evaluate import ndcg
from backend.matching.engine.frames import Schema
from backend.matching.engine.learn import MatchRanker, Settings
from backend.matching.engine.stated import RuleRanker
from backend.matching.engine.world import read_world

NOW = np.datetime64("2026-11-01")
SCHEMA = Schema(categorical=("field", "maker", "colour"), log_amount="ask")
SETTINGS = Settings(rank=48, people_rank=4, votes_rank=4)
PEOPLE, PROJECTS = 120, 240


def a_world(seed: int = 5) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """People choose by field and maker as they say; the colour they name moves nobody."""
    random = np.random.default_rng(seed)
    projects: dict[str, Any] = {
        "project_id": [f"p{n:03d}" for n in range(PROJECTS)],
        "field": [f"f{v}" for v in random.integers(0, 6, PROJECTS)],
        "maker": [f"m{v}" for v in random.integers(0, 5, PROJECTS)],
        "colour": [f"c{v}" for v in random.integers(0, 3, PROJECTS)],
        "ask": (2.0 ** random.integers(5, 12, PROJECTS)).tolist(),
    }
    people: dict[str, Any] = {
        "investor_id": [f"i{n:03d}" for n in range(PEOPLE)],
        "field": [[f"f{v}" for v in random.choice(6, 2, replace=False)] for _ in range(PEOPLE)],
        "maker": [f"m{v}" for v in random.integers(0, 5, PEOPLE)],
        "colour": [f"c{v}" for v in random.integers(0, 3, PEOPLE)],
        "ask": (2.0 ** random.integers(5, 12, PEOPLE)).tolist(),
    }
    choices: dict[str, Any] = {"investor_id": [], "project_id": [], "chosen_at": []}
    for n in range(PEOPLE):
        liking = random.gumbel(size=PROJECTS)
        liking += 4.0 * np.isin(projects["field"], people["field"][n])
        liking += 2.0 * (np.array(projects["maker"]) == people["maker"][n])
        for place, row in enumerate(np.argsort(-liking)[:5].tolist()):
            choices["investor_id"].append(people["investor_id"][n])
            choices["project_id"].append(projects["project_id"][row])
            choices["chosen_at"].append(NOW - np.timedelta64(10 + 120 * place + n, "D"))
    return choices, projects, people


CHOICES, PROJECTS_FRAME, PEOPLE_FRAME = a_world()


@pytest.fixture(scope="module")
def learnt() -> Any:
    return MatchRanker(SCHEMA, settings=SETTINGS).fit(CHOICES, PROJECTS_FRAME, PEOPLE_FRAME, NOW)


def test_answers_times_facts_is_what_the_rules_count() -> None:
    """Single values and sums at whole octaves: nothing is lost on the way to coordinates."""
    encoder = fit_encoder(SCHEMA, PROJECTS_FRAME)
    facts = encoder.encode(PROJECTS_FRAME)
    names = PEOPLE_FRAME["investor_id"][:20]
    rows = stated_rows(encoder, PEOPLE_FRAME, names)
    dense = np.zeros((len(names), encoder.width), dtype=np.float32)
    dense[rows.row_numbers(), rows.columns] = rows.values
    rules = RuleRanker(SCHEMA).fit(CHOICES, PROJECTS_FRAME, PEOPLE_FRAME, NOW)
    ranking = rules.rank(names, PROJECTS_FRAME, k=PROJECTS)
    wanted = np.zeros((len(names), PROJECTS))
    columns = [PROJECTS_FRAME["project_id"].index(key) for key in ranking.listing_ids]
    np.put_along_axis(wanted, np.array(columns)[ranking.rows], ranking.scores, axis=1)
    assert np.allclose(facts.times(dense.T).T, wanted, atol=1e-5)


def test_rows_of_one_person_are_joined_and_strange_answers_leave_no_mark() -> None:
    encoder = fit_encoder(SCHEMA, PROJECTS_FRAME)
    frame: dict[str, Any] = {
        "investor_id": ["a", "b", "a", "c"],
        "field": [["f1", "f1"], "never seen", "f2", None],
        "maker": ["m1", float("nan"), "m1", ""],
        "ask": [-1, float("inf"), "1e309", None],
    }
    rows = stated_rows(encoder, frame, ["a", "nobody", "b", "c"])
    assert np.diff(rows.indptr).tolist() == [3, 0, 0, 0]
    assert rows.values.tolist() == [1.0, 1.0, 1.0]
    assert len(stated_rows(encoder, frame, [])) == 0


def test_a_newcomer_with_answers_gets_no_worse_an_order_than_the_rules(learnt: Any) -> None:
    """Others of the same kind: their truth is known, of them nothing but their answers."""
    _choices, _projects, people = a_world(seed=6)
    people["investor_id"] = [f"new {key}" for key in people["investor_id"]]
    liked: dict[str, set[str]] = {}
    for n, person in enumerate(people["investor_id"]):
        fields, maker = people["field"][n], people["maker"][n]
        liked[person] = {
            key
            for key, field, made in zip(
                *(PROJECTS_FRAME[c] for c in ("project_id", "field", "maker")), strict=True
            )
            if field in fields and made == maker
        }
    rules = RuleRanker(SCHEMA).fit(CHOICES, PROJECTS_FRAME, people, NOW)
    found = {}
    for name, ranking in (
        ("ours", learnt.rank(people, PROJECTS_FRAME, k=10)),
        ("rules", rules.rank(people["investor_id"], PROJECTS_FRAME, k=10)),
    ):
        hits = [
            np.array([key in liked[person] for key in ranking.ids(i)])
            for i, person in enumerate(ranking.investors)
        ]
        found[name] = np.mean([ndcg(h, len(liked[p])) for h, p in zip(hits, liked, strict=True)])
    assert found["ours"] > found["rules"]


def test_what_answers_are_worth_is_learnt_and_is_in_its_factor(learnt: Any) -> None:
    weights = learnt.meta["weights"]
    worth = {
        name: weights[f"{ANSWERED} {name}"] + weights[f"{EARLY} {name}"]
        for name in ("field", "maker", "colour")
    }
    assert worth["field"] > worth["maker"] > abs(worth["colour"])
    listings = learnt.listings(PROJECTS_FRAME)
    answers = {"investor_id": ["new"], "field": ["f1"]}
    moved = {"investor_id": ["new"], "field": ["f2"]}
    one, two = (learnt.explain(a, "p007", listings) for a in (answers, moved))
    assert {factor for factor in one if abs(one[factor] - two[factor]) > 1e-6} <= {"field"}


def test_without_answers_there_is_nothing_to_weigh() -> None:
    """So a schema whose investors state nothing is learnt exactly as before."""
    silent = {"investor_id": PEOPLE_FRAME["investor_id"]}
    assert read_world(SCHEMA, CHOICES, PROJECTS_FRAME, silent, NOW).stated is None

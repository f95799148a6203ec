"""What an owner or a group of accounts can not do, and what two machines agree on."""

from typing import Any

import numpy as np
import pytest

from backend.matching.engine import measures
from backend.matching.engine.exposure import with_floor
from backend.matching.engine.learn import MatchRanker
from backend.matching.engine.topk import BLOCK, GROUP, best, best_columns
from tests.matching.engine.test_generic import (
    LEARNT,
    NOW,
    SCHEMA,
    SETTINGS,
    choices,
    fitted,
    investors,
    new_listings,
    projects,
)


def ranked(people: np.ndarray, listings: np.ndarray, k: int, threads: int = 1) -> Any:
    rows = np.zeros((len(people), k), np.int64)
    scores = np.zeros((len(people), k), np.float32)

    def write(start: int, columns: Any, values: Any) -> None:
        rows[start : start + len(columns)] = columns
        scores[start : start + len(columns)] = values

    best(lambda a, b: people[a:b], len(people), listings, k, threads=threads, write=write)
    return rows, scores


@pytest.mark.parametrize("listings", [1, 19, 33, 700, 5000])
def test_the_first_places_are_exact_whatever_the_size(listings: int) -> None:
    random = np.random.default_rng(listings)
    people = random.standard_normal((300, 16)).astype(np.float32)
    items = random.standard_normal((listings, 16)).astype(np.float32)
    k = min(20, listings)
    rows, _scores = ranked(people, items, k)
    exact = people.astype(np.float64) @ items.T.astype(np.float64)
    mine = np.take_along_axis(exact, rows, axis=1)
    assert np.abs(mine - -np.sort(-exact, axis=1)[:, :k]).max() < 1e-4
    assert all(len(set(row)) == k for row in rows.tolist())


@pytest.mark.parametrize("same", [1, 25, 400])
def test_equal_scores_keep_the_order_of_the_listings(same: int) -> None:
    n = 4 * 20 * GROUP
    scores = np.random.default_rng(0).random((3, n)).astype(np.float32)
    tied = np.random.default_rng(1).choice(n, same, replace=False)
    scores[:, tied] = 2.0
    found = best_columns(scores, 20)
    wanted = [np.lexsort((np.arange(n), -row))[:20].tolist() for row in scores]
    assert found.tolist() == wanted


def test_shards_and_threads_give_the_same_bytes() -> None:
    random = np.random.default_rng(2)
    people = random.standard_normal((3 * BLOCK + 7, 24)).astype(np.float32)
    items = random.standard_normal((3000, 24)).astype(np.float32)
    whole = ranked(people, items, 20)
    threaded = ranked(people, items, 20, threads=2)
    parts = [ranked(people[a : a + BLOCK], items, 20) for a in range(0, len(people), BLOCK)]
    for i in (0, 1):
        assert np.array_equal(whole[i], threaded[i])
        assert np.array_equal(whole[i], np.concatenate([p[i] for p in parts]))


def test_fifty_accounts_move_one_project_by_at_most_one_point_in_a_hundred() -> None:
    given = choices()
    attacked = {name: list(values) for name, values in given.items()}
    listings = projects()
    target, field = "p005", listings["field"][5]
    for n in range(50):
        for project in (target, f"p{9 + 4 * (n % 20):03d}"):
            attacked["investor_id"].append(f"x{n}")
            attacked["project_id"].append(project)
            attacked["chosen_at"].append(NOW - np.timedelta64(3, "D"))
    others = list(LEARNT.investor_ids)
    shares = []
    for ranker in (LEARNT, fitted(attacked)):
        ranking = ranker.rank(others, listings, k=20)
        row = ranking.listing_ids.index(target)
        outside = [int(p[1:]) % 4 != 1 for p in others]
        shares.append((ranking.rows == row).any(axis=1)[outside].mean())
    assert field == "chips"
    assert shares[1] - shares[0] <= 0.01


def test_words_that_the_schema_does_not_name_move_nothing() -> None:
    from dataclasses import replace

    plain = replace(SCHEMA, text=())
    ranker = MatchRanker(plain, settings=SETTINGS).fit(choices(), projects(), investors(), NOW)
    listings = new_listings()
    edited = {**listings, "title": ["best chips ever, guaranteed"] * 40}
    one, two = ranker.rank(["i01"], listings), ranker.rank(["i01"], edited)
    assert one.ids(0) == two.ids(0)
    assert np.array_equal(one.scores, two.scores)


def test_the_floor_shows_every_listing_and_leaves_the_first_places() -> None:
    random = np.random.default_rng(4)
    scores = random.standard_normal((200, 300)) + 3 * random.random(300)
    noise = random.random(300)
    pools = measures.first_places(scores, 200, noise)
    before = measures.exposure(pools, 300)
    floored = with_floor(pools, 300)
    after = measures.exposure(floored.top, 300)
    assert np.array_equal(floored.top[:, :10], pools[:, :10])
    assert not floored.moved[:, :10].any()
    assert measures.coverage(after) > measures.coverage(before)
    assert all(len(set(row)) == 20 for row in floored.top.tolist())
    again = with_floor(pools, 300)
    assert np.array_equal(again.top, floored.top)


def test_measures_of_lists_that_one_can_reckon_by_hand() -> None:
    hits = np.array([[True, False, True], [False, False, False]])
    truths = np.array([2, 4])
    gain = (1 + 1 / np.log2(4)) / (1 + 1 / np.log2(3))
    assert np.allclose(measures.ndcg(hits, truths), [gain, 0.0])
    assert np.allclose(measures.recall(hits, truths), [1.0, 0.0])
    assert np.allclose(measures.reciprocal_rank(hits[:, ::-1]), [1.0, 0.0])
    assert np.allclose(measures.reciprocal_rank(np.array([[False, True]])), [0.5])
    top = np.array([[0, 1], [0, 2]])
    assert measures.exposure(top, 4).tolist() == [2, 1, 1, 0]
    assert measures.coverage(np.array([2.0, 1, 1, 0])) == 0.75
    assert measures.ticket_bias(np.array([[3]]), np.array([1.0, 2, 3, 4]), 1) == 1 - 0.625
    assert str(measures.interval(np.ones(5))) == "1.0000 [1.0000, 1.0000]"

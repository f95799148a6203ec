"""How good an order is on choices that it has not seen. Workers and scripts only."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backend.matching.engine.chosen import having_chosen
from backend.matching.engine.fit import Choices
from backend.matching.engine.schema import Answers, Floats, ListingArrays
from backend.matching.engine.score import Model, rank_one

TOP = 20
FEW = 4  # choices: of people with no more, an order knows little but their answers
# How many choices an order had seen of a person, from … to (0: open); groups under LEAST are left
# out: their mean says little, and could be read back to somebody.
GROUPS = ((0, 0), (1, 4), (5, 9), (10, 19), (20, 0))
LEAST = 10


@dataclass(frozen=True)
class Quality:
    """Means over people with held-out choices; coverage and Gini of the first 20 places."""

    people: int
    ndcg_at_10: float
    recall_at_20: float
    mrr: float
    coverage_at_20: float
    gini_at_20: float
    per_person: tuple[float, ...]
    persons: tuple[int, ...]  # whose NDCG each of `per_person` is

    def as_metrics(self) -> dict[str, float | int]:
        return {
            "people": self.people,
            "ndcg_at_10": round(self.ndcg_at_10, 4),
            "recall_at_20": round(self.recall_at_20, 4),
            "mrr": round(self.mrr, 4),
            "coverage_at_20": round(self.coverage_at_20, 4),
            "gini_at_20": round(self.gini_at_20, 4),
        }


def as_they_were(
    people: Sequence[Answers], listings: ListingArrays, seen: Choices, held_out: Choices
) -> list[Answers]:
    """The people with their choices in `seen`; only those who chose something later are counted,
    for only they are ranked."""
    found = list(people)
    for person in np.unique(held_out.person).tolist():
        mine = seen.person == person
        found[person] = having_chosen(
            people[person], listings, seen.listing[mine].tolist(), seen.weight[mine]
        )
    return found


def evaluate(
    model: Model,
    people: Sequence[Answers],
    listings: ListingArrays,
    seen: Choices,
    held_out: Choices,
) -> Quality:
    """Rank all listings that a person has not chosen before; the truth is what they chose next.
    `people`: with what they had chosen until then (`as_they_were`)."""
    persons, gains, recalls, reciprocal = [], [], [], []
    shown = np.zeros(len(listings))
    everything = np.arange(len(listings))
    for person in np.unique(held_out.person):
        before = seen.listing[seen.person == person]
        truth = set(held_out.listing[held_out.person == person].tolist()) - set(before.tolist())
        candidates = np.setdiff1d(everything, before)
        if not truth or not len(candidates):
            continue
        ranked = rank_one(people[int(person)], listings, model, k=TOP, only=candidates)
        hits = np.array([row in truth for row in ranked.rows.tolist()])
        shown[ranked.rows] += 1
        persons.append(int(person))
        gains.append(ndcg(hits[:10], len(truth)))
        recalls.append(hits.sum() / len(truth))
        reciprocal.append(1 / (1 + int(hits.argmax())) if hits.any() else 0.0)
    return Quality(
        people=len(gains),
        ndcg_at_10=float(np.mean(gains)) if gains else 0.0,
        recall_at_20=float(np.mean(recalls)) if recalls else 0.0,
        mrr=float(np.mean(reciprocal)) if reciprocal else 0.0,
        coverage_at_20=float((shown > 0).mean()),
        gini_at_20=gini(shown),
        per_person=tuple(gains),
        persons=tuple(persons),
    )


def gain_of_few(ours: Quality, theirs: Quality, seen: Choices) -> dict[str, float | int]:
    """How much better `ours` orders for people of at most FEW choices in `seen`: NDCG@10."""
    before = np.bincount(seen.person, minlength=max(ours.persons, default=0) + 1)
    few = before[list(ours.persons)] <= FEW if ours.persons else np.zeros(0, np.bool_)
    mine, others = np.array(ours.per_person)[few], np.array(theirs.per_person)[few]
    mean, low, high = paired_interval(mine.tolist(), others.tolist())
    return {
        "most_choices": FEW,
        "people": int(few.sum()),
        "mean": round(mean, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def by_choices(
    ours: Quality, without: Quality, rules: Quality, seen: Choices
) -> list[dict[str, float | int]]:
    """NDCG@10 by how many choices of a person the order had seen: `ours`, the same `without` the
    person's own choices, and the rules. `low` and `high` bound what the own choices add."""
    if not ours.persons:
        return []
    before = np.bincount(seen.person, minlength=max(ours.persons) + 1)[list(ours.persons)]
    read = {"run": ours, "without": without, "rules": rules}
    gains = {name: np.array(quality.per_person) for name, quality in read.items()}
    found: list[dict[str, float | int]] = []
    for low, high in GROUPS:
        here = (before >= low) & (before <= high if high or not low else True)
        if here.sum() >= LEAST:
            means = {name: round(float(all_[here].mean()), 4) for name, all_ in gains.items()}
            _mean, least, most = paired_interval(
                gains["run"][here].tolist(), gains["without"][here].tolist()
            )
            found.append({
                "from": low, "to": high, "people": int(here.sum()), **means,
                "low": round(least, 4), "high": round(most, 4),
            })  # fmt: skip
    return found


def ndcg(hits: "np.ndarray[tuple[int], np.dtype[np.bool_]]", truth: int) -> float:
    """Binary gain of the first ten places; the ideal has min(10, truth) hits on top."""
    discount = 1 / np.log2(np.arange(2, 12))
    ideal = discount[: min(10, truth)].sum()
    return float((hits * discount[: len(hits)]).sum() / ideal)


def gini(shown: Floats) -> float:
    """0: every listing is shown equally often; 1: one takes all."""
    if shown.sum() == 0:
        return 0.0
    ordered = np.sort(shown)
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * ordered.sum()))


def paired_interval(
    ours: Sequence[float], theirs: Sequence[float], random_state: int = 0, rounds: int = 1000
) -> tuple[float, float, float]:
    """Mean difference per person and its 95 % bootstrap interval."""
    difference = np.array(ours) - np.array(theirs)
    if not len(difference):
        return 0.0, 0.0, 0.0
    random = np.random.default_rng(random_state)
    picks = random.integers(0, len(difference), (rounds, len(difference)))
    means = difference[picks].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(difference.mean()), float(low), float(high)

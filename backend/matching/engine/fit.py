"""Learning the order from choices: weights of the factors, and what people with similar answers
chose. Uses scikit-learn; runs in workers and scripts only."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from backend.matching.engine import chosen as own
from backend.matching.engine.schema import (
    FACTORS,
    MINE,
    PEOPLE,
    Answers,
    Chosen,
    Floats,
    Ints,
    ListingArrays,
    answer_features,
)
from backend.matching.engine.score import (
    MOST_FOR_PEOPLE,
    NEUTRAL,
    TOTAL,
    Model,
    factor_values,
    rule_model,
    share_of_points,
    whole_parts,
)

SHRINK = 20.0  # choices that a group needs before its taste counts half
NEGATIVES = 20
MIN_POSITIVES = 50
MOST_FOR_MINE = 0.3  # of all points: what a person says stays the larger part
MIN_CHOICES = 10  # fewer choices of a project say nothing of their own
LEAST_POINTS = 2
REFUSED = 1.0  # a refusal weighs as much as a pledge, the other way
LEAST_COEFFICIENT = 0.05  # of the largest: what people were asked counts at least a little


class TooFewChoices(ValueError):
    """There is too little to learn from; the rules serve."""


@dataclass(frozen=True)
class Choices:
    """Who chose what: row numbers into `people` and into the listings, with weights > 0."""

    person: Ints
    listing: Ints
    weight: Floats

    def __len__(self) -> int:
        return len(self.person)


NONE = Choices(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


class MatchRanker:
    """Fits a Model. `random_state` fixes the negatives; the same inputs give the same model."""

    def __init__(self, random_state: int = 0, negatives: int = NEGATIVES) -> None:
        self.random_state = random_state
        self.negatives = negatives

    def fit(
        self,
        people: Sequence[Answers],
        listings: ListingArrays,
        choices: Choices,
        run_id: str,
        refused: Choices | None = None,
    ) -> Model:
        """Raises TooFewChoices under 50 choices, without two listings, or where nothing tells what
        was chosen from the rest. `refused`: what people said they do not want, which counts more
        against it than not having chosen it."""
        if len(choices) < MIN_POSITIVES or len(listings) < 2:
            raise TooFewChoices(f"{len(choices)} choices of {len(listings)} listings")
        names = _answer_names(people)
        lift = _lift(people, names, listings, choices)
        base = Model(
            run_id=run_id,
            coefficients=np.ones(len(FACTORS)),
            low=np.zeros(len(FACTORS)),
            high=np.ones(len(FACTORS)),
            max_points=rule_model().max_points,
            answer_names=tuple(names),
            lift=lift.by_feature,
            lift_ids=lift.ids,
            lift_listings=lift.by_listing,
            is_rules=False,
        )
        rows, labels, weights = self._examples(people, listings, choices, base, refused or NONE)
        coefficients = _coefficients(rows, labels, weights)
        low, high = _bounds(rows, coefficients)
        said = replace(
            base,
            coefficients=coefficients,
            low=low,
            high=high,
            max_points=_max_points(high - low),
        )
        return _with_own(said, rows, labels, weights)

    def _examples(
        self,
        people: Sequence[Answers],
        listings: ListingArrays,
        choices: Choices,
        base: Model,
        refused: Choices,
    ) -> tuple[Floats, Ints, Floats]:
        """Each person's choices against listings that they did not choose."""
        random = np.random.default_rng(self.random_state)
        rows, labels, weights = [], [], []
        for person in np.unique(choices.person):
            mine = choices.person == person
            chosen = choices.listing[mine]
            others = np.setdiff1d(np.arange(len(listings)), chosen)
            count = min(len(others), self.negatives * len(chosen))
            negative = random.choice(others, count, replace=False)
            values = factor_values(people[int(person)], listings, base)
            said_no = np.setdiff1d(refused.listing[refused.person == person], chosen)
            found = [values[chosen], values[negative], values[said_no]]
            _fill_own(found, listings, (chosen, negative, said_no), choices.weight[mine])
            rows += found
            labels += [np.ones(len(chosen), np.int64), np.zeros(count, np.int64)]
            weights += [choices.weight[mine], np.full(count, len(chosen) / max(count, 1))]
            labels.append(np.zeros(len(said_no), np.int64))
            weights.append(np.full(len(said_no), REFUSED))
        return np.vstack(rows), np.concatenate(labels), np.concatenate(weights)


def _fill_own(
    values: Sequence[Floats], listings: ListingArrays, rows: Sequence[Ints], weights: Floats
) -> None:
    """What the person chose, as it was without the choice that is looked at: each choice and its
    share of the others are seen by all choices but this one."""
    chosen, negative, said_no = rows
    if not len(chosen):
        return
    if len(chosen) > 1:
        turns = np.arange(len(chosen)), np.arange(len(negative)) % len(chosen)
        filled = own.values_without_one(
            listings, chosen, weights, np.append(chosen, negative), np.append(*turns)
        )
        values[0][:, MINE], values[1][:, MINE] = np.split(filled, [len(chosen)])
    if len(said_no):
        taken = own.taken_at(listings, chosen.tolist(), weights.tolist())
        whole = own.chosen_of(taken, listings.vocabulary.places)
        assert whole is not None
        values[2][:, MINE] = _faded(whole, listings, said_no)


def _faded(chosen: Chosen, listings: ListingArrays, rows: Ints) -> Floats:
    """The value as it counts: few choices move it little from NEUTRAL."""
    values: Floats = NEUTRAL + own.weight_of(chosen) * (
        own.values_of(chosen, listings, rows) - NEUTRAL
    )
    return values


def _answer_names(people: Sequence[Answers]) -> dict[str, int]:
    names = {"everyone"}
    for person in people:
        if person.country:
            names.add(f"country:{person.country}")
        for kind in ("fields", "technologies", "instruments", "skills"):
            names.update(f"{kind}:{key}" for key in getattr(person, kind))
    return {name: i for i, name in enumerate(sorted(names))}


@dataclass(frozen=True)
class _Lift:
    by_feature: Floats
    ids: tuple[str, ...]
    by_listing: Floats


def _lift(
    people: Sequence[Answers], names: dict[str, int], listings: ListingArrays, choices: Choices
) -> _Lift:
    """How much more than others the people with an answer choose a kind of project, and single
    projects; both shrunk by how many choices speak."""
    groups = np.array([answer_features(p, names) > 0 for p in people], dtype=np.float64)
    groups = groups[choices.person] * choices.weight[:, None]
    counts = groups.sum(axis=0)[:, None]
    chosen = listings.features[choices.listing]
    mean = (chosen * choices.weight[:, None]).sum(axis=0) / choices.weight.sum()
    by_feature: Floats = (groups.T @ chosen - counts * mean) / (counts + SHRINK)
    number = np.bincount(choices.listing, minlength=len(listings))
    known = np.flatnonzero(number >= MIN_CHOICES)
    taken = np.zeros((len(choices), len(known)))
    column = np.full(len(listings), -1)
    column[known] = np.arange(len(known))
    rows = np.flatnonzero(column[choices.listing] >= 0)
    taken[rows, column[choices.listing[rows]]] = 1.0
    share = groups.T @ taken
    expected = counts / max(len(known), 1)
    by_listing: Floats = len(known) * (share - expected) / (counts + SHRINK) / 10
    return _Lift(by_feature, tuple(listings.ids[k] for k in known), by_listing)


def _coefficients(rows: Floats, labels: Ints, weights: Floats) -> Floats:
    """Logistic regression on the factors; a factor that people choose against gets none.

    A negative weight would mean that a project loses points for what somebody asked for, which no
    reader could follow.
    """
    filled = np.where(
        np.isnan(rows), np.where(np.arange(len(FACTORS)) == PEOPLE, 0.0, NEUTRAL), rows
    )
    spread = filled.std(axis=0)
    usable = (spread > 1e-9) & (np.arange(len(FACTORS)) != MINE)
    if not usable.any() or labels.all() or not labels.any():
        raise TooFewChoices("nothing tells what was chosen from what was not")
    # Stated factors run from 0 to 1 and are held to 0 as they are. By its spread, a question that
    # few answer would cost nothing to weigh: fifty accounts alone with an answer would set it.
    unit = np.where(np.arange(len(FACTORS)) == PEOPLE, spread, 1.0)
    scaled = filled[:, usable] / unit[usable]
    fitted = LogisticRegression(C=0.1, max_iter=500).fit(scaled, labels, sample_weight=weights)
    coefficients = np.zeros(len(FACTORS))
    coefficients[usable] = np.maximum(fitted.coef_[0], 0.0) / unit[usable]
    least = LEAST_COEFFICIENT * float(coefficients.max())
    raised: Floats = np.maximum(coefficients, least)
    raised[MINE] = 0.0
    return raised


def _with_own(model: Model, rows: Floats, labels: Ints, weights: Floats) -> Model:
    """The model with points for a person's own choices.

    Learnt on top of the points of the other factors, which keep their proportions: so somebody who
    chose nothing yet has the order that they would have without this factor.
    """
    points = share_of_points(rows, model) @ (model.max_points / TOTAL)
    mine = np.where(np.isnan(rows[:, MINE]), NEUTRAL, rows[:, MINE])
    if mine.std() < 1e-9 or points.std() < 1e-9:
        return model
    both = np.stack([points / points.std(), mine / mine.std()], axis=1)
    fitted = LogisticRegression(C=0.1, max_iter=500).fit(both, labels, sample_weight=weights)
    others, own_ = np.maximum(fitted.coef_[0], 0.0) / [points.std(), mine.std()]
    if not others or not own_:
        return model
    most = min(own_ / (others + own_), MOST_FOR_MINE)
    shares = model.max_points * (1 - most)
    shares[MINE] = TOTAL * most
    span = float((model.high - model.low).sum()) * most / (1 - most)
    coefficients, high = model.coefficients.copy(), model.high.copy()
    coefficients[MINE] = high[MINE] = span
    return replace(
        model, coefficients=coefficients, high=high, max_points=whole_parts(shares, TOTAL)
    )


def _bounds(rows: Floats, coefficients: Floats) -> tuple[Floats, Floats]:
    """What each contribution can span, as published with the run.

    A stated factor runs from "fits not at all" (0) to "fits" (1) for everybody, so that a project
    that meets an answer gets all of its points; people_like_you has no such ends and takes the
    1st and 99th percentile of the run.
    """
    low, high = np.zeros(len(FACTORS)), coefficients.copy()
    column = rows[:, PEOPLE][~np.isnan(rows[:, PEOPLE])] * coefficients[PEOPLE]
    if len(column):
        low[PEOPLE], high[PEOPLE] = np.percentile(column, [1, 99])
    return low, high


def _max_points(spread: Floats) -> Ints:
    """Whole numbers from the spreads, summing to 100.

    No stated factor falls under two points, so that everything that a person may steer counts, and
    what others chose never takes more than MOST_FOR_PEOPLE: the order stays one's own.
    """
    share = spread / spread.sum() if spread.sum() > 0 else np.full(len(FACTORS), 1 / len(FACTORS))
    stated = share.sum() - share[PEOPLE]
    if stated > 0:
        share[PEOPLE] = min(share[PEOPLE], stated * MOST_FOR_PEOPLE / (1 - MOST_FOR_PEOPLE))
        share = share / share.sum()
    floor = np.full(len(FACTORS), float(LEAST_POINTS))
    floor[MINE] = 0.0
    return whole_parts(floor + (TOTAL - floor.sum()) * share, TOTAL)

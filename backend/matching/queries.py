"""Ranked lists for pages and the API. Anonymous previews store nothing."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from backend.accounts import answers as people
from backend.accounts.answers import Answers
from backend.core.clock import app_now
from backend.core.formats import CITY_ZONE
from backend.core.money import Money
from backend.funding.queries import latest_rates
from backend.matching.catalogue import Catalogue, current_catalogue, in_base
from backend.matching.engine import schema
from backend.matching.engine.explain import Part, against, strongest
from backend.matching.engine.score import average_for_people
from backend.matching.exposure import current_reading, floor_of
from backend.matching.models import Dismissal, ExposureReading, ListSettings, MatchList
from backend.matching.order import Order, Wish, order_of, standing_of
from backend.matching.reasons import Person, Reason, reason_of
from backend.matching.runs import Serving, current_model
from backend.projects.models import Project
from backend.projects.workflow import PUBLIC

MAX_LIMIT = 100


@dataclass(frozen=True)
class Place:
    """One project at one place: the parts add up to the score."""

    position: int
    project: Project
    score: int
    reasons: tuple[Reason, ...]
    strongest: tuple[Reason, ...]
    against: Reason | None
    # The rule that put it here (exploration, floor, variety, closed); empty: the points alone did.
    moved_by: str

    @property
    def without_against(self) -> int:
        """The score if the strongest mismatch were none."""
        worst = self.against
        return self.score + (worst.max_points - worst.points if worst else 0)


@dataclass(frozen=True)
class ListRules:
    """What a list holds beside the order by points; all of it can be switched off."""

    explore: bool = False
    with_calls: bool = True
    variety: str = "low"
    with_floor: bool = False


# As pages show it to somebody who changed nothing.
PAGE_RULES = ListRules(explore=True, with_floor=True)


@dataclass(frozen=True)
class Better:
    """If the strongest mismatch were none: the score and the place, all else as it is."""

    label: str
    score: int
    position: int


@dataclass(frozen=True)
class Explained:
    """One project's place in the whole order of these answers, with every factor."""

    place: Place
    total: int
    is_closed: bool
    better: Better | None


@dataclass(frozen=True)
class RankedList:
    """A page of one person's order. `max_points` per factor, zero when not counted."""

    places: tuple[Place, ...]
    total: int
    version: str
    is_rules: bool
    max_points: Mapping[str, int]
    has_answers: bool
    # The city's day, on which ties depend.
    day: date


def engine_answers(answers: Answers) -> schema.Answers:
    """The answers as the engine reads them: the budget in whole đồng at the latest rates."""
    budget = None
    if answers.budget_minor and answers.budget_currency:
        budget = in_base(Money(answers.budget_minor, answers.budget_currency), latest_rates())
    return schema.Answers(
        fields=answers.fields,
        technologies=answers.technologies,
        country=answers.country,
        home_place=answers.home_place,
        budget=budget,
        instruments=answers.instruments,
        horizon_months=answers.horizon_months,
        stages=answers.stages,
        languages=answers.languages,
        skills=answers.skills,
    )


def today() -> date:
    """The city's day, on which ties depend."""
    return app_now().astimezone(CITY_ZONE).date()


@dataclass(frozen=True)
class Moment:
    """What an order depends on beside the person. Read once for a page, so that the list that is
    kept and the one that is shown agree when a run is published between the two."""

    catalogue: Catalogue
    serving: Serving
    reading: ExposureReading | None
    day: date


def this_moment() -> Moment:
    return Moment(current_catalogue(), current_model(), current_reading(), today())


def preview(
    answers: Answers,
    *,
    weights: Mapping[str, str] | None = None,
    limit: int = 20,
    offset: int = 0,
    language: str = "vi",
    rules: ListRules = ListRules(),
    hidden: frozenset[str] = frozenset(),
    seed: str = "",
    chosen: schema.Chosen | None = None,
    at: Moment | None = None,
) -> RankedList:
    """Everything that is listed, in the order of these answers; nothing is stored.

    `rules` add to the order by points (places that they moved are marked); `hidden` are public ids
    that this person dismissed; `seed` names the person's list (empty: the answers name it);
    `chosen` is what this person saved, pledged to or left out (own.py).
    """
    at = at or this_moment()
    wish = _wish(answers, weights, at, rules=rules, hidden=hidden, seed=seed, chosen=chosen)
    model = at.serving.model
    order = order_of(wish, at.catalogue, model, limit=min(limit, MAX_LIMIT), offset=offset)
    person = Person(answers, chosen, average_for_people(model))
    return _list_of(order, person, at, offset, language)


def _wish(
    answers: Answers,
    weights: Mapping[str, str] | None,
    at: Moment,
    *,
    rules: ListRules = ListRules(),
    hidden: frozenset[str] = frozenset(),
    seed: str = "",
    chosen: schema.Chosen | None = None,
) -> Wish:
    floor = None
    if rules.with_floor:
        floor = floor_of(at.reading, seed or _seed_of(answers))
    return Wish(
        replace(engine_answers(answers), chosen=chosen),
        weights or {},
        at.day.isoformat(),
        explore=rules.explore,
        with_calls=rules.with_calls,
        variety=rules.variety,
        hidden=hidden,
        floor=floor,
    )


def _seed_of(answers: Answers) -> str:
    return hashlib.sha256(repr(answers).encode()).hexdigest()


def rules_of(user: Any) -> ListRules:
    """How the person keeps their list."""
    kept = ListSettings.objects.filter(user=user).first()
    if kept is None:
        return PAGE_RULES
    return ListRules(kept.explore, kept.with_calls, kept.variety, kept.with_floor)


def hidden_of(user: Any) -> frozenset[str]:
    """Public ids of what the person dismissed."""
    rows = Dismissal.objects.filter(user=user).values_list("project__public_id", flat=True)
    return frozenset(rows)


def _list_of(order: Order, person: Person, at: Moment, offset: int, language: str) -> RankedList:
    ids = [at.catalogue.project_ids[spot.row] for spot in order.spots]
    # A project that was withdrawn since the catalogue was read is left out.
    found = Project.objects.filter(pk__in=ids, status__in=sorted(PUBLIC)).select_related("call")
    rows = {p.pk: p for p in found}
    places = [
        place_of(offset + i, rows[pk], spot.score, spot.parts, person, language, spot.moved_by)
        for i, (pk, spot) in enumerate(zip(ids, order.spots, strict=True), start=1)
        if pk in rows
    ]
    return RankedList(
        places=tuple(places),
        total=order.total,
        version=at.serving.version,
        is_rules=at.serving.model.is_rules,
        max_points=dict(zip(schema.FACTORS, order.max_points.tolist(), strict=True)),
        has_answers=order.is_personal,
        day=at.day,
    )


def place_of(
    position: int,
    project: Project,
    score: int,
    parts: tuple[Part, ...],
    person: Person,
    language: str,
    moved_by: str = "",
) -> Place:
    """A place with its reasons in words."""
    reasons = {p.factor: reason_of(p, person, project, language) for p in parts}
    worst = against(parts)
    return Place(
        position=position,
        project=project,
        score=score,
        reasons=tuple(reasons.values()),
        strongest=tuple(reasons[p.factor] for p in strongest(parts)),
        against=reasons[worst.factor] if worst else None,
        moved_by=moved_by,
    )


def explain_for(
    answers: Answers,
    project: Project,
    *,
    weights: Mapping[str, str] | None = None,
    language: str = "vi",
    with_calls: bool = True,
    hidden: frozenset[str] = frozenset(),
    chosen: schema.Chosen | None = None,
) -> Explained | None:
    """The whole table for one project; None when it is not listed or nothing was answered.

    Its place is that among what the person's list holds (`with_calls`, `hidden`), by points alone.
    """
    at = this_moment()
    row = at.catalogue.row_of.get(project.public_id)
    if row is None:
        return None
    rules = ListRules(with_calls=with_calls)
    wish = _wish(answers, weights, at, rules=rules, hidden=hidden, chosen=chosen)
    found = standing_of(wish, at.catalogue, at.serving.model, row)
    if not found.is_personal:
        return None
    person = Person(answers, chosen, average_for_people(at.serving.model))
    spot = found.spot
    place = place_of(found.place, project, spot.score, spot.parts, person, language)
    would = found.would
    if would is None:
        return Explained(place, found.total, found.is_closed, None)
    label = next(r.label for r in place.reasons if r.factor == would.factor)
    better = Better(label, would.score, would.place)
    return Explained(place, found.total, found.is_closed, better)


def answers_from(values: Mapping[str, Any]) -> Answers:
    """Stored answers (MatchList.answers) as a value."""
    known = {name: values[name] for name in people.NAMES if name in values}
    tuples: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in known.items()}
    return replace(Answers(), **tuples)


def stored_lists_of(user: Any) -> "list[MatchList]":
    """A person's stored lists, newest first."""
    return list(MatchList.objects.filter(user=user).order_by("-created_at")[:50])

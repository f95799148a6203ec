"""The pages' model on the same invented people: rules, without and with one's own choices.

Own choices are switched off by steering, so both columns are one model: people with no choice have
the same order in both.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from backend.bench.simulated import Simulation
from backend.matching.catalogue import engine_vocabulary
from backend.matching.dataset import WEIGHT
from backend.matching.engine import measures, schema
from backend.matching.engine.evaluate import as_they_were, evaluate
from backend.matching.engine.fit import Choices, MatchRanker
from backend.matching.engine.score import Model, rule_model
from backend.projects.workflow import GATED_INSTRUMENTS

CURVE = (0, 1, 2, 5, 10, 20)
AFTER = 20  # of the curve: what came after this choice is the truth
MANY = 24


def print_pages(world: Simulation) -> None:
    """The last fifth of each person's choices held out, then the curve by number of choices."""
    arrays = schema.encode_listings([_listing(p) for p in world.rows], engine_vocabulary())
    people = [_answers(taste) for taste in world.tastes]
    last = {p: max(1, int(len(o) * 0.8)) for p, o in enumerate(world.order)}
    print("\nThe pages' model, NDCG@10")
    _compare(world, people, arrays, last, {}, "the last fifth held out")
    many = [p for p, o in enumerate(world.order) if len(o) >= MANY]
    for count in CURVE:
        limits = dict.fromkeys(many, count)
        _compare(world, people, arrays, limits, dict.fromkeys(many, AFTER), f"{count:2} choices")


def _compare(
    world: Simulation,
    people: list[schema.Answers],
    arrays: schema.ListingArrays,
    limits: dict[int, int],
    after: dict[int, int],
    label: str,
) -> None:
    seen = _choices(world, {p: (0, limits.get(p, len(o))) for p, o in enumerate(world.order)})
    truth = after or limits
    held = _choices(world, {p: (start, len(world.order[p])) for p, start in truth.items()})
    model = MatchRanker(0).fit(people, arrays, seen, f"run_{label}")
    without = replace(model, max_points=np.where(_MINE, 0, model.max_points))
    people = as_they_were(people, arrays, seen, held)
    found = {
        name: np.array(evaluate(one, people, arrays, seen, held).per_person)
        for name, one in _models(model, without).items()
    }
    cells = [f"{name} {measures.interval(values)}" for name, values in found.items()]
    gap = measures.interval(found["with"] - found["without"])
    rules = measures.interval(found["with"] - found["rules"])
    print(f"{label}: " + "  ".join(cells) + f"  with − without {gap}  with − rules {rules}",
          flush=True)  # fmt: skip


_MINE = np.arange(len(schema.FACTORS)) == schema.MINE


def _models(model: Model, without: Model) -> dict[str, Model]:
    return {"with": model, "without": without, "rules": rule_model()}


def _choices(world: Simulation, part: dict[int, tuple[int, int]]) -> Choices:
    rows = [
        (person, listing, WEIGHT[world.kinds[person][listing]])
        for person, (start, end) in part.items()
        for listing in world.order[person][start:end]
    ]
    table = np.array(rows, dtype=np.float64).reshape(len(rows), 3)
    return Choices(table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2])


def _listing(project: Any) -> schema.Listing:
    """As catalogue.py reads it: the ticket of a gated form is not public."""
    is_public = project.currency == "VND" and project.instrument not in GATED_INSTRUMENTS
    return schema.Listing(
        id=f"p{project.pk}",
        field=project.field,
        technologies=tuple(project.technologies),
        place=project.place_code or None,
        instrument=project.instrument,
        ticket=float(project.min_ticket_minor) if project.min_ticket_minor and is_public else None,
        trl=project.trl,
        horizon_months=project.horizon_months,
        languages=tuple(project.languages),
        skills=tuple(project.skills),
    )


def _answers(taste: Any) -> schema.Answers:
    said = taste.answers
    return schema.Answers(
        fields=said.fields,
        technologies=said.technologies,
        country=said.country,
        home_place=said.home_place,
        budget=taste.budget_vnd,
        instruments=said.instruments,
        horizon_months=said.horizon_months,
        stages=said.stages,
        languages=said.languages,
        skills=said.skills,
    )

"""The same engine with the product's schema on the simulated population of the sample data.

Invented people and choices: a check that nothing breaks and how fast the engine learns, no proof of
quality. Needs no database: the sample's facts are read from its files.
"""

import csv
import os
import random
from types import SimpleNamespace
from typing import Any, cast

import django
import numpy as np
from numpy.typing import NDArray

from backend.matching.engine import measures
from backend.matching.engine.evaluate import gini
from backend.matching.engine.exposure import with_floor
from backend.matching.engine.fitted import FittedRanker
from backend.matching.engine.frames import Schema
from backend.matching.engine.learn import MatchRanker, Settings
from backend.matching.engine.stated import RuleRanker

SCHEMA = Schema(
    categorical=("field", "technologies", "place", "instrument", "trl", "horizon", "languages",
                 "skills"),
    log_amount="ticket",
    crosses=(("field", "instrument"), ("field", "ticket")),
    home="country",
    factors={"technologies": "technology", "trl": "stage", "languages": "language"},
)  # fmt: skip
SETTINGS = Settings(rank=512, people_rank=64, votes_rank=64)
NOW = np.datetime64("2026-11-01")
CURVE = (0, 1, 2, 5, 10, 20, 50)


def _projects() -> list[Any]:
    from backend.home.seed import SAMPLE, examples  # noqa: PLC0415 (after django.setup)

    rows: list[dict[str, Any]] = [{**row, "is_call": False} for row in examples()]
    with (SAMPLE / "city_calls.csv").open(encoding="utf-8", newline="") as file:
        rows += [{**row, "is_call": True} for row in csv.DictReader(file)]
    return [_project(i, row) for i, row in enumerate(rows)]


def _project(number: int, row: dict[str, Any]) -> Any:
    def many(name: str) -> list[str]:
        value = row.get(name) or []
        return value.replace(";", "|").split("|") if isinstance(value, str) else list(value)

    return SimpleNamespace(
        pk=number,
        field=row.get("field") or None,
        technologies=many("technologies"),
        instrument=row.get("instrument") or None,
        min_ticket_minor=row.get("min_ticket_minor"),
        currency=row.get("currency") or "VND",
        place_code=row.get("place_code") or "",
        trl=row.get("trl"),
        horizon_months=row.get("horizon_months"),
        languages=many("languages"),
        skills=many("skills"),
        is_call=row["is_call"],
    )


class Simulation:
    """People, projects and choices as frames; `order[p]`: a person's choices, oldest first."""

    def __init__(self, people: int = 2400, seed: int = 2026) -> None:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings.test")
        django.setup()
        from backend.matching import population  # noqa: PLC0415 (after django.setup)

        chance = random.Random(seed)  # noqa: S311 (invents people, guards nothing)
        projects = _projects()
        tastes = [population._person(chance) for _ in range(people)]
        fame = {p.pk: chance.paretovariate(1.6) for p in projects}
        self.rows, self.tastes = projects, tastes
        self.kinds: list[dict[int, str]] = []
        self.order: list[list[int]] = []
        self.days: list[list[float]] = []
        for taste in tastes:
            chosen = population._choose(chance, taste, cast(Any, projects), fame)
            days = sorted((720 * chance.random() ** 1.4 + 0.01 for _ in chosen), reverse=True)
            order = [p.pk for p, _kind in chosen]
            self.kinds.append({p.pk: kind for p, kind in chosen})
            chance.shuffle(order)
            self.order.append(order)
            self.days.append(days)
        self.projects = _project_frame(projects)
        self.people = _people_frame(tastes)

    def choices(self, limits: dict[int, int]) -> dict[str, Any]:
        """Everybody's choices, the first `limits[p]` of a person."""
        rows: dict[str, Any] = {"investor_id": [], "project_id": [], "chosen_at": []}
        for person, order in enumerate(self.order):
            for place, project in enumerate(order[: limits.get(person, len(order))]):
                minutes = int(self.days[person][place] * 1440)
                rows["investor_id"].append(f"i{person}")
                rows["project_id"].append(f"p{project}")
                rows["chosen_at"].append(NOW - np.timedelta64(minutes, "m"))
        return rows


def _project_frame(projects: list[Any]) -> dict[str, Any]:
    tickets = [
        float(p.min_ticket_minor) if p.min_ticket_minor and p.currency == "VND" else None
        for p in projects
    ]
    return {
        "project_id": [f"p{p.pk}" for p in projects],
        "field": [p.field for p in projects],
        "technologies": [p.technologies for p in projects],
        "place": [p.place_code for p in projects],
        "instrument": [p.instrument for p in projects],
        "trl": [str(p.trl) if p.trl else None for p in projects],
        "horizon": [str(int(p.horizon_months) // 6) if p.horizon_months else None
                    for p in projects],
        "languages": [p.languages for p in projects],
        "skills": [p.skills for p in projects],
        "ticket": tickets,
    }  # fmt: skip


def _people_frame(tastes: list[Any]) -> dict[str, Any]:
    answers = [t.answers for t in tastes]
    return {
        "investor_id": [f"i{n}" for n in range(len(tastes))],
        "country": [a.country for a in answers],
        "field": [list(a.fields) for a in answers],
        "technologies": [list(a.technologies) for a in answers],
        "place": [a.home_place or None for a in answers],
        "instrument": [list(a.instruments) for a in answers],
        "trl": [[str(s) for s in a.stages] for a in answers],
        "horizon": [str(a.horizon_months // 6) if a.horizon_months else None for a in answers],
        "languages": [list(a.languages) for a in answers],
        "skills": [list(a.skills) for a in answers],
        "ticket": [t.budget_vnd for t in tastes],
    }


def main() -> None:
    world = Simulation()
    last = {p: max(1, int(len(o) * 0.8)) for p, o in enumerate(world.order)}
    print(
        f"Simulated population: {len(world.order)} people, {len(world.projects['field'])} projects"
    )
    held = [p for p, o in enumerate(world.order) if len(o) > last[p]]
    _compare(world, last, held, "the last fifth held out")
    many = [p for p, o in enumerate(world.order) if len(o) >= 56]
    print(f"\nLearning curve, NDCG@10 of what came after the 50th choice, {len(many)} people")
    for count in CURVE:
        limits = dict.fromkeys(many, count)
        _compare(world, limits, many, f"{count:2} choices", after=50)
    from backend.bench.simulated_pages import print_pages  # noqa: PLC0415 (after django.setup)

    print_pages(world)


def _compare(
    world: Simulation, limits: dict[int, int], people: list[int], label: str, after: int = 0
) -> None:
    choices = world.choices(limits)
    ranker = MatchRanker(SCHEMA, settings=SETTINGS).fit(choices, world.projects, world.people, NOW)
    rules = RuleRanker(SCHEMA).fit(choices, world.projects, world.people, NOW)
    counts = np.bincount(
        [int(p[1:]) for p in choices["project_id"]], minlength=len(world.projects["field"])
    )
    orders = {
        "ours": _ours(ranker, world, people),
        "rules": _rules(rules, world, people),
        "popularity": np.tile(counts.astype(float), (len(people), 1)),
    }
    cells = []
    values = {}
    for name, scores in orders.items():
        values[name] = _ndcg(world, scores, limits, people, after)
        cells.append(f"{name} {measures.interval(values[name])}")
    gap = measures.interval(values["ours"] - values["rules"])
    print(f"{label}: " + "  ".join(cells) + f"  ours − rules {gap}", flush=True)
    if not after:
        _print_floor(world, orders["ours"], limits, people)


def _print_floor(
    world: Simulation, scores: NDArray[np.float64], limits: dict[int, int], people: list[int]
) -> None:
    """First pages of twenty with and without the floor; it moves nothing above the tenth place."""
    pools, truths = _lists(world, scores, limits, people, 0, 100)
    number = np.array([len(t) for t in truths])
    floored = with_floor(pools, scores.shape[1])
    for name, top in (("off", pools[:, :20]), ("on", floored.top)):
        hits = np.array([np.isin(t, truth) for t, truth in zip(top, truths, strict=True)])
        shown = measures.exposure(top, scores.shape[1])
        print(
            f"floor {name:3}: NDCG@10 {measures.ndcg(hits, number).mean():.4f}  Recall@20 "
            f"{measures.recall(hits, number).mean():.4f}  coverage@20 "
            f"{measures.coverage(shown):.3f}  Gini {gini(shown):.3f}"
        )


def _ours(ranker: FittedRanker, world: Simulation, people: list[int]) -> NDArray[np.float64]:
    """Those with choices by what was learnt of them, the others by their answers."""
    listings = ranker.listings(world.projects)
    order = [listings.row_of[i] for i in world.projects["project_id"]]
    answers = {name: [values[p] for p in people] for name, values in world.people.items()}
    names, vectors = ranker.vectors_of(answers)
    known = set(ranker.investor_ids)
    rows = [row for row, name in enumerate(names) if name in known]
    if rows:
        vectors[rows] = ranker.vectors_of([names[row] for row in rows])[1]
    return np.asarray(vectors @ listings.vectors[order].T, dtype=np.float64)


def _rules(rules: RuleRanker, world: Simulation, people: list[int]) -> NDArray[np.float64]:
    ranking = rules.rank([f"i{p}" for p in people], world.projects, k=10_000)
    out = np.zeros((len(people), len(world.projects["field"])))
    place = {key: i for i, key in enumerate(world.projects["project_id"])}
    columns = np.array([place[i] for i in ranking.listing_ids])
    np.put_along_axis(out, columns[ranking.rows], ranking.scores, axis=1)
    return out


def _ndcg(
    world: Simulation,
    scores: NDArray[np.float64],
    limits: dict[int, int],
    people: list[int],
    after: int,
) -> NDArray[np.float64]:
    top, truths = _lists(world, scores, limits, people, after, 10)
    hits = np.array([np.isin(t, truth) for t, truth in zip(top, truths, strict=True)])
    return measures.ndcg(hits, np.array([len(t) for t in truths]))


def _lists(
    world: Simulation,
    scores: NDArray[np.float64],
    limits: dict[int, int],
    people: list[int],
    after: int,
    places: int,
) -> tuple[NDArray[np.int64], list[list[int]]]:
    """First places without what a person chose before, and what they chose later."""
    noise = np.random.default_rng(0).random(len(scores[0]))
    mine = np.array(scores)
    truths = []
    for row, person in enumerate(people):
        start = max(after, limits[person])
        mine[row, world.order[person][:start]] = -np.inf
        truths.append(world.order[person][start:])
    return measures.first_places(mine, places, noise), truths


if __name__ == "__main__":
    main()

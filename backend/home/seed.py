"""The sample world of ./scripts/run. Proposals and people walk the product's own actions.

Safe to run again: what exists is left alone. Dates lie in the last half year because the demo clock
is moved while the proposals walk; it stands at zero afterwards.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from backend.accounts.demo import DemoPeople, create_demo_people
from backend.accounts.models import Organisation, OrganisationMembership, User
from backend.core import jobs
from backend.core.clock import set_demo_offset
from backend.funding.models import FxRate
from backend.home.demo_flows import seed_flows
from backend.home.demo_profiles import fill_demo_profiles
from backend.home.seed_reviews import Walker, second_office
from backend.home.seed_rounds import open_rounds
from backend.projects import actions as projects
from backend.projects.content import DECLARATIONS
from backend.projects.import_actions import import_calls
from backend.projects.models import Project
from backend.projects.spreadsheet import read_table

SAMPLE = Path(__file__).parent / "sample"
# What comes after the list is walked by seed_rounds, for some of them.
REACHED = {
    "funding": "listed",
    "funded": "listed",
    "delivering": "listed",
    "completed": "listed",
}
DEMO_OWNED = 4
# How many days ago, in the sample world, the calls were entered and the proposals went their way.
CALLS_DAYS = 27
LISTED_DAYS = 180
PENDING_DAYS = 24
UNDECIDED = ("in_review", "returned", "submitted", "draft")  # the furthest are the oldest
# Days from submission to the letter (the steps between stand in seed_reviews).
SUBMITTED = 26

Say = Callable[[str], None]


def seed(say: Say) -> None:
    """Fill an empty database with the sample world; add only what is missing otherwise."""
    say("exchange rates (samples)")
    load_rates()
    say("published calls")
    with _demo_clock() as days_ago:
        days_ago(CALLS_DAYS)
        load_calls()
    say("demo people")
    people = create_demo_people()
    fill_demo_profiles(people)
    second_office()
    say("example proposals, through submission, review and decision")
    load_examples(people)
    say("rounds, pledges and a paid milestone")
    with _demo_clock() as days_ago:
        open_rounds(people, days_ago)
    say("a public account of invented figures, labelled so")
    seed_flows()


def load_rates() -> None:
    with (SAMPLE / "fx_sample.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            FxRate.objects.get_or_create(
                base=row["base"],
                quote=row["quote"],
                as_of=datetime.fromisoformat(row["as_of"]).replace(
                    tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")
                ),
                source=row["source"],
                defaults={"rate": Decimal(row["rate"]), "is_sample": True},
            )


def load_calls() -> None:
    table = read_table(SAMPLE / "city_calls.csv")
    if table.errors:
        raise ValueError("; ".join(f"row {f.row}: {f}" for f in table.errors[:5]))
    import_calls(table.rows)


def examples() -> list[dict[str, Any]]:
    """The example proposals as they stand in the sample file."""
    lines = (SAMPLE / "examples.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def load_examples(people: DemoPeople) -> None:
    known = set(Project.objects.filter(is_example=True).values_list("slug", flat=True))
    rows = [row for row in examples() if row["slug"] not in known]
    author = _sample_author()
    comments = json.loads((SAMPLE / "review_comments.json").read_text(encoding="utf-8"))
    demo_owned = _demo_owned(examples())
    with _demo_clock() as days_ago:
        walker = Walker(people, comments, days_ago)
        for row, end in _dated(_mixed(rows)):
            owner = people.owner if row["slug"] in demo_owned else author
            _walk(row, owner, people, walker, walker.age_of(row["state"], end + SUBMITTED))


def _demo_owned(rows: list[dict[str, Any]]) -> set[str]:
    """The first ones, and one of each state in which an owner has something to do."""
    states = [row["state"] for row in rows]
    others = [states.index(state) for state in ("draft", "returned", "in_review")]
    return {rows[number]["slug"] for number in [*range(DEMO_OWNED), *others]}


def _mixed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Field by field in turn, so that the newest are not all of one field."""
    seen: Counter[str] = Counter()
    sizes = Counter(row["field"] for row in rows)
    places = []
    for row in rows:
        seen[row["field"]] += 1
        places.append(seen[row["field"]] / (sizes[row["field"]] + 1))
    return [row for _, row in sorted(zip(places, rows, strict=True), key=lambda pair: pair[0])]


def _dated(rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], float]]:
    """Each example with how many days ago its way ends, oldest first; the undecided are young."""
    ended = [row for row in rows if row["state"] not in UNDECIDED]
    for number, row in enumerate(ended):
        yield row, 1 + LISTED_DAYS * (len(ended) - number) / (len(ended) + 1)
    young = [row for state in UNDECIDED for row in rows if row["state"] == state]
    for number, row in enumerate(young):
        yield row, PENDING_DAYS * (len(young) - number) / (len(young) + 1) - SUBMITTED


@contextmanager
def _demo_clock() -> Iterator[Callable[[float], None]]:
    try:
        yield lambda days: set_demo_offset(timedelta(days=-days))
    finally:
        set_demo_offset(timedelta(0))


def _sample_author() -> User:
    """Stands for the invented owners; has no address and cannot sign in."""
    author = User.objects.filter(is_demo=True, email__isnull=True).first()
    return author or User.objects.create(
        email=None,
        full_name="Người soạn ví dụ",
        is_demo=True,
        password="!",  # noqa: S106
    )


def _organisation_of(row: dict[str, Any], *members: User) -> Organisation:
    organisation, _ = Organisation.objects.get_or_create(
        name_vi=row["owner_name_vi"],
        is_example=True,
        defaults={
            "name_en": row["owner_name_en"],
            "kind": row["owner_kind"],
            "founded_year": row["owner_founded"],
        },
    )
    for member in members:
        OrganisationMembership.objects.get_or_create(organisation=organisation, user=member)
    return organisation


def content_of(row: dict[str, Any]) -> dict[str, Any]:
    """An example as a proposal's document: VND has no minor unit, so sums carry over."""
    same = (
        "original_language", "title_vi", "title_en", "summary_vi", "summary_en", "problem_vi",
        "problem_en", "solution_vi", "solution_en", "market_vi", "market_en", "team", "field",
        "pillars", "values", "technologies", "place_code", "place_note_vi", "place_note_en", "trl",
        "instrument", "terms", "horizon_months", "risks", "impact", "jobs_skilled", "languages",
        "readiness",
    )  # fmt: skip
    content = {name: row[name] for name in same}
    content |= {
        "currency": "VND",
        "goal_minor": row["goal_vnd"],
        "min_ticket_minor": row["min_ticket_vnd"],
        "own_funds_minor": row["own_funds_vnd"],
        "skills": row["skills_asked"],
        "declarations": list(DECLARATIONS),
        "budget": [_in_minor(item) for item in row["budget"]],
        "milestones": [_in_minor(item) for item in row["milestones"]],
    }
    return content | ({"high_value": row["high_value"]} if "high_value" in row else {})


def _in_minor(item: dict[str, Any]) -> dict[str, Any]:
    rest = {k: v for k, v in item.items() if k != "amount_vnd"}
    return {**rest, "amount_minor": item["amount_vnd"]}


@transaction.atomic
def _walk(
    row: dict[str, Any],
    owner: User,
    people: DemoPeople,
    walker: Walker,
    age: float,
) -> None:
    """One example, whole or not at all: what a stopped preparation left half-way would stay so."""
    target = REACHED.get(row["state"], row["state"])
    members = (owner, people.colleague) if owner == people.owner else (owner,)
    organisation = _organisation_of(row, *members)
    walker.days_ago(age + 1)
    project = projects.create_proposal(
        organisation, content_of(row), by=owner, slug=row["slug"], is_example=True
    )
    if target == "draft":
        return
    walker.days_ago(age)
    projects.submit_project(project, by=owner)
    if target == "withdrawn":
        projects.withdraw_project(project, by=owner)
    walker.walk(project, target, owner, age)


def ask_for_training() -> None:
    """The first run of the matcher, done by a worker."""
    jobs.enqueue("matching.measure_exposure", "first")
    jobs.enqueue("matching.train", "first")

"""Rows of the database as what the matcher learns from: people, listings, choices in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from backend.accounts.answers import answers_of
from backend.accounts.models import InvestorAnswers, InvestorProfile
from backend.core.money import Money
from backend.funding.queries import Rate, latest_rates
from backend.matching.catalogue import Catalogue, build, in_base
from backend.matching.engine import schema
from backend.matching.engine.fit import Choices
from backend.matching.models import Choice, SimulatedInvestor
from backend.projects.models import SavedProject

# A pledge says most, a save less; a dismissal is no choice.
WEIGHT = {"pledge": 1.0, "save": 0.4}
HELD_OUT_SHARE = 0.2


@dataclass(frozen=True)
class Dataset:
    """People and choices aligned by row numbers; `at` is when each choice was made."""

    people: list[schema.Answers]
    catalogue: Catalogue
    choices: Choices
    at: list[datetime]

    def split(self) -> tuple[Choices, Choices]:
        """The last fifth in time is held out; nothing of it is learnt from."""
        cut = int(len(self.at) * (1 - HELD_OUT_SHARE))
        return _slice(self.choices, 0, cut), _slice(self.choices, cut, len(self.at))


def _slice(choices: Choices, start: int, stop: int) -> Choices:
    return Choices(
        choices.person[start:stop], choices.listing[start:stop], choices.weight[start:stop]
    )


def read_dataset() -> Dataset:
    """Everything to learn from, oldest choice first. Choices of projects that left are skipped."""
    catalogue = build()
    rates = latest_rates()
    people: list[schema.Answers] = []
    number: dict[tuple[str, int], int] = {}
    for kind, rows in (
        ("user", InvestorProfile.objects.order_by("user_id")),
        ("simulated", SimulatedInvestor.objects.order_by("pk")),
    ):
        for row in rows.iterator(chunk_size=2000):
            key = row.user_id if isinstance(row, InvestorProfile) else row.pk
            number[kind, key] = len(people)
            people.append(_answers(row, rates))
    return Dataset(people, catalogue, *_choices(number, catalogue))


def _answers(row: InvestorAnswers, rates: dict[str, Rate]) -> schema.Answers:
    answers = answers_of(row)
    budget = None
    if answers.budget_minor and answers.budget_currency:
        budget = in_base(Money(answers.budget_minor, answers.budget_currency), rates)
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


def _choices(
    number: dict[tuple[str, int], int], catalogue: Catalogue
) -> tuple[Choices, list[datetime]]:
    listing_of = {pk: i for i, pk in enumerate(catalogue.project_ids)}
    rows = (
        Choice.objects.filter(kind__in=list(WEIGHT))
        .order_by("chosen_at", "pk")
        .values_list("user_id", "simulated_id", "project_id", "kind", "chosen_at")
    )
    saved = SavedProject.objects.values_list("user_id", "project_id", "saved_at")
    every = sorted(
        [*rows.iterator(), *((user, None, project, "save", at) for user, project, at in saved)],
        key=lambda row: row[4],
    )
    kept: list[tuple[int, int, float, datetime]] = []
    for user_id, simulated_id, project_id, kind, at in every:
        key = ("user", user_id) if user_id else ("simulated", simulated_id)
        if key in number and project_id in listing_of:
            kept.append((number[key], listing_of[project_id], WEIGHT[kind], at))
    columns: Sequence[Sequence[float]] = list(zip(*[row[:3] for row in kept], strict=True)) or [
        [], [], [],
    ]  # fmt: skip
    choices = Choices(
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.float64),
    )
    return choices, [row[3] for row in kept]

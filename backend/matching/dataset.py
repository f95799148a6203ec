"""Rows of the database as what the matcher learns from: people, listings, choices in time.

Real people count once their address is confirmed and their account is a week old; how much a choice
counts is robust.py's and position.py's. A dismissal says "not this one" louder than silence does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from django.db import connection
from django.utils import timezone

from backend.accounts.models import InvestorProfile
from backend.funding.models import Pledge
from backend.funding.queries import latest_rates
from backend.funding.workflow import PLEDGE_LIVE, PLEDGE_PAID
from backend.matching import position
from backend.matching.catalogue import Catalogue, build
from backend.matching.engine import schema
from backend.matching.engine.fit import Choices
from backend.matching.models import Choice, Dismissal, SimulatedInvestor
from backend.matching.people import people_answers, settled_profiles
from backend.matching.robust import damped
from backend.projects.models import SavedProject

# Money that was taken says most, a pledge that can still be withdrawn less, a save little.
WEIGHT = {"paid": 1.0, "pledge": 1.0, "promise": 0.7, "save": 0.4}
FREE = {"promise", "save"}
HELD_OUT_SHARE = 0.2
LOOKED_BACK = timedelta(days=180)


@dataclass(frozen=True)
class Dataset:
    """People and choices aligned by row numbers; `at` is when each choice was made."""

    people: list[schema.Answers]
    catalogue: Catalogue
    choices: Choices
    at: list[datetime]
    dismissed: Choices
    positions: position.Positions
    simulated: int

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
    # What was chosen was open then: to learn from it, nothing stands behind.
    catalogue = replace(build(), closed_rows=np.zeros(0, dtype=np.int64))
    rates = latest_rates()
    people: list[schema.Answers] = []
    number: dict[tuple[str, int], int] = {}
    for kind, rows in (
        ("user", settled_profiles()),
        ("simulated", SimulatedInvestor.objects.order_by("pk")),
    ):
        for row in rows.iterator(chunk_size=2000):
            key = row.user_id if isinstance(row, InvestorProfile) else row.pk
            number[kind, key] = len(people)
            people.append(people_answers(row, rates))
    met, positions = _positions()
    choices, at = _choices(number, catalogue, met, positions)
    return Dataset(
        people=people,
        catalogue=catalogue,
        choices=choices,
        at=at,
        dismissed=_dismissed(number, catalogue),
        positions=positions,
        simulated=sum(kind == "simulated" for kind, _pk in number),
    )


@dataclass(frozen=True)
class _Row:
    """One choice as the tables have it."""

    user_id: int | None
    simulated_id: int | None
    project_id: int
    kind: str
    at: datetime

    @property
    def person(self) -> tuple[str, int]:
        return ("user", self.user_id) if self.user_id else ("simulated", self.simulated_id or 0)


def _rows() -> Iterator[_Row]:
    kept = Choice.objects.filter(kind__in=["pledge", "save"]).order_by("chosen_at", "pk")
    columns = kept.values_list("user_id", "simulated_id", "project_id", "kind", "chosen_at")
    for user, simulated, project, kind, at in columns.iterator():
        yield _Row(user, simulated, project, kind, at)
    saved = SavedProject.objects.values_list("user_id", "project_id", "saved_at")
    for user, project, at in saved.iterator():
        yield _Row(user, None, project, "save", at)
    pledges = Pledge.objects.filter(status__in=sorted(PLEDGE_LIVE), made_at__isnull=False)
    for user, project, status, made_at in pledges.values_list(
        "investor_id", "round__project_id", "status", "made_at"
    ).iterator():
        kind = "paid" if status in PLEDGE_PAID else "promise"
        assert made_at is not None
        yield _Row(user, None, project, kind, made_at)


def _choices(
    number: dict[tuple[str, int], int],
    catalogue: Catalogue,
    met: dict[tuple[int, int], int],
    positions: position.Positions,
) -> tuple[Choices, list[datetime]]:
    """The strongest choice of each person for each listed project, in the order of time."""
    listing_of = {pk: i for i, pk in enumerate(catalogue.project_ids)}
    best: dict[tuple[tuple[str, int], int], _Row] = {}
    for row in _rows():
        key = (row.person, row.project_id)
        if row.person not in number or row.project_id not in listing_of:
            continue
        if key not in best or WEIGHT[row.kind] > WEIGHT[best[key].kind]:
            # A project that was saved first and paid for later was chosen when it was saved.
            first = min(row.at, best[key].at) if key in best else row.at
            best[key] = replace(row, at=first)
    rows = sorted(best.values(), key=lambda row: (row.at, row.person, row.project_id))
    person = np.array([number[row.person] for row in rows], dtype=np.int64)
    listing = np.array([listing_of[row.project_id] for row in rows], dtype=np.int64)
    weight = np.array([WEIGHT[row.kind] for row in rows], dtype=np.float64)
    now = timezone.now()
    age = np.array([(now - row.at).total_seconds() / 86_400 for row in rows], dtype=np.float64)
    is_free = np.array([bool(row.user_id) and row.kind in FREE for row in rows], dtype=np.bool_)
    counted = damped(person, listing, weight, age, is_free)
    places = [met.get((row.user_id or 0, row.project_id)) for row in rows]
    lifted = np.array([positions.weight(p) if p else 1.0 for p in places], dtype=np.float64)
    return Choices(person, listing, counted * lifted), [row.at for row in rows]


def _dismissed(number: dict[tuple[str, int], int], catalogue: Catalogue) -> Choices:
    listing_of = {pk: i for i, pk in enumerate(catalogue.project_ids)}
    pairs = [
        (number["user", user], listing_of[project])
        for user, project in Dismissal.objects.order_by("pk").values_list("user_id", "project_id")
        if ("user", user) in number and project in listing_of
    ]
    rows = np.array(pairs, dtype=np.int64).reshape(len(pairs), 2)
    return Choices(rows[:, 0], rows[:, 1], np.ones(len(pairs)))


# Every place that somebody was shown in their own list, with what they chose within a day of it.
_SHOWN = """
WITH met AS (
    SELECT l.user_id, m.project_id, m.position, m.score, v.first_at, v.last_at
    FROM matching_listview v
    JOIN matching_matchlist l ON l.id = v.match_list_id
    JOIN matching_match m ON m.match_list_id = l.id AND (m.position + 19) / 20 = v.page
    WHERE v.last_at > %(since)s
), took AS (
    SELECT user_id, project_id, saved_at AS at FROM projects_savedproject
    UNION ALL
    SELECT p.investor_id, r.project_id, p.made_at FROM funding_pledge p
    JOIN funding_round r ON r.id = p.round_id WHERE p.made_at IS NOT NULL
)
SELECT met.user_id, met.project_id, met.position, met.score, EXISTS (
    SELECT FROM took WHERE took.user_id = met.user_id AND took.project_id = met.project_id
        AND took.at >= met.first_at AND took.at < met.last_at + interval '1 day'
) FROM met
"""


def _positions() -> tuple[dict[tuple[int, int], int], position.Positions]:
    """Where each person met what they chose ((user, project) -> place), and how much places invite
    choices, measured from the same lists."""
    shown = np.zeros((position.PLACES, position.BANDS))
    chosen = np.zeros_like(shown)
    met: dict[tuple[int, int], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SHOWN, {"since": timezone.now() - LOOKED_BACK})
        for user, project, place, score, took in cursor.fetchall():
            row, band = min(place, position.PLACES) - 1, position.band_of(score)
            shown[row, band] += 1
            if took:
                chosen[row, band] += 1
                met[user, project] = min(place, met.get((user, project), place))
    return met, position.measure(shown, chosen)

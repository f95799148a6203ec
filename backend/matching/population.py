"""The simulated population of the sample data: invented people with plausible, uneven choices.

Labelled as simulated wherever it shows. Fixed by a seed, so that every copy has the same people.
Nobody real is described: shares of countries follow the size of the communities only roughly.
"""

import math
import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from django.db import transaction

from backend.accounts.answers import Answers, Vocabulary, problems_of, values_of
from backend.core.clock import app_now
from backend.core.money import MINOR_DIGITS
from backend.matching.models import Choice, SimulatedInvestor
from backend.projects import taxonomy
from backend.projects.models import Project
from backend.projects.queries import browsable_projects

PEOPLE = 2400
DAYS = 720
# country, share, currency, typical budget in that currency, fields and technologies liked more
COMMUNITIES: tuple[tuple[str, float, str, int, tuple[str, ...], tuple[str, ...]], ...] = (
    ("US", 0.36, "USD", 400, ("open_innovation", "digital_urban_services"),
     ("ai", "semiconductors", "cloud_data")),
    ("AU", 0.10, "AUD", 350, ("low_carbon_logistics",), ("water_environment", "food_technology")),
    ("CA", 0.08, "CAD", 300, ("open_innovation",), ("health_technology", "ai")),
    ("JP", 0.09, "JPY", 20000, ("smart_manufacturing",), ("robotics_automation", "new_materials")),
    ("KR", 0.06, "KRW", 250000, ("smart_manufacturing",), ("semiconductors", "fiveg")),
    ("TW", 0.06, "TWD", 5000, ("smart_manufacturing",), ("semiconductors", "iot_sensors")),
    ("DE", 0.06, "EUR", 300, ("smart_manufacturing", "low_carbon_logistics"), ("new_energy",)),
    ("FR", 0.06, "EUR", 250, ("digital_urban_services",), ("health_technology", "new_materials")),
    ("CZ", 0.03, "CZK", 5000, ("smart_manufacturing",), ("robotics_automation",)),
    ("GB", 0.03, "GBP", 250, ("open_innovation",), ("cyber_security", "ai")),
    ("SG", 0.03, "SGD", 500, ("pilot_mechanism", "open_innovation"), ("blockchain", "cloud_data")),
    ("CH", 0.02, "CHF", 400, ("pilot_mechanism",), ("biotechnology", "new_materials")),
    ("NZ", 0.02, "AUD", 300, ("low_carbon_logistics",), ("food_technology",)),
)  # fmt: skip


@dataclass(frozen=True)
class _Taste:
    """What a simulated person likes beyond what they say, as weights in a sum."""

    answers: Answers
    budget_vnd: float
    hidden: dict[str, float]


RATE = {"USD": 26000, "AUD": 17000, "CAD": 18600, "JPY": 170, "KRW": 18.8, "TWD": 808,
        "EUR": 28200, "CZK": 1165, "GBP": 32900, "SGD": 20000, "CHF": 29600}  # fmt: skip


@transaction.atomic
def create(people: int = PEOPLE, seed: int = 2026) -> int:
    """Make the population once; returns how many choices it holds. Quiet when it exists."""
    if SimulatedInvestor.objects.exists():
        return Choice.objects.filter(simulated__isnull=False).count()
    chance = random.Random(seed)  # noqa: S311 (invents people, guards nothing)
    projects = list(browsable_projects().order_by("slug"))
    tastes = [_person(chance) for _ in range(people)]
    _check(tastes)
    rows = [SimulatedInvestor(**values_of(taste.answers)) for taste in tastes]
    SimulatedInvestor.objects.bulk_create(rows, batch_size=1000)
    fame = {p.pk: chance.paretovariate(1.6) for p in projects}
    now = app_now()
    choices = []
    for row, taste in zip(rows, tastes, strict=True):
        for project, kind in _choose(chance, taste, projects, fame):
            at = now - timedelta(days=DAYS * chance.random() ** 1.4 + 0.01)
            choices.append(Choice(simulated=row, project=project, kind=kind, chosen_at=at))
    Choice.objects.bulk_create(choices, batch_size=2000)
    return len(choices)


def _check(tastes: Sequence[_Taste]) -> None:
    """The same validators as a real profile's."""
    known = Vocabulary(
        fields=frozenset(taxonomy.keys("field")),
        technologies=frozenset(taxonomy.keys("technology")),
        countries=frozenset(taxonomy.keys("country")),
        places=frozenset(taxonomy.keys("place")),
        currencies=frozenset(MINOR_DIGITS),
        instruments=frozenset(taxonomy.keys("instrument")),
        skills=frozenset(taxonomy.keys("skill")),
    )
    for taste in tastes:
        problems = problems_of(taste.answers, known)
        if problems:
            raise problems[0]


def _person(chance: random.Random) -> _Taste:
    shares = [c[1] for c in COMMUNITIES]
    country, _, currency, typical, liked_fields, liked_tech = chance.choices(COMMUNITIES, shares)[0]
    fields = _some(chance, taxonomy.keys("field"), liked_fields, most=3)
    technologies = _some(chance, taxonomy.keys("technology"), liked_tech, most=4)
    budget = typical * math.exp(chance.gauss(0, 0.8))
    digits = 10 ** MINOR_DIGITS[currency]
    instruments = _some(chance, taxonomy.keys("instrument"), ("contribution", "reward"), most=3)
    answers = Answers(
        fields=fields,
        technologies=technologies,
        country=country,
        home_place=_home(chance),
        budget_minor=max(1, round(budget)) * digits,
        budget_currency=currency,
        instruments=instruments if chance.random() < 0.8 else (),
        horizon_months=chance.choice([12, 18, 24, 36, 48]) if chance.random() < 0.7 else None,
        stages=tuple(range(chance.randint(3, 7), 10)) if chance.random() < 0.5 else (),
        languages=("vi",) if chance.random() < 0.55 else ("vi", "en"),
        skills=_some(chance, taxonomy.keys("skill"), (), most=2) if chance.random() < 0.5 else (),
    )
    # People do not know all of what moves them: a second taste that no answer states.
    hidden = {key: chance.gauss(0, 0.7) for key in taxonomy.keys("technology")}
    hidden |= {f"field:{key}": chance.gauss(0, 0.5) for key in taxonomy.keys("field")}
    return _Taste(answers, budget * RATE[currency], hidden)


@lru_cache
def _home_weights() -> tuple[float, ...]:
    """Home towns as uneven as families are: some wards sent many people abroad, most a few."""
    order = sorted(taxonomy.keys("place"), key=lambda code: zlib.crc32(code.encode()))
    rank = {code: i for i, code in enumerate(order, start=1)}
    return tuple(1 / rank[code] ** 0.8 for code in taxonomy.keys("place"))


def _home(chance: random.Random) -> str:
    if chance.random() >= 0.6:
        return ""
    return chance.choices(taxonomy.keys("place"), _home_weights())[0]


def _some(
    chance: random.Random, keys: Sequence[str], liked: tuple[str, ...], *, most: int
) -> tuple[str, ...]:
    weights = [5.0 if key in liked else 1.0 for key in keys]
    drawn = chance.choices(list(keys), weights, k=chance.randint(1, most))
    return tuple(dict.fromkeys(drawn))


def _choose(
    chance: random.Random, taste: _Taste, projects: Sequence[Project], fame: dict[int, float]
) -> list[tuple[Project, str]]:
    """Projects that the person took, by a noisy sum of tastes; a few people take very many."""
    count = min(int(chance.lognormvariate(2.3, 0.95)) + 1, 80, len(projects) // 2)
    scored = sorted(
        projects,
        key=lambda p: -(_liking(taste, p) + 0.35 * math.log(fame[p.pk]) + chance.gauss(0, 0.9)),
    )
    return [
        (p, "pledge" if chance.random() < (0.15 if p.is_call else 0.6) else "save")
        for p in scored[:count]
    ]


def _liking(taste: _Taste, project: Project) -> float:
    answers = taste.answers
    liking = 1.4 * (project.field in answers.fields) if project.field else 0.5
    overlap = len(set(project.technologies) & set(answers.technologies))
    liking += 0.9 * min(overlap, 2)
    liking += sum(taste.hidden[t] for t in project.technologies if t in taste.hidden) * 0.5
    liking += taste.hidden.get(f"field:{project.field}", 0.0)
    if project.instrument and answers.instruments:
        liking += 0.9 * (project.instrument in answers.instruments)
    if project.min_ticket_minor and project.currency == "VND":
        over = math.log2(max(project.min_ticket_minor / taste.budget_vnd, 1.0))
        liking -= 0.5 * min(over, 5.0)
    if answers.home_place and project.place_code == answers.home_place:
        liking += 1.2
    if answers.stages and project.trl:
        liking += 0.4 * (project.trl in answers.stages)
    if answers.horizon_months and project.horizon_months:
        liking -= 0.3 * (project.horizon_months > answers.horizon_months)
    if project.languages:
        liking += 0.3 * bool(set(project.languages) & set(answers.languages))
    return liking + 0.3 * bool(set(project.skills) & set(answers.skills))

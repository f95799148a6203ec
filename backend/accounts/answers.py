"""What an investor tells us, as a value, and the check that it uses known keys.

The lists of keys (fields, technologies, places …) belong to `projects.taxonomy` and
`funding.Currency`, which stand above this slice in the ladder. So the caller hands them in as a
`Vocabulary`; `backend.home.vocabulary` builds the real one for the page and the API.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.accounts.models import InvestorAnswers
from backend.core.errors import Invalid

FACTORS = (
    "field", "technology", "place", "instrument", "ticket", "stage", "horizon", "language",
    "skills", "people_like_you", "your_choices",
)  # fmt: skip
LEVELS = ("more", "normal", "less", "off")
STAGES = range(1, 10)
MAX_HORIZON_MONTHS = 600
# 10¹⁵ minor units: above any person's budget, far below what bigint overflows at.
MAX_BUDGET_MINOR = 10**15


@dataclass(frozen=True)
class Answers:
    """Empty, None or "" means "not answered". `budget_minor` is in minor units of its currency."""

    fields: tuple[str, ...] = ()
    technologies: tuple[str, ...] = ()
    country: str = ""
    home_place: str = ""
    budget_minor: int | None = None
    budget_currency: str = ""
    instruments: tuple[str, ...] = ()
    horizon_months: int | None = None
    stages: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The keys that answers may use."""

    fields: frozenset[str]
    technologies: frozenset[str]
    countries: frozenset[str]
    places: frozenset[str]
    currencies: frozenset[str]
    instruments: frozenset[str]
    skills: frozenset[str]
    languages: frozenset[str] = frozenset({"vi", "en"})


NAMES = tuple(f.name for f in fields(Answers))


def answers_of(row: InvestorAnswers) -> Answers:
    """The answers that stand in a row (a profile, or a simulated investor)."""
    values: dict[str, Any] = {name: getattr(row, name) for name in NAMES}
    kept: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
    return Answers(**kept)


def values_of(answers: Answers) -> dict[str, Any]:
    """Column values for a row."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(answers).items()}


def changed_names(before: Answers, after: Answers) -> list[str]:
    """Names of the answers that differ; their values are personal and stay out of the audit."""
    return [name for name in NAMES if getattr(before, name) != getattr(after, name)]


def problems_of(answers: Answers, vocabulary: Vocabulary) -> list[Invalid]:
    """What is wrong, in the order of the form; empty when all is known and in range."""
    return [*_key_problems(answers, vocabulary), *_number_problems(answers)]


def _key_problems(answers: Answers, vocabulary: Vocabulary) -> Iterator[Invalid]:
    for name in ("fields", "technologies", "instruments", "languages", "skills"):
        known: frozenset[str] = getattr(vocabulary, name)
        yield from _unknown(name, getattr(answers, name), known)
    if answers.country:
        yield from _unknown("country", [answers.country], vocabulary.countries)
    if answers.home_place:
        yield from _unknown("home_place", [answers.home_place], vocabulary.places)
    if (answers.budget_minor is None) != (answers.budget_currency == ""):
        yield Invalid(_("Enter an amount and choose its currency."), field="budget")
    elif answers.budget_currency:
        yield from _unknown("budget_currency", [answers.budget_currency], vocabulary.currencies)


def _unknown(name: str, keys: Iterable[str], known: frozenset[str]) -> Iterator[Invalid]:
    keys = list(keys)
    if len(set(keys)) != len(keys):
        yield Invalid(_("Choose each item once."), field=name)
    if not set(keys) <= known:
        yield Invalid(_("Choose from the list."), field=name, code="unknown_key")


def _number_problems(answers: Answers) -> Iterator[Invalid]:
    budget, months = answers.budget_minor, answers.horizon_months
    if budget is not None and not 0 < budget <= MAX_BUDGET_MINOR:
        yield Invalid(_("Enter an amount above zero."), field="budget")
    if months is not None and not 1 <= months <= MAX_HORIZON_MONTHS:
        yield Invalid(
            _("Enter a number of months between 1 and %(max)s."),
            field="horizon_months",
            max=MAX_HORIZON_MONTHS,
        )
    if not set(answers.stages) <= set(STAGES) or len(set(answers.stages)) != len(answers.stages):
        yield Invalid(_("Choose from the list."), field="stages", code="unknown_key")


def weight_problems(weights: Mapping[str, str]) -> list[Invalid]:
    """Unknown factors or levels of the steering."""
    if set(weights) <= set(FACTORS) and set(weights.values()) <= set(LEVELS):
        return []
    return [Invalid(_("Choose from the list."), field="weights", code="unknown_key")]


def clean_weights(weights: Mapping[str, str]) -> dict[str, str]:
    """Steering as stored: what is normal is not named."""
    return {k: v for k, v in weights.items() if v != "normal"}

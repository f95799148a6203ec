"""An investor's answers in words, for the account page, the conflict page and the data file."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backend.accounts.answers import FACTORS, Answers
from backend.core.formats import format_money
from backend.core.money import Money
from backend.projects import taxonomy

LABELS: dict[str, Promise | str] = {
    "fields": _("Fields"),
    "technologies": _("Technologies"),
    "stages": _("Stages (technology readiness level)"),
    "home_place": _("Home ward, commune or special zone in the city"),
    "country": _("Country or territory where you live"),
    "instruments": _("Forms"),
    "budget": _("About how much for one project"),
    "horizon_months": _("Longest time"),
    "languages": _("Languages you read"),
    "skills": _("Skills you could lend"),
    "weights": _("Weights that are not normal"),
}
KINDS = {
    "fields": "field",
    "technologies": "technology",
    "instruments": "instrument",
    "languages": "language",
    "skills": "skill",
}


@dataclass(frozen=True)
class AnswerRow:
    """One answer: its label and its value in words, empty when not answered."""

    name: str
    label: Promise | str
    text: str


def answer_rows(answers: Answers, weights: Mapping[str, str], language: str) -> list[AnswerRow]:
    """Every answer, in the order of the form."""
    words = {
        **{name: _names(kind, getattr(answers, name), language) for name, kind in KINDS.items()},
        "stages": "TRL " + ", ".join(str(n) for n in answers.stages) if answers.stages else "",
        "home_place": _one("place", answers.home_place, language),
        "country": _one("country", answers.country, language),
        "budget": _budget(answers, language),
        "horizon_months": _months(answers.horizon_months),
        "weights": _weights(weights, language),
    }
    return [AnswerRow(name, label, words[name]) for name, label in LABELS.items()]


def _names(kind: str, keys: tuple[str, ...], language: str) -> str:
    return ", ".join(taxonomy.label(kind, key, language) for key in keys)


def _one(kind: str, key: str, language: str) -> str:
    return taxonomy.label(kind, key, language) if key else ""


def _budget(answers: Answers, language: str) -> str:
    if answers.budget_minor is None:
        return ""
    return format_money(Money(answers.budget_minor, answers.budget_currency), language)


def _months(count: int | None) -> str:
    return ngettext("%(n)s month", "%(n)s months", count) % {"n": count} if count else ""


def _weights(weights: Mapping[str, str], language: str) -> str:
    named = [
        f"{taxonomy.label('factor', factor, language)}: "
        f"{taxonomy.label('weight', weights[factor], language)}"
        for factor in FACTORS
        if weights.get(factor, "normal") != "normal"
    ]
    return "; ".join(named)

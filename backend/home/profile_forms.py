"""The form of an investor's answers. Works without scripts; an unclear amount is asked back."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backend.accounts.answers import FACTORS, LEVELS, STAGES, Answers
from backend.core.errors import Invalid
from backend.core.formats import format_money, format_number
from backend.core.language import language_of_page
from backend.core.money import (
    CURRENCIES,
    AmbiguousAmount,
    Money,
    MoneyError,
    TooManyDecimals,
    parse_amount,
)
from backend.projects import taxonomy

Choices = list[tuple[Any, Any]]
AREAS = {
    "ho_chi_minh": "hochiminh_old",
    "binh_duong": "binhduong_old",
    "ba_ria_vung_tau": "brvt_old",
}
NOT_SAID = _("Not stated")
HORIZON_HELP = _("The longest time that a project may take. Leave it empty if it does not matter.")


def _choices(kind: str) -> Choices:
    return [(t.key, _capital(t.label(language_of_page()))) for t in taxonomy.terms(kind)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _country_choices() -> Choices:
    terms = taxonomy.countries(language_of_page())
    often = [(t.key, t.label(language_of_page())) for t in taxonomy.terms("country") if t.is_first]
    others = [(t.key, t.label(language_of_page())) for t in terms if not t.is_first]
    return [("", NOT_SAID), (_("Often chosen"), often), (_("All others"), others)]


def _place_choices() -> Choices:
    language = language_of_page()
    groups: dict[str, list[tuple[str, str]]] = {area: [] for area in AREAS}
    for place in taxonomy.places():
        groups[place.before_july_2025].append((place.code, place.label(language)))
    named = [(taxonomy.label("area", AREAS[area], language), rows) for area, rows in groups.items()]
    return [("", NOT_SAID), *named]


def _stage_choices() -> Choices:
    return [(str(n), f"{n} · {taxonomy.label('trl', n, language_of_page())}") for n in STAGES]


class _Several(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.error_messages["invalid_choice"] = _("Choose from the list.")


class _One(forms.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.Select(attrs={"class": "in"}), **kwargs)
        self.error_messages["invalid_choice"] = _("Choose from the list.")


class ProfileForm(forms.Form):
    """`answers()` and `weights()` after `is_valid()`; `readings` when the amount is unclear."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    fields_ = _Several(label=_("Fields"))
    technologies = _Several(label=_("Technologies"))
    stages = _Several(label=_("Stages (technology readiness level)"))
    home_place = _One(
        label=_("Home ward, commune or special zone in the city"),
        help_text=_("Projects near it come earlier. Leave it open if you have none."),
    )
    country = _One(label=_("Country or territory where you live"))
    instruments = _Several(label=_("Forms"))
    budget_amount = forms.CharField(
        label=_("About how much for one project"),
        help_text=_("For example 200 or 1.500.000. It is not a pledge."),
        required=False,
        max_length=60,
        widget=forms.TextInput(
            attrs={"class": "in", "inputmode": "decimal", "autocomplete": "off"}
        ),
    )
    budget_currency = _One(label=_("Currency"), choices=[("", "–"), *((c, c) for c in CURRENCIES)])
    horizon_months = forms.IntegerField(
        label=_("Longest time, in months"),
        help_text=HORIZON_HELP,
        required=False,
        min_value=1,
        max_value=600,
        widget=forms.TextInput(attrs={"class": "in", "inputmode": "numeric"}),
    )
    languages = _Several(label=_("Languages you read"))
    skills = _Several(label=_("Skills you could lend"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.readings: tuple[tuple[str, str], ...] = ()
        several = {
            "fields_": "field", "technologies": "technology", "instruments": "instrument",
            "languages": "language", "skills": "skill",
        }  # fmt: skip
        for name, kind in several.items():
            self.fields[name].choices = _choices(kind)  # type: ignore[attr-defined]
        self.fields["stages"].choices = _stage_choices()  # type: ignore[attr-defined]
        self.fields["country"].choices = _country_choices()  # type: ignore[attr-defined]
        self.fields["home_place"].choices = _place_choices()  # type: ignore[attr-defined]
        months = self.fields["horizon_months"].error_messages
        months["invalid"] = months["min_value"] = months["max_value"] = _(
            "Enter a number of months between 1 and 600."
        )
        self._add_weights()

    def _add_weights(self) -> None:
        levels = [(k, _capital(taxonomy.label("weight", k, language_of_page()))) for k in LEVELS]
        for factor in FACTORS:
            field = forms.ChoiceField(
                label=_capital(taxonomy.label("factor", factor, language_of_page())),
                choices=levels,
                required=False,
                widget=forms.RadioSelect,
            )
            field.error_messages["invalid_choice"] = _("Choose from the list.")
            self.fields[f"weight_{factor}"] = field

    @property
    def weight_fields(self) -> list[forms.BoundField]:
        return [self[f"weight_{factor}"] for factor in FACTORS]

    @property
    def has_weights(self) -> bool:
        """Whether a factor counts other than normally, so that the page shows them unfolded."""
        return any(field.value() != "normal" for field in self.weight_fields)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        text, currency = data.get("budget_amount") or "", data.get("budget_currency") or ""
        data["budget"] = None
        if text and not currency:
            self.add_error("budget_currency", _("Choose the currency of the amount."))
        elif text:
            data["budget"] = self._read_budget(text, currency)
        return data

    def _read_budget(self, text: str, currency: str) -> Money | None:
        """The sum, or None with the mistake written down; a pressed reading decides."""
        chosen = str(self.data.get("budget_minor", ""))
        try:
            return parse_amount(text, currency)
        except AmbiguousAmount as unclear:
            for reading in unclear.readings:
                if chosen == str(reading.minor):
                    return reading
            self._ask_back(text, unclear.readings)
        except TooManyDecimals as wrong:
            message = _("%(ccy)s has %(digits)s decimals at most.") % {
                "ccy": currency,
                "digits": wrong.digits,
            }
            if not wrong.digits:
                message = _("%(ccy)s has no decimals. Enter a whole number") % {"ccy": currency}
            self.add_error("budget_amount", message)
        except MoneyError:
            self.add_error("budget_amount", _("Enter an amount above zero, for example 200."))
        return None

    def _ask_back(self, text: str, readings: tuple[Money, Money]) -> None:
        names = [format_money(reading, language_of_page()) for reading in readings]
        # As text: a template would put thousands separators into a number.
        self.readings = tuple((str(r.minor), n) for r, n in zip(readings, names, strict=True))
        message = _("“%(input)s” can be read two ways. Do you mean %(a)s or %(b)s?") % {
            "input": text,
            "a": names[0],
            "b": names[1],
        }
        self.add_error("budget_amount", message)

    def answers(self) -> Answers:
        data = self.cleaned_data
        budget: Money | None = data["budget"]
        return Answers(
            fields=tuple(data["fields_"]),
            technologies=tuple(data["technologies"]),
            country=data["country"],
            home_place=data["home_place"],
            budget_minor=budget.minor if budget else None,
            budget_currency=budget.currency if budget else "",
            instruments=tuple(data["instruments"]),
            horizon_months=data["horizon_months"],
            stages=tuple(int(n) for n in data["stages"]),
            languages=tuple(data["languages"]),
            skills=tuple(data["skills"]),
        )

    def weights(self) -> dict[str, str]:
        found = {factor: self.cleaned_data[f"weight_{factor}"] for factor in FACTORS}
        return {factor: level for factor, level in found.items() if level}

    def add_refusals(self, errors: list[Invalid]) -> None:
        """Show what the action refused at the fields of this form."""
        names = {"fields": "fields_", "budget": "budget_amount"}
        for error in errors:
            name = names.get(error.field or "", error.field)
            self.add_error(name if name in self.fields else None, str(error))


def initial_of(answers: Answers, weights: Mapping[str, str], version: int) -> dict[str, Any]:
    """What the form shows for saved answers."""
    amount = ""
    if answers.budget_minor is not None:
        major = Money(answers.budget_minor, answers.budget_currency).major
        decimals = 0 if major == major.to_integral_value() else None
        # Spaces between thousands: the one way of writing that nobody reads two ways.
        amount = format_number(major, "vi", decimals).replace(".", " ")
    return {
        "version": version,
        "fields_": answers.fields,
        "technologies": answers.technologies,
        "stages": [str(n) for n in answers.stages],
        "home_place": answers.home_place,
        "country": answers.country,
        "instruments": answers.instruments,
        "budget_amount": amount,
        "budget_currency": answers.budget_currency,
        "horizon_months": answers.horizon_months,
        "languages": answers.languages,
        "skills": answers.skills,
        **{f"weight_{factor}": weights.get(factor, "normal") for factor in FACTORS},
    }

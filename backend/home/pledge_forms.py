"""The forms on the way to a pledge."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backend.core.card_checks import CARD_NUMBER
from backend.core.card_numbers import has_card_number
from backend.core.formats import format_money
from backend.core.language import language_of_page
from backend.core.money import (
    CURRENCIES,
    AmbiguousAmount,
    Money,
    MoneyError,
    TooManyDecimals,
    parse_amount,
)
from backend.core.text import clean_text
from backend.funding import knowledge
from backend.funding.models import Round
from backend.projects import taxonomy


class MoneyReading:
    """Reading sums as people type them; `readings` holds both when one can be read two ways."""

    readings: tuple[tuple[str, str], ...] = ()
    cleaned_data: dict[str, Any]
    data: Mapping[str, Any]

    def read_money(
        self, name: str, text: str, currency: str, *, zero: bool = False
    ) -> Money | None:
        text = clean_text(text).strip()
        if has_card_number(text):
            self.add_error(name, CARD_NUMBER)  # type: ignore[attr-defined]
            return None
        if zero and text and set(text) <= set("0.,"):
            return Money(0, currency)
        try:
            return parse_amount(text, currency)
        except AmbiguousAmount as unclear:
            chosen = str(self.data.get(f"{name}_minor", ""))
            for reading in unclear.readings:
                if chosen == str(reading.minor):
                    return reading
            self._ask_back(name, text, unclear.readings)
        except TooManyDecimals as wrong:
            message = _("%(ccy)s has %(digits)s decimals at most.")
            if not wrong.digits:
                message = _("%(ccy)s has no decimals. Enter a whole number")
            self.add_error(  # type: ignore[attr-defined]
                name, message % {"ccy": wrong.currency, "digits": wrong.digits}
            )
        except MoneyError:
            self.add_error(name, _("Enter an amount above zero, for example 200."))  # type: ignore[attr-defined]
        return None

    def _ask_back(self, name: str, text: str, readings: tuple[Money, Money]) -> None:
        names = [format_money(reading, language_of_page()) for reading in readings]
        self.readings = tuple((str(r.minor), n) for r, n in zip(readings, names, strict=True))
        message = _("“%(input)s” can be read two ways. Do you mean %(a)s or %(b)s?")
        self.add_error(  # type: ignore[attr-defined]
            name, message % {"input": text, "a": names[0], "b": names[1]}
        )


class SumForm(MoneyReading, forms.Form):
    """A form with one sum, which `clean` reads into `money` (None when it cannot be read)."""

    sum_field = "amount"
    sum_currency = "VND"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        text, currency = data.get(self.sum_field), self.currency_of(data)
        data["money"] = (
            self.read_money(self.sum_field, text, currency) if text and currency else None
        )
        return data

    def currency_of(self, data: Mapping[str, Any]) -> str:
        return self.sum_currency


class AmountForm(SumForm):
    """How much, in which currency. `token` is made once per form, so that it counts once."""

    amount = forms.CharField(
        label=_("Amount"),
        max_length=60,
        error_messages={"required": _("Enter an amount above zero, for example 200.")},
        widget=forms.TextInput(
            attrs={"class": "in", "inputmode": "decimal", "autocomplete": "off"}
        ),
    )
    currency = forms.ChoiceField(
        label=_("Currency"),
        choices=[(code, code) for code in CURRENCIES],
        error_messages={"invalid_choice": _("Choose from the list.")},
        widget=forms.Select(attrs={"class": "in"}),
    )
    token = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def currency_of(self, data: Mapping[str, Any]) -> str:
        return data.get("currency") or ""


class CountryForm(forms.Form):
    country = forms.ChoiceField(
        label=_("Country where you live"),
        help_text=_("The rules for pledging depend on it. It also stands in your answers."),
        error_messages={
            "required": _("Choose the country where you live"),
            "invalid_choice": _("Choose from the list."),
        },
        widget=forms.Select(attrs={"class": "in", "autocomplete": "country"}),
    )

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        terms = taxonomy.countries(language)
        first = [(t.key, t.label(language)) for t in terms if t.is_first]
        rest = [(t.key, t.label(language)) for t in terms if not t.is_first]
        field: Any = self.fields["country"]
        field.choices = [("", _("Choose …")), *first, *rest]


class KnowledgeForm(forms.Form):
    """One radio group per question."""

    def __init__(self, *args: Any, language: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.version, self.questions = knowledge.questions(language)
        for question in self.questions:
            self.fields[question.key] = forms.ChoiceField(
                label=question.text,
                choices=[(option.key, option.text) for option in question.options],
                error_messages={
                    "required": _("Choose an answer"),
                    "invalid_choice": _("Choose from the list."),
                },
                widget=forms.RadioSelect,
            )


class FiguresForm(MoneyReading, forms.Form):
    """Means, as whole figures of a year; nobody else reads them."""

    currency = forms.ChoiceField(
        label=_("Currency"),
        choices=[(code, code) for code in CURRENCIES],
        error_messages={"invalid_choice": _("Choose from the list.")},
        widget=forms.Select(attrs={"class": "in"}),
    )
    income = forms.CharField(
        label=_("Net income a year"),
        help_text=_("Work, interest, dividends and rent, after tax."),
        max_length=60,
        error_messages={"required": _("Enter zero or more")},
        widget=forms.TextInput(
            attrs={"class": "in", "inputmode": "decimal", "autocomplete": "off"}
        ),
    )
    liquid = forms.CharField(
        label=_("Money that you can reach within a month"),
        help_text=_("Cash, bank deposits, listed shares. Not your home, not a pension."),
        max_length=60,
        error_messages={"required": _("Enter zero or more")},
        widget=forms.TextInput(
            attrs={"class": "in", "inputmode": "decimal", "autocomplete": "off"}
        ),
    )
    commitments = forms.CharField(
        label=_("Fixed payments a year"),
        help_text=_("Rent or mortgage, loans, insurance, support of family, taxes."),
        max_length=60,
        error_messages={"required": _("Enter zero or more")},
        widget=forms.TextInput(
            attrs={"class": "in", "inputmode": "decimal", "autocomplete": "off"}
        ),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        currency = data.get("currency")
        for name in ("income", "liquid", "commitments"):
            text = data.get(name)
            if text and currency:
                data[f"{name}_money"] = self.read_money(name, text, currency, zero=True)
        return data


class ConfirmForm(forms.Form):
    agreed = forms.BooleanField(error_messages={"required": _("Tick the box to pledge.")}, label="")


def first_currency(round_: Round, country: str) -> str:
    """The currency that is offered first: of where the person lives, else of the round."""
    by_country = {
        "US": "USD", "GB": "GBP", "AU": "AUD", "CA": "CAD", "JP": "JPY", "KR": "KRW", "TW": "TWD",
        "SG": "SGD", "CH": "CHF", "CZ": "CZK", "VN": "VND",
    }  # fmt: skip
    euro = {"DE", "FR", "NL", "IT", "ES", "BE", "AT", "FI", "IE", "PT", "SK", "SI", "GR"}
    return by_country.get(country, "EUR" if country in euro else round_.currency)

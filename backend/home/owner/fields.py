"""Form fields of a proposal: clean texts, sums, whole numbers, days, lists of keys."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backend.core.formats import format_date, format_money, format_number
from backend.core.language import language_of_page
from backend.core.money import (
    AmbiguousAmount,
    Money,
    MoneyError,
    TooManyDecimals,
    parse_amount,
)
from backend.core.paste import plain_text
from backend.core.text import clean_text
from backend.projects import taxonomy

TOO_LONG = _("Use %(max)s characters or fewer. There are %(n)s now.")
WHOLE = _("Enter a whole number between %(min)s and %(max)s")
FROM_LIST = _("Choose from the list.")
DAY_FORMATS = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d", "%d %B %Y")


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


class TextField(forms.CharField):
    """Text of a person: no control signs, no tags, composed letters; never cut in silence."""

    def __init__(self, *, most: int, rows: int = 0, language: str = "", **options: Any) -> None:
        self.most = most
        attrs = {"class": "in"} | ({"lang": language} if language else {})
        widget: Any = forms.TextInput(attrs=attrs)
        if rows:
            widget = forms.Textarea(attrs=attrs | {"rows": str(rows)})
        super().__init__(required=False, widget=widget, **options)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(plain_text(clean_text(str(value or "")))))

    def validate(self, value: str) -> None:
        super().validate(value)
        if len(value) > self.most:
            raise forms.ValidationError(TOO_LONG % {"max": self.most, "n": len(value)})


class AmountField(forms.CharField):
    """A sum as people write it; read with the form's currency in `read`."""

    def __init__(self, **options: Any) -> None:
        attrs = {"class": "in", "inputmode": "decimal", "autocomplete": "off"}
        super().__init__(required=False, widget=forms.TextInput(attrs=attrs), **options)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(clean_text(str(value or ""))))

    @staticmethod
    def read(text: str, currency: str) -> int | None:
        """Minor units of `currency`; ValidationError with what to write instead."""
        if not text:
            return None
        try:
            return parse_amount(text, currency).minor
        except AmbiguousAmount as unclear:
            names = [format_money(reading, language_of_page()) for reading in unclear.readings]
            raise forms.ValidationError(
                _("“%(input)s” can be read two ways. Do you mean %(a)s or %(b)s?")
                % {"input": text, "a": names[0], "b": names[1]}
            ) from None
        except TooManyDecimals as wrong:
            if not wrong.digits:
                message = _("%(ccy)s has no decimals. Enter a whole number") % {"ccy": currency}
            else:
                message = _("%(ccy)s has %(digits)s decimals at most.") % {
                    "ccy": currency,
                    "digits": wrong.digits,
                }
            raise forms.ValidationError(message) from None
        except MoneyError:
            raise forms.ValidationError(
                _("Enter an amount above zero, for example 480,000,000.")
            ) from None


def shown_amount(minor: Any, currency: str) -> str:
    """A stored sum as the form shows it: spaces between thousands, which nobody reads two ways."""
    if not isinstance(minor, int):
        return ""
    major = Money(minor, currency).major
    decimals = 0 if major == major.to_integral_value() else None
    return format_number(major, "vi", decimals).replace(".", " ")


class WholeField(forms.CharField):
    """A whole number between two others, in digits."""

    def __init__(self, *, least: int, most: int, **options: Any) -> None:
        self.least, self.most = least, most
        attrs = {"class": "in", "inputmode": "numeric", "autocomplete": "off"}
        super().__init__(required=False, widget=forms.TextInput(attrs=attrs), **options)

    def clean(self, value: Any) -> int | None:
        text = str(super().clean(clean_text(str(value or "")))).replace(" ", "")
        text = text.replace(".", "").replace(",", "") if self.most > 999 else text
        if not text:
            return None
        is_number = text.isascii() and text.isdigit() and len(text) < 16
        if not is_number or not self.least <= int(text) <= self.most:
            raise forms.ValidationError(WHOLE % {"min": self.least, "max": self.most})
        return int(text)


class FigureField(forms.CharField):
    """A figure with or without decimals, of any unit: 8,7 or 276."""

    def __init__(self, **options: Any) -> None:
        attrs = {"class": "in", "inputmode": "decimal", "autocomplete": "off"}
        super().__init__(required=False, widget=forms.TextInput(attrs=attrs), **options)

    def clean(self, value: Any) -> int | float | None:
        text = str(super().clean(clean_text(str(value or "")))).replace(" ", "").replace("−", "-")
        if not text:
            return None
        plain = text.replace(",", ".")
        digits = plain.removeprefix("-")
        ok = digits.isascii() and digits.replace(".", "", 1).isdigit() and len(digits) <= 15
        if not ok:
            raise forms.ValidationError(_("Enter a figure, for example 8.7 or 276"))
        number = Decimal(plain)
        return int(number) if number == number.to_integral_value() else float(number)


class ShareField(forms.CharField):
    """A per cent with at most two decimals, kept in basis points."""

    def __init__(self, **options: Any) -> None:
        attrs = {"class": "in", "inputmode": "decimal", "autocomplete": "off"}
        super().__init__(required=False, widget=forms.TextInput(attrs=attrs), **options)

    def clean(self, value: Any) -> int | None:
        text = str(super().clean(clean_text(str(value or "")))).strip(" %").replace(",", ".")
        if not text:
            return None
        whole, _dot, part = text.partition(".")
        ok = whole.isascii() and whole.isdigit() and len(whole) <= 3 and len(part) <= 2
        if not ok or (part and not (part.isascii() and part.isdigit())):
            raise forms.ValidationError(_("Enter a per cent between 0 and 100, for example 7.5"))
        basis = int(whole) * 100 + int((part + "00")[:2])
        if basis > 10_000:
            raise forms.ValidationError(_("Enter a per cent between 0 and 100, for example 7.5"))
        return basis


class DayField(forms.CharField):
    """A day as people write it, kept as `2027-03-30`."""

    def __init__(self, **options: Any) -> None:
        attrs = {"class": "in", "inputmode": "numeric", "autocomplete": "off"}
        super().__init__(required=False, widget=forms.TextInput(attrs=attrs), **options)

    def clean(self, value: Any) -> str | None:
        text = str(super().clean(clean_text(str(value or ""))))
        if not text:
            return None
        for form in DAY_FORMATS:
            try:
                found = datetime.strptime(text, form).date()
            except ValueError:
                continue
            if 2000 <= found.year <= 2100:
                return found.isoformat()
        raise forms.ValidationError(_("Enter a date, for example 30/03/2027"))


def shown_day(text: Any) -> str:
    try:
        return format_date(date.fromisoformat(str(text)), language_of_page())
    except ValueError:
        return ""


class OneField(forms.ChoiceField):
    """One key of the list, or none. A stored key that has ended is said to have ended."""

    def __init__(self, choices: Any, *, radio: bool = False, **options: Any) -> None:
        widget: Any = forms.RadioSelect if radio else forms.Select(attrs={"class": "in"})
        super().__init__(choices=choices, required=False, widget=widget, **options)
        self.error_messages["invalid_choice"] = FROM_LIST


class SeveralField(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices=choices, required=False, **options)
        self.error_messages["invalid_choice"] = FROM_LIST


def choices_of(kind: str, on: date) -> list[tuple[Any, Any]]:
    """Keys that may be chosen on that day, with their names in the page's language."""
    language = language_of_page()
    return [(t.key, capital(t.label(language))) for t in taxonomy.terms(kind, on=on)]


AREAS = {
    "ho_chi_minh": "hochiminh_old",
    "binh_duong": "binhduong_old",
    "ba_ria_vung_tau": "brvt_old",
}


def place_choices() -> list[tuple[Any, Any]]:
    """The 168 units in three groups, each in Vietnamese order."""
    language = language_of_page()
    groups: dict[str, list[tuple[str, str]]] = {area: [] for area in AREAS}
    for place in taxonomy.places():
        groups[place.before_july_2025].append((place.code, place.label(language)))
    named = [(taxonomy.label("area", AREAS[area], language), rows) for area, rows in groups.items()]
    return [("", _("Not chosen yet")), *named]

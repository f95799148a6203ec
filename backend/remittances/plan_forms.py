"""The form of a redirect plan. Works without scripts; sums are asked back when they are unclear."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.core.errors import Invalid
from backend.core.formats import format_money, format_number
from backend.core.language import language_of_page
from backend.core.money import (
    AmbiguousAmount,
    Money,
    MoneyError,
    TooManyDecimals,
    parse_amount,
)
from backend.projects import taxonomy
from backend.projects.workflow import OPEN_INSTRUMENTS
from backend.remittances.actions import Wishes
from backend.remittances.calculator import BadShare, monthly_of, parse_share, share_of
from backend.remittances.calculator_page import SENT_CURRENCIES, too_many_decimals
from backend.remittances.corridors import HOME_ZONE, corridors, zones
from backend.remittances.models import OnSilence, RemittancePlan
from backend.remittances.plan import WhenNothing

AMOUNTS = (
    "sent", "fixed", "project_cap", "project_total_cap", "field_cap", "year_cap", "carry_cap",
)  # fmt: skip


def zone_name(zone: str) -> str:
    """`America/Los_Angeles` as `Los Angeles`; Vietnam's by its city."""
    return zone.rpartition("/")[2].replace("_", " ").replace("St Johns", "St. John's")


def _choices(kind: str, only: "frozenset[str] | None" = None) -> list[tuple[str, str]]:
    found = [(t.key, t.label(language_of_page())) for t in taxonomy.terms(kind)]
    return [(k, n[:1].upper() + n[1:]) for k, n in found if only is None or k in only]


def _country_choices() -> list[tuple[str, str]]:
    return [(c, taxonomy.label("country", c, language_of_page())) for c in corridors()]


def _zone_choices() -> list[tuple[Any, Any]]:
    groups: list[tuple[Any, Any]] = [(HOME_ZONE, zone_name(HOME_ZONE))]
    for corridor in corridors().values():
        name = taxonomy.label("country", corridor.country, language_of_page())
        groups.append((name, [(zone, zone_name(zone)) for zone in corridor.zones]))
    return groups


class _Amount(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("required", False)
        widget = forms.TextInput(
            attrs={"class": "in", "inputmode": "decimal", "autocomplete": "off"}
        )
        super().__init__(max_length=60, widget=widget, **kwargs)


class _One(forms.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Select(attrs={"class": "in"}))
        super().__init__(**kwargs)
        self.error_messages["invalid_choice"] = _("Choose from the list.")
        self.error_messages["required"] = _("Choose one answer.")


class _Several(forms.MultipleChoiceField):
    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.error_messages["invalid_choice"] = _("Choose from the list.")


class PlanForm(forms.Form):
    """`wishes()` after `is_valid()`."""

    # Sums and choices are refused in the same words: the summary says of which field.
    names_fields = True
    sent = _Amount(label=_("I send home each month"), help_text=_("For example 500."))
    currency = _One(label=_("Currency"), choices=[(c, c) for c in SENT_CURRENCIES])
    country = _One(label=_("Country or territory where you live"))
    share = forms.CharField(
        label=_("Share to set aside, per cent"),
        help_text=_("Between 1 and 99. Leave it empty if you enter a fixed sum."),
        required=False,
        max_length=20,
        widget=forms.TextInput(
            attrs={"class": "in", "inputmode": "decimal", "autocomplete": "off"}
        ),
    )
    fixed = _Amount(
        label=_("Or a fixed sum each month"),
        help_text=_("Instead of a share, in the same currency."),
    )
    day = forms.IntegerField(
        label=_("Day of the month"),
        help_text=_("In a shorter month the last day counts. Pledges are made at 09:00."),
        min_value=1,
        max_value=31,
        widget=forms.TextInput(attrs={"class": "in", "inputmode": "numeric"}),
    )
    zone = _One(label=_("Time zone of that day"))
    veto_days = forms.IntegerField(
        label=_("Days to remove projects"),
        help_text=_("So many days before, you are told which projects they are. 3 to 14."),
        min_value=3,
        max_value=14,
        widget=forms.TextInput(attrs={"class": "in", "inputmode": "numeric"}),
    )
    project_cap = _Amount(label=_("At most for one project in a month"))
    project_total_cap = _Amount(
        label=_("At most for one project over all months"), help_text=_("May be left empty.")
    )
    field_cap = _Amount(
        label=_("At most for one field in a month"), help_text=_("May be left empty.")
    )
    year_cap = _Amount(label=_("At most in a calendar year"))
    fields_ = _Several(label=_("Only these fields"))
    instruments = _Several(label=_("Only these forms"))
    min_fit = forms.IntegerField(
        label=_("Least fit, in points of 100"),
        help_text=_("0 allows every project that your limits allow."),
        min_value=0,
        max_value=100,
        widget=forms.TextInput(attrs={"class": "in", "inputmode": "numeric"}),
    )
    when_nothing = _One(
        label=_("If no project fits"),
        widget=forms.RadioSelect,
        choices=[
            (WhenNothing.NOTHING, _("Leave the sum with me")),
            (WhenNothing.WAIT, _("Look again every day until the next month")),
            (WhenNothing.CARRY, _("Carry it over to the next month, up to a limit")),
        ],
    )
    carry_cap = _Amount(
        label=_("At most carried over"), help_text=_("Only if you chose to carry over.")
    )
    on_silence = _One(
        label=_("If I do not answer a proposal"),
        widget=forms.RadioSelect,
        choices=[
            (OnSilence.PLEDGE, _("What stands becomes pledges")),
            (OnSilence.NOTHING, _("Nothing is pledged that month")),
        ],
    )
    consent = forms.BooleanField(
        label=_("I agree to this standing order and know that I could lose all of this money"),
        error_messages={"required": _("Tick the box to agree.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: dict[str, Any] = {
            "country": _country_choices(), "zone": _zone_choices(), "fields_": _choices("field"),
            "instruments": _choices("instrument", OPEN_INSTRUMENTS),
        }  # fmt: skip
        for name, choices in chosen.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        for name in ("day", "veto_days", "min_fit"):
            number = self.fields[name]
            assert isinstance(number, forms.IntegerField)
            message = _("Enter a whole number between %(min)s and %(max)s") % {
                "min": number.min_value, "max": number.max_value,
            }  # fmt: skip
            for code in ("required", "invalid", "min_value", "max_value"):
                number.error_messages[code] = message

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        currency = data.get("currency") or "USD"
        for name in AMOUNTS:
            data[name] = self._read(name, str(data.get(name) or ""), currency)
        for name in ("sent", "project_cap", "year_cap"):
            if data[name] is None and name not in self.errors:
                self.add_error(name, _("Enter an amount above zero, for example 500."))
        text = data.get("share") or ""
        data["share_bps"] = None
        if text:
            try:
                data["share_bps"] = parse_share(text)
            except BadShare:
                self.add_error("share", _("Enter a share between 1 and 99, for example 10."))
        return data

    def _read(self, name: str, text: str, currency: str) -> Money | None:
        if not text.strip():
            return None
        message: str | Promise
        try:
            return parse_amount(text, currency)
        except AmbiguousAmount as unclear:
            low, high = (format_money(m, language_of_page()) for m in unclear.readings)
            message = _("“%(input)s” can be read two ways: %(a)s or %(b)s. Type it without points "
                        "and commas") % {"input": text[:40], "a": low, "b": high}  # fmt: skip
        except TooManyDecimals as wrong:
            message = too_many_decimals(wrong)
        except MoneyError:
            message = _("Enter an amount above zero, for example 500.")
        self.add_error(name, message)
        return None

    def wishes(self) -> Wishes:
        data = self.cleaned_data

        def minor(name: str) -> int | None:
            money: Money | None = data[name]
            return None if money is None else money.minor

        return Wishes(
            country=data["country"], zone=data["zone"], day=data["day"],
            veto_days=data["veto_days"], currency=data["currency"],
            sent_minor=minor("sent") or 0, share_bps=data["share_bps"],
            fixed_minor=minor("fixed"), project_cap_minor=minor("project_cap") or 0,
            year_cap_minor=minor("year_cap") or 0, field_cap_minor=minor("field_cap"),
            project_total_cap_minor=minor("project_total_cap"), fields=tuple(data["fields_"]),
            instruments=tuple(data["instruments"]), min_fit=data["min_fit"],
            when_nothing=data["when_nothing"], carry_cap_minor=minor("carry_cap"),
            on_silence=data["on_silence"],
        )  # fmt: skip

    def add_refusals(self, errors: list[Invalid]) -> None:
        """Show what the action refused at the fields of this form."""
        for error in errors:
            name = {"fields": "fields_"}.get(error.field or "", error.field)
            self.add_error(name if name in self.fields else None, str(error))

    def standing_order(self) -> str:
        """The words beside the box, with what was answered: kept with the plan."""
        answers = "; ".join(
            f"{field.label}: {field.value()}" for field in self if field.name != "consent"
        )
        return f"{STANDING_ORDER}\n{answers}"


STANDING_ORDER = _(
    "Each month part of what I send home is pledged to projects in the order of my own answers, "
    "within the share and the limits above. I am told the projects beforehand and can remove each "
    "of them, skip the month, pause or stop. The card that I saved last is used. Each pledge can "
    "be withdrawn before its own deadline, and a card is charged only when a round has reached its "
    "target."
)


def _plain(money: Money | None) -> str:
    """A sum as it is typed: spaces between thousands, which nobody reads two ways."""
    if money is None:
        return ""
    decimals = 0 if money.major == money.major.to_integral_value() else None
    return format_number(money.major, "vi", decimals).replace(".", " ")


def initial_of(plan: RemittancePlan) -> dict[str, Any]:
    """What the form shows for a plan."""
    bps = plan.share_bps
    return {
        "sent": _plain(plan.money(plan.sent_minor)), "currency": plan.currency,
        "country": plan.country,
        "share": "" if bps is None else f"{bps // 100}.{bps % 100:02d}".removesuffix(".00"),
        "fixed": _plain(plan.maybe(plan.fixed_minor)), "day": plan.day, "zone": plan.zone,
        "veto_days": plan.veto_days, "project_cap": _plain(plan.money(plan.project_cap_minor)),
        "project_total_cap": _plain(plan.maybe(plan.project_total_cap_minor)),
        "field_cap": _plain(plan.maybe(plan.field_cap_minor)),
        "year_cap": _plain(plan.money(plan.year_cap_minor)), "fields_": plan.fields,
        "instruments": plan.instruments, "min_fit": plan.min_fit,
        "when_nothing": plan.when_nothing, "carry_cap": _plain(plan.maybe(plan.carry_cap_minor)),
        "on_silence": plan.on_silence,
    }  # fmt: skip


def initial_from(query: Mapping[str, str], country: str, zone: str) -> dict[str, Any]:
    """A new plan from the calculator's address and the person's profile; nothing that is a choice
    about silence or consent is filled in."""
    country = country if country in corridors() else ""
    zone = zone if zone in zones() else HOME_ZONE
    found: dict[str, Any] = {
        "day": 1, "veto_days": 5, "min_fit": 0, "zone": zone, "country": country,
        "currency": query.get("currency") or (corridors()[country].currency if country else "USD"),
    }  # fmt: skip
    try:
        sent = parse_amount(query.get("amount", ""), found["currency"])
        sent = monthly_of(sent, query.get("every") or "month")
        share = share_of(sent, parse_share(query.get("share", "")))
    except (MoneyError, BadShare, KeyError):
        return found
    return found | {
        "sent": _plain(sent), "share": query.get("share", ""), "project_cap": _plain(share),
        "year_cap": _plain(share * 12),
    }  # fmt: skip

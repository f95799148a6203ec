"""Forms of owners and officers about rounds, milestones and payments."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backend.core.card_checks import BankText
from backend.core.formats import CITY_ZONE
from backend.core.money import Money
from backend.funding.files import TakenFile, take_file
from backend.home.pledge_forms import MoneyReading, SumForm

TEXT = {"class": "in", "autocomplete": "off"}
NUMBER = {**TEXT, "inputmode": "decimal"}


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """Several files in one field; the framework's own would take the list for a file."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> Any:
        return [super(ManyFilesField, self).clean(one, initial) for one in data or [None]]


class RoundForm(MoneyReading, forms.Form):
    closes_on = forms.DateField(
        label=_("Last day of the round"),
        help_text=_("It closes at 23:59 in Ho Chi Minh City."),
        error_messages={
            "required": _("Enter a date, for example 2027-03-05"),
            "invalid": _("Enter a date, for example 2027-03-05"),
        },
        widget=forms.DateInput(attrs={"class": "in", "type": "date"}),
    )
    hard_cap = forms.CharField(
        label=_("Most that the round takes"),
        help_text=_("Leave empty for ten per cent above the goal."),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs=NUMBER),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        text = data.get("hard_cap")
        data["cap"] = self.read_money("hard_cap", text, self.currency) if text else None
        day = data.get("closes_on")
        data["closes_at"] = datetime.combine(day, time(23, 59), CITY_ZONE) if day else None
        return data


class EvidenceForm(forms.Form):
    note = forms.CharField(
        label=_("What was delivered"),
        help_text=_("Say how the files prove it. Officers and, once accepted, everybody read it."),
        max_length=4000,
        error_messages={"required": _("This part is missing")},
        widget=forms.Textarea(attrs={"class": "in", "rows": 5}),
    )
    uploads = ManyFilesField(
        label=_("Files"),
        help_text=_("PDF, pictures, spreadsheets or text; ten at most, 10 MB each. Not scanned."),
        error_messages={"required": _("Add between 1 and %(max)s files") % {"max": 10}},
        widget=ManyFiles(attrs={"class": "in"}),
    )

    def taken(self) -> list[TakenFile]:
        """Every file, checked; Invalid for the first that is not taken."""
        return [take_file(upload, field="uploads") for upload in self.files.getlist("uploads")]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=4000,
        error_messages={"required": _("Enter the reason")},
        widget=forms.Textarea(attrs={"class": "in", "rows": 3}),
    )


class FindingForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("Your finding"),
        choices=[
            ("accept", _("Accept: the evidence proves the milestone")),
            ("return", _("Return: more evidence is needed")),
            ("fail", _("Fail: the milestone was not met")),
        ],
        error_messages={
            "required": _("Choose an answer"),
            "invalid_choice": _("Choose from the list."),
        },
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Needed to return or fail. The owner reads it."),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"class": "in", "rows": 4}),
    )


class AccountForm(forms.Form):
    """Bank fields are the one place where digits like a card's may stand."""

    holder = forms.CharField(
        label=_("Name of the account holder"),
        max_length=120,
        error_messages={"required": _("Enter the name as the bank writes it")},
        widget=forms.TextInput(attrs=TEXT),
    )
    bank_name = forms.CharField(
        label=_("Bank and branch"),
        max_length=120,
        error_messages={"required": _("Enter the bank and its branch")},
        widget=forms.TextInput(attrs=TEXT),
    )
    number = BankText(
        label=_("Account number"),
        max_length=40,
        error_messages={"required": _("Enter the account number")},
        widget=forms.TextInput(attrs={**TEXT, "inputmode": "numeric"}),
    )


def _money(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=60,
        error_messages={"required": _("Enter an amount above zero.")},
        widget=forms.TextInput(attrs=NUMBER),
    )


def _day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        error_messages={
            "required": _("Enter a date, for example 2027-03-05"),
            "invalid": _("Enter a date, for example 2027-03-05"),
        },
        widget=forms.DateInput(attrs={"class": "in", "type": "date"}),
    )


class SlipForm(SumForm):
    """What the bank's slip says of a payment to an owner."""

    sum_field = "paid_vnd"

    bank_reference = BankText(
        label=_("The bank's reference"),
        max_length=60,
        error_messages={"required": _("Enter the bank's reference as the slip shows it")},
        widget=forms.TextInput(attrs=TEXT),
    )
    paid_vnd = _money(_("Paid out, in ₫"))
    paid_on = _day(_("Day of payment"))
    proof = forms.FileField(
        label=_("The slip"),
        error_messages={"required": _("Add the bank's slip")},
        widget=forms.FileInput(attrs={"class": "in"}),
    )


class ReceiptForm(SumForm):
    """What the bank's statement says of a transfer from an investor."""

    bank_reference = BankText(
        label=_("The bank's reference"),
        max_length=60,
        error_messages={"required": _("Enter the bank's reference as the slip shows it")},
        widget=forms.TextInput(attrs=TEXT),
    )
    amount = _money(_("Amount"))
    received_on = _day(_("Day of payment"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sum_currency = currency


class TransferForm(forms.Form):
    """What the bank's statement says of money that went back to a person."""

    bank_reference = BankText(
        label=_("The bank's reference"),
        max_length=60,
        error_messages={"required": _("Enter the bank's reference as the slip shows it")},
        widget=forms.TextInput(attrs=TEXT),
    )
    paid_on = _day(_("Day of payment"))


class PaybackForm(SumForm):
    amount = _money(_("Paid back, in ₫"))
    paid_on = _day(_("Day of payment"))
    note = forms.CharField(
        label=_("Note"), max_length=300, required=False, widget=forms.TextInput(attrs=TEXT)
    )
    proof = forms.FileField(
        label=_("Proof of the bank"), required=False, widget=forms.FileInput(attrs={"class": "in"})
    )


class ClaimForm(forms.Form):
    """What a person says to be, with the proof of it."""

    investor_class = forms.ChoiceField(
        label=_("Which status you have"),
        error_messages={
            "required": _("Choose an answer"),
            "invalid_choice": _("Choose from the list."),
        },
        widget=forms.RadioSelect,
    )
    proof = forms.FileField(
        label=_("Proof"),
        help_text=_("One PDF or picture, 10 MB at most. It is deleted once it was judged."),
        error_messages={"required": _("Add the proof")},
        widget=forms.FileInput(attrs={"class": "in"}),
    )
    note = forms.CharField(
        label=_("Note for the officer"), max_length=300, required=False,
        widget=forms.TextInput(attrs=TEXT),
    )  # fmt: skip

    def __init__(self, *args: Any, classes: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["investor_class"]
        field.choices = [(row.key, row.label) for row in classes]


class JudgeForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("Your finding"),
        choices=[
            ("confirm", _("Confirm: the proof shows it")),
            ("refuse", _("Refuse: the proof does not show it")),
        ],
        error_messages={
            "required": _("Choose an answer"),
            "invalid_choice": _("Choose from the list."),
        },
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Needed to refuse. The person reads it."),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs=TEXT),
    )


def total_of(held: dict[str, int]) -> list[Money]:
    return [Money(minor, code) for code, minor in held.items()]

"""The refusal of card numbers, for forms, the API and texts that a page reads by itself."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from backend.core.card_numbers import has_card_number
from backend.core.errors import Invalid

CARD_NUMBER = _("This looks like a card number. Never type it here; delete it and go on")


def refuse_card_number(value: Any) -> None:
    """A validator of Django and of the API's fields alike."""
    if isinstance(value, str) and has_card_number(value):
        raise ValidationError(CARD_NUMBER, code="card_number")


def check_no_card(text: str, field: str) -> None:
    """The same for a text that no form reads. Raises Invalid."""
    if has_card_number(text):
        raise Invalid(CARD_NUMBER, code="card_number", field=field)


class BankText(forms.CharField):
    """A number that a bank or a tax office gave: the places where digits like a card's may stand.
    Lists show only its last four digits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [v for v in self.validators if v is not refuse_card_number]


def guard_every_text_field() -> None:
    """Put the check on every text field of forms that will be made. Called once, at start; the
    API's own fields get it in `home.api`."""
    if refuse_card_number not in forms.CharField.default_validators:
        forms.CharField.default_validators = [
            *forms.CharField.default_validators, refuse_card_number,
        ]  # fmt: skip

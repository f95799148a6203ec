"""The API. Every text that a program sends is checked for card numbers, as those of forms are."""

from typing import Any

from rest_framework.serializers import CharField

from backend.core.card_checks import refuse_card_number

_FIELD: Any = CharField
if refuse_card_number not in _FIELD.default_validators:
    _FIELD.default_validators = [*_FIELD.default_validators, refuse_card_number]

"""The API. Every text that a program sends is checked for card numbers, as those of forms are."""

from rest_framework.serializers import CharField

from backend.core.card_checks import refuse_card_number

if refuse_card_number not in CharField.default_validators:
    CharField.default_validators = [*CharField.default_validators, refuse_card_number]

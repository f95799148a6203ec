"""The shapes of the API: what is read from callers, and what the schema says of the answers."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from backend.accounts.answers import FACTORS, LEVELS, Answers
from backend.core.money import CURRENCIES, Money, MoneyError, from_major
from backend.projects import taxonomy

MAX_ITEMS = 40
MAX_RESULTS = 100


class StrictText(serializers.CharField):
    """Text only: a number or a list where a key belongs is a mistake, not a spelling."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


# Named in the OpenAPI document (settings).
COUNTRIES = tuple(taxonomy.keys("country"))


class KeyField(serializers.ChoiceField):
    """One key of the taxonomy."""

    def __init__(self, kind: str, **options: Any) -> None:
        self.kind = kind
        super().__init__(choices=taxonomy.keys(kind), **options)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=type(data).__name__)
        return super().to_internal_value(data[:80])


def keys(kind: str) -> serializers.ListField:
    return serializers.ListField(
        child=KeyField(kind), required=False, max_length=MAX_ITEMS, allow_empty=True
    )


class StrictWhole(serializers.IntegerField):
    """A whole number as JSON writes it: no text, no 1.0, no true."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        number: int = super().to_internal_value(data)
        return number


class AmountSerializer(serializers.Serializer[Any]):
    """A sum: exact decimal text in whole units of a currency ("200", "1500.50")."""

    amount = StrictText(
        max_length=30,
        validators=[ProhibitNullCharactersValidator()],
        help_text="Decimal text in whole units, above 0. Never a float.",
    )
    currency = serializers.ChoiceField(choices=CURRENCIES)

    def validate(self, attrs: Mapping[str, Any]) -> Money:
        try:
            money = from_major(Decimal(attrs["amount"]), attrs["currency"])
        except (InvalidOperation, MoneyError) as error:
            message = _("Enter an amount above 0, for example 200")
            raise serializers.ValidationError({"amount": message}, code="bad_amount") from error
        if money.minor <= 0:
            message = _("Enter an amount above 0, for example 200")
            raise serializers.ValidationError({"amount": message}, code="bad_amount")
        return money


class AnswersSerializer(serializers.Serializer[Any]):
    """What an investor tells us. Everything is optional: an empty answer counts neither for nor
    against a project."""

    fields_ = keys("field")
    technologies = keys("technology")
    country = KeyField("country", required=False, allow_null=True)
    home_place = KeyField("place", required=False, allow_null=True)
    budget = AmountSerializer(required=False, allow_null=True)
    instruments = keys("instrument")
    horizon_months = StrictWhole(required=False, allow_null=True, min_value=1, max_value=600)
    stages = serializers.ListField(
        child=StrictWhole(min_value=1, max_value=9), required=False, max_length=9
    )
    languages = keys("language")
    skills = keys("skill")
    weights = serializers.DictField(
        child=serializers.ChoiceField(choices=LEVELS),
        required=False,
        help_text="Factor to more, normal, less or off. What is not named is normal.",
    )

    def get_fields(self) -> dict[str, Any]:
        """`fields` is a name that serializers keep for themselves."""
        found = super().get_fields()
        found["fields"] = found.pop("fields_")
        return found

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(str(name)[:40] for name in set(data) - set(self.fields))
            if unknown:
                errors = {name: [_("There is no field with this name")] for name in unknown[:10]}
                raise serializers.ValidationError(errors, code="unknown_field")
        return super().to_internal_value(data)

    def validate_weights(self, weights: Mapping[str, str]) -> Mapping[str, str]:
        if not set(weights) <= set(FACTORS):
            raise serializers.ValidationError(_("Choose from the list."), code="unknown_key")
        return weights


class PreviewSerializer(AnswersSerializer):
    limit = StrictWhole(required=False, min_value=1, max_value=MAX_RESULTS, default=20)


class ProfileSerializer(AnswersSerializer):
    version = StrictWhole(required=False, min_value=0, help_text="Instead of `If-Match`.")


def answers_from(data: Mapping[str, Any], before: Answers | None = None) -> Answers:
    """Checked input as answers; what is not named stays as it was before."""
    old = before or Answers()
    values: dict[str, Any] = {
        name: tuple(data[name]) if name in data else getattr(old, name)
        for name in ("fields", "technologies", "instruments", "stages", "languages", "skills")
    }
    for name in ("country", "home_place"):
        values[name] = (data[name] or "") if name in data else getattr(old, name)
    values["horizon_months"] = data.get("horizon_months", old.horizon_months)
    values["budget_minor"], values["budget_currency"] = old.budget_minor, old.budget_currency
    if "budget" in data:
        budget: Money | None = data["budget"]
        values["budget_minor"] = budget.minor if budget else None
        values["budget_currency"] = budget.currency if budget else ""
    return Answers(**values)


class PledgeSerializer(serializers.Serializer[Any]):
    """A sum as decimal text in whole units of its currency: `150`, `150.50`."""

    amount = serializers.RegexField(r"^[0-9]{1,12}(\.[0-9]{1,3})?$", max_length=16)
    currency = serializers.CharField(max_length=3)
    token = serializers.CharField(
        max_length=56, required=False, default="one",
        help_text="Names this pledge when no Idempotency-Key is sent.",
    )  # fmt: skip

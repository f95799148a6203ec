"""Looking a value up by a name that is known only in the template."""

from collections.abc import Mapping
from typing import Any

from django import template

register = template.Library()


@register.filter
def at(values: Mapping[str, Any] | None, name: str) -> Any:
    """The value under `name`, or an empty text."""
    return (values or {}).get(name, "")


@register.filter
def typed_at(values: Mapping[str, Any] | None, prefix: str) -> dict[str, Any]:
    """What was typed in fields whose names begin so, by the rest of the name."""
    cut = len(prefix)
    return {k[cut:]: v for k, v in (values or {}).items() if k.startswith(prefix)}


@register.filter
def at_key(values: Mapping[str, Any], key: str) -> Any:
    return values.get(key, "")

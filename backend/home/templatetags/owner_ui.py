"""Words that the owner's pages need."""

from typing import Any

from django import template

register = template.Library()


@register.simple_tag
def row_name(words: Any, number: int) -> str:
    """`Milestone 2`, from the words of a list and the number of a row."""
    return str(words) % {"n": number}

"""What templates need to speak two languages: sums, dates, passages in the other language."""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from backend.core import formats
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.core.text import initials

register = template.Library()
VIETNAMESE = re.compile("[ăđơưạ-ỹ]", re.IGNORECASE)

ICONS = {
    "check": '<path d="M3 8.500l3.200 3.200L13 4.800"/>',
    "against": '<path d="M8 3v6M8 12.200v.3"/>',
    "lock": '<path d="M3 7h10v6H3zM5 7V5a3 3 0 016 0v2"/>',
}


@register.filter
def money(value: Money | None) -> str:
    """`1.284.500.000 ₫`, `200 USD`."""
    return "" if value is None else formats.format_money(value, language_of_page())


@register.filter
def money_long(value: Money | None) -> str:
    """`1,28 tỷ ₫`, `1.28 billion ₫`."""
    return "" if value is None else formats.format_money_long(value, language_of_page())


@register.filter
def money_about(value: Money | None) -> str:
    """`14,600 USD`, for a converted sum."""
    return "" if value is None else formats.format_about(value, language_of_page())


@register.filter
def number(value: int | Decimal | None) -> str:
    return "" if value is None else formats.format_number(value, language_of_page())


@register.filter
def percent(value: int | Decimal | None) -> str:
    return "" if value is None else formats.format_percent(value, language_of_page())


@register.filter
def day(value: date | datetime | None) -> str:
    """A civil date; an instant is shown on the city's day."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(formats.CITY_ZONE).date()
    return formats.format_date(value, language_of_page())


@register.filter
def moment(value: datetime | None) -> str:
    return "" if value is None else formats.format_datetime(value, language_of_page())


@register.filter
def moment_in(value: datetime | None, zone: str) -> str:
    """An instant in a person's own zone, named by its city."""
    return "" if value is None else formats.format_moment_in(value, zone, language_of_page())


@register.filter
def partial_day(value: str) -> str:
    """A date as a source gives it: a year, a month or a day."""
    return formats.format_partial_date(value, language_of_page())


@register.filter
def said(value: Any) -> SafeString | str:
    """A passage in its own language: marked with `lang` where it is not the page's.

    Takes anything with `text` and `lang` (home.words.Said) or a plain string.
    """
    text, lang = getattr(value, "text", value), getattr(value, "lang", "")
    if not text:
        return ""
    if lang and lang != language_of_page():
        return format_html('<span lang="{}">{}</span>', lang, text)
    return str(text)


@register.filter
def vietnamese(text: object) -> SafeString:
    """A name of a person or firm inside a sentence, for a voice that reads the page aloud."""
    return format_html('<span lang="vi">{}</span>', text)


@register.filter
def marked(text: str) -> SafeString | str:
    """Words whose language nobody kept: marked where their letters are Vietnamese ones."""
    return vietnamese(text) if VIETNAMESE.search(text) else text


@register.filter
def initials_of(value: Any) -> str:
    return initials(str(getattr(value, "text", value)))


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html(
        '<svg viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" '
        'stroke-width="2.2">{}</svg>',
        SafeString(ICONS[name]),
    )


@register.simple_tag(takes_context=True)
def in_language(context: template.Context, target: str) -> str:
    """This page's address in the other language, with its query."""
    request: HttpRequest | None = context.get("request")
    if request is None:
        return f"/{target}/"
    parts = request.path.split("/", 2)
    path = f"/{target}/{parts[2]}" if len(parts) > 2 and parts[1] in {"vi", "en"} else f"/{target}/"
    query = request.META.get("QUERY_STRING", "")
    return f"{path}?{query}" if query and request.method == "GET" else path


@register.simple_tag
def in_minutes(minutes: int) -> str:
    """The clock time that many minutes from now, in the city's zone."""
    return formats.format_datetime(timezone.now() + timedelta(minutes=minutes), language_of_page())

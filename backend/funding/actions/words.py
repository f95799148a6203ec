"""What an officer or owner writes beside an act: cleaned, asked for, never cut silently."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.core.card_checks import check_no_card
from backend.core.errors import Invalid
from backend.core.text import clean_text

MAX_NOTE = 4000  # characters
MAX_LINE = 300


def written(text: str, field: str, missing: str | Promise | None, most: int = MAX_NOTE) -> str:
    """The text as it is kept; may be empty without `missing`, the sentence that asks for it.

    Invalid (`missing`, `too_long` or for a card number) names `field`.
    """
    text = clean_text(text).strip()
    if not text and missing is not None:
        raise Invalid(missing, code="missing", field=field)
    if len(text) > most:
        raise Invalid(
            _("Use %(max)s characters or fewer. There are %(n)s now"),
            code="too_long", field=field, max=most, n=len(text),
        )  # fmt: skip
    check_no_card(text, field)
    return text

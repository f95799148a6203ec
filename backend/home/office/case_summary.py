"""What a proposal is, in one sentence and a few facts, above its parts on the screen of a case."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from backend.core.formats import format_money
from backend.core.money import Money
from backend.home.words import Said, said
from backend.projects import taxonomy

KINDS = ("field", "place", "instrument")


def summary_of(content: Mapping[str, Any], language: str) -> tuple[Said, list[tuple[str, str]]]:
    """The owner's own sentence, and name with value of each fact that was given; from the text of
    the version on the desk, which may say something else than what was listed before."""
    keys = {"field": content.get("field"), "place": content.get("place_code"),
            "instrument": content.get("instrument")}  # fmt: skip
    names = {"field": _("Field"), "place": _("Place"), "instrument": _("Form")}
    facts = [
        (names[kind], taxonomy.label(kind, str(keys[kind]), language))
        for kind in KINDS
        if keys[kind]
    ]
    if content.get("trl"):
        facts.insert(2, ("TRL", str(content["trl"])))
    if isinstance(content.get("goal_minor"), int):
        goal = Money(content["goal_minor"], str(content.get("currency") or "VND"))
        facts.append((_("Goal"), format_money(goal, language)))
    return said(content, "summary", language), facts

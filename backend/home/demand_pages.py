"""For owners: who could fit their project, in bands, and which edit would widen that."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backend.core.formats import format_money, format_number
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.home.me_pages import person_of
from backend.matching import actions
from backend.matching.demand import FITS_FROM, LEAST
from backend.projects import taxonomy
from backend.projects.queries import project_for


@dataclass(frozen=True)
class Widening:
    """One edit in words, with the bands that it would add and lead to."""

    what: str
    gain: str
    then: str


@never_cache
@login_required
@require_safe
def demand(request: HttpRequest, key: str) -> HttpResponse:
    """Only for members of the owner's organisation; the action says so."""
    user = person_of(request)
    project = project_for(user, key)
    found = actions.ask_for_demand(project, by=user)
    language = language_of_page()
    context: dict[str, Any] = {
        "project": project, "report": found, "fits_from": FITS_FROM, "least": LEAST,
    }  # fmt: skip
    if found is not None:
        content = found.content
        context |= {
            "is_current": found.made_from == actions.made_from(project),
            "fits": band_words(content["fits"], language),
            "answered": band_words(content["answered"], language),
            "is_few": content["fits"][0] == 0,
            "simulated": content["simulated"],
            "kinds": [
                (label, _kind_rows(kind, content["kinds"].get(kind, []), language),
                 content["hidden"].get(kind, 0))
                for kind, label in (
                    ("country", _("Where they live")), ("budget", _("About how much")),
                    ("field", _("Fields they chose")), ("language", _("Languages they read")),
                )
            ],
            "edits": [_widening(edit, language) for edit in content["edits"]],
        }  # fmt: skip
    return render(request, "me/demand.html", context)


def band_words(band: Any, language: str) -> str:
    """`fewer than 10`, `from 20 to 49`, `100,000 or more`."""
    low, high = band
    if low == 0:
        return _("fewer than %(n)s") % {"n": high + 1}
    if high == 0:
        return _("%(n)s or more") % {"n": format_number(low, language)}
    return _("from %(low)s to %(high)s") % {
        "low": format_number(low, language),
        "high": format_number(high, language),
    }


def _kind_rows(kind: str, rows: Any, language: str) -> list[tuple[str, str]]:
    return [(_kind_words(kind, key, language), band_words(band, language)) for key, *band in rows]


def _kind_words(kind: str, key: str, language: str) -> str:
    if kind == "budget":
        if key == "more":
            return _("more than that")
        return _("under %(sum)s") % {"sum": format_money(Money(int(key), "VND"), language)}
    return taxonomy.label(kind, key, language)


def _widening(edit: Any, language: str) -> Widening:
    return Widening(
        _edit_words(edit["factor"], edit["old"], edit["new"], language),
        band_words(edit["gain"], language),
        band_words(edit["then"], language),
    )


def _edit_words(factor: str, old: Any, new: Any, language: str) -> str:
    match factor:
        case "ticket":
            sums = [format_money(Money(int(value), "VND"), language) for value in (old, new)]
            return _("Lower the smallest pledge from %(old)s to %(new)s") % {
                "old": sums[0], "new": sums[1],
            }  # fmt: skip
        case "instrument":
            label = taxonomy.label("instrument", new, language)
            return _("Take the form %(form)s") % {"form": label}
        case "language":
            label = taxonomy.label("language", new, language)
            return _("Add documents in this language: %(language)s") % {"language": label}
        case "horizon":
            return _("Finish within %(new)s months instead of %(old)s") % {"old": old, "new": new}
        case "skills":
            label = taxonomy.label("skill", new, language)
            return _("Ask for this skill: %(skill)s") % {"skill": label}
        case _:
            label = taxonomy.label("field", new, language)
            return _("If its field were %(field)s") % {"field": label}

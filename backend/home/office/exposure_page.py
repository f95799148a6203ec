"""The floor of first-page views that each listed project is owed: what holds, how it is kept, and
(for a lead) a new version of it."""

from datetime import datetime, time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from backend.accounts.models import Role
from backend.accounts.permissions import roles_of
from backend.core.clock import app_now, city_day
from backend.core.errors import DomainError, Invalid
from backend.core.formats import CITY_ZONE
from backend.core.language import language_of_page
from backend.core.text import clean_text
from backend.home.office.base import desk_page, done, errors_of, person_of
from backend.matching import actions
from backend.matching.exposure import current_reading, policy_in_force
from backend.matching.models import ExposurePolicy
from backend.matching.moving import FLOOR_AT

NUMBERS = ("floor_percent", "places", "window_days")


@desk_page()
@require_http_methods(["GET", "HEAD", "POST"])
def exposure(request: HttpRequest) -> HttpResponse:
    user, errors = person_of(request), {}
    now = policy_in_force()
    typed: dict[str, Any] = {name: getattr(now, name) if now else 0 for name in NUMBERS}
    typed |= {"source_vi": "", "source_en": "", "starts": city_day(app_now()).isoformat()}
    if request.method == "POST":
        typed |= {name: str(request.POST.get(name, ""))[:2000] for name in typed}
        try:
            numbers = {name: _whole(name, typed[name]) for name in NUMBERS}
            actions.set_exposure_policy(
                by=user,
                floor_percent=numbers["floor_percent"],
                places=numbers["places"],
                window_days=numbers["window_days"],
                source_vi=typed["source_vi"],
                source_en=typed["source_en"],
                in_force_from=_moment(typed["starts"]),
            )
        except DomainError as error:
            errors = errors_of(error)
        else:
            return done(request, _("The new floor is written."), "office:exposure")
    language = language_of_page()
    versions = ExposurePolicy.objects.order_by("-in_force_from")[:50]
    context = {
        "now": now, "reading": current_reading(), "typed": typed, "errors": errors,
        "versions": [(row, getattr(row, f"source_{language}")) for row in versions],
        "may_write": Role.LEAD in roles_of(user), "most_places": len(FLOOR_AT),
        "places_in_order": ", ".join(map(str, FLOOR_AT)),
        "today": city_day(app_now()).isoformat(), "nav": "office", "office_nav": "rules",
    }  # fmt: skip
    return render(request, "office/exposure.html", context, status=400 if errors else 200)


def _whole(name: str, text: str) -> int:
    text = clean_text(text).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise Invalid(_("Enter a whole number."), field=name)
    return int(text)


def _moment(text: str) -> datetime:
    """The first moment of a day in the city; for today: now."""
    try:
        day = datetime.strptime(text.strip(), "%Y-%m-%d").date()
    except ValueError as error:
        raise Invalid(_("Enter a date."), field="in_force_from") from error
    now = app_now()
    if day == city_day(now):
        return now
    return datetime.combine(day, time.min, tzinfo=CITY_ZONE)

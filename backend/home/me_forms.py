"""The small forms of a person's own pages."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.accounts.zones import CITY_ZONE, zones_of

# Where most readers live; the rest of the list follows.
OFTEN = (
    CITY_ZONE, "America/Los_Angeles", "America/Chicago", "America/New_York",
    "America/Toronto", "Australia/Sydney", "Australia/Melbourne", "Asia/Tokyo", "Asia/Seoul",
    "Asia/Taipei", "Asia/Singapore", "Europe/Paris", "Europe/Berlin", "Europe/Prague",
    "Europe/London",
)  # fmt: skip
AREAS = {
    "Africa": _("Africa"), "America": _("America"), "Asia": _("Asia"),
    "Atlantic": _("Atlantic"), "Australia": _("Australia"), "Europe": _("Europe"),
    "Indian": _("Indian Ocean"), "Pacific": _("Pacific"),
}  # fmt: skip


def _zones(country: str) -> list[tuple[Any, Any]]:
    known = available_timezones()
    near = [z for z in zones_of(country) if z in known]
    often = [z for z in OFTEN if z in known and z not in near]
    others = sorted(z for z in known - {*near, *often} if z.split("/")[0] in AREAS)
    groups = [(_("Where you live"), near), (_("Often chosen"), often), (_("All others"), others)]
    return [(label, [(z, zone_name(z)) for z in zones]) for label, zones in groups if zones]


def zone_name(zone: str) -> str:
    """`America/Los_Angeles` as `Los Angeles (America)`, the area in the page's language."""
    if zone == CITY_ZONE:
        return str(_("Ho Chi Minh City (Vietnam)"))
    area, _slash, city = zone.partition("/")
    return f"{city.replace('_', ' ').replace('/', ', ')} ({AREAS.get(area, area)})"


def asks_for_zone(user: User, country: str) -> bool:
    """Whether times stand in Vietnam's zone only because nobody knows the person's own."""
    is_theirs = user.has_chosen_zone or not country or zones_of(country) == (CITY_ZONE,)
    return user.time_zone == CITY_ZONE and not is_theirs


def tell_zone(request: HttpRequest, user: User) -> None:
    """Say that the zone followed the country, when it did since the page's person was read."""
    before = user.time_zone
    user.refresh_from_db(fields=["time_zone"])
    if user.time_zone != before:
        words = _("Times are now shown in the zone of %(zone)s, after the country where you live.")
        more = _("You can choose another under “Details” in your account.")
        messages.success(request, f"{words % {'zone': zone_name(user.time_zone)}} {more}")


class DetailsForm(forms.Form):
    full_name = forms.CharField(
        label=_("Full name"),
        help_text=_("As you write it, family name first. You may leave it empty."),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"class": "in", "autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=_("Language of mails"),
        choices=[("vi", "Tiếng Việt"), ("en", "English")],
        widget=forms.Select(attrs={"class": "in"}),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_("Deadlines are shown in it and in Vietnam's."),
        widget=forms.Select(attrs={"class": "in"}),
    )

    def __init__(self, *args: Any, person: User, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["time_zone"]
        field.choices = _zones(country)
        if not person.has_chosen_zone:
            field.required = False
            words = _("Not chosen: %(zone)s") % {"zone": zone_name(person.time_zone)}
            field.choices = [("", words), *field.choices]


class ConsentForm(forms.Form):
    consent = forms.BooleanField(
        label=_("I have read what changed and agree to it"),
        error_messages={"required": _("Tick the box to agree.")},
    )


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the key"),
        help_text=_("What uses it, for example “my spreadsheet”."),
        max_length=60,
        error_messages={"required": _("Enter a name of at most 60 characters.")},
        widget=forms.TextInput(attrs={"class": "in", "autocomplete": "off"}),
    )


class ClosePasswordForm(forms.Form):
    password = forms.CharField(
        label=_("Present password"),
        strip=False,
        error_messages={"required": _("Enter your password")},
        widget=forms.PasswordInput(attrs={"class": "in", "autocomplete": "current-password"}),
    )


class CloseCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code from the mail"),
        max_length=20,
        error_messages={"required": _("Enter the code")},
        widget=forms.TextInput(
            attrs={"class": "in", "autocomplete": "one-time-code", "inputmode": "numeric"}
        ),
    )

"""The small forms of a person's own pages."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

HOME_ZONE = "Asia/Ho_Chi_Minh"
# Where most readers live; the rest of the list follows.
OFTEN = (
    HOME_ZONE, "America/Los_Angeles", "America/Chicago", "America/New_York",
    "America/Toronto", "Australia/Sydney", "Australia/Melbourne", "Asia/Tokyo", "Asia/Seoul",
    "Asia/Taipei", "Asia/Singapore", "Europe/Paris", "Europe/Berlin", "Europe/Prague",
    "Europe/London",
)  # fmt: skip
AREAS = {
    "Africa": _("Africa"), "America": _("America"), "Asia": _("Asia"),
    "Atlantic": _("Atlantic"), "Australia": _("Australia"), "Europe": _("Europe"),
    "Indian": _("Indian Ocean"), "Pacific": _("Pacific"),
}  # fmt: skip


def _zones() -> list[tuple[Any, Any]]:
    known = available_timezones()
    others = sorted(z for z in known if z.split("/")[0] in AREAS and z not in OFTEN)
    often = [(z, zone_name(z)) for z in OFTEN if z in known]
    return [(_("Often chosen"), often), (_("All others"), [(z, zone_name(z)) for z in others])]


def zone_name(zone: str) -> str:
    """`America/Los_Angeles` as `Los Angeles (America)`, the area in the page's language."""
    if zone == HOME_ZONE:
        return str(_("Ho Chi Minh City (Vietnam)"))
    area, _slash, city = zone.partition("/")
    return f"{city.replace('_', ' ').replace('/', ', ')} ({AREAS.get(area, area)})"


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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = _zones()  # type: ignore[attr-defined]


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

"""The offices as data in versions: what each is called and takes in, now and earlier, and (for a
lead of it) a new version."""

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from backend.accounts import actions as accounts
from backend.accounts.models import CityOffice, OfficeMembership, OfficeVersion, Role
from backend.accounts.queries import office_versions
from backend.core.errors import DomainError, NotFound
from backend.core.language import language_of_page
from backend.core.web import words_of
from backend.home.office.base import desk_page, done, errors_of, person_of
from backend.projects import taxonomy

TEXTS = ("name_vi", "name_en", "reason")


def _offices() -> QuerySet[CityOffice]:
    """With who wrote each version."""
    earlier = OfficeVersion.objects.select_related("written_by")
    return CityOffice.objects.select_related("written_by").prefetch_related(
        Prefetch("versions", queryset=earlier)
    )


def _versions(row: CityOffice, language: str) -> list[tuple[Any, list[str]]]:
    return [
        (version, [taxonomy.label("field", key, language) for key in version.fields])
        for version in office_versions(row)
    ]


@desk_page()
@require_safe
def offices(request: HttpRequest) -> HttpResponse:
    language = language_of_page()
    rows = _offices().order_by(f"name_{language}", "pk")
    context = {
        "offices": [
            (row, getattr(row, f"name_{language}"), _versions(row, language)) for row in rows
        ],
        "nav": "office", "office_nav": "rules",
    }  # fmt: skip
    return render(request, "office/offices.html", context)


@desk_page()
@require_http_methods(["GET", "HEAD", "POST"])
def office(request: HttpRequest, office_id: str) -> HttpResponse:
    """One office: what it is called, its versions, and (for its lead) the form of a new one."""
    user, language = person_of(request), language_of_page()
    row = _offices().filter(public_id=office_id[:40]).first()
    if row is None:
        raise NotFound()
    typed = {"name_vi": row.name_vi, "name_en": row.name_en, "reason": ""}
    chosen = set(row.fields)
    errors: dict[str, str] = {}
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in TEXTS}
        chosen = set(request.POST.getlist("fields"))
        try:
            changed = accounts.change_office(
                row, by=user, **{name: words_of(request, name) for name in TEXTS},
                fields=[key for key in taxonomy.keys("field") if key in chosen],
                expected=_number(request.POST.get("number", "")),
            )  # fmt: skip
        except DomainError as error:
            errors = errors_of(error)
        else:
            said = _("Version %(n)s is written.") % {"n": changed.number}
            return done(request, said, "office:office", row.public_id)
    mine = OfficeMembership.objects.filter(office=row, user=user, role=Role.LEAD)
    context = {
        "office": row, "name": getattr(row, f"name_{language}"), "typed": typed,
        "errors": errors, "versions": _versions(row, language), "may_write": mine.exists(),
        "field_choices": [
            (key, taxonomy.label("field", key, language), key in chosen)
            for key in taxonomy.keys("field")
        ],
        "nav": "office", "office_nav": "rules",
    }  # fmt: skip
    return render(request, "office/office.html", context, status=400 if errors else 200)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0

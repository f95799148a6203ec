"""The programme office: the account before anything is hidden, down to single pledges without
names, reports, and corrections. For people of the office who passed their code."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from backend.accounts.models import User
from backend.accounts.permissions import require_staff_code
from backend.core.errors import DomainError
from backend.core.web import words_of
from backend.insights import actions, queries
from backend.insights.office import DRILLS, drill_down, office_page


def _language() -> str:
    return "en" if (get_language() or "vi").startswith("en") else "vi"


@never_cache
@require_staff_code("lead", "finance", "auditor")
@require_safe
def programme(request: HttpRequest) -> HttpResponse:
    return render(request, "insights/office.html", {"page": office_page(_language())})


@never_cache
@require_staff_code("lead", "finance", "auditor")
@require_safe
def drill(request: HttpRequest, series: str) -> HttpResponse:
    """The pledges behind one figure: reference, project, sum, state; never a person."""
    key = request.GET.get("key", "")[:40]
    rows = drill_down(series, key) if key.isprintable() and key.isascii() else []
    context = {"rows": rows, "series": DRILLS[series], "key": key}
    return render(request, "insights/office_rows.html", context)


@never_cache
@require_staff_code("lead", "auditor")
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, version: str) -> HttpResponse:
    assert isinstance(request.user, User)
    found = queries.snapshot_for(version)
    context: dict[str, Any] = {"snapshot": found, "vi": "", "en": "", "error": None}
    if request.method == "POST":
        context |= {"vi": words_of(request, "text_vi"), "en": words_of(request, "text_en")}
        try:
            actions.record_correction(
                found, by=request.user, text_vi=context["vi"], text_en=context["en"]
            )
        except DomainError as refused:
            context["error"] = refused
        else:
            messages.success(request, _("The correction is listed for good."))
            return redirect("insights:programme")
    status = 400 if context["error"] else 200
    return render(request, "insights/correct.html", context, status=status)

"""The programme office: the account before anything is hidden, down to single pledges without
names, reports, and corrections. For people of the office who passed their code."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.accounts.models import User
from backend.accounts.permissions import require_staff_code, roles_of
from backend.core.errors import DomainError
from backend.core.language import language_of_page
from backend.core.web import words_of
from backend.insights import actions, queries
from backend.insights.office import (
    DRILLS,
    drill_down,
    key_words,
    money_rows,
    office_page,
    part_rows,
    states_of,
)
from backend.insights.shown import step_words
from backend.ledger import chain_file, export

# What held, released and returned money is split by, beside months.
PARTED = frozenset({"field", "country", "region"})


@never_cache
@require_staff_code("lead", "finance", "auditor")
@require_safe
def programme(request: HttpRequest) -> HttpResponse:
    context = {
        "page": office_page(language_of_page()),
        "is_auditor": "auditor" in roles_of(request.user),
        "nav": "office",
        "office_nav": "programme",
    }
    return render(request, "insights/office.html", context)


@never_cache
@require_staff_code("auditor")  # type: ignore[arg-type]  # a streamed answer
@require_POST
def ledger_file(request: HttpRequest) -> HttpResponseBase:
    """Every entry of the ledger with its place in the chain, part by part."""
    assert isinstance(request.user, User)
    end = actions.export_ledger(by=request.user)
    lines = chain_file.write_lines(export.chain_rows(end.position))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"cau-kieu-ledger-{end.position}.csv"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@never_cache
@require_staff_code("lead", "finance", "auditor")
@require_safe
def drill(request: HttpRequest, series: str) -> HttpResponse:
    """The pledges behind one figure: reference, project, sum, state; never a person."""
    key = request.GET.get("key", "")[:40]
    rows = drill_down(series, key) if key.isprintable() and key.isascii() else []
    title = f"{DRILLS[series][1]}: {key_words(series, key)}"
    context = {"rows": states_of(rows), "title": title}
    return render(request, "insights/office_rows.html", context)


@never_cache
@require_staff_code("lead", "finance", "auditor")
@require_safe
def money(request: HttpRequest, measure: str) -> HttpResponse:
    """The ledger's movements behind held, released or returned money; by field, country or region
    the part of each round."""
    title, by = step_words()[measure][0], request.GET.get("by", "")
    if by not in PARTED:
        context = {"rows": money_rows(measure, language_of_page()), "title": title}
        return render(request, "insights/office_money.html", context)
    key = request.GET.get("key", "")[:40]
    rows = part_rows(measure, by, key) if key.isprintable() and key.isascii() else []
    context = {"rows": rows, "title": f"{title}, {key_words(by, key)}"}
    return render(request, "insights/office_parts.html", context)


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

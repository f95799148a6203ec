"""Receipts and statements: pages, PDF and CSV, for the person alone."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backend.core.clock import app_now
from backend.core.errors import NotFound
from backend.core.formats import CITY_ZONE
from backend.core.language import language_of_page
from backend.funding.models import Pledge
from backend.funding.queries import pledge_for
from backend.home import receipts, statement
from backend.home.me_pages import person_of


def _paid_pledge(request: HttpRequest, plg: str) -> Pledge:
    """One's own pledge whose money came in; before that there is no receipt."""
    row = pledge_for(request.user, plg)
    if not receipts.has_receipt(row):
        raise NotFound()
    return row


@never_cache
@login_required
@require_safe
def receipt(request: HttpRequest, plg: str) -> HttpResponse:
    row = _paid_pledge(request, plg)
    context = {
        "pledge": row,
        "receipt": receipts.receipt_of(row, language_of_page()),
        "no_invoice": receipts.not_an_invoice(),
        "nav": "pledges",
    }
    return render(request, "pledge/receipt.html", context)


@never_cache
@login_required
@require_safe
def receipt_file(request: HttpRequest, plg: str) -> HttpResponse:
    row = _paid_pledge(request, plg)
    content = receipts.receipt_pdf(row, language_of_page())
    return _file(content, "application/pdf", f"cau-kieu-{row.reference.lower()}.pdf")


@never_cache
@login_required
@require_safe
def statement_page(request: HttpRequest) -> HttpResponse:
    """Every movement in a period, as a page to print; `?format=` gives it as `pdf` or `csv`."""
    user = person_of(request)
    now = app_now()
    today = now.astimezone(CITY_ZONE).date()
    since, until, mistake = statement.period_of(request.GET, today)
    found = statement.statement_of(user, since, until, language_of_page())
    name = f"cau-kieu-{since:%Y%m%d}-{until:%Y%m%d}"
    wanted = "" if mistake else request.GET.get("format")
    if wanted == "csv":
        return _file(statement.statement_csv(found), "text/csv; charset=utf-8", f"{name}.csv")
    if wanted == "pdf":
        content = statement.statement_pdf(found, user, now, language_of_page())
        return _file(content, "application/pdf", f"{name}.pdf")
    context = {
        "statement": found,
        "mistake": mistake,
        "person": user,
        "years": [str(today.year), str(today.year - 1)],
        "made_at": now,
        "nav": "pledges",
    }
    return render(request, "pledge/statement.html", context, status=400 if mistake else 200)


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

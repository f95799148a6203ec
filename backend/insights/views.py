"""Pages and files of the public account. They read one snapshot and hold no rule."""

from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from backend.core.language import language_of_page
from backend.core.web import public_page
from backend.insights import chain, queries
from backend.insights.flows_page import FlowsPage, countries_page, flows_page
from backend.insights.models import Snapshot
from backend.insights.report import report_pdf, report_xlsx

LISTED = 60
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@public_page
def flows(request: HttpRequest) -> HttpResponse:
    """The newest snapshot; before the first night there is none, which the page says."""
    version, example = queries.newest_versions()
    if not version:
        return render(request, "insights/none.html", {"nav": "flows", "example": example})
    return _page(request, queries.snapshot_for(version), example)


@require_safe
@public_page
def snapshot(request: HttpRequest, version: str) -> HttpResponse:
    found = queries.snapshot_for(version)
    return _page(request, found, "" if found.is_example else queries.newest_versions()[1])


def _page(request: HttpRequest, found: Snapshot, example: str) -> HttpResponse:
    page, body = _kept(found, language_of_page())
    context: dict[str, Any] = {
        "page": page,
        "body": body,
        "corrections": list(queries.corrections()[:5]),
        "example": example,
        "nav": "flows",
    }
    return render(request, "insights/flows.html", context)


def _kept(found: Snapshot, language: str) -> tuple[FlowsPage, str]:
    """Findings, charts and tables: a snapshot never changes, so they are made once a process."""
    key = f"insights.page.{found.head_sha256}.{language}"
    kept: tuple[FlowsPage, str] | None = caches["memory"].get(key)
    if kept is None:
        page = flows_page(found, language)
        kept = (page, render_to_string("insights/flows_body.html", {"page": page}))
        caches["memory"].set(key, kept, queries.KEEP_S)
    return kept


@require_safe
@public_page
def countries(request: HttpRequest, version: str) -> HttpResponse:
    """From which country to which field, and in which month: whole tables."""
    found = queries.snapshot_for(version)
    key = f"insights.countries.{found.head_sha256}.{language_of_page()}"
    tables = caches["memory"].get(key)
    if tables is None:
        tables = countries_page(found, language_of_page())
        caches["memory"].set(key, tables, queries.KEEP_S)
    context = {"snap": found, "tables": tables, "nav": "flows"}
    return render(request, "insights/countries.html", context)


@require_safe
@public_page
def snapshots(request: HttpRequest) -> HttpResponse:
    rows = list(queries.snapshots()[:LISTED])
    context = {"rows": rows, "corrections": list(queries.corrections()[:LISTED]), "nav": "flows"}
    return render(request, "insights/snapshots.html", context)


@require_safe
@public_page
def dictionary(request: HttpRequest) -> HttpResponse:
    return render(request, "insights/dictionary.html", {"columns": chain.COLUMNS, "nav": "flows"})


@require_safe
@public_page
def csv_file(request: HttpRequest, version: str) -> HttpResponse:
    """The rows of one snapshot, under an address that never changes its content."""
    response = HttpResponse(queries.csv_of(version), content_type="text/csv; charset=utf-8")
    name = f"cau-kieu-flows-{version}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@public_page
def report(request: HttpRequest, version: str, kind: str) -> HttpResponse:
    """The printable report in the page's language, or the rows as a workbook."""
    found = queries.snapshot_for(version)
    if kind == "pdf":
        rows = list(queries.corrections()[:LISTED])
        content = report_pdf(found, rows, language_of_page())
        answer = HttpResponse(content, content_type="application/pdf")
    else:
        answer = HttpResponse(report_xlsx(found), content_type=XLSX)
    name = f"cau-kieu-flows-{version}-{language_of_page()}.{kind}"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_safe
@public_page
def feed(request: HttpRequest) -> HttpResponse:
    """Atom feed of snapshots, so that newspapers and libraries can keep every head."""
    rows = list(queries.snapshots()[:LISTED])
    site = settings.SITE_URL
    context = {
        "rows": rows, "site": site, "language": language_of_page(),
        "here": site + request.path, "page": site + reverse("insights:flows"),
    }  # fmt: skip
    return render(request, "insights/feed.xml", context, "application/atom+xml; charset=utf-8")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """Compute a file's hashes again: the same code as scripts/verify_flows."""
    context: dict[str, Any] = {"nav": "flows", "tried": request.method == "POST"}
    if request.method == "POST":
        sent = request.FILES.get("file")
        if sent is None or not sent.size:
            return render(request, "insights/check.html", context | {"missing": True}, status=400)
        data = sent.read(chain.MAX_BYTES + 1)
        verdict = chain.verify(data)
        kept = Snapshot.objects.filter(version=verdict.version[:20]).defer("csv", "document")
        ours = kept.first() if "\0" not in verdict.version else None
        context |= {
            "verdict": verdict, "ours": ours,
            "is_ours": bool(ours and verdict.is_whole and ours.head_sha256 == verdict.head),
        }  # fmt: skip
    return render(request, "insights/check.html", context)

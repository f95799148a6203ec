"""Exchange rates for finance officers: what is stored, and a file previewed before it is taken."""

from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from backend.accounts.permissions import check_has_role, require_staff_code
from backend.core.errors import DomainError
from backend.funding import office
from backend.funding.actions import rates
from backend.funding.queries import latest_rates
from backend.funding.rates import MOST_BYTES, MOST_ROWS, RateFile, RateRow
from backend.home.me_pages import person_of
from backend.home.milestone_pages import put

READERS = ("finance", "auditor")


class RateFileForm(forms.Form):
    upload = forms.FileField(
        label=gettext_lazy("Rates as a CSV file"),
        error_messages={"required": gettext_lazy("Choose a file")},
        widget=forms.FileInput(attrs={"class": "in", "accept": ".csv,text/csv"}),
    )


class JumpsForm(forms.Form):
    jumps_checked = forms.BooleanField(
        label=gettext_lazy("I looked at the rates that moved by more than a fifth"), required=False
    )


class StoreForm(JumpsForm):
    """The previewed text comes back as it was read, and is checked again before it is kept."""

    text = forms.CharField(strip=False, widget=forms.HiddenInput)


@dataclass(frozen=True)
class ShownRow:
    row: RateRow
    problems: tuple[str, ...]
    moved: str


def problem_words(code: str) -> str:
    """What is wrong with a row or a file, as a sentence that says what to write."""
    return {
        "base": _("Write a currency that is taken here, for example USD"),
        "quote": _("Write VND: every rate is in ₫"),
        "rate": _("Write the rate as digits with a point, for example 26310.5"),
        "as_of": _("Write the day as 2026-11-26"),
        "ahead": _("The day lies ahead"),
        "source": _("Name the source, in 120 characters at most"),
        "sample": _("Write yes or no"),
        "twice": _("This currency, day and source stand twice in the file"),
        "columns": _("The first line must read: base,quote,rate,as_of,source,sample"),
        "too_large": _("The file is larger than %(max)s kB") % {"max": MOST_BYTES // 1024},
        "too_many": _("The file has more than %(max)s rows") % {"max": MOST_ROWS},
        "empty": _("The file has no rows"),
        "encoding": _("The file is not UTF-8 text"),
    }[code]


@never_cache
@require_staff_code(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def rates_page(request: HttpRequest) -> HttpResponse:
    """Upload → preview with a sentence beside each wrong row → put before another officer."""
    if request.method != "POST":
        return _page(request, RateFileForm())
    check_has_role(request.user, "finance")
    if "text" in request.POST:
        return _propose(request)
    form = RateFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    raw = form.cleaned_data["upload"].read(MOST_BYTES + 1)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        form.add_error("upload", problem_words("encoding"))
        return _page(request, form)
    found = rates.preview_rates(text)
    if found.problem:
        form.add_error("upload", problem_words(found.problem))
        return _page(request, form)
    return _page(request, form, found, StoreForm(initial={"text": text}))


def _propose(request: HttpRequest) -> HttpResponse:
    form = StoreForm(request.POST)
    found = rates.preview_rates(request.POST.get("text", ""))
    if form.is_valid():
        try:
            rates.propose_rates(
                form.cleaned_data["text"], by=person_of(request),
                jumps_checked=form.cleaned_data["jumps_checked"],
            )  # fmt: skip
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(
                request, _("Put before another finance officer. Nothing is stored until then.")
            )
            return redirect("home:rates")
    return _page(request, RateFileForm(), None if found.problem else found, form)


@never_cache
@require_staff_code(*READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def rate_file(request: HttpRequest, rfl: str) -> HttpResponse:
    """A file that a colleague proposed: read through, then stored by another person."""
    row = office.rate_file_for(rfl)
    if request.method == "POST":
        check_has_role(request.user, "finance")
    form = JumpsForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            count = rates.store_rates(
                row, by=person_of(request), jumps_checked=form.cleaned_data["jumps_checked"]
            )
        except DomainError as refused:
            put(form, refused)
        else:
            words = ngettext("%(n)s new rate is stored.", "%(n)s new rates are stored.", count)
            messages.success(request, words % {"n": count})
            return redirect("home:rates")
    found = rates.preview_rates(row.text)
    context = {
        "row": row,
        "form": form,
        "found": found,
        "rows": [_shown(line) for line in found.rows],
        "is_maker": row.proposed_by_id == person_of(request).pk,
        "nav": "office",
        "office_nav": "rates",
    }
    return render(request, "money/rate_file.html", context, status=400 if form.errors else 200)


@never_cache
@require_staff_code("finance")
@require_POST
def rate_file_refuse(request: HttpRequest, rfl: str) -> HttpResponse:
    rates.refuse_rates(office.rate_file_for(rfl), by=person_of(request))
    messages.success(request, _("The file is set aside. Nothing of it was stored."))
    return redirect("home:rates")


def _page(
    request: HttpRequest,
    form: RateFileForm,
    found: RateFile | None = None,
    store: StoreForm | None = None,
) -> HttpResponse:
    wrong = bool(form.errors or (store and store.errors) or (found and not found.is_good))
    context = {
        "form": form,
        "store": store,
        "found": found,
        "rows": [_shown(row) for row in found.rows] if found else [],
        "rates": sorted(latest_rates().values(), key=lambda rate: rate.base),
        "waiting": office.waiting_rate_files(),
        "nav": "office",
        "office_nav": "rates",
    }
    return render(request, "money/rates.html", context, status=400 if wrong else 200)


def _shown(row: RateRow) -> ShownRow:
    moved = "" if row.jump is None else f"{row.jump * 100:+.1f}%"
    return ShownRow(row, tuple(problem_words(code) for code in row.problems), moved)

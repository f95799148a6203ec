"""Professional-investor status: claimed with a proof, judged by two finance officers."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from backend.accounts.permissions import require_staff_code
from backend.core import kept_files
from backend.core.clock import app_now
from backend.core.errors import DomainError, NotFound
from backend.core.formats import CITY_ZONE
from backend.core.language import language_of_page
from backend.funding import eligibility, office
from backend.funding.actions import professional
from backend.funding.files import take_file
from backend.funding.models import ProfessionalClaim
from backend.funding.queries import claims_of
from backend.home.me_pages import confirmed_first, confirmed_recently, person_of
from backend.home.milestone_pages import as_download, put
from backend.home.office_forms import ClaimForm, JudgeForm

BOTH = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class ClassWords:
    """A status as its page names it, with the proof that it asks for and its source."""

    key: str
    label: str
    proof: str
    months: int
    source: str


def class_words(language: str) -> list[ClassWords]:
    return [
        ClassWords(
            row.key,
            row.labels[language],
            row.proofs[language],
            row.valid_months,
            row.sources[language],
        )
        for row in eligibility.rule_book().classes
    ]


def label_of(claim: ProfessionalClaim, language: str) -> str:
    names = {row.key: row.label for row in class_words(language)}
    return names.get(claim.investor_class, claim.investor_class)


@never_cache
@login_required
@require_http_methods(BOTH)
@kept_files.keeps_files
def my_status(request: HttpRequest) -> HttpResponse:
    user, words = person_of(request), class_words(language_of_page())
    is_post = request.method == "POST"
    form = ClaimForm(
        request.POST if is_post else None, request.FILES if is_post else None, classes=words
    )
    if is_post and form.is_valid():
        try:
            professional.claim_status(
                user, by=user, investor_class=form.cleaned_data["investor_class"],
                note=form.cleaned_data["note"],
                proof=take_file(form.cleaned_data["proof"], field="proof"),
            )  # fmt: skip
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(
                request, _("Sent. An officer looks at it; until then nothing changes.")
            )
            return redirect("home:professional")
    if form.errors:
        kept_files.keep(request, without=form.errors)
    today = app_now().astimezone(CITY_ZONE).date()
    context = {
        "form": form,
        "classes": words,
        "claims": [(row, label_of(row, language_of_page())) for row in claims_of(user)],
        "today": today,
    }
    return render(request, "me/professional.html", context, status=400 if form.errors else 200)


@never_cache
@require_staff_code("finance")
@require_http_methods(BOTH)
@confirmed_recently
def claim(request: HttpRequest, pro: str) -> HttpResponse:
    row = office.claim_for(pro)
    form = JudgeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            if form.cleaned_data["outcome"] == "confirm":
                verb = professional.confirm_status if row.found_by_id else professional.find_proved
                verb(row, by=person_of(request))
            else:
                reason = form.cleaned_data["reason"]
                professional.refuse_status(row, by=person_of(request), reason=reason)
        except DomainError as refused:
            put(form, refused)
        else:
            messages.success(request, _("Kept, with your name and the time."))
            return redirect("home:finance")
    words = {w.key: w for w in class_words(language_of_page())}
    is_finder = row.found_by_id == person_of(request).pk
    if is_finder:
        field: Any = form.fields["outcome"]
        field.choices = [choice for choice in field.choices if choice[0] == "refuse"]
    context = {
        "row": row, "form": form, "words": words.get(row.investor_class), "is_finder": is_finder,
    }  # fmt: skip
    return render(request, "money/claim.html", context, status=400 if form.errors else 200)


@never_cache
@require_staff_code("finance")
@require_safe
@confirmed_first
def claim_proof(request: HttpRequest, pro: str) -> HttpResponse:
    """The proof as a download, never as a page; who opened it is written down."""
    row = office.claim_for(pro)
    if not row.proof:
        raise NotFound()
    professional.note_proof_read(row, by=person_of(request))
    return as_download(row.proof, row.proof_name)

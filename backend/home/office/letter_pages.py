"""Letters: the list, one letter, signing, undoing, its PDF; and the owner's own page."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from backend.accounts.models import Role
from backend.core.errors import DomainError, NotFound
from backend.core.language import language_of_page
from backend.core.web import words_of
from backend.home.office import words
from backend.home.office.base import desk_page, done, person_of
from backend.reviews import decision_actions, letters
from backend.reviews.case_file import case_for
from backend.reviews.letter_pdf import pdf_of
from backend.reviews.models import ConflictDeclaration, Letter
from backend.reviews.permissions import ACTING_ROLES
from backend.reviews.queries import letter_of_owner, letters_of_office
from backend.reviews.workflow import LetterStatus

SHOWN = 60


@desk_page()
@require_safe
def letter_list(request: HttpRequest) -> HttpResponse:
    language = language_of_page()
    rows = [
        {
            "letter": row, "number": letters.number_of(row), "title": row.body[language]["title"],
            "outcome": words.OUTCOMES[row.body["outcome"]],
        }
        for row in letters_of_office(person_of(request))[:SHOWN]
    ]  # fmt: skip
    groups = [
        (_("To be signed"), [r for r in rows if r["letter"].status == LetterStatus.PREPARED]),
        (_("Signed, not out yet"), [r for r in rows if r["letter"].status == LetterStatus.SIGNED]),
        (_("Sent"), [r for r in rows if r["letter"].status == LetterStatus.SENT]),
        (_("Undone"), [r for r in rows if r["letter"].status == LetterStatus.UNDONE]),
    ]
    context = {"groups": groups, "nav": "office", "office_nav": "letters"}
    return render(request, "office/letters.html", context)


def _letter(request: HttpRequest, letter_id: str) -> tuple[Letter, Any]:
    row = (
        Letter.objects.select_related("decision__version__project", "signed_by")
        .defer("pdf")
        .filter(public_id=letter_id[:40])
        .first()
    )
    if row is None:
        raise NotFound()
    return row, case_for(person_of(request), row.decision.version.project.public_id)


@desk_page()
@require_safe
def letter(request: HttpRequest, letter_id: str) -> HttpResponse:
    """One letter. Whoever acts in the office declares first, as for the case itself."""
    _row, case = _letter(request, letter_id)
    user = person_of(request)
    declared = ConflictDeclaration.objects.filter(project=case.project, officer=user).first()
    if case.my_roles & ACTING_ROLES and declared is None:
        query = urlencode({"next": request.path})
        return redirect(f"{reverse('office:declare', args=[case.project.public_id])}?{query}")
    return _page(request, letter_id)


def _page(request: HttpRequest, letter_id: str, error: str = "", status: int = 200) -> HttpResponse:
    row, case = _letter(request, letter_id)
    language = language_of_page()
    other = "en" if language == "vi" else "vi"
    roles = case.my_roles
    is_waiting = row.status in {LetterStatus.PREPARED, LetterStatus.SIGNED}
    context = {
        "letter": row, "case": case, "number": letters.number_of(row),
        "blocks": letters.blocks_of(row, language), "others": letters.blocks_of(row, other),
        "other_language": other, "error": error, "nav": "office", "office_nav": "letters",
        "can_sign": Role.SIGNER in roles and row.status == LetterStatus.PREPARED,
        "can_undo": bool(roles & {Role.LEAD, Role.SIGNER}) and is_waiting,
        "undone_reason": row.decision.undone_reason,
        "typed_reason": request.POST.get("reason", ""),
    }  # fmt: skip
    return render(request, "office/letter.html", context, status=status)


@desk_page(Role.SIGNER)
@require_POST
def sign(request: HttpRequest, letter_id: str) -> HttpResponse:
    row, _case = _letter(request, letter_id)
    try:
        signed = decision_actions.sign_letter(row, by=person_of(request))
    except DomainError as error:
        return _page(request, letter_id, str(error), error.status)
    said = _("Signed as %(number)s.") % {"number": letters.number_of(signed)}
    return done(request, said, "office:letter", letter_id)


@desk_page(Role.LEAD, Role.SIGNER)
@require_POST
def undo(request: HttpRequest, letter_id: str) -> HttpResponse:
    row, _case = _letter(request, letter_id)
    reason = words_of(request, "reason")
    try:
        decision_actions.undo_letter(row, by=person_of(request), reason=reason)
    except DomainError as error:
        return _page(request, letter_id, str(error), error.status)
    return done(request, _("Undone. The lead can decide again."), "office:letter", letter_id)


@desk_page()
@require_safe
def pdf(request: HttpRequest, letter_id: str) -> HttpResponse:
    row, _case = _letter(request, letter_id)
    return _pdf(row)


def _pdf(row: Letter) -> HttpResponse:
    """The kept file once it is sent; before that a draft made now."""
    data = bytes(row.pdf) if row.pdf is not None else pdf_of(row)
    response = HttpResponse(data, content_type="application/pdf")
    name = f"{row.body['reference']}.pdf"
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@never_cache
@login_required
@require_safe
def mine(request: HttpRequest, letter_id: str) -> HttpResponse:
    """A sent letter as its owner reads it; people of the office are led to their own page."""
    row = letter_of_owner(person_of(request), letter_id)
    language = language_of_page()
    other = "en" if language == "vi" else "vi"
    project = row.decision.version.project
    context = {
        "letter": row, "number": letters.number_of(row), "project": project,
        "blocks": letters.blocks_of(row, language), "others": letters.blocks_of(row, other),
        "other_language": other,
        "can_agree": project.status == "decided" and row.decision.conditions_accepted_at is None,
    }  # fmt: skip
    return render(request, "office/my_letter.html", context)


@never_cache
@login_required
@require_safe
def my_pdf(request: HttpRequest, letter_id: str) -> HttpResponse:
    return _pdf(letter_of_owner(person_of(request), letter_id))


@never_cache
@login_required
@require_POST
def agree(request: HttpRequest, letter_id: str) -> HttpResponse:
    """The owner agrees to the condition; the project is listed."""
    row = letter_of_owner(person_of(request), letter_id)
    decision_actions.accept_conditions(row.decision.version.project, by=person_of(request))
    return done(request, _("Agreed. The project is on the public list."), "my_letter", letter_id)

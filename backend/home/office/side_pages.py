"""Beside a case: its files, who declared what, and whether new ones came in."""

from typing import cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from backend.accounts.models import Role, User
from backend.core.errors import DomainError, NotFound
from backend.core.language import language_of_page
from backend.core.web import words_of
from backend.home.files import file_response
from backend.home.office import words
from backend.home.office.base import desk_page, done, errors_of, person_of, typed
from backend.reviews import case_actions
from backend.reviews.case_file import case_for, document_of_case
from backend.reviews.models import ConflictDeclaration
from backend.reviews.queue import news_since


@desk_page()
@require_safe
def document(request: HttpRequest, key: str, document: str) -> HttpResponse:
    """A file of the case, to be saved; a picture is shown with `?view=1`."""
    user = person_of(request)
    row = document_of_case(user, case_for(user, key), document)
    # A streaming answer, which Django types apart from the others.
    return cast(HttpResponse, file_response(row, view=request.GET.get("view") == "1"))


@desk_page(Role.LEAD)
@require_http_methods(["GET", "HEAD", "POST"])
def declarations(request: HttpRequest, key: str) -> HttpResponse:
    """What each officer declared; a lead puts a wrong one right, with the reason."""
    user = person_of(request)
    found = case_for(user, key)
    errors: dict[str, str] = {}
    if request.method == "POST":
        officer = User.objects.filter(public_id=request.POST.get("officer", "")[:40]).first()
        if officer is None:
            raise NotFound()
        try:
            case_actions.correct_declaration(
                found.project, by=user, officer=officer,
                has_conflict=request.POST.get("conflict") == "yes",
                reason=words_of(request, "reason"),
            )  # fmt: skip
        except DomainError as error:
            errors = errors_of(error)
        else:
            return done(request, _("The declaration is changed."), "office:declarations", key)
    rows = ConflictDeclaration.objects.filter(project=found.project).select_related("officer")
    context = {
        "case": found, "project": found.project, "rows": rows.order_by("pk"), "errors": errors,
        "typed": typed(request), "title": words.title_said(found.project, language_of_page()),
        "nav": "office",
    }  # fmt: skip
    return render(request, "office/declarations.html", context, status=400 if errors else 200)


@desk_page()
@require_safe
def news(request: HttpRequest) -> JsonResponse:
    """How many cases came in since the queue was drawn, in words; empty where none did."""
    try:
        at = parse_datetime(request.GET.get("since", "")[:40])
    except ValueError:
        at = None
    number = news_since(person_of(request), at) if at and at.tzinfo else 0
    said = ngettext("%(n)s new case: show it", "%(n)s new cases: show them", number)
    return JsonResponse({"said": said % {"n": number} if number else ""})

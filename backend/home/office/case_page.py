"""The one screen of a case, and everything that is done on it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.accounts.models import Role, User
from backend.core.card_checks import check_no_card
from backend.core.errors import DomainError, NotAllowed, NotFound
from backend.core.formats import format_datetime
from backend.core.language import language_of_page
from backend.core.web import words_of
from backend.home.office import case_summary, words
from backend.home.office.base import desk_page, done, errors_of, person_of, typed
from backend.home.words import said
from backend.reviews import actions, case_actions, high_value, request_actions
from backend.reviews.case_file import CaseFile, case_file, case_for, changed_rows
from backend.reviews.models import Case, ConflictDeclaration, Note
from backend.reviews.permissions import ACTING_ROLES
from backend.reviews.queries import requests_of
from backend.reviews.request_actions import Ask
from backend.reviews.sections import SECTIONS, section_name

ASK_ROWS = 4


def roles_of(case: Case) -> frozenset[str]:
    roles: frozenset[str] = case.my_roles  # type: ignore[attr-defined]
    return roles


@desk_page()
@require_safe
def case(request: HttpRequest, key: str) -> HttpResponse:
    return case_response(request, case_for(person_of(request), key))


def case_response(
    request: HttpRequest,
    found: Case,
    *,
    errors: dict[str, str] | None = None,
    values: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The screen; with `errors` after something was refused, and with what was typed."""
    user, language = person_of(request), language_of_page()
    query: QueryDict = request.GET
    file = case_file(
        user, found, part=query.get("part", ""), against=_number(query.get("against", "")),
        language=language,
    )  # fmt: skip
    acts = roles_of(found) & ACTING_ROLES
    if acts and file.declared is None:
        return redirect("office:declare", key=found.project.public_id)
    if acts and not file.declared:
        raise NotAllowed(
            _("You declared a conflict of interest. The file was passed on"), code="has_conflict"
        )
    context = _context(file, user, language) | {
        "errors": errors or {},
        "typed": values or file.my_draft,
        "only": query.get("only") == "1",
        "kept_asks": asks_of(request),
    }
    return render(request, "office/case.html", context, status=status)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _context(file: CaseFile, user: User, language: str) -> dict[str, Any]:
    found, project = file.case, file.case.project
    roles = roles_of(found)
    seat = case_actions.seat_of(found, user)
    is_officer = Role.CASE_OFFICER in roles
    open_review = project.status == "in_review" and not file.my_review_is_in
    summary, facts = case_summary.summary_of(_content(file), language)
    return {
        "summary": summary,
        "facts": facts,
        "file": file,
        "case": found,
        "project": project,
        "title": words.title_said(project, language),
        "owner": said(project, "owner_name", language),
        "task": words.task_words(found.task, file.reviews_in),
        "days": words.days_words(file.days_left if found.due_on != file.today else 0),
        "tag": words.tag_of(file.days_left, found.due_on, file.today),
        "parts": [
            {
                "key": p.section.key,
                "name": p.section.name(language),
                "changes": p.changes,
                "is_open": p.section.key == file.part.key,
            }
            for p in file.parts
        ],
        "part_name": file.part.name(language),
        "next_part": _next_part(file),
        "rows": changed_rows(file.diff),
        "like": [
            {**row, "title": words.title_said(row["case"].project, language)} for row in file.like
        ],
        "requests": [
            {**r, "said": said(r, "words", language), "place": section_name(r["section"], language)}
            for r in file.requests
        ],
        "criteria": _criteria(file, language),
        "checks": [(item["key"], item[f"name_{language}"], mark) for item, mark in file.checks],
        "asks": range(ASK_ROWS),
        "section_choices": [(s.key, s.name(language)) for s in SECTIONS],
        "is_officer": is_officer,
        "can_screen": is_officer and project.status in {"submitted", "screening"},
        "can_score": is_officer and open_review and file.reviews_in < 2 and _may_sit(found, seat),
        "waits_for_other": file.my_review_is_in and file.reviews_in < 2,
        "my_gaps": file.my_gaps if project.status == "in_review" else (),
        "can_decide": Role.LEAD in roles and found.task == "decision",
        "is_lead": Role.LEAD in roles,
        "acts": bool(roles & ACTING_ROLES),
        "seat": seat,
        "value": high_value.sheet_of(_content(file), language, file.strategic),
        "key_help": [
            ("J K", _("next, previous change")),
            ("N", _("next part")),
            ("S", _("begin, score")),
            ("0–5", _("score")),
            ("D", _("decide")),
            ("L", _("letter")),
            ("C", _("note")),
            ("Ctrl Enter", _("hand in")),
            ("Q", _("queue")),
        ],
        "frozen": project.frozen_at is not None,
        "nav": "office",
    }


def _content(file: CaseFile) -> dict[str, Any]:
    version = file.case.project.current_version
    return dict(version.content) if version else {}


def _may_sit(found: Case, seat: str | None) -> bool:
    return seat is not None or found.first_id is None or found.second_id is None


def _next_part(file: CaseFile) -> str:
    keys = [p.section.key for p in file.parts]
    return keys[(keys.index(file.part.key) + 1) % len(keys)]


def _criteria(file: CaseFile, language: str) -> list[dict[str, Any]]:
    return [
        {
            "key": c.key, "name": c.name(language), "weight": c.weight,
            "question": c.question(language),
            "anchors": [(a.value, a.words(language)) for a in c.anchors],
            "gap": c.key in file.gaps,
            "mine_to_explain": c.key in file.my_gaps,
            "scores": [
                {"review": r, "score": r.scores[c.key],
                 "reason": said(r.scores[c.key].__dict__, "reason", language)}
                for r in file.reviews if c.key in r.scores
            ],
        }
        for c in file.rubric.criteria
    ]  # fmt: skip


@desk_page(*sorted(ACTING_ROLES))
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest, key: str) -> HttpResponse:
    """Before the file opens: is there a conflict of interest?"""
    user = person_of(request)
    found = case_for(user, key)
    said_already = ConflictDeclaration.objects.filter(project=found.project, officer=user).first()
    errors: dict[str, str] = {}
    if request.method == "POST":
        answer = request.POST.get("conflict", "")
        if answer in {"yes", "no"}:
            try:
                actions.declare_conflict(found.project, by=user, has_conflict=answer == "yes")
            except DomainError as error:
                errors = {"conflict": str(error)}
            else:
                if answer == "no":
                    there = request.GET.get("next", "")
                    inside = there.startswith(("/vi/office/", "/en/office/"))
                    return redirect(there) if inside else redirect("office:case", key=key)
                return done(request, _("Noted. The case is passed on."), "office:queue")
        else:
            errors = {"conflict": _("Choose one of the two.")}
    context = {
        "case": found, "title": words.title_said(found.project, language_of_page()),
        "owner": said(found.project, "owner_name", language_of_page()),
        "said": said_already, "errors": errors, "nav": "office",
    }  # fmt: skip
    return render(request, "office/declare.html", context, status=400 if errors else 200)


@desk_page(Role.CASE_OFFICER)
@require_POST
def screen(request: HttpRequest, key: str) -> HttpResponse:
    """Begin screening, tick the check list, open the reviews or return the file."""
    user = person_of(request)
    found = case_for(user, key)
    do = request.POST.get("do", "")
    marks = {k[6:]: v for k, v in typed(request).items() if k.startswith("check_") and v}
    try:
        if do == "begin":
            actions.start_screening(found.project, by=user)
            return done(request, _("You have the case now."), "office:case", key)
        if marks:
            actions.mark_checks(found.project, by=user, marks=marks)
        if do == "open":
            actions.open_review(found.project, by=user)
            return done(request, _("Two reviews are open."), "office:case", key)
        if do == "return":
            actions.return_from_screening(found.project, by=user, asks=asks_of(request))
            return done(request, _("Returned to the owner with requests."), "office:queue")
    except DomainError as error:
        return _again(request, key, error)
    return done(request, _("The check list is saved."), "office:case", key)


def asks_of(request: HttpRequest) -> list[Ask]:
    """The filled rows of the form of requests."""
    for name in ("ask_vi", "ask_en"):
        for text in request.POST.getlist(name):
            check_no_card(text, name)
    rows = zip(
        request.POST.getlist("ask_section"), request.POST.getlist("ask_vi"),
        request.POST.getlist("ask_en"), strict=False,
    )  # fmt: skip
    return [Ask(section, vi, en) for section, vi, en in rows if vi.strip() or en.strip()]


def _again(request: HttpRequest, key: str, error: DomainError) -> HttpResponse:
    """The screen again, with the sentence beside its field and everything that was typed."""
    found = case_for(person_of(request), key)
    values = {k: v for k, v in typed(request).items() if k != "csrfmiddlewaretoken"}
    return case_response(
        request, found, errors=errors_of(error), values=values, status=error.status
    )


@desk_page(Role.CASE_OFFICER)
@require_POST
def review(request: HttpRequest, key: str) -> HttpResponse:
    """Keep a draft (also every few seconds from the page itself) or hand the review in."""
    user = person_of(request)
    found = case_for(user, key)
    values = typed(request)
    is_quiet = request.headers.get("X-Autosave") == "1"
    try:
        if is_quiet or values.get("do") != "submit":
            draft = {k: v for k, v in values.items() if k not in {"csrfmiddlewaretoken", "do"}}
            at = actions.save_draft_review(found.project, by=user, draft=draft)
            words_said = _("Draft saved at %(clock)s.") % {
                "clock": format_datetime(at, language_of_page())
            }
            if is_quiet:
                return JsonResponse({"said": words_said})
            return done(request, words_said, "office:case", key, anchor="score")
        scores = {k[2:]: int(v) for k, v in values.items() if k[:2] == "s_" and v in set("012345")}
        reasons = {
            k[2:]: {language_of_page(): v} for k, v in values.items() if k[:2] == "r_" and v.strip()
        }
        comment = {f"comment_{language_of_page()}": values.get("comment", "")}
        actions.submit_review(found.project, by=user, scores=scores, reasons=reasons, **comment)
    except DomainError as error:
        if is_quiet:
            return JsonResponse({"said": str(error)}, status=error.status)
        return _again(request, key, error)
    return done(request, _("Your review is in."), "office:case", key)


@desk_page(Role.CASE_OFFICER)
@require_POST
def gap(request: HttpRequest, key: str) -> HttpResponse:
    user = person_of(request)
    found = case_for(user, key)
    values = typed(request)
    try:
        for name, text in values.items():
            if name.startswith("gap_") and text.strip():
                actions.explain_gap(found.project, by=user, criterion=name[4:], words=text)
    except DomainError as error:
        return _again(request, key, error)
    return done(request, _("The reason is kept."), "office:case", key)


@desk_page(*sorted(ACTING_ROLES))
@require_POST
def note(request: HttpRequest, key: str) -> HttpResponse:
    user = person_of(request)
    found = case_for(user, key)
    under = request.POST.get("answers", "")
    parent = Note.objects.filter(project=found.project, public_id=under[:40]).first()
    try:
        actions.write_note(
            found.project, by=user, words=words_of(request, "words"), answers=parent,
            section=request.POST.get("section", ""),
        )  # fmt: skip
    except DomainError as error:
        return _again(request, key, error)
    return done(request, _("The note is written."), "office:case", key, anchor="notes")


@desk_page(Role.CASE_OFFICER)
@require_POST
def settle(request: HttpRequest, key: str, request_id: str) -> HttpResponse:
    user = person_of(request)
    found = case_for(user, key)
    row = requests_of(found.project).filter(public_id=request_id[:40]).first()
    if row is None:
        raise NotFound()
    request_actions.settle_request(row, by=user)
    return done(request, _("Settled."), "office:case", key, anchor="requests")


@desk_page(Role.CASE_OFFICER)
@require_POST
def value(request: HttpRequest, key: str) -> HttpResponse:
    """Confirm the owner's high-value sheet, or say why its figures differ."""
    user = person_of(request)
    found = case_for(user, key)
    try:
        actions.check_high_value(
            found.project, by=user, is_confirmed=request.POST.get("confirmed") == "yes",
            words=words_of(request, "value_words"),
        )  # fmt: skip
    except DomainError as error:
        return _again(request, key, error)
    return done(request, _("The sheet is checked."), "office:case", key, anchor="value")

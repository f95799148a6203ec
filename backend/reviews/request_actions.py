"""Asking the owner for changes, one by one, and their answers.

Requests are asked together with the return of a version (or, during screening, by the officer); the
owner answers each before handing in again; a reviewer settles what is answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.core.text import clean_text
from backend.projects.models import Project
from backend.projects.permissions import check_is_officer, check_is_owner
from backend.projects.workflow import Status
from backend.reviews import sections
from backend.reviews.models import Request

MAX_WORDS = 2_000
MAX_REQUESTS = 30


@dataclass(frozen=True)
class Ask:
    """One thing to mend, before it is written down: where, and in which words (one language is
    enough)."""

    section: str
    words_vi: str = ""
    words_en: str = ""


def check_asks(asks: Sequence[Ask]) -> list[Ask]:
    """The same with clean texts; Invalid when one cannot be asked."""
    if len(asks) > MAX_REQUESTS:
        raise Invalid(
            _("Use %(max)s requests or fewer."), code="too_many", field="requests", max=MAX_REQUESTS
        )
    clean = []
    for index, ask in enumerate(asks):
        if ask.section not in sections.BY_KEY:
            raise Invalid(_("Choose from the list."), field=f"requests.{index}.section")
        vi, en = clean_text(ask.words_vi).strip(), clean_text(ask.words_en).strip()
        if not vi and not en:
            raise Invalid(
                _("Write what the owner is to change."),
                code="missing", field=f"requests.{index}.words_vi",
            )  # fmt: skip
        _check_length(vi or en, f"requests.{index}.words_vi")
        clean.append(Ask(ask.section, vi, en))
    return clean


def _check_length(text: str, field: str) -> None:
    if len(text) > MAX_WORDS:
        raise Invalid(
            _("Use %(max)s characters or fewer."), code="too_long", field=field, max=MAX_WORDS
        )


@transaction.atomic
def ask_for_changes(project: Project, asks: Sequence[Ask], *, by: User, role: str) -> list[Request]:
    """Write requests about the current version. The project itself is returned by the caller."""
    project = Project.objects.select_for_update().get(pk=project.pk)
    check_is_officer(by, project, role)
    if project.status not in {Status.SCREENING, Status.IN_REVIEW}:
        raise Conflict(_("Requests can be written while the file is being examined."))
    clean = check_asks(asks)
    version = project.current_version
    assert version is not None  # submitted, so it has one
    last = Request.objects.filter(version=version).aggregate(n=Max("number"))["n"] or 0
    rows = Request.objects.bulk_create(
        Request(
            version=version, number=number, section=ask.section, words_vi=ask.words_vi,
            words_en=ask.words_en, asked_by=by, asked_at=app_now(),
        )
        for number, ask in enumerate(clean, start=last + 1)
    )  # fmt: skip
    audit.record(
        "request.asked", by=by, subject=project,
        data={"requests": [row.public_id for row in rows], "version": version.number},
    )  # fmt: skip
    return rows


@transaction.atomic
def answer_request(request: Request, *, by: User, answer: str) -> Request:
    """The owner says what they did. Saying it again before handing in replaces the answer."""
    project = Project.objects.select_for_update().get(pk=request.version.project_id)
    request = Request.objects.select_for_update().get(pk=request.pk)
    check_is_owner(by, project)
    if project.status != Status.RETURNED:
        raise Conflict(
            _("Requests are answered while the proposal is with you."), code="wrong_state"
        )
    if request.state == Request.State.SETTLED:
        raise Conflict(_("This request is settled already."), code="settled")
    text = clean_text(answer).strip()
    if not text:
        raise Invalid(_("Write what you changed, or why not."), code="missing", field="answer")
    _check_length(text, "answer")
    request.answer, request.answered_by, request.answered_at = text, by, app_now()
    request.state = Request.State.ANSWERED
    request.save(update_fields=["answer", "answered_by", "answered_at", "state"])
    audit.record(
        "request.answered", by=by, subject=project,
        data={"request": request.public_id, "section": request.section},
    )  # fmt: skip
    return request


@transaction.atomic
def settle_request(request: Request, *, by: User) -> Request:
    """An officer finds that the answer does what was asked; quiet when it is settled already."""
    project = Project.objects.select_for_update().get(pk=request.version.project_id)
    request = Request.objects.select_for_update().get(pk=request.pk)
    check_is_officer(by, project, "case_officer")
    if request.state == Request.State.SETTLED:
        return request
    if request.state != Request.State.ANSWERED:
        raise Conflict(_("The owner has not answered this request yet."), code="not_answered")
    request.state, request.settled_at = Request.State.SETTLED, app_now()
    request.save(update_fields=["state", "settled_at"])
    audit.record("request.settled", by=by, subject=project, data={"request": request.public_id})
    return request

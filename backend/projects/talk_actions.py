"""Questions and answers in public, and news. Each: lock, permit, check, change, audit."""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.core.paste import plain_text
from backend.core.text import clean_text
from backend.projects import permissions
from backend.projects.actions import locked
from backend.projects.models import Project
from backend.projects.models_owner import ProjectUpdate, Question
from backend.projects.workflow import PUBLIC

MAX_QUESTION = 1_000
MAX_ANSWER = 3_000
MAX_TITLE = 200
MAX_UPDATE = 5_000
QUESTIONS_A_DAY = 5
UPDATES_A_DAY = 5


def _clean(text: str, field: str, most: int) -> str:
    text = plain_text(clean_text(text)).strip()
    if len(text) > most:
        raise Invalid(
            _("Use %(max)s characters or fewer. There are %(n)s now."), code="too_long",
            field=field, max=most, n=len(text),
        )  # fmt: skip
    return text


def _check_public(project: Project) -> None:
    if project.status not in PUBLIC or project.is_call:
        raise NotFound()


@transaction.atomic
def ask_question(project: Project, *, by: User, text: str, language: str) -> Question:
    """Ask the owner in public. The person's name is shown to nobody."""
    project = locked(project)
    _check_public(project)
    if permissions.is_member_of(by, project.owner):
        raise NotAllowed(_("You belong to the organisation. Post an update instead."))
    text = _clean(text, "text", MAX_QUESTION)
    if not text:
        raise Invalid(_("Write your question"), code="missing", field="text")
    now = app_now()
    today = Question.objects.filter(asked_by=by, asked_at__gt=now - timedelta(days=1))
    if today.count() >= QUESTIONS_A_DAY:
        raise Conflict(
            _("You asked five questions today. Ask the next one tomorrow."), code="limit"
        )
    if Question.objects.filter(project=project, asked_by=by, text=text).exists():
        raise Conflict(_("You asked this already."), code="asked_already", field="text")
    question = Question.objects.create(
        project=project, asked_by=by, text=text, language=language, asked_at=now
    )
    audit.record(
        "question.asked", by=by, subject=project, data={"question": question.public_id}
    )  # fmt: skip
    return question


@transaction.atomic
def answer_question(question: Question, *, by: User, answer: str, language: str) -> Question:
    """The owner answers in public, once; what is said stands."""
    project = locked(question.project)
    permissions.check_is_owner(by, project)
    question = Question.objects.select_for_update().get(pk=question.pk)
    if question.answered_at is not None:
        raise Conflict(_("This question has an answer already."), code="answered")
    answer = _clean(answer, "answer", MAX_ANSWER)
    if not answer:
        raise Invalid(_("Write an answer"), code="missing", field="answer")
    question.answer, question.answer_language = answer, language
    question.answered_by, question.answered_at = by, app_now()
    question.save()
    audit.record(
        "question.answered", by=by, subject=project, data={"question": question.public_id}
    )  # fmt: skip
    return question


@transaction.atomic
def post_update(
    project: Project,
    *,
    by: User,
    title_vi: str = "",
    title_en: str = "",
    text_vi: str = "",
    text_en: str = "",
) -> ProjectUpdate:
    """News on the public page, in at least one language whole; it cannot be changed later."""
    project = locked(project)
    permissions.check_is_owner(by, project)
    _check_public(project)
    texts = {
        "title_vi": _clean(title_vi, "title_vi", MAX_TITLE),
        "title_en": _clean(title_en, "title_en", MAX_TITLE),
        "text_vi": _clean(text_vi, "text_vi", MAX_UPDATE),
        "text_en": _clean(text_en, "text_en", MAX_UPDATE),
    }
    for language in ("vi", "en"):
        if bool(texts[f"title_{language}"]) != bool(texts[f"text_{language}"]):
            field = f"title_{language}" if not texts[f"title_{language}"] else f"text_{language}"
            raise Invalid(_("Write title and text in this language, or neither"), field=field)
    if not any(texts.values()):
        field = f"title_{project.original_language}"
        raise Invalid(_("Write title and text in one language at least"), field=field)
    now = app_now()
    today = ProjectUpdate.objects.filter(project=project, posted_at__gt=now - timedelta(days=1))
    if today.count() >= UPDATES_A_DAY:
        raise Conflict(
            _("Five updates a day are enough. Post the next one tomorrow."), code="limit"
        )
    update = ProjectUpdate.objects.create(project=project, posted_by=by, posted_at=now, **texts)
    audit.record("project.update_posted", by=by, subject=project, data={"update": update.public_id})
    return update


def questions_of(project: Project) -> QuerySet[Question]:
    """Everything that was asked, newest first."""
    return Question.objects.filter(project=project).order_by("-asked_at", "-id")


def updates_of(project: Project) -> QuerySet[ProjectUpdate]:
    """News, newest first."""
    return ProjectUpdate.objects.filter(project=project).order_by("-posted_at", "-id")

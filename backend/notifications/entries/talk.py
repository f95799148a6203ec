"""Questions about a listed project: its owner is told of each, who asked of the answer."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from backend.accounts.models import User
from backend.notifications.catalogue import Entry, Group, Happened, Notice
from backend.notifications.entries.proposals import day_of, owners, title_of
from backend.projects.models_owner import Question


def _question_of(happened: Happened) -> Question | None:
    key = str(happened.data.get("question", ""))
    return Question.objects.filter(public_id=key).select_related("asked_by").first()


def who_asked(happened: Happened) -> Iterable[User]:
    question = _question_of(happened)
    return [question.asked_by] if question else []


def _asked(happened: Happened, reader: User) -> Notice | None:
    question = _question_of(happened)
    if question is None:
        return None
    return Notice(
        _("A question about %(title)s") % {"title": title_of(happened)},
        (
            _("Somebody asked on %(date)s:") % {"date": day_of(happened)},
            f"“{question.text}”",
            _("Your answer stands on the public page, so that everybody learns from it."),
        ),
        button=_("Answer"),
        path=f"proposals/{happened.subject.public_id}/questions/",
    )


def _answered(happened: Happened, reader: User) -> Notice | None:
    question = _question_of(happened)
    if question is None:
        return None
    return Notice(
        _("Your question has an answer: %(title)s") % {"title": title_of(happened)},
        (_("The owner answered on %(date)s:") % {"date": day_of(happened)}, f"“{question.answer}”"),
        button=_("See the project"),
        path=f"projects/{happened.subject.slug}/#questions",
    )


ENTRIES = {
    "question.asked": Entry(Group.PROPOSALS, owners, _asked),
    "question.answered": Entry(Group.SAVED, who_asked, _answered),
}

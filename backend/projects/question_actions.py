"""New versions of the questions of the self-check. Lock, permit, check, change, audit."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import Role, User
from backend.accounts.permissions import check_has_role
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, ManyInvalid, NotFound
from backend.core.text import clean_text
from backend.projects.models_owner import QuestionSet
from backend.projects.owner_queries import questions_in_force
from backend.projects.readiness import FRAMES, MAX_WORDS, problems_of_frame

MAX_REASON = 500
SENTENCES = {
    "shape": _("This has the wrong form"),
    "texts": _("Write it in both languages."),
    "too_long": _("Use %(max)s characters or fewer."),
    "keys_twice": _("Two criteria have the same key."),
    "group_points": _(
        "The five groups keep 7, 5, 5, 5 and 4 criteria with 30, 20, 19, 17 and 14 points in all, "
        "as in the circular."
    ),
    "empty_level": _("Every level of every principle needs at least one criterion."),
}


@transaction.atomic
def publish_questions(
    frame: str, content: Mapping[str, Any], *, by: User, reason: str, expected: int
) -> QuestionSet:
    """Put a whole set of questions in force, at once, in place of version `expected`.

    Answers that were given keep the version that they were given to. Raises ManyInvalid with
    fields named by key, and Conflict when somebody published meanwhile.
    """
    if frame not in FRAMES:
        raise NotFound()
    # Locked by its last row: two leads who publish at once get two numbers, or one a refusal.
    last = QuestionSet.objects.select_for_update().filter(frame=frame).order_by("-number").first()
    check_has_role(by, Role.LEAD)
    number = last.number if last else int(questions_in_force(frame)["version"])
    if number != expected:
        raise Conflict(
            _("Somebody published another version meanwhile. Look at it first."),
            code="version_changed",
        )
    problems = [_invalid(code) for code in problems_of_frame(frame, content)]
    words = " ".join(clean_text(reason).split())
    if not words:
        problems.append(Invalid(_("Enter the reason"), code="missing", field="reason"))
    if len(words) > MAX_REASON:
        problems.append(
            Invalid(SENTENCES["too_long"], code="too_long", field="reason", max=MAX_REASON)
        )
    if problems:
        raise ManyInvalid(problems)
    row = QuestionSet.objects.create(
        frame=frame, number=number + 1, content={**content, "frame": frame},
        published_by=by, published_at=app_now(), reason=words,
    )  # fmt: skip
    audit.record(
        "questions.published", by=by, subject=by,
        data={"frame": frame, "number": row.number, "reason": words},
    )  # fmt: skip
    return row


def _invalid(problem: str) -> Invalid:
    """`key: code` stands at that criterion, `code` alone at the whole."""
    key, _colon, code = problem.rpartition(": ")
    return Invalid(SENTENCES[code], code=code, field=key or "rows", max=MAX_WORDS)

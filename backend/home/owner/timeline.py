"""Where a proposal stands, for its owner, in plain words: what happened and what comes next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from backend.core.audit import events_of
from backend.core.formats import format_number
from backend.projects.models import Project
from backend.projects.workflow import Status

MOST = 200


@dataclass(frozen=True)
class Step:
    """One line: `at` is None for what is still to come."""

    words: str
    detail: str
    at: datetime | None
    state: str


def timeline_of(project: Project, language: str) -> list[Step]:
    """What happened, oldest first, and the next step where there is one. One query."""
    words = _words()
    steps = [
        Step(words[event.code], _detail(event.code, event.data, language), event.at, "done")
        for event in events_of(project).filter(code__in=words)[:MOST]
    ]
    following = _next(project)
    return [*steps, *([Step(following, "", None, "next")] if following else [])]


def _words() -> dict[str, str]:
    return {
        "project.created": _("You began the proposal"),
        "project.submitted": _("You submitted it"),
        "project.resubmitted": _("You submitted a new version"),
        "project.screening_started": _("An officer began to check that the file is complete"),
        "project.review_opened": _("The file is complete; two officers review it independently"),
        "project.returned": _("The city asks for changes"),
        "project.approved": _("The city approved it for listing"),
        "project.declined": _("The city decided not to list it"),
        "project.listed": _("Everybody can see it on the public list"),
        "project.suspended": _("The city paused new pledges"),
        "project.resumed": _("The pause of new pledges ended"),
        "project.withdrawn": _("You withdrew it"),
        "project.completed": _("The project is completed"),
        "project.stopped": _("The project was stopped"),
        "project.frozen": _("The city paused everything while it checks something"),
        "project.unfrozen": _("The check ended and everything goes on"),
    }


def _detail(code: str, data: dict[str, Any], language: str) -> str:
    """The version that was handed in, or the reason in words."""
    if code in {"project.submitted", "project.resubmitted"} and "version" in data:
        return _("Version %(n)s") % {"n": format_number(int(data["version"]), language)}
    if code in {"project.returned", "project.declined", "project.frozen", "project.suspended",
                "project.stopped", "project.withdrawn"}:  # fmt: skip
        return str(data.get("reason", ""))
    return ""


def _next(project: Project) -> str:
    if project.frozen_at is not None:
        return _("The city finishes its check")
    return {
        Status.DRAFT: _("You submit it when it is complete"),
        Status.SUBMITTED: _("An officer checks that the file is complete"),
        Status.SCREENING: _("The file is complete, or the city asks for changes"),
        Status.IN_REVIEW: _("Both reviews come in and the lead officer decides"),
        Status.RETURNED: _("You answer the requests and submit again"),
        Status.DECIDED: _("A second person signs, then it is listed"),
    }.get(Status(project.status), "")

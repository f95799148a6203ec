"""What the desk calls things: tasks, events, groups, roles."""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backend.home.words import Said, said

TASKS = {
    "screening": _("Screening"),
    "review": _("Review"),
    "decision": _("Decision"),
    "letter": _("Letter"),
    "owner": _("Waiting for the owner"),
    "done": _("Closed"),
}
GROUPS = {
    "overdue": _("Overdue"),
    "today": _("Due today"),
    "tomorrow": _("Due tomorrow"),
    "week": _("Later this week"),
    "later": _("Later"),
}
WHO = {
    "all": _("All of the office"),
    "mine": _("Mine"),
    "free": _("With a free seat"),
}
EVENTS = {
    "project.created": _("Draft begun"),
    "project.submitted": _("Handed in"),
    "project.resubmitted": _("New version handed in"),
    "project.screening_started": _("Screening begun"),
    "project.review_opened": _("Two reviews opened"),
    "project.returned": _("Returned with requests"),
    "project.approved": _("Approved for listing"),
    "project.listed": _("Listed"),
    "project.declined": _("Declined"),
    "project.withdrawn": _("Withdrawn by the owner"),
    "project.frozen": _("Frozen"),
    "project.unfrozen": _("Freeze ended"),
    "project.suspended": _("Suspended"),
    "project.resumed": _("Resumed"),
    "project.stopped": _("Stopped"),
    "project.completed": _("Completed"),
    "review.conflict_declared": _("Conflict of interest declared on"),
    "review.conflict_corrected": _("A declaration of interest changed by the lead"),
    "review.submitted": _("A review is in"),
    "review.gap_explained": _("A gap between scores explained"),
    "review.decided": _("Decided, letter prepared"),
    "review.decision_undone": _("Decision undone"),
    "review.conditions_accepted": _("The owner agreed to the condition"),
    "letter.signed": _("Letter signed"),
    "letter.sent": _("Letter sent"),
    "letter.undone": _("Letter undone"),
    "letter.delivered": _("The owner was sent the letter"),
    "request.asked": _("Requests written"),
    "request.answered": _("The owner answered a request"),
    "request.settled": _("A request is settled"),
    "case.assigned": _("Seat assigned"),
    "case.seat_freed": _("Seat freed"),
    "case.transferred": _("Transferred to another office"),
    "case.checked": _("Check list filled in"),
    "case.noted": _("Note written"),
    "case.high_value_checked": _("High-value sheet checked"),
}
ROLES = {
    "case_officer": _("case officer"),
    "lead": _("lead officer"),
    "signer": _("signing officer"),
    "finance": _("finance officer"),
    "auditor": _("auditor (reads only)"),
}
OUTCOMES = {
    "list": _("List"),
    "return": _("Return with requests"),
    "decline": _("Decline"),
}
KINDS = {
    "rubric": _("Scoring criteria"),
    "reason_codes": _("Reason codes"),
    "checklist": _("Check list of screening"),
    "letter": _("Texts of letters"),
    "deadlines": _("Deadlines in working days"),
    "days": _("Days off and working Saturdays"),
    "strategic": _("List of strategic technologies"),
    "levels_questions": _("Self-check: levels by principle"),
    "points_questions": _("Self-check: 26 criteria, 100 points"),
}
# Columns of a criterion of the self-check; the empty one is the criterion itself.
QUESTION_COLUMNS = {
    "": _("Criterion"),
    "proof": _("Proof, for example"),
    "technology": _("Group of technology"),
}
COLUMNS = {
    "key": _("Key"), "weight": _("Weight"), "pass_total": _("Points needed"),
    "min_share": _("Least share of a criterion, %"), "name": _("Name"),
    "question": _("Question"), "low": _("What 0 looks like"),
    "middle": _("What 3 looks like"), "high": _("What 5 looks like"),
    "outcome": _("Outcome"), "title": _("Title"), "opening": _("Opening"),
    "appeal": _("How to disagree"), "appeal_days": _("Days to disagree"),
    "screening": _("Screening"), "review": _("Review"), "decision": _("Decision"),
    "letter": _("Letter"), "owner": _("Waiting for the owner"),
    "undo_minutes": _("Minutes to undo a letter"), "day": _("Day"),
    "is_working": _("Worked on"), "source": _("Source"),
}  # fmt: skip


def task_words(task: str, reviews_in: int = 0) -> str:
    if task == "review" and reviews_in == 1:
        return str(_("Second review"))
    return str(TASKS.get(task, task))


def event_words(code: str) -> str:
    """What happened in words; the code itself where there are none."""
    return str(EVENTS.get(code, code))


def title_said(source: Any, language: str) -> Said:
    return said(source, "title", language)


def days_words(days: int) -> str:
    """Working days until a deadline: `2 working days left`, `1 day over`."""
    if days == 0:
        return str(_("today"))
    if days < 0:
        return ngettext("%(n)s day over", "%(n)s days over", -days) % {"n": -days}
    return ngettext("%(n)s day left", "%(n)s days left", days) % {"n": days}


def tag_of(days: int, due_on: date, today: date) -> str:
    """The colour of a deadline; it is said in words beside it."""
    if due_on < today:
        return "bad"
    if due_on == today:
        return "warn"
    return "info" if days <= 3 else ""

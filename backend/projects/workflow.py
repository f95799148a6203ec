"""The life of a project, as one table. Who may edit and what each status is called, too.

Roles: `owner` (a member of the project's organisation), `case_officer`, `lead`, `signer` (city
office), `system` (a job or an import).
"""

from enum import StrEnum

from backend.core.workflow import Workflow, table_of


class Status(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    SCREENING = "screening"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    DECIDED = "decided"
    LISTED = "listed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    COMPLETED = "completed"
    STOPPED = "stopped"


class PublicStatus(StrEnum):
    """What everybody sees of a listed project; computed, stored, indexed."""

    UPCOMING = "upcoming"
    OPEN = "open"
    REACHED = "reached"
    NOT_REACHED = "not_reached"
    RUNNING = "running"
    LATE = "late"
    STOPPED = "stopped"
    COMPLETED = "completed"
    CALL = "call"


PROJECT = Workflow(
    "project",
    table_of(
        [
            ("draft", "submitted", "owner", "project.submitted"),
            ("draft", "withdrawn", "owner", "project.withdrawn"),
            ("submitted", "screening", "case_officer", "project.screening_started"),
            ("submitted", "withdrawn", "owner", "project.withdrawn"),
            ("screening", "in_review", "case_officer", "project.review_opened"),
            ("screening", "returned", "case_officer", "project.returned"),
            ("screening", "withdrawn", "owner", "project.withdrawn"),
            ("in_review", "decided", "lead", "project.approved"),
            ("in_review", "returned", "lead", "project.returned"),
            ("in_review", "declined", "lead", "project.declined"),
            ("in_review", "withdrawn", "owner", "project.withdrawn"),
            ("returned", "submitted", "owner", "project.resubmitted"),
            ("returned", "withdrawn", "owner", "project.withdrawn"),
            ("decided", "listed", "signer", "project.listed"),
            ("listed", "suspended", "lead", "project.suspended"),
            ("listed", "withdrawn", "owner", "project.withdrawn"),
            ("listed", "completed", "system", "project.completed"),
            ("listed", "stopped", "lead", "project.stopped"),
            ("suspended", "listed", "lead", "project.resumed"),
            ("suspended", "stopped", "lead", "project.stopped"),
        ],
        final=("declined", "withdrawn", "completed", "stopped"),
    ),
)

OWNER_MAY_EDIT = frozenset({Status.DRAFT, Status.RETURNED})
# What anybody may open. A suspended project stays readable; it takes no pledges.
PUBLIC = frozenset({Status.LISTED, Status.SUSPENDED, Status.COMPLETED, Status.STOPPED})
# What is ranked and offered to browse.
BROWSABLE = frozenset({Status.LISTED})

# Terms of these are public; of the other four only behind the eligibility check (product rule 2).
OPEN_INSTRUMENTS = frozenset({"contribution", "reward"})
GATED_INSTRUMENTS = frozenset({"loan", "convertible", "equity", "fund_unit"})


# Names that follow the round and the milestones (funding); a pause does not change them.
OF_A_ROUND = frozenset(
    {
        PublicStatus.OPEN, PublicStatus.REACHED, PublicStatus.NOT_REACHED, PublicStatus.RUNNING,
        PublicStatus.LATE,
    }
)  # fmt: skip


def public_status_of(status: str, *, is_call: bool, before: str | None = None) -> str | None:
    """The public name of a project; None while it is not public. `before` is the name that it
    bears now: what a round gave stays through a pause."""
    if status not in PUBLIC:
        return None
    if is_call:
        return PublicStatus.CALL
    if before in OF_A_ROUND and status in {Status.LISTED, Status.SUSPENDED}:
        return before
    return {
        Status.COMPLETED: PublicStatus.COMPLETED,
        Status.STOPPED: PublicStatus.STOPPED,
    }.get(Status(status), PublicStatus.UPCOMING)

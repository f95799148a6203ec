"""Who may do what with a case. The database keeps the same rules (reviews migrations)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.accounts.models import OfficeMembership, Role
from backend.core.errors import NotAllowed
from backend.projects.models import Project
from backend.projects.permissions import is_member_of
from backend.reviews.models import Case, ConflictDeclaration, Letter, Review

# Who reads a case. An auditor takes no part and so declares nothing.
DESK_ROLES = (Role.CASE_OFFICER, Role.LEAD, Role.SIGNER, Role.AUDITOR)
ACTING_ROLES = frozenset({Role.CASE_OFFICER, Role.LEAD, Role.SIGNER})


def roles_in(user: Any, office_id: int) -> frozenset[str]:
    """The person's roles in one office."""
    if not getattr(user, "is_authenticated", False):
        return frozenset()
    rows = OfficeMembership.objects.filter(user=user, office=office_id)
    return frozenset(rows.values_list("role", flat=True))


def check_works_on(user: Any, case: Case, *roles: str) -> None:
    """One of the roles, in the very office that has the case, and no part in the owner's firm."""
    if not roles_in(user, case.office_id) & set(roles):
        raise NotAllowed(
            _("This needs the role %(role)s in the office that has the case."),
            role=" / ".join(roles),
        )
    if is_member_of(user, case.project.owner):
        raise NotAllowed(
            _("You belong to the organisation that owns this proposal, so you cannot judge it."),
            code="own_project",
        )


def check_declared(user: Any, project: Project) -> None:
    """The person said that there is no conflict of interest."""
    declared = ConflictDeclaration.objects.filter(project=project, officer=user).first()
    if declared is None:
        raise NotAllowed(
            _("Declare first whether you have a conflict of interest."), code="declare_first"
        )
    if declared.has_conflict:
        raise NotAllowed(
            _("You declared a conflict of interest. The file was passed on"), code="has_conflict"
        )


def check_may_read_files(user: Any, case: Case) -> None:
    """An auditor, or somebody who works on the case in its office and declared no conflict."""
    if OfficeMembership.objects.filter(user=user, role=Role.AUDITOR).exists():
        return
    check_works_on(user, case, *sorted(ACTING_ROLES))
    check_declared(user, case.project)


def check_can_review(user: Any, case: Case) -> None:
    """A case officer of the office, outside the owner's organisation, without a conflict."""
    check_works_on(user, case, Role.CASE_OFFICER)
    check_declared(user, case.project)


def check_can_decide(user: Any, case: Case) -> None:
    """A lead of the office who did not review this version and has no conflict."""
    check_works_on(user, case, Role.LEAD)
    check_declared(user, case.project)
    if _reviewed(user, case.project.current_version_id):
        raise NotAllowed(_("You reviewed this version, so another person must decide."))


def check_can_sign(user: Any, letter: Letter, case: Case) -> None:
    """A signing officer who neither reviewed nor decided and has no conflict."""
    check_works_on(user, case, Role.SIGNER)
    check_declared(user, case.project)
    decision = letter.decision
    if decision.decided_by_id == user.pk or _reviewed(user, decision.version_id):
        raise NotAllowed(_("You reviewed or decided this, so another person must sign."))


def _reviewed(user: Any, version_id: int | None) -> bool:
    return Review.objects.filter(
        version=version_id, reviewer=user, submitted_at__isnull=False
    ).exists()

"""Who may do what with a project. `check_*` raises the sentence that the person reads."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from backend.accounts.models import OfficeMembership, Organisation, OrganisationMembership
from backend.core.errors import NotAllowed

if TYPE_CHECKING:
    from backend.projects.models import Project


def is_member_of(user: Any, organisation: Organisation | None) -> bool:
    """Whether the person belongs to the organisation; nobody belongs to none."""
    if organisation is None or not getattr(user, "is_authenticated", False):
        return False
    return OrganisationMembership.objects.filter(organisation=organisation, user=user).exists()


def office_roles_of(user: Any) -> frozenset[str]:
    """The person's roles in city offices."""
    if not getattr(user, "is_authenticated", False):
        return frozenset()
    return frozenset(OfficeMembership.objects.filter(user=user).values_list("role", flat=True))


def check_is_owner(user: Any, project: "Project") -> None:
    if not is_member_of(user, project.owner):
        raise NotAllowed(_("Only members of the organisation that owns this proposal can do this."))


def check_is_officer(user: Any, project: "Project", role: str) -> None:
    """The role in an office, and no membership in the organisation that is judged."""
    if role not in office_roles_of(user):
        raise NotAllowed(
            _("This needs the role %(role)s. The city office can grant it."), role=role
        )
    if is_member_of(user, project.owner):
        raise NotAllowed(
            _("You belong to the organisation that owns this proposal, so you cannot judge it."),
            code="own_project",
        )


def can_edit(user: Any, project: "Project") -> bool:
    return is_member_of(user, project.owner)

"""Who may do what with rounds and pledges. `check_*` raises the sentence that the person reads."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from backend.accounts.permissions import check_has_role
from backend.core.errors import NotAllowed, NotFound
from backend.projects.permissions import check_is_officer, is_member_of

if TYPE_CHECKING:
    from backend.funding.models import Pledge, Round
    from backend.projects.models import Project


def check_can_open_round(user: Any, project: "Project") -> None:
    """A lead of a city office who does not belong to the owner."""
    check_is_officer(user, project, "lead")


def check_can_pledge(user: Any, round_: "Round") -> None:
    """Anybody with an account, except the owner's own people: a round shows what others promise."""
    if not getattr(user, "is_authenticated", False):
        raise NotAllowed(_("Sign in to pledge."), code="sign_in")
    if is_member_of(user, round_.project.owner):
        raise NotAllowed(
            _("You belong to the organisation that owns this project, so you cannot pledge to it."),
            code="own_project",
        )


def check_is_pledger(user: Any, pledge: "Pledge") -> None:
    """A pledge of somebody else is as absent as one that never was."""
    if getattr(user, "pk", None) != pledge.investor_id:
        raise NotFound()


def check_is_finance(user: Any) -> None:
    check_has_role(user, "finance")

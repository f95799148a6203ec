"""Who may review and decide. The database keeps the same rules (reviews migrations)."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from backend.core.errors import NotAllowed
from backend.projects.models import Project
from backend.projects.permissions import check_is_officer
from backend.reviews.models import ConflictDeclaration, Review


def check_can_review(user: Any, project: Project) -> None:
    """A case officer, outside the owner's organisation, who declared that there is no conflict."""
    check_is_officer(user, project, "case_officer")
    declared = ConflictDeclaration.objects.filter(project=project, officer=user).first()
    if declared is None:
        raise NotAllowed(
            _("Declare first whether you have a conflict of interest."), code="declare_first"
        )
    if declared.has_conflict:
        raise NotAllowed(
            _("You declared a conflict of interest. The file was passed on"), code="has_conflict"
        )


def check_can_decide(user: Any, project: Project) -> None:
    """A lead who did not review this version."""
    check_is_officer(user, project, "lead")
    if Review.objects.filter(version=project.current_version, reviewer=user).exists():
        raise NotAllowed(_("You reviewed this version, so another person must decide."))

""" "Not this one, because …": a project stays out of one person's list."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.accounts.permissions import check_is_self
from backend.core import audit
from backend.core.errors import Invalid, NotFound
from backend.matching.models import Dismissal, Reason
from backend.projects.models import Project
from backend.projects.workflow import PUBLIC


@transaction.atomic
def dismiss_project(project: Project, *, user: User, by: User, reason: str) -> Dismissal:
    """Leave the project out of the person's list; a second reason replaces the first.

    Nobody else's list changes, and the owner never learns who it was.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    check_is_self(by, user)
    if project.status not in PUBLIC:
        raise NotFound()
    if reason not in Reason.values:
        raise Invalid(_("Choose from the list."), field="reason")
    dismissal, created = Dismissal.objects.get_or_create(
        user=user, project=project, defaults={"reason": reason}
    )
    if not created and dismissal.reason == reason:
        return dismissal
    if not created:
        dismissal.reason = reason
        dismissal.save(update_fields=["reason"])
    # Which project and why is the person's own matter: the audit row says only that it happened.
    audit.record("dismissal.made", by=by, subject=user)
    return dismissal


@transaction.atomic
def undo_dismissal(project: Project, *, user: User, by: User) -> None:
    """The project may stand in the person's list again; quiet when it already may."""
    user = User.objects.select_for_update().get(pk=user.pk)
    check_is_self(by, user)
    gone, _rows = Dismissal.objects.filter(user=user, project=project).delete()
    if gone:
        audit.record("dismissal.undone", by=by, subject=user)

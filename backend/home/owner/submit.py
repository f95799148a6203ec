"""Handing a proposal in touches two slices: the proposal, and what officers asked of it."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core.errors import Conflict
from backend.projects.actions import locked, submit_project
from backend.projects.models import Project
from backend.projects.permissions import check_is_owner
from backend.reviews.queries import open_requests_of


@transaction.atomic
def submit_proposal(project: Project, *, by: User) -> Project:
    """Hand the current version in, once every request of the officers has an answer.

    Raises Conflict `requests_open`, and what `submit_project` raises.
    """
    project = locked(project)
    check_is_owner(by, project)
    waiting = open_requests_of(project).count()
    if waiting:
        raise Conflict(
            _("%(n)s requests of the city have no answer yet. Answer each, then submit."),
            code="requests_open",
            n=waiting,
        )
    return submit_project(project, by=by)

"""Groups of people whom an event may concern. Querysets, so that entries can join them."""

from django.db.models import QuerySet

from backend.accounts.models import User
from backend.projects.models import Project


def members_of_owner(project: Project) -> QuerySet[User]:
    """Everybody of the organisation that owns the proposal."""
    return User.objects.filter(organisation_memberships__organisation=project.owner_id).distinct()


def people_with_role(*roles: str) -> QuerySet[User]:
    """Everybody with one of these roles in a city office."""
    return User.objects.filter(office_memberships__role__in=roles).distinct()


def people_who_saved(project: Project) -> QuerySet[User]:
    return User.objects.filter(saved_projects__project=project)

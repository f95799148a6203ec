"""What the database refuses, whoever asks."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from backend.core import audit
from backend.core.models import AuditEvent
from backend.projects.models import Project
from backend.projects.workflow import PROJECT
from tests import factories


@pytest.mark.django_db
def test_the_suite_acts_as_the_role_of_the_web() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("caukieu_app",)


@pytest.mark.django_db
def test_audit_rows_cannot_be_changed_or_deleted() -> None:
    user = factories.a_user()
    event = audit.record("user.joined", by=user, subject=user)
    for refused in (
        lambda: AuditEvent.objects.filter(pk=event.pk).update(code="x"),
        lambda: AuditEvent.objects.filter(pk=event.pk).delete(),
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            refused()


@pytest.mark.django_db
def test_the_database_knows_exactly_the_edges_of_the_workflow() -> None:
    legal = {(before, after) for before, after, _ in PROJECT.edges()}
    with connection.cursor() as cursor:
        for before in PROJECT.statuses:
            for after in PROJECT.statuses:
                cursor.execute("SELECT project_edge_is_legal(%s, %s)", [before, after])
                assert cursor.fetchone() == ((before, after) in legal,), (before, after)


@pytest.mark.django_db
def test_sql_cannot_skip_a_step_of_the_workflow() -> None:
    project = factories.a_draft()
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.filter(pk=project.pk).update(status="listed")


@pytest.mark.django_db
def test_a_proposal_cannot_be_born_listed() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Project.objects.create(
            slug="born-listed", owner=factories.an_organisation(), status="listed"
        )

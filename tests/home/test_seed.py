"""The sample world is safe to prepare again after it was stopped half-way."""

from contextlib import suppress

import pytest

from backend.accounts.demo import DemoPeople, create_demo_people
from backend.accounts.models import User
from backend.home import seed
from backend.home.seed_reviews import Walker
from backend.projects.models import Project

pytestmark = pytest.mark.django_db


class Stopped(Walker):
    """The process ends while an example is on its way."""

    def walk(self, project: Project, target: str, owner: User, age: float) -> None:
        project.refresh_from_db()
        assert project.status == "submitted"
        raise KeyboardInterrupt


def _walk(walker_kind: type[Walker], people: DemoPeople) -> None:
    row = next(r for r in seed.examples() if r["state"] == "submitted")
    seed._walk(row, people.owner, people, walker_kind(people, {}, lambda days: None), 3)


def test_an_example_that_was_stopped_half_way_is_made_anew() -> None:
    people = create_demo_people()
    with suppress(KeyboardInterrupt):
        _walk(Stopped, people)
    assert not Project.objects.exists()
    _walk(Walker, people)
    assert Project.objects.get().case.task == "screening"

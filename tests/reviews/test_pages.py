"""The desk in a browser: what a page shows, and that it opens for everybody who may see it."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from django.urls import reverse

from backend.projects.models import Project
from backend.projects.workflow import Status
from backend.reviews.models import Case
from backend.reviews.queue import _spans
from backend.reviews.sections import BY_KEY
from backend.reviews.workdays import WorkCalendar
from tests import factories
from tests.reviews.desk import sign_in

pytestmark = pytest.mark.django_db


def case_address(project: Project, name: str = "case") -> str:
    return reverse(f"office:{name}", args=[project.public_id])


def test_the_queue_shows_what_was_handed_in() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    page = sign_in(factories.an_officer()).get(reverse("office:queue"))
    assert page.status_code == 200
    assert project.title_vi in page.content.decode()
    assert Case.objects.get().reference in page.content.decode()


@pytest.mark.parametrize("name", ["letters", "figures", "rules", "people", "queue"])
def test_the_pages_of_the_desk_open(name: str) -> None:
    factories.a_listed_project()
    for role in ("case_officer", "lead", "signer", "auditor"):
        page = sign_in(factories.an_officer(role)).get(reverse(f"office:{name}"))
        assert page.status_code == 200, (name, role)


@pytest.mark.parametrize("kind", ["rubric", "letter", "days", "deadlines", "reason_codes"])
def test_every_rule_opens(kind: str) -> None:
    page = sign_in(factories.an_officer("lead")).get(reverse("office:rule", args=[kind]))
    assert page.status_code == 200


@pytest.mark.parametrize(
    "status", [Status.SUBMITTED, Status.SCREENING, Status.IN_REVIEW, Status.RETURNED,
               Status.DECIDED, Status.LISTED, Status.DECLINED, Status.WITHDRAWN]
)  # fmt: skip
def test_a_case_opens_at_every_status(status: str) -> None:
    project = factories.a_project_at(status)
    from backend.reviews.case_actions import take_in

    take_in(project)
    for role in ("case_officer", "lead", "signer", "auditor"):
        person = factories.an_officer(role)
        if role != "auditor":
            factories.declared(project, person)
        client = sign_in(person)
        for name in ("case", "history"):
            page = client.get(case_address(project, name))
            assert page.status_code == 200, (status, role, name, page.content[:300])
            if name == "case":
                fold = page.content.decode().split('<details class="more secs">')[1]
                assert fold.split("</details>")[0].count("?part=") == len(BY_KEY), role


def test_nobody_opens_a_case_before_declaring() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    client = sign_in(factories.an_officer())
    page = client.get(case_address(project))
    assert page.status_code == 302
    assert page["Location"] == case_address(project, "declare")
    client.post(page["Location"], {"conflict": "no"})
    assert client.get(case_address(project)).status_code == 200


def test_days_are_grouped_by_working_days() -> None:
    """Before a weekend the next working day and the next week stand apart from what is far."""
    calendar = WorkCalendar(off=frozenset({date(2026, 12, 1)}))
    friday = {g.value: (a, b) for g, a, b in _spans(date(2026, 11, 27), calendar)}
    assert friday["tomorrow"] == (date(2026, 11, 28), date(2026, 11, 30))
    assert friday["week"] == (date(2026, 12, 1), date(2026, 12, 6))
    assert friday["later"] == (date(2026, 12, 7), None)
    monday = {g.value: (a, b) for g, a, b in _spans(date(2026, 11, 30), calendar)}
    assert monday["tomorrow"] == (date(2026, 12, 1), date(2026, 12, 2))
    assert monday["week"] == (date(2026, 12, 3), date(2026, 12, 6))
    spans = list(_spans(date(2026, 12, 5), WorkCalendar()))
    for before, after in pairwise(spans):
        assert before[2] + timedelta(days=1) == after[1], "no day is left out"  # type: ignore[operator]


def test_a_conflict_closes_the_case() -> None:
    project = factories.a_project_at(Status.IN_REVIEW)
    client = sign_in(factories.an_officer())
    client.post(case_address(project, "declare"), {"conflict": "yes"})
    assert client.get(case_address(project)).status_code == 403

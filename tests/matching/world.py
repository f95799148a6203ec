"""The person whose lists the tests look at."""

from collections.abc import Callable
from typing import Any

from backend.accounts.answers import Answers, values_of
from backend.accounts.models import InvestorProfile
from backend.core.ids import new_id
from backend.projects import taxonomy
from backend.projects.models import Project
from tests import factories

WHO = Answers(
    fields=("smart_manufacturing",),
    technologies=("iot_sensors",),
    country="US",
    instruments=("contribution",),
    budget_minor=20_000,
    budget_currency="USD",
    horizon_months=24,
)


def a_profile(**changes: Any) -> InvestorProfile:
    user = factories.a_user()
    return InvestorProfile.objects.create(user=user, **(values_of(WHO) | changes))


def a_market(count: int, facts: Callable[[int], dict[str, Any]] | None = None) -> list[Project]:
    """Listed projects of every field and stage: the first walked the road, the others are copies
    of its row with the facts of their number, since two dozen walks take as long as the rest."""
    facts = facts or every_kind
    first = factories.a_listed_project(**facts(0))
    first.refresh_from_db()
    same = {f.attname: getattr(first, f.attname) for f in Project._meta.concrete_fields}
    same.pop("id")
    copies = [
        Project(**same | {
            "public_id": new_id("prj"), "slug": f"{first.slug}-{n}", "title_en": f"Project {n}",
            "title_vi": f"Dự án {n}", "status": "draft",
        } | facts(n))
        for n in range(1, count)
    ]  # fmt: skip
    made = Project.objects.bulk_create(copies)
    # The database lets no row skip a step.
    for step in ("submitted", "screening", "in_review", "decided", "listed"):
        Project.objects.filter(pk__in=[p.pk for p in made]).update(status=step)
    for project in made:
        project.status = "listed"
    return [first, *made]


def every_kind(number: int) -> dict[str, Any]:
    fields = taxonomy.keys("field")
    return {"field": fields[number % 5], "technologies": ["ai"], "trl": 1 + number % 9}

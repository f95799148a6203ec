"""The person whose lists the tests look at."""

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


def a_market(count: int, **facts: Any) -> list[Project]:
    """Listed projects of every field and stage: the first walked the road, the others are copies
    of its row, since two dozen walks would take as long as the rest of the suite."""
    fields = taxonomy.keys("field")
    first = factories.a_listed_project(field=fields[0], technologies=["ai"], trl=1, **facts)
    first.refresh_from_db()
    same = {f.attname: getattr(first, f.attname) for f in Project._meta.concrete_fields}
    same.pop("id")
    copies = [
        Project(**same | {
            "public_id": new_id("prj"), "slug": f"{first.slug}-{n}", "field": fields[n % 5],
            "trl": 1 + n % 9, "title_en": f"Project {n}", "title_vi": f"Dự án {n}",
            "status": "draft",
        })
        for n in range(1, count)
    ]  # fmt: skip
    made = Project.objects.bulk_create(copies)
    # The database lets no row skip a step.
    for step in ("submitted", "screening", "in_review", "decided", "listed"):
        Project.objects.filter(pk__in=[p.pk for p in made]).update(status=step)
    return [first, *made]

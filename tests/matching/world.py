"""The person whose lists the tests look at."""

from typing import Any

from backend.accounts.answers import Answers, values_of
from backend.accounts.models import InvestorProfile
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

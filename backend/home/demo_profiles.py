"""Answers of the two demo supporters, so that a newcomer sees a ranked list at once."""

from backend.accounts.actions import save_profile
from backend.accounts.answers import Answers
from backend.accounts.demo import DemoPeople
from backend.accounts.models import InvestorProfile
from backend.home.vocabulary import vocabulary

IN_THE_US = Answers(
    fields=("smart_manufacturing", "digital_urban_services"),
    technologies=("iot_sensors", "ai", "robotics_automation"),
    country="US",
    home_place="25747",
    budget_minor=50_000,
    budget_currency="USD",
    instruments=("contribution", "reward"),
    horizon_months=24,
    stages=(6, 7, 8),
    languages=("vi", "en"),
    skills=("engineering",),
)
IN_JAPAN = Answers(
    fields=("low_carbon_logistics",),
    technologies=("new_energy", "new_materials"),
    country="JP",
    budget_minor=30_000,
    budget_currency="JPY",
    instruments=("contribution",),
    horizon_months=36,
    languages=("vi",),
    skills=("software", "data_science"),
)


def fill_demo_profiles(people: DemoPeople) -> None:
    """Save the answers of those who have none yet."""
    for person, answers, weights in (
        (people.investors[0], IN_THE_US, {"field": "more"}),
        (people.investors[1], IN_JAPAN, {}),
    ):
        if not InvestorProfile.objects.filter(user=person).exists():
            save_profile(
                person, answers, weights, by=person, expected_version=0, vocabulary=vocabulary()
            )

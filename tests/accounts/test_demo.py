"""Demo people: whole, repeatable, refused in production."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from backend.accounts import demo
from backend.accounts.models import Consent, OfficeMembership, User
from backend.home.demo_profiles import fill_demo_profiles
from backend.notifications.queries import codes_of_demo_staff


@pytest.mark.django_db
def test_demo_people_can_be_created_twice() -> None:
    first = demo.create_demo_people()
    second = demo.create_demo_people()
    assert first == second
    assert User.objects.filter(is_demo=True).count() == len(demo.PEOPLE) == 11
    assert OfficeMembership.objects.count() == 7
    assert Authenticator.objects.count() == 7


@pytest.mark.django_db
def test_demo_people_agree_to_nothing() -> None:
    demo.create_demo_people()
    assert not Consent.objects.exists()


@pytest.mark.django_db
def test_the_command_prints_how_to_sign_in_as_each(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("demo_people")
    printed = capsys.readouterr().out
    assert all(person.email in printed for person in demo.PEOPLE)
    assert demo.PASSWORD in printed


@pytest.mark.django_db
def test_production_refuses_demo_people(settings: object) -> None:
    settings.ENVIRONMENT = "production"  # type: ignore[attr-defined]
    with pytest.raises(ImproperlyConfigured):
        demo.create_demo_people()
    with pytest.raises(CommandError):
        call_command("demo_people")
    assert not User.objects.exists()


@pytest.mark.django_db
def test_the_demo_supporters_have_answered() -> None:
    people = demo.create_demo_people()
    fill_demo_profiles(people)
    fill_demo_profiles(people)
    countries = [person.profile.country for person in people.investors]
    assert countries == ["US", "JP"]
    assert [person.profile.version for person in people.investors] == [1, 1]


@pytest.mark.django_db
def test_codes_are_mended_after_a_change_of_the_key(settings: Any) -> None:
    demo.create_demo_people()
    settings.SECRET_KEY = "another key " * 6
    assert codes_of_demo_staff() == []
    demo.create_demo_people()
    assert len(codes_of_demo_staff()) == 7

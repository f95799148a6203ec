"""The page of an investor's answers: amounts that are asked back, two windows, odd input."""

import re
from typing import Any

import pytest
from django.test import Client

from backend.accounts.models import InvestorProfile
from backend.projects import taxonomy
from tests import factories

pytestmark = pytest.mark.django_db

PAGE = "/en/me/profile/"


@pytest.fixture
def signed_in(client: Client) -> Client:
    client.force_login(factories.a_user())
    return client


def answers(**changes: Any) -> dict[str, Any]:
    return {
        "version": 0,
        "fields_": ["smart_manufacturing"],
        "technologies": ["ai", "iot_sensors"],
        "country": "US",
        "home_place": "25747",
        "budget_amount": "200",
        "budget_currency": "USD",
        "instruments": ["contribution"],
        "horizon_months": "24",
        "stages": ["6", "7"],
        "languages": ["vi"],
        "skills": ["engineering"],
        "weight_field": "more",
        "weight_place": "off",
        **changes,
    }


def test_answers_are_saved_and_shown_again(signed_in: Client) -> None:
    assert signed_in.post(PAGE, answers())["Location"] == PAGE
    profile = InvestorProfile.objects.get()
    assert (profile.budget_minor, profile.budget_currency) == (20_000, "USD")
    assert profile.stages == [6, 7]
    assert profile.weights == {"field": "more", "place": "off"}
    page = signed_in.get(PAGE).content.decode()
    assert re.search(r'value="smart_manufacturing"[^>]*checked', page)
    assert re.search(r'name="budget_amount"[^>]*value="200"', page)
    assert "Your answers are saved" in page


def test_every_place_and_country_can_be_chosen_without_scripts(signed_in: Client) -> None:
    page = signed_in.get(PAGE).content.decode()
    assert all(f'<option value="{place.code}"' in page for place in taxonomy.places())
    assert all(f'<option value="{term.key}"' in page for term in taxonomy.terms("country"))
    assert page.count("<optgroup") == 5


def test_no_answer_at_all_is_an_answer(signed_in: Client) -> None:
    signed_in.post(PAGE, {"version": 0})
    assert InvestorProfile.objects.get().fields == []


@pytest.mark.parametrize(
    ("typed", "currency", "minor"),
    [
        ("1.500.000", "VND", 1_500_000),
        ("1,5 triệu", "VND", 1_500_000),
        ("2 tỷ", "VND", 2_000_000_000),
        ("1 500", "USD", 150_000),
        ("200,50", "USD", 20_050),
        ("30 000", "JPY", 30_000),
    ],
)
def test_amounts_are_read_as_people_type_them(
    signed_in: Client, typed: str, currency: str, minor: int
) -> None:
    signed_in.post(PAGE, answers(budget_amount=typed, budget_currency=currency))
    assert InvestorProfile.objects.get().budget_minor == minor
    # What the page shows for it reads back as the same sum.
    page = signed_in.get(PAGE).content.decode()
    shown = re.search(r'name="budget_amount"[^>]*value="([^"]*)"', page)
    assert shown
    again = answers(budget_amount=shown[1], budget_currency=currency, version=1)
    assert signed_in.post(PAGE, again).status_code == 302
    assert InvestorProfile.objects.get().budget_minor == minor


def test_an_unclear_amount_is_asked_back_with_two_buttons(signed_in: Client) -> None:
    response = signed_in.post(PAGE, answers(budget_amount="1.500"))
    page = response.content.decode()
    assert response.status_code == 400
    assert "can be read two ways" in page
    buttons = re.findall(r'name="budget_minor" value="(\d+)">([^<]+)<', page)
    assert [minor for minor, _name in buttons] == ["150", "150000"]
    assert buttons[1][1] == "1,500.00\u00a0USD"
    assert not InvestorProfile.objects.exists()
    signed_in.post(PAGE, answers(budget_amount="1.500", budget_minor="150000"))
    assert InvestorProfile.objects.get().budget_minor == 150_000


def test_a_pressed_reading_must_be_one_of_the_two(signed_in: Client) -> None:
    response = signed_in.post(PAGE, answers(budget_amount="1.500", budget_minor="99999999"))
    assert response.status_code == 400
    assert not InvestorProfile.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"budget_amount": "-5"},
        {"budget_amount": "0"},
        {"budget_amount": "1e309"},
        {"budget_amount": "9" * 59},
        {"budget_amount": "1,5", "budget_currency": "JPY"},
        {"budget_amount": "<script>alert(1)</script>"},
        {"budget_amount": "200", "budget_currency": ""},
        {"budget_currency": "ZZZ"},
        {"country": "XX"},
        {"country": "'; DROP TABLE accounts_user; --"},
        {"home_place": "99999"},
        {"fields_": ["no_such"]},
        {"technologies": ["ai\x00"]},
        {"stages": ["10"]},
        {"stages": ["x"]},
        {"horizon_months": "0"},
        {"horizon_months": "-3"},
        {"horizon_months": "1e3"},
        {"horizon_months": "9" * 400},
        {"weight_field": "most"},
        {"version": "-1"},
        {"version": "x"},
        {"version": ""},
    ],
)
def test_bad_input_is_named_and_saves_nothing(signed_in: Client, change: dict[str, Any]) -> None:
    response = signed_in.post(PAGE, answers(**change))
    page = response.content.decode()
    assert response.status_code == 400
    assert "<title>Error:" in page
    assert "<script>alert" not in page
    assert not InvestorProfile.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"fields_": ["smart_manufacturing"] * 2},
        {"unknown": "x" * 10_000},
        {"budget_amount": "\u202e002", "budget_currency": "USD"},
    ],
)
def test_odd_input_is_never_a_fault_of_ours(signed_in: Client, change: dict[str, Any]) -> None:
    assert signed_in.post(PAGE, answers(**change)).status_code in {302, 400}


def test_two_windows_show_both_versions_and_lose_nothing(signed_in: Client) -> None:
    signed_in.post(PAGE, answers())
    signed_in.post(PAGE, answers(version=1, country="JP"))
    response = signed_in.post(PAGE, answers(version=1, country="AU"))
    page = response.content.decode()
    assert response.status_code == 409
    assert "Australia" in page
    assert "Japan" in page
    assert InvestorProfile.objects.get().country == "JP"
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    again: dict[str, list[str]] = {}
    for name, value in hidden:
        again.setdefault(name, []).append(value)
    assert again["version"] == ["2"]
    assert again["technologies"] == ["ai", "iot_sensors"]
    assert signed_in.post(PAGE, again).status_code == 302
    profile = InvestorProfile.objects.get()
    assert (profile.country, profile.version, profile.technologies) == (
        "AU", 3, ["ai", "iot_sensors"],
    )  # fmt: skip


def test_answers_of_the_short_form_are_taken_over_and_wait_for_a_press(signed_in: Client) -> None:
    query = "?fields=low_carbon_logistics&amount=50&currency=AUD&w_place=off&w_field=nonsense"
    text = signed_in.get(PAGE + query).content.decode()
    assert re.search(r'value="low_carbon_logistics"[^>]*checked', text)
    assert re.search(r'<option value="AUD" selected', text)
    assert re.search(r'name="weight_place" value="off"[^>]*checked', text)
    assert re.search(r'name="weight_field" value="normal"[^>]*checked', text)
    assert not InvestorProfile.objects.exists()
    signed_in.post(PAGE, answers(country="JP"))
    text = signed_in.get(PAGE + query).content.decode()
    assert re.search(r'value="low_carbon_logistics"[^>]*checked', text)
    assert re.search(r'<option value="JP" selected', text), "what the URL does not say stays"


def test_the_page_is_whole_in_vietnamese(signed_in: Client) -> None:
    page = signed_in.get("/vi/me/profile/").content.decode()
    assert "Sản xuất thông minh" in page
    assert "Save your answers" not in page

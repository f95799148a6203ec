"""A person's own pages: details, saved projects, keys, the data file, closing."""

import json
import re
from typing import Any
from zoneinfo import available_timezones

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from backend.accounts import actions
from backend.accounts.models import ApiToken, InvestorProfile, PersonSession, User
from backend.accounts.zones import zones_of
from backend.core import jobs
from backend.core.models import AuditEvent
from backend.home.account_actions import (
    ERASED_BY_ACCOUNTS,
    ERASED_HERE,
    KEPT,
    label_of,
    relations_of_a_person,
)
from backend.projects import actions as projects
from backend.projects import taxonomy
from backend.projects.models import SavedProject
from tests import factories
from tests.accounts.test_sign_in import PASSWORD, confirmed

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return confirmed("lan@example.com", full_name="Nguyễn Thị Lan")


@pytest.fixture
def browser(client: Client, person: User) -> Client:
    """Signed in, and the password confirmed a moment ago."""
    client.post("/en/account/sign-in/", {"login": person.email, "password": PASSWORD})
    client.post("/en/account/again/", {"password": PASSWORD})
    return client


def test_the_overview_shows_how_the_account_stands(browser: Client) -> None:
    page = browser.get("/en/me/").content.decode()
    assert "Nguyễn Thị Lan" in page
    assert "lan@example.com" in page
    assert "Nothing answered yet" in page


def test_details_are_changed(browser: Client, person: User) -> None:
    data = {"full_name": " Trần  Lan", "language": "en", "time_zone": "Asia/Tokyo"}
    assert browser.post("/en/me/details/", data)["Location"] == "/en/me/"
    person.refresh_from_db()
    assert (person.full_name, person.language, person.time_zone) == (
        "Trần Lan", "en", "Asia/Tokyo",
    )  # fmt: skip


@pytest.mark.parametrize(
    "change", [{"language": "fr"}, {"time_zone": "Mars/Base"}, {"full_name": "x" * 121}]
)
def test_details_must_be_known_ones(browser: Client, person: User, change: dict[str, str]) -> None:
    data = {"full_name": "A", "language": "en", "time_zone": "Asia/Tokyo", **change}
    assert browser.post("/en/me/details/", data).status_code == 400
    person.refresh_from_db()
    assert person.full_name == "Nguyễn Thị Lan"


def test_the_zone_follows_the_country_until_one_is_chosen(browser: Client, person: User) -> None:
    def zone_after(country: str) -> str:
        version = InvestorProfile.objects.filter(user=person).values_list("version", flat=True)
        browser.post("/en/me/profile/", {"version": next(iter(version), 0), "country": country})
        person.refresh_from_db()
        return person.time_zone

    asks = "Times are shown in Vietnam time (UTC+7)."
    assert asks not in browser.get("/en/me/").content.decode()
    assert zone_after("JP") == "Asia/Tokyo"
    page = browser.get("/en/me/profile/").content.decode()
    assert "the zone of Tokyo (Asia)" in page
    assert asks not in page
    assert zone_after("US") == "Asia/Ho_Chi_Minh", "only the person knows which of several"
    for path in ("/en/me/", "/en/me/profile/"):
        assert asks in browser.get(path).content.decode()
    details = {"full_name": "Lan", "language": "en", "time_zone": ""}
    assert browser.post("/en/me/details/", details).status_code == 302
    form = browser.get("/en/me/details/").content.decode()
    order = ["Not chosen: Ho Chi Minh City", "Los Angeles (America)", "New York", "Tokyo (Asia)"]
    assert sorted(order, key=form.index) == order, "those of the country stand first"
    browser.post("/en/me/details/", details | {"time_zone": "America/Chicago"})
    assert zone_after("JP") == zone_after("US") == "America/Chicago"
    assert asks not in browser.get("/en/me/").content.decode()
    assert browser.post("/en/me/details/", details).status_code == 400
    assert AuditEvent.objects.filter(code="user.zone_followed").count() == 2


def test_the_zones_of_countries_are_known_ones() -> None:
    known = available_timezones()
    for country in taxonomy.keys("country"):
        assert set(zones_of(country)) <= known, country
    assert [zones_of(c) for c in ("JP", "DE", "VN")] == [
        ("Asia/Tokyo",), ("Europe/Berlin",), ("Asia/Ho_Chi_Minh",),
    ]  # fmt: skip
    assert [c for c in taxonomy.keys("country") if not zones_of(c)] == ["BV", "HM"]


def test_a_project_is_saved_by_a_press_and_taken_off(browser: Client, person: User) -> None:
    project = factories.a_listed_project()
    path = f"/en/me/saved/{project.public_id}/"
    assert browser.get(path).status_code == 200
    assert not SavedProject.objects.exists(), "looking is not saving"
    browser.post(path)
    browser.post(path)
    assert SavedProject.objects.filter(user=person).count() == 1
    assert project.title_en in browser.get("/en/me/saved/").content.decode()
    browser.post(f"{path}drop/")
    assert not SavedProject.objects.exists()


def test_saving_from_a_list_leads_back_to_the_card(browser: Client) -> None:
    project = factories.a_listed_project()
    path = f"/en/me/saved/{project.public_id}/"
    came_from = "http://testserver/en/projects/?q=x&page=2"
    page = browser.get(path, headers={"referer": came_from}).content.decode()
    assert 'value="/en/projects/?q=x&amp;page=2"' in page
    sent = browser.post(path, {"next": "/en/projects/?q=x&page=2"})
    assert sent["Location"] == f"/en/projects/?q=x&page=2#t-{project.public_id}"
    assert f'id="t-{project.public_id}"' in browser.get("/en/projects/").content.decode()
    for elsewhere in (
        "https://evil.example/en/projects/",
        "/en/me/",
        "//evil.example/en/projects/",
    ):
        assert browser.post(path, {"next": elsewhere})["Location"] == "/en/me/saved/"


def test_a_project_that_nobody_may_see_cannot_be_saved(browser: Client) -> None:
    draft = factories.a_draft()
    assert browser.post(f"/en/me/saved/{draft.public_id}/").status_code == 404
    assert browser.post("/en/me/saved/prj_nothing/").status_code == 404


def test_a_saved_project_that_was_withdrawn_says_so(browser: Client, person: User) -> None:
    owner = factories.a_user()
    project = factories.a_listed_project(owner=owner)
    projects.save_for_later(project, by=person)
    projects.stop_project(project, by=factories.an_officer("lead"), reason="Dừng")
    assert browser.get("/en/me/saved/").status_code == 200


def test_a_new_key_is_shown_once(browser: Client) -> None:
    page = browser.post("/en/me/tokens/", {"name": "sheet"}).content.decode()
    shown = re.search(r'<code class="hash">(ck_\w+_[\w-]+)</code>', page)
    assert shown
    assert shown[1] not in browser.get("/en/me/tokens/").content.decode()
    prefix = ApiToken.objects.get().prefix
    browser.post(f"/en/me/tokens/{prefix}/revoke/")
    assert ApiToken.objects.get().revoked_at is not None


def test_a_key_needs_the_password_of_a_moment_ago(client: Client, person: User) -> None:
    client.force_login(person)
    response = client.post("/en/me/tokens/", {"name": "sheet"})
    assert "/account/again/" in response["Location"]
    assert not ApiToken.objects.exists()


def test_the_data_file_holds_everything_but_the_secrets(
    browser: Client, person: User, mailoutbox: list[Any]
) -> None:
    project = factories.a_listed_project()
    projects.save_for_later(project, by=person)
    _token, text = actions.issue_api_token(person, by=person, name="sheet")
    browser.post("/en/me/profile/", {"version": 0, "country": "US"})
    response = browser.post("/en/me/data/")
    assert "attachment" in response["Content-Disposition"]
    record = json.loads(response.content)
    assert record["person"]["email"] == "lan@example.com"
    tables = record["tables"]
    assert tables["accounts.InvestorProfile"][0]["country"] == "US"
    assert tables["projects.SavedProject"][0]["project"] == project.public_id
    assert tables["accounts.ApiToken"][0]["name"] == "sheet"
    assert tables["account.EmailAddress"][0]["email"] == "lan@example.com"
    assert {"profile.saved", "project.saved", "token.issued", "user.data_downloaded"} <= {
        event["code"] for event in record["events"]
    }
    raw = response.content.decode()
    stored = ApiToken.objects.get()
    for secret in (text, stored.token_sha256, person.password):
        assert secret not in raw
    assert '"id"' not in raw
    jobs.run_due_jobs()
    assert "downloaded" in mailoutbox[-1].subject


def test_every_table_that_points_at_a_person_has_a_fate() -> None:
    found = {label_of(relation) for relation in relations_of_a_person()}
    sets = (ERASED_BY_ACCOUNTS, ERASED_HERE, KEPT)
    assert found == set.union(*sets)
    assert sum(len(s) for s in sets) == len(found), "one fate each"


def test_closing_erases_the_person_and_keeps_what_must_stay(
    browser: Client, person: User, mailoutbox: list[Any]
) -> None:
    other_browser = Client()
    other_browser.post("/en/account/sign-in/", {"login": person.email, "password": PASSWORD})
    projects.save_for_later(factories.a_listed_project(), by=person)
    actions.issue_api_token(person, by=person, name="sheet")
    browser.post("/en/me/profile/", {"version": 0, "country": "US"})
    events = AuditEvent.objects.filter(actor=person.public_id).count()

    assert browser.post("/en/me/close/", {"password": PASSWORD})["Location"] == "/en/me/closed/"

    person.refresh_from_db()
    assert (person.email, person.full_name, person.is_active) == (None, "", False)
    assert person.closed_at is not None
    for rows in (
        EmailAddress.objects.all(),
        InvestorProfile.objects.all(),
        SavedProject.objects.all(),
        ApiToken.objects.all(),
        PersonSession.objects.filter(person_key=person.pk),
    ):
        assert not rows.exists(), rows.model
    assert AuditEvent.objects.filter(actor=person.public_id).count() == events + 1
    assert browser.get("/en/me/closed/").status_code == 200
    for gone in (browser, other_browser):
        assert "/sign-in/" in gone.get("/en/me/")["Location"]
    jobs.run_due_jobs()
    assert mailoutbox[-1].to == ["lan@example.com"]
    assert "closed" in mailoutbox[-1].subject or "đóng" in mailoutbox[-1].subject


def test_nothing_of_a_closed_account_names_the_person(browser: Client, person: User) -> None:
    browser.post("/en/me/close/", {"password": PASSWORD})
    jobs.run_due_jobs()
    for event in AuditEvent.objects.filter(subject_id=person.public_id):
        assert "lan@example.com" not in json.dumps(event.data)
        assert "Lan" not in json.dumps(event.data)


def test_the_same_address_may_join_again(browser: Client, client: Client) -> None:
    browser.post("/en/me/close/", {"password": PASSWORD})
    data = {"email": "lan@example.com", "password1": "", "consent": "on"}
    Client().post("/en/account/join/", data)
    assert User.objects.filter(email="lan@example.com").count() == 1


def test_closing_takes_the_right_password(browser: Client, person: User) -> None:
    for _ in range(5):
        assert browser.post("/en/me/close/", {"password": "wrong"}).status_code == 400
    assert browser.post("/en/me/close/", {"password": PASSWORD}).status_code == 429
    person.refresh_from_db()
    assert person.email == "lan@example.com"


def test_without_a_password_a_code_from_the_mail_closes(
    client: Client, mailoutbox: list[Any]
) -> None:
    user = confirmed("mai@example.com")
    user.set_unusable_password()
    user.save()
    client.force_login(user)
    assert client.post("/en/me/close/", {"code": "00000000"}).status_code == 400
    client.post("/en/me/close/", {"send": "code"})
    jobs.run_due_jobs()
    code = re.search(r"\b\d{8}\b", mailoutbox[-1].body)
    assert code
    assert client.post("/en/me/close/", {"code": "00000000"}).status_code == 400
    assert client.post("/en/me/close/", {"code": code[0]}).status_code == 302
    user.refresh_from_db()
    assert user.email is None


def test_a_person_of_an_office_cannot_close_alone(client: Client) -> None:
    officer = factories.an_officer("lead")
    client.force_login(officer)
    response = client.post("/en/me/close/", {"password": "mật khẩu dài"})
    assert response.status_code == 409
    officer.refresh_from_db()
    assert officer.email is not None


def test_the_only_member_of_a_firm_with_a_proposal_cannot_close(client: Client) -> None:
    owner = factories.a_user()
    factories.a_project_at("submitted", owner=owner)
    client.force_login(owner)
    response = client.post("/en/me/close/", {"password": "mật khẩu dài"})
    assert response.status_code == 409
    assert "only member" in response.content.decode()
    owner.refresh_from_db()
    assert owner.email is not None


def test_signing_out_everywhere_ends_every_browser(browser: Client, person: User) -> None:
    other = Client()
    other.post("/en/account/sign-in/", {"login": person.email, "password": PASSWORD})
    browser.post("/en/me/sign-out-everywhere/")
    for client in (browser, other):
        assert client.get("/en/me/").status_code == 302

"""The programme office: who may enter, what stands behind a figure, reports in both languages."""

import io

import pytest
from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import caches
from django.test import Client
from openpyxl import load_workbook

from backend.core.money import Money
from backend.insights import actions
from backend.insights.example import example_cells
from backend.insights.ledger_cells import region_of
from backend.insights.models import Correction
from backend.insights.office import drill_down
from backend.insights.sources import real_cells
from backend.ledger import book, chart
from tests import factories

pytestmark = pytest.mark.django_db
PAGES = (
    "/en/office/programme/", "/en/office/programme/month/?key=2026-11",
    "/en/office/programme/held/",
)  # fmt: skip


def past_the_code(client: Client, role: str) -> Client:
    """Signed in as somebody of the office who passed the six-digit code."""
    officer = factories.an_officer(role)
    TOTP.activate(officer, generate_totp_secret())
    client.force_login(officer)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": 1.0}]
    session["account_authentication_methods_user"] = user_id_to_str(officer)
    session.save()
    return client


@pytest.mark.parametrize("path", PAGES)
def test_strangers_supporters_and_other_roles_do_not_enter(client: Client, path: str) -> None:
    assert client.get(path).status_code == 302
    client.force_login(factories.a_user())
    assert client.get(path).status_code == 403
    client.force_login(factories.an_officer("case_officer"))
    assert client.get(path).status_code == 403
    client.force_login(factories.an_officer("lead"))
    assert client.get(path).status_code == 302, "without a code"


def test_the_office_sees_small_groups_and_the_rows_without_people(client: Client) -> None:
    pledge = factories.a_pledge(factories.an_open_round(), Money(10_000, "USD"))
    past_the_code(client, "auditor")
    text = client.get("/en/office/programme/").content.decode()
    assert '<a href="/en/office/programme/" aria-current="page">Programme</a>' in text
    assert "2.6\xa0million" in text
    month = f"{pledge.confirmed_at:%Y-%m}"
    rows = client.get(f"/en/office/programme/month/?key={month}").content.decode()
    assert pledge.reference in rows
    assert pledge.investor.full_name not in rows
    assert pledge.investor.public_id not in rows


def test_held_money_by_country_leads_to_its_parts(client: Client) -> None:
    pledge = factories.a_pledge(factories.an_open_round(), Money(10_000, "USD"))
    held = chart.held(pledge.round.public_id, "USD")
    leg = book.Leg(chart.stripe_balance("USD"), held, Money(7_000, "USD"))
    book.post("bt:1", "charge.collected", [leg], about=pledge.public_id)
    past_the_code(client, "finance")
    text = client.get("/en/office/programme/").content.decode()
    for by in (f"country&amp;key={pledge.country}", "region&amp;key="):
        assert f"/en/office/programme/held/?by={by}" in text
    rows = client.get(f"/en/office/programme/held/?by=country&key={pledge.country}")
    text = rows.content.decode()
    assert pledge.round.public_id in text
    assert "1,820,000\xa0₫" in text
    assert (
        pledge.reference
        in client.get(
            f"/en/office/programme/region/?key={region_of(pledge.country)}"
        ).content.decode()
    )
    for key in ("", "x", "%00", "%ED%A0%80", "9" * 500):
        for by in ("country", "region", "field", "x"):
            assert client.get(f"/en/office/programme/held/?by={by}&key={key}").status_code == 200
        assert client.get(f"/en/office/programme/region/?key={key}").status_code == 200


@pytest.mark.parametrize("key", ["", "x", "2026-13", "9999-99", "\0", "2026-1", "' OR 1=1 --"])
def test_bad_keys_find_nothing(key: str) -> None:
    assert not list(drill_down("month", key)) if "\0" not in key else True


def test_a_correction_is_written_once_and_listed(client: Client) -> None:
    snapshot = actions.take_snapshot(real_cells())
    past_the_code(client, "lead")
    address = f"/en/office/programme/{snapshot.version}/correct/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"text_vi": "", "text_en": "x"}).status_code == 400
    done = client.post(address, {"text_vi": "Sai một hàng.", "text_en": "One row was wrong."})
    assert done.status_code == 302
    assert Correction.objects.get().snapshot == snapshot
    assert "One row was wrong." in client.get("/en/office/programme/").content.decode()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_reports_are_printed_in_both_languages(client: Client, language: str) -> None:
    caches["memory"].clear()
    snapshot = actions.take_snapshot(example_cells(), is_example=True)
    pdf = client.get(f"/{language}/flows/{snapshot.version}.pdf")
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    content = client.get(f"/{language}/flows/{snapshot.version}.xlsx").content
    book = load_workbook(io.BytesIO(content))
    assert book["rows"].max_row == snapshot.row_count - 1
    facts = {row[0].value: row[1].value for row in book["snapshot"].iter_rows()}
    assert facts["head_sha256"] == snapshot.head_sha256

"""Receipts and statements: what really moved, in words and figures, for the person alone."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from backend.core.money import Money
from backend.core.number_words import money_in_words
from backend.funding.actions import charges, outcome, refunds, rounds
from backend.funding.models import ChargeObligation, Pledge
from backend.home.receipts import receipt_of
from backend.home.statement import period_of, statement_of
from tests.factories import a_pledge, an_investor, an_open_round
from tests.payments.walks import a_card_pledge, a_small_round, move_clocks
from tests.sandbox import Sandbox

TODAY = date(2026, 11, 26)


@pytest.fixture(autouse=True)
def vietnamese() -> Iterator[None]:
    with translation.override("vi"):
        yield


@pytest.mark.parametrize(
    ("minor", "currency", "vi", "en"),
    [
        (150_000, "USD", "một nghìn năm trăm đô la Mỹ", "one thousand five hundred US dollars"),
        (150_050, "USD", "một nghìn năm trăm đô la Mỹ và 50/100",
         "one thousand five hundred US dollars and 50/100"),
        (1005, "VND", "một nghìn không trăm linh năm đồng", "one thousand and five đồng"),
        (1_284_500_015, "VND",
         "một tỷ hai trăm tám mươi tư triệu năm trăm nghìn không trăm mười lăm đồng",
         "one billion two hundred and eighty-four million five hundred thousand and fifteen đồng"),
        (21, "JPY", "hai mươi mốt yên Nhật", "twenty-one Japanese yen"),
        (1_500_000_000_000, "VND", "một nghìn năm trăm tỷ đồng",
         "one trillion five hundred billion đồng"),
        (0, "VND", "không đồng", "zero đồng"),
    ],
)  # fmt: skip
def test_sums_stand_in_words(minor: int, currency: str, vi: str, en: str) -> None:
    money = Money(minor, currency)
    assert (money_in_words(money, "vi"), money_in_words(money, "en")) == (vi, en)


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "x"}, {"from": "2026-13-01"}, {"from": "0001-01-01"}, {"to": "9999-12-31"},
        {"from": "2026-05-02", "to": "2026-05-01"}, {"from": "2020-01-01", "to": "2026-01-01"},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_period_is_a_sentence(asked: dict[str, str]) -> None:
    assert period_of(asked, TODAY)[2]


def paid(sandbox: Sandbox) -> Pledge:
    """4,000 USD that were charged and are held."""
    round_ = a_small_round(title_vi="=HYPERLINK(1)", title_en="=HYPERLINK(1)")
    pledge = a_card_pledge(sandbox, round_, Money(400_000, "USD"))
    move_clocks(sandbox, days=31)
    rounds.close_round(round_)
    rounds.count_round(round_)
    charges.charge_due()
    outcome.settle_round(round_)
    return Pledge.objects.select_related("round__project", "investor").get(pk=pledge.pk)


def files_of(client: Client, **query: str) -> Any:
    return client.get(reverse("home:statement"), query)


@pytest.mark.django_db
def test_a_charge_has_one_receipt_on_page_and_paper_and_a_refund_stands_on_it(
    sandbox: Sandbox,
) -> None:
    pledge = paid(sandbox)
    client = Client()
    client.force_login(pledge.investor)
    page = client.get(reverse("home:receipt_page", args=[pledge.public_id])).content.decode()
    for expected in ("4.000,00", "bốn nghìn đô la Mỹ", "4242", pledge.reference):
        assert expected in page
    paper = client.get(reverse("home:receipt_file", args=[pledge.public_id]))
    assert paper.content.startswith(b"%PDF-")
    assert not receipt_of(pledge, "en").returned
    row = ChargeObligation.objects.get(pledge=pledge)
    refunds.refund_obligation(row, reason="x", amount=Money(100_000, "USD"))
    refunds.send_due()
    pledge.refresh_from_db()
    assert [r.money for r in receipt_of(pledge, "en").returned] == [Money(100_000, "USD")]
    year = date.today().year
    found = statement_of(pledge.investor, date(year, 1, 1), date(year + 1, 12, 31), "vi")
    total = found.totals[0]
    assert (total.charged.minor, total.returned.minor, total.held.minor) == (
        400_000, 100_000, 300_000,
    )  # fmt: skip
    reply = files_of(client, **{"from": f"{year}-01-01", "to": f"{year + 1}-12-31",
                                "format": "csv"})  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(reply.content.decode("utf-8-sig"))))
    assert [r["amount"] for r in rows if r["event"] == "returned"] == ["1000.00"]
    assert all(r["project"].startswith("'=") for r in rows), "no cell is a formula"
    paper = files_of(client, **{"to": f"{year + 1}-12-31", "from": f"{year}-01-01",
                                "format": "pdf"})  # fmt: skip
    assert (paper.headers["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")


@pytest.mark.django_db
def test_only_the_person_has_a_receipt_and_only_once_money_came_in(sandbox: Sandbox) -> None:
    waiting = a_pledge(an_open_round(), Money(10_000, "USD"))
    pledge = paid(sandbox)
    other = Client()
    other.force_login(an_investor())
    own = Client()
    own.force_login(waiting.investor)
    for name in ("home:receipt_page", "home:receipt_file"):
        assert other.get(reverse(name, args=[pledge.public_id])).status_code == 404
        assert Client().get(reverse(name, args=[pledge.public_id])).status_code == 302
        assert own.get(reverse(name, args=[waiting.public_id])).status_code == 404
    assert pledge.reference not in files_of(other).content.decode()
    assert files_of(Client()).status_code == 302


@pytest.mark.django_db
def test_a_period_that_is_none_is_said_beside_the_field() -> None:
    client = Client()
    client.force_login(an_investor())
    for format_ in ("", "csv", "pdf"):
        reply = files_of(client, **{"from": "x\0", "format": format_})
        assert reply.status_code == 400
        assert 'id="error-summary"' in reply.content.decode()

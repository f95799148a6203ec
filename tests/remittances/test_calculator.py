"""The calculator: exact sums, and a page that says what is wrong beside the field."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.http import urlencode
from hypothesis import given
from hypothesis import strategies as st

from backend.core.money import SHOWN_DIGITS, Money
from backend.funding.models import FxRate
from backend.remittances.calculator import (
    MAX_SENT_MINOR,
    TIMES,
    BadShare,
    Question,
    calculate,
    monthly_of,
    parse_share,
    share_of,
    unit_of,
)
from tests import factories

sums = st.builds(
    Money, st.integers(1, MAX_SENT_MINOR), st.sampled_from([c for c in SHOWN_DIGITS if c != "VND"])
)


@given(sums, st.sampled_from(list(TIMES)), st.integers(100, 9900), st.integers(0, 3000))
def test_the_parts_always_make_the_whole(sent: Money, every: str, bps: int, fee_bps: int) -> None:
    answer = calculate(Question(sent, every, bps), fee_bps=fee_bps, rate=Decimal("26000"))
    assert answer.each_redirected + answer.each_family == sent
    assert answer.net + answer.fee == answer.gross == answer.each_redirected * TIMES[every]
    assert answer.each_redirected.minor * 10_000 <= sent.minor * bps
    assert answer.each_redirected.minor % unit_of(sent.currency) == 0


@given(sums, st.sampled_from(list(TIMES)))
def test_a_month_of_it_is_never_more_than_a_twelfth_of_the_year(sent: Money, every: str) -> None:
    assert monthly_of(sent, every).minor * 12 <= sent.minor * TIMES[every]


def test_a_worked_example() -> None:
    answer = calculate(
        Question(Money(50_000, "USD"), "month", 1000), fee_bps=300, rate=Decimal(26_000)
    )
    assert answer.each_family == Money(45_000, "USD")
    assert (answer.gross.minor, answer.fee.minor, answer.net.minor) == (60_000, 1_800, 58_200)
    assert answer.net_vnd == Money(15_132_000, "VND")


def test_new_taiwan_dollars_get_no_cents() -> None:
    assert share_of(Money(100_050, "TWD"), 1000) == Money(10_000, "TWD")


@pytest.mark.parametrize("text", ["10", "10%", "12,5", "12.5 %", "1", "99", "98.99"])
def test_shares_that_are_understood(text: str) -> None:
    assert 100 <= parse_share(text) <= 9900


@pytest.mark.parametrize(
    "text", ["0", "0.5", "100", "101", "99.5", "-5", "", "x", "1e309", "٣", "١٠", "5.555", "\0"]
)
def test_shares_that_are_refused(text: str) -> None:
    with pytest.raises(BadShare):
        parse_share(text)


@pytest.fixture
def rates(db: Any) -> None:
    caches["memory"].clear()
    for code, rate in (("USD", 26_000), ("JPY", 170), ("TWD", 808)):
        FxRate.objects.create(
            base=code, quote="VND", rate=rate, as_of=timezone.now() - timedelta(days=400),
            source="sample rate", is_sample=True,
        )  # fmt: skip


def asked(**changes: str) -> dict[str, str]:
    return {"amount": "500", "currency": "USD", "every": "month", "share": "10", **changes}


@pytest.mark.usefixtures("rates")
def test_the_page_answers_without_a_script_or_a_cookie(client: Client) -> None:
    factories.a_listed_project(goal_minor=1_000_000_000, min_ticket_minor=1_000_000)
    response = client.get("/en/calculator/", asked())
    text = response.content.decode()
    assert response.status_code == 200
    assert "15,132,000\xa0₫" in text
    assert "450\xa0USD" in text
    assert "Sample rate of" in text
    assert "Nothing is promised" in text
    assert "1 of 1" in text
    assert not response.cookies
    assert "public" in response.headers["Cache-Control"]


@pytest.mark.usefixtures("rates")
def test_the_landing_page_shows_a_worked_example(client: Client) -> None:
    assert "15.132.000\xa0₫" in client.get("/vi/").content.decode()


@pytest.mark.usefixtures("rates")
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"share": "0"}, "share"), ({"share": "100"}, "share"), ({"share": "101"}, "share"),
        ({"share": "-3"}, "share"), ({"share": "1e309"}, "share"), ({"share": ""}, "share"),
        ({"amount": "-500"}, "amount"), ({"amount": "0"}, "amount"), ({"amount": ""}, "amount"),
        ({"amount": "1e309"}, "amount"), ({"amount": "x" * 10_000}, "amount"),
        ({"amount": "9" * 40}, "amount"), ({"amount": "\0"}, "amount"),
        ({"amount": "\ud800"}, "amount"), ({"amount": "1.500"}, "amount"),
        ({"amount": "5.5", "currency": "JPY"}, "amount"),
        ({"amount": "1", "currency": "JPY", "share": "1"}, "amount"),
        ({"currency": "CHF"}, "currency"), ({"currency": "VND"}, "currency"),
        ({"currency": "XXX"}, "currency"), ({"every": "hour"}, "every"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence_at_its_field(
    client: Client, changes: dict[str, str], name: str
) -> None:
    query = {k: v.encode("utf-8", "surrogatepass") for k, v in asked(**changes).items()}
    response = client.get(f"/en/calculator/?{urlencode(query)}")
    assert response.status_code == 400
    assert response.context["calc"].errors.keys() == {name}
    assert f'id="c_{name}"' in response.content.decode()
    assert response.context["calc"].answer is None


@pytest.mark.usefixtures("rates")
def test_an_unclear_amount_offers_both_readings(client: Client) -> None:
    page = client.get("/en/calculator/", asked(amount="1.500")).context["calc"]
    addresses = [address for address, _name in page.readings]
    found = [client.get(f"/en/calculator/{a}").context["calc"].answer for a in addresses]
    assert [a.question.sent.minor for a in found] == [150, 150_000]


@pytest.mark.usefixtures("rates")
@pytest.mark.parametrize(
    ("age", "status", "is_old"), [(1, 200, False), (30, 200, True), (24 * 8, 400, False)]
)
def test_a_real_rate_is_marked_after_a_day_and_refused_after_a_week(
    client: Client, age: int, status: int, is_old: bool
) -> None:
    FxRate.objects.create(
        base="EUR", quote="VND", rate=28_200, as_of=timezone.now() - timedelta(hours=age),
        source="a bank",
    )  # fmt: skip
    response = client.get("/en/calculator/", asked(currency="EUR"))
    assert response.status_code == status
    assert response.context["calc"].is_rate_old is is_old
    assert ("older than a day" in response.content.decode()) is is_old


@pytest.mark.usefixtures("rates")
def test_terms_of_gated_forms_are_not_read(client: Client) -> None:
    factories.a_listed_project(instrument="loan", min_ticket_minor=1_000_000)
    assert client.get("/en/calculator/", asked()).context["reach"] == []


@pytest.mark.usefixtures("rates")
def test_the_answers_travel_into_joining(client: Client) -> None:
    url = client.get("/en/calculator/", asked(share="12.5")).context["next_url"]
    there = parse_qs(urlsplit(url).query)["next"][0]
    assert parse_qs(urlsplit(there).query) == {
        "amount": ["500"], "currency": ["USD"], "every": ["month"], "share": ["12.5"],
    }  # fmt: skip


@pytest.mark.usefixtures("rates")
def test_a_calculation_costs_at_most_four_queries(client: Client) -> None:
    for _ in range(3):
        factories.a_listed_project()
    with CaptureQueriesContext(connection) as queries:
        client.get("/en/calculator/", asked())
    assert len(queries) <= 4

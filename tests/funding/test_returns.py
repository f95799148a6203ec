"""Money that goes back by bank: owed at once, told where to, paid by two people, in the book."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backend.accounts.models import User
from backend.core.clock import app_now
from backend.core.models import AuditEvent
from backend.core.money import Money
from backend.funding.actions import bank_returns, banking, milestones, returns
from backend.funding.actions.banking import AccountDetails
from backend.funding.models import BankReturn, Pledge, Round
from backend.funding.queries import paid_back_by_month
from backend.home.portfolio import portfolio_of
from backend.home.receipts import receipt_of
from backend.home.statement import statement_of
from backend.ledger import book, chart, checks
from tests.factories import an_investor, an_officer
from tests.funding.test_milestones import (  # noqa: F401 (fixtures)
    finance,
    funded,
    officers,
    owner_of,
    part,
    refused,
    taken,
)

pytestmark = pytest.mark.django_db
WHERE = AccountDetails("NGUYEN VAN A", "Bank of Example, Berlin", "DE89370400440532013000")


def a_failed_milestone(round_: Round, officers: tuple[User, User], number: int = 1) -> None:  # noqa: F811
    row = part(round_, number)
    milestones.send_evidence(row, by=owner_of(round_), note="Xong", files=[taken()])
    milestones.judge_milestone(row, by=officers[0], outcome="fail", reason="Không đo được")
    milestones.confirm_finding(row, by=officers[1])
    returns.return_tranche(part(round_, number))


def pay(row: BankReturn, finance: tuple[User, User], reference: str) -> None:  # noqa: F811
    bank_returns.tell_destination(row, WHERE, by=row.pledge.investor)
    bank_returns.record_return(
        row, by=finance[0], bank_reference=reference, paid_on=date.today()
    )  # fmt: skip
    for _ in range(2):  # pressed twice
        bank_returns.confirm_return(row, by=finance[1])


def test_what_is_owed_goes_where_the_person_says_by_two_hands(
    funded: Round,  # noqa: F811
    finance: tuple[User, User],  # noqa: F811
    officers: tuple[User, User],  # noqa: F811
) -> None:
    a_failed_milestone(funded, officers)
    rows = list(BankReturn.objects.select_related("pledge__investor").order_by("id"))
    owed = book.balance(chart.refunds_pending("VND")).minor
    assert sum(row.amount_minor for row in rows) == owed > 0
    first, second = rows
    record: dict[str, Any] = {"bank_reference": "RT-1", "paid_on": date.today()}
    refused("no_account", bank_returns.record_return, first, by=finance[0], **record)
    refused("not_found", bank_returns.tell_destination, first, WHERE, by=an_investor())
    bank_returns.tell_destination(first, WHERE, by=first.pledge.investor)
    first.refresh_from_db()
    assert WHERE.number not in first.sealed
    assert bank_returns.read_destination(first, by=finance[0]) == WHERE
    assert AuditEvent.objects.filter(code="bank_return.read").count() == 1
    refused("not_allowed", bank_returns.record_return, first, by=officers[0], **record)
    bank_returns.record_return(first, by=finance[0], **record)
    refused("wrong_state", bank_returns.tell_destination, first, WHERE, by=first.pledge.investor)
    refused("four_eyes", bank_returns.confirm_return, first, by=finance[0])
    bank_returns.refuse_return(first, by=finance[1], reason="Không thấy")
    pay(first, finance, "RT-1")
    assert book.balance(chart.refunds_pending("VND")).minor == owed - first.amount_minor
    assert Pledge.objects.get(pk=first.pledge_id).status == "part_refunded"
    assert Pledge.objects.get(pk=second.pledge_id).status == "refunding"
    assert not checks.findings()


def test_the_rest_makes_it_whole_and_receipt_and_statement_tell_the_same(
    funded: Round,  # noqa: F811
    finance: tuple[User, User],  # noqa: F811
    officers: tuple[User, User],  # noqa: F811
) -> None:
    for number in (1, 2):
        a_failed_milestone(funded, officers, number)
        for count, row in enumerate(BankReturn.objects.exclude(status="paid")):
            pay(row, finance, f"RT-{number}-{count}")
    pledge = Pledge.objects.filter(round=funded).select_related("round__project").order_by("id")[0]
    assert pledge.status == "refunded"
    returned = receipt_of(pledge, "vi").returned
    assert sum(row.money.minor for row in returned) == pledge.amount_minor
    year = date.today().year
    total = statement_of(pledge.investor, date(year, 1, 1), date(year + 1, 12, 31), "vi").totals[0]
    assert (total.returned.minor, total.held.minor) == (pledge.amount_minor, 0)
    assert book.balance(chart.bank("VND")).minor == 0


def test_only_the_person_and_finance_reach_the_pages(
    funded: Round,  # noqa: F811
    officers: tuple[User, User],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backend.accounts.permissions.staff_code_problem", lambda request: None)
    a_failed_milestone(funded, officers)
    row = BankReturn.objects.select_related("pledge__investor").order_by("id")[0]
    mine = reverse("home:my_return", args=[row.public_id])
    desk = reverse("home:bank_return", args=[row.public_id])
    end = reverse("home:end_return", args=[row.public_id, "confirm"])
    people = {
        "stranger": None, "other": an_investor(), "owner": owner_of(funded),
        "person": row.pledge.investor, "officer": officers[0], "auditor": an_officer("auditor"),
    }  # fmt: skip
    for name, user in people.items():
        client = Client()
        if user is not None:
            client.force_login(user)
        for address in (mine, desk, end):
            reply = client.post(address) if address == end else client.get(address)
            if name == "person" and address == mine:
                assert reply.status_code in {200, 302}, name
            else:
                assert reply.status_code in {302, 403, 404}, (name, address)
    row.refresh_from_db()
    assert row.status == "owed"


def test_what_owners_report_is_there_for_portfolio_and_flows(
    funded: Round,  # noqa: F811
    officers: tuple[User, User],  # noqa: F811
) -> None:
    today = date.today()
    for minor in (2_000_000, 3_000_000):
        row = banking.report_payback(
            funded, by=owner_of(funded), money=Money(minor, "VND"), paid_on=today, note="",
            proof=taken(),
        )  # fmt: skip
    banking.verify_payback(row, by=officers[0])
    found = [(r.is_verified, r.sum.minor, r.rounds) for r in paid_back_by_month()]
    assert found == [(False, 2_000_000, 1), (True, 3_000_000, 1)]
    person = Pledge.objects.filter(round=funded).select_related("investor")[0].investor
    (line,) = portfolio_of(person, "vi", app_now()).rows
    assert [(p.is_verified, p.money.minor) for p in line.paybacks] == [
        (True, 3_000_000), (False, 2_000_000),
    ]  # fmt: skip


def test_bank_details_are_read_after_a_fresh_sign_in_only(
    funded: Round,  # noqa: F811
    finance: tuple[User, User],  # noqa: F811
    officers: tuple[User, User],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backend.accounts.permissions.staff_code_problem", lambda request: None)
    a_failed_milestone(funded, officers)
    row = BankReturn.objects.select_related("pledge__investor").order_by("id")[0]
    bank_returns.tell_destination(row, WHERE, by=row.pledge.investor)
    client = Client()
    client.force_login(finance[0])
    reply = client.get(reverse("home:bank_return", args=[row.public_id]))
    assert reply.status_code == 302
    assert "again" in reply.headers["Location"]
    client.force_login(row.pledge.investor)
    form = {"holder": "A", "bank_name": "B", "number": "12345678"}
    reply = client.post(reverse("home:my_return", args=[row.public_id]), form)
    assert "again" in reply.headers["Location"]
    assert "12345678" not in str(dict(client.session.items())), "nothing sent is kept"
    assert not AuditEvent.objects.filter(code="bank_return.read").exists()

"""Completing a payment at one's bank, and the list of what does not add up, as people use them."""

import pytest
from django.test import Client
from django.urls import reverse

from backend.accounts.models import User
from backend.core.models import AuditEvent
from backend.funding.actions import breaks, cards, charges, payment_links
from backend.funding.models import ChargeObligation, ReconciliationBreak
from backend.notifications.catalogue import Happened
from backend.notifications.entries import entries_of
from tests import factories
from tests.payments.walks import a_due_charge, fresh, move_clocks, run
from tests.sandbox import ALWAYS_ASKS, Sandbox

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def a_charge_that_asks(sandbox: Sandbox) -> ChargeObligation:
    row = a_due_charge(sandbox, number=ALWAYS_ASKS)
    run()
    return fresh(row)


def page(name: str, row: ChargeObligation) -> str:
    return reverse(f"home:{name}", args=[row.pledge.public_id])


def test_row_74_the_link_leads_to_the_bank_and_back_and_works_once(sandbox: Sandbox) -> None:
    row = a_charge_that_asks(sandbox)
    client = signed_in(row.pledge.investor)
    link = reverse("home:pay_link", args=[payment_links.token_of(row)])
    shown = client.get(link, follow=True)
    assert shown.status_code == 200
    assert b"form-action" in shown.headers["Content-Security-Policy"].encode()
    first = client.post(page("pledge_pay", row))
    second = client.post(page("pledge_pay", row))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert first.headers["Location"].startswith(sandbox.base)
    assert client.get(link).status_code == 410
    sandbox.told("authenticate", payment_intent=row.stripe_intent_id)
    back = client.get(page("pledge_paid", row), follow=True)
    assert back.status_code == 200
    assert fresh(row).pledge.status == "collected"
    assert sandbox.charges_of(row) == [400_000]
    assert client.get(page("pledge_pay", row)).status_code == 302


def test_row_74_a_link_that_was_passed_on_opens_nothing(sandbox: Sandbox) -> None:
    row = a_charge_that_asks(sandbox)
    stranger = signed_in(factories.a_user())
    token = payment_links.token_of(row)
    for path in (
        reverse("home:pay_link", args=[token]), page("pledge_pay", row), page("pledge_paid", row),
    ):  # fmt: skip
        assert stranger.get(path).status_code == 404
    assert stranger.post(page("pledge_pay", row)).status_code == 404
    assert Client().get(reverse("home:pay_link", args=[token])).status_code == 302
    changed = reverse("home:pay_link", args=[token[:-2] + "xx"])
    assert signed_in(row.pledge.investor).get(changed).status_code == 404
    assert sandbox.effects() == []


def test_when_stripe_does_not_answer_nothing_is_lost(sandbox: Sandbox) -> None:
    row = a_charge_that_asks(sandbox)
    client = signed_in(row.pledge.investor)
    sandbox.fault("503", "/v1/payment_intents", method="GET")
    moved = client.post(page("pledge_pay", row))
    assert moved.headers["Location"] == page("pledge_pay", row)
    assert client.get(page("pledge_pay", row)).status_code == 200
    assert charges.confirm_on_session(row, return_url="https://x.example/").startswith("http")


def test_the_pledges_page_offers_the_bank(sandbox: Sandbox) -> None:
    row = a_charge_that_asks(sandbox)
    shown = signed_in(row.pledge.investor).get(page("pledge", row))
    assert page("pledge_pay", row) in shown.content.decode()


def test_only_finance_sees_what_does_not_add_up() -> None:
    breaks.open_break("balance", "stripe_balance:USD")
    row = ReconciliationBreak.objects.get()
    for user in (factories.a_user(), factories.an_officer("lead")):
        client = signed_in(user)
        assert client.get(reverse("home:breaks")).status_code in {302, 403, 404}
        assert client.get(reverse("home:breaks_csv")).status_code in {302, 403, 404}
        for verb in ("take", "explain", "close", "refuse"):
            path = reverse("home:break_verb", args=[row.public_id, verb])
            assert client.post(path, {"note": "x"}).status_code in {302, 403, 404}
    row.refresh_from_db()
    assert (row.state, row.owner_id) == ("open", None)


def test_the_mail_leads_to_the_bank_and_reminders_come_once_each(sandbox: Sandbox) -> None:
    row = a_charge_that_asks(sandbox)
    told = AuditEvent.objects.get(code="pledge.action_required", subject_id=row.pledge.public_id)
    [entry] = entries_of("pledge.action_required")
    notice = entry.words(Happened(told, row.pledge), row.pledge.investor)
    assert notice is not None
    shown = signed_in(row.pledge.investor).get(f"/en/{notice.path}")
    assert shown.headers["Location"].endswith(page("pledge_pay", row)[3:])
    [reminder] = entries_of("pledge.payment_waits")
    first = AuditEvent.objects.get(code="pledge.payment_waits")
    assert list(reminder.readers(Happened(first, row.pledge))) == []
    first.data = {"number": 2}
    assert list(reminder.readers(Happened(first, row.pledge))) == [row.pledge.investor]


def test_a_declined_payment_says_so_and_not_that_the_bank_asks(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    card = cards.card_of(row.pledge)
    assert card is not None
    outcomes = ["insufficient_funds", "stolen_card"]
    sandbox.told("card", payment_method=card.payment_method, outcomes=outcomes)
    client, address = signed_in(row.pledge.investor), page("pledge", row).replace("/vi/", "/en/")
    run()
    text = client.get(address).content.decode()
    assert "We try again after" in text
    move_clocks(sandbox, days=33)
    run()
    text = client.get(address).content.decode()
    assert fresh(row).status == "hard_failed"
    assert "The payment was not approved" in text
    assert "Your bank wants you to confirm" not in text
    assert not {"stolen", "lost"} & set(text.lower().split())
    ChargeObligation.objects.filter(pk=row.pk).update(reason="no_card")
    assert "save a card before" in client.get(address).content.decode()

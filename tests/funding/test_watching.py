"""What is looked at every day: cards that end too early, breaks that somebody must hear of."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from backend.core.models import AuditEvent
from backend.core.money import Money
from backend.funding.actions import expiry
from backend.funding.actions.breaks import open_break
from backend.funding.actions.cards import card_of
from backend.funding.models import FxRate, Pledge
from backend.notifications import tasks
from backend.notifications.models import Notification
from tests.factories import an_investor, an_officer, an_open_round
from tests.payments.walks import a_card_pledge, a_small_round, move_clocks
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db


def told() -> list[int]:
    events = AuditEvent.objects.filter(code=expiry.TOLD).order_by("id")
    return [event.data["stage"] for event in events]


def test_who_pledged_with_a_card_that_ends_too_early_is_told_twice(sandbox: Sandbox) -> None:
    round_ = a_small_round()
    pledge = a_card_pledge(sandbox, round_, Money(100_000, "USD"))
    card = card_of(pledge)
    assert card is not None
    assert expiry.warn_of_expiring_cards() == 0
    now = round_.opens_at
    ends = {"exp_month": now.month, "exp_year": now.year}
    if (round_.closes_at.year, round_.closes_at.month) == (now.year, now.month):
        ends = {"exp_month": 1, "exp_year": now.year}
    sandbox.told("card", payment_method=card.payment_method, **ends)
    type(card).objects.filter(pk=card.pk).update(**ends)
    move_clocks(sandbox, days=1)
    assert [expiry.warn_of_expiring_cards() for _ in range(2)] == [1, 0]
    move_clocks(sandbox, days=25)
    assert [expiry.warn_of_expiring_cards() for _ in range(2)] == [1, 0]
    assert told() == [30, 7]
    client = Client()
    client.force_login(pledge.investor)
    page = client.get(reverse("home:pledge", args=[pledge.public_id])).content.decode()
    assert reverse("home:pledge_card", args=[pledge.public_id]) in page


def test_a_card_that_the_bank_prolonged_is_no_news(sandbox: Sandbox) -> None:
    pledge = a_card_pledge(sandbox, a_small_round(), Money(100_000, "USD"))
    card = card_of(pledge)
    assert card is not None
    type(card).objects.filter(pk=card.pk).update(exp_month=1, exp_year=2020)
    assert expiry.warn_of_expiring_cards() == 0


def test_finance_officers_hear_of_a_break() -> None:
    officer = an_officer("finance")
    open_break("balance", "stripe_balance:USD", money=Money(500, "USD"), detail="x")
    tasks.tell_people()
    found = Notification.objects.filter(recipient=officer)
    assert any("stripe_balance:USD" in row.subject_en for row in found)


def test_too_many_events_from_one_network_are_asked_to_come_again(settings: Any) -> None:
    settings.WEBHOOK_CALLS_A_MINUTE = 2
    client = Client()
    replies = [client.post("/webhooks/stripe/", b"x", content_type="application/json")
               for _ in range(3)]  # fmt: skip
    assert [reply.status_code for reply in replies] == [400, 400, 429]
    assert int(replies[-1].headers["Retry-After"]) >= 1


def test_an_expired_rate_is_a_sentence_beside_the_form_and_stores_nothing() -> None:
    round_ = an_open_round()
    client = Client()
    client.force_login(an_investor())
    FxRate.objects.update(is_sample=False, as_of="2020-01-01T00:00:00Z")
    with translation.override("vi"):
        address = reverse("home:pledge_start", args=[round_.project.public_id])
        sent = client.post(address, {"amount": "200", "currency": "USD", "token": "t"})
    assert sent.status_code == 400
    assert "VND" in sent.content.decode()
    assert not Pledge.objects.exists()

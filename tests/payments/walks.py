"""Pledges with real saved cards, rounds that reached their goal: the product's own road."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from backend.accounts.models import User
from backend.core.clock import set_demo_offset
from backend.core.money import Money
from backend.funding.actions import cards, charges, pledges, rounds
from backend.funding.models import ChargeObligation, FxRate, Pledge, Round
from tests import factories
from tests.sandbox import VISA, Sandbox

RETURN = "https://site.example/vi/pledges/{setup}"


def a_small_round(**changes: Any) -> Round:
    """Goal 100,000,000 ₫; one pledge of 4,000 USD reaches it."""
    changes = {
        "goal_minor": 100_000_000,
        "milestones": [
            {
                "title_vi": "Một", "title_en": "One", "evidence_vi": "Số liệu",
                "evidence_en": "Data", "months_after_close": 3, "amount_minor": 100_000_000,
            }
        ],
        "budget": [{"item_vi": "Máy", "item_en": "Kit", "amount_minor": 100_000_000}],
        "hard_cap_minor": 400_000_000,
    } | changes  # fmt: skip
    round_ = factories.an_open_round(**changes)
    # Sample rates do not go stale while the clock is moved.
    FxRate.objects.update(is_sample=True)
    return round_


def a_card_pledge(
    sandbox: Sandbox, round_: Round, money: Money, number: str = VISA, by: User | None = None
) -> Pledge:
    """A pledge whose card was saved on the hosted page."""
    draft = factories.a_draft_pledge(round_, money, by=by)
    pledge = pledges.confirm_pledge(
        draft, by=draft.investor, agreed_text="I have read the risks.", language="en"
    )
    save_card(sandbox, pledge, number)
    pledge.refresh_from_db()
    return pledge


def save_card(sandbox: Sandbox, pledge: Pledge, number: str = VISA) -> Any:
    url = cards.start_card_setup(pledge, by=pledge.investor, return_url=RETURN)
    sandbox.save_card(url, number)
    return cards.confirm_card_setup(url.rsplit("/", 1)[1])


def move_clocks(sandbox: Sandbox, **ahead: float) -> None:
    """Both clocks to so far ahead of now: `app_now()` and the sandbox's."""
    offset = timedelta(**ahead)
    set_demo_offset(offset)
    sandbox.told("clock", offset_s=offset.total_seconds())


def close(round_: Round) -> Round:
    rounds.close_round(round_)
    rounds.count_round(round_)
    round_.refresh_from_db()
    return round_


def a_due_charge(
    sandbox: Sandbox, money: Money | None = None, number: str = VISA
) -> ChargeObligation:
    """An obligation whose time has come: the round closed, the time to withdraw over."""
    round_ = a_small_round()
    pledge = a_card_pledge(sandbox, round_, money or Money(400_000, "USD"), number)
    move_clocks(sandbox, days=31)
    close(round_)
    return ChargeObligation.objects.get(pledge=pledge)


def run(sandbox: Sandbox | None = None) -> int:
    """What the worker does now."""
    return charges.charge_due()


def fresh(row: ChargeObligation) -> ChargeObligation:
    return ChargeObligation.objects.select_related("pledge", "round").get(pk=row.pk)


def now() -> Any:
    return timezone.now()

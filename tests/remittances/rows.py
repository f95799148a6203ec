"""Plans for tests, made by the product's own actions."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from backend.accounts.models import User
from backend.core.clock import app_now, set_demo_offset
from backend.core.models import ClockOffset
from backend.funding.models import FxRate
from backend.matching.catalogue import forget_catalogue
from backend.remittances import actions
from backend.remittances.actions import Wishes
from backend.remittances.models import PlanRun, RemittancePlan
from tests import factories

AGREED = "Each month part of what I send home is pledged by my own rules."
USUAL = Wishes(
    country="US", zone="America/Los_Angeles", day=15, veto_days=5, currency="USD",
    sent_minor=100_000, share_bps=2500, fixed_minor=None, project_cap_minor=10_000,
    year_cap_minor=300_000, on_silence="pledge",
)  # fmt: skip


def wishes(**changes: Any) -> Wishes:
    return replace(USUAL, **changes)


def a_plan(by: User | None = None, **changes: Any) -> RemittancePlan:
    """1,000 USD a month from California, a quarter of it, at most 100 USD for one project."""
    factories.some_rates()
    return actions.create_plan(
        wishes(**changes), by=by or factories.an_investor("US"), agreed_text=AGREED, language="en"
    )


def rounds(count: int = 3, **changes: Any) -> list[Any]:
    """Rounds that stay open for nearly as long as a round may, by the moved clock."""
    row = ClockOffset.objects.filter(id=1).first()
    days = 118 + (row.offset.days if row else 0)
    opened = [factories.an_open_round(days=days, **changes) for _ in range(count)]
    # Plans look hours later; the catalogue is checked again after two seconds, tests do not wait.
    forget_catalogue()
    return opened


def move_to_proposal(plan: RemittancePlan) -> None:
    """Set the clock an hour after the coming proposal."""
    from backend.remittances.queries import coming_period

    coming = coming_period(plan, app_now())
    assert coming is not None
    _jump(coming.proposal_at - app_now() + timedelta(hours=1))


def move_past(run: PlanRun) -> None:
    """Set the clock a minute after the time to remove."""
    assert run.pledges_at is not None
    _jump(run.pledges_at - app_now() + timedelta(minutes=1))


def move_days(days: float) -> None:
    _jump(timedelta(days=days))


def _jump(by: timedelta) -> None:
    row = ClockOffset.objects.filter(id=1).first()
    set_demo_offset((row.offset if row else timedelta(0)) + by)
    # Rates of the new day, or every pledge would be refused for an old one.
    for code, rate in (("USD", 26_000), ("EUR", 28_000), ("JPY", 170)):
        FxRate.objects.create(base=code, quote="VND", rate=rate, as_of=app_now(), source="later")
    # The process measures the catalogue's age by its own clock, which did not jump.
    forget_catalogue()

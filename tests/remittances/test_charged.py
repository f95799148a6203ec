"""What a plan really charges: the sandbox's effects are the oracle, not our own rows."""

import pytest

from backend.core.models import ClockOffset
from backend.core.money import Money
from backend.funding import stripe_gateway as gateway
from backend.funding import tasks
from backend.funding.actions import cards, pledges, rounds
from backend.funding.models import CardSetup, ChargeObligation, Pledge, Round
from backend.remittances import actions, run_actions
from backend.remittances.models import PlanRun
from tests import factories
from tests.payments import walks
from tests.remittances import rows
from tests.sandbox import Sandbox

pytestmark = pytest.mark.django_db
FOUR_THOUSAND = 400_000


def both_clocks(sandbox: Sandbox) -> None:
    row = ClockOffset.objects.get(id=1)
    sandbox.told("clock", offset_s=row.offset.total_seconds())


def a_proposal_with_a_card(sandbox: Sandbox, count: int) -> tuple[PlanRun, Pledge]:
    """12,000 USD of a month over so many rounds, each reached by 4,000; a card is saved already,
    behind a pledge of another round."""
    person = factories.an_investor("US")
    before = walks.a_card_pledge(
        sandbox, walks.a_small_round(days=118), Money(10_000, "USD"), by=person
    )
    for _ in range(count):
        walks.a_small_round(days=118)
    rows.forget_catalogue()
    plan = rows.a_plan(
        by=person, sent_minor=4_800_000, share_bps=2_500, project_cap_minor=FOUR_THOUSAND,
        year_cap_minor=1_200_000,
    )  # fmt: skip
    rows.move_to_proposal(plan)
    both_clocks(sandbox)
    run_actions.look_at_plans()
    return PlanRun.objects.select_related("plan").get(plan=plan), before


def confirmed(sandbox: Sandbox, run: PlanRun) -> PlanRun:
    rows.move_past(run)
    both_clocks(sandbox)
    run_actions.look_at_plans()
    run.refresh_from_db()
    return run


def collect(sandbox: Sandbox, run: PlanRun) -> None:
    """The rounds close, long after the time to withdraw; the worker charges, twice."""
    rows.move_days(118)
    both_clocks(sandbox)
    for round_ in Round.objects.filter(pk__in=run.lines.values("round")):
        rounds.close_round(round_)
        rounds.count_round(round_)
    for _ in range(2):
        walks.run()


def charged(sandbox: Sandbox) -> dict[str, list[int]]:
    """By the project's id: what the provider really took."""
    found: dict[str, list[int]] = {}
    for row in ChargeObligation.objects.select_related("round__project"):
        found.setdefault(row.round.project.public_id, []).extend(sandbox.charges_of(row))
    return {project: sums for project, sums in found.items() if sums}


def test_no_charge_passes_the_share_a_cap_or_a_veto(sandbox: Sandbox) -> None:
    run, before = a_proposal_with_a_card(sandbox, 3)
    lines = list(run.lines.select_related("round__project").order_by("pk"))
    assert len(lines) >= 2
    vetoed = next(line for line in lines if line.round_id != before.round_id)
    actions.remove_line(vetoed, by=run.plan.investor)
    run = confirmed(sandbox, run)
    made = Pledge.objects.filter(plan_line__run=run)
    assert {p.status for p in made} == {"active"}, "the saved card stands behind each"
    before.refresh_from_db()
    pledges.withdraw_pledge(before, by=run.plan.investor)
    assert sandbox.effects() == [], "nothing is charged before a round has reached its target"
    collect(sandbox, run)
    taken = charged(sandbox)
    assert taken
    assert vetoed.round.project.public_id not in taken
    assert all(len(sums) == 1 and sums[0] <= FOUR_THOUSAND for sums in taken.values())
    assert sum(sum(sums) for sums in taken.values()) <= run.plan.share.minor == 1_200_000
    assert sum(e["amount"] for e in sandbox.effects()) == sum(s for x in taken.values() for s in x)


def test_a_card_stays_while_another_pledge_waits_for_it(sandbox: Sandbox) -> None:
    run, before = a_proposal_with_a_card(sandbox, 2)
    run = confirmed(sandbox, run)
    made = list(Pledge.objects.filter(plan_line__run=run, status="active").order_by("pk"))
    assert len(made) >= 2
    shared = CardSetup.objects.filter(pledge=made[0]).get().payment_method
    behind = CardSetup.objects.filter(payment_method=shared, status="saved")
    assert behind.count() == len(made) + 1
    for left, pledge in enumerate((*made, before)):
        assert gateway.card(shared)[1], "it stands behind another pledge too"
        cards.forget_cards(pledge)
        assert behind.count() == len(made) - left
    assert not gateway.card(shared)[1], "the provider keeps no card that nothing waits for"


@pytest.mark.parametrize("year", [2020, 2099])
def test_an_expired_card_is_never_put_behind_a_pledge(sandbox: Sandbox, year: int) -> None:
    run, _before = a_proposal_with_a_card(sandbox, 1)
    CardSetup.objects.update(exp_year=year)
    run = confirmed(sandbox, run)
    made = Pledge.objects.filter(plan_line__run=run)
    assert made
    assert {p.status for p in made} == ({"active"} if year == 2099 else {"card_pending"})
    if year == 2020:
        assert cards.card_of(made[0]) is None
        rows.move_days(2)
        both_clocks(sandbox)
        tasks.close_rounds()
        assert {p.status for p in made.all()} == {"lapsed"}, "its place is given back in time"
        assert sandbox.effects() == []

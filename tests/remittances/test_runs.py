"""A plan from its first month on: proposal, removal, pledges, pauses, what must never happen."""

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from backend.core import audit
from backend.core.clock import app_now, set_demo_offset
from backend.core.errors import Conflict, ManyInvalid, NotFound
from backend.core.models import ClockOffset
from backend.funding.models import Pledge
from backend.matching.actions import dismiss_project
from backend.remittances import actions, run_actions, workflow
from backend.remittances.models import DayAllocation, PlanLine, PlanRun, RemittancePlan
from backend.remittances.workflow import PlanStatus, RunStatus
from tests import factories
from tests.remittances import rows

pytestmark = pytest.mark.django_db


def a_proposal(plan: RemittancePlan | None = None, **changes: Any) -> PlanRun:
    plan = plan or rows.a_plan(**changes)
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    return PlanRun.objects.select_related("plan").get(plan=plan, status=RunStatus.PROPOSED)


def test_a_month_goes_from_proposal_to_ordinary_pledges() -> None:
    rows.rounds(4)
    run = a_proposal()
    lines = list(run.lines.all())
    assert sum(line.amount_minor for line in lines) <= run.available_minor == 25_000
    assert all(line.amount_minor <= 10_000 for line in lines)
    assert len(lines) == 3
    assert all(line.reasons["vi"] and line.reasons["en"] for line in lines)
    # Nothing was answered: the line says so instead of "0 of 100 points by what you told us".
    assert {line.reasons["en"][0][0] for line in lines} == {"none"}
    assert not Pledge.objects.exists()
    rows.move_past(run)
    run_actions.look_at_plans()
    run.refresh_from_db()
    assert run.status == RunStatus.CONFIRMED
    pledges = list(Pledge.objects.order_by("pk"))
    assert sum(p.amount_minor for p in pledges) == run.pledged_minor
    assert {p.status for p in pledges} == {"card_pending"}
    assert all(p.cooling_until for p in pledges)


def test_what_is_fired_twice_happens_once() -> None:
    rows.rounds(2)
    run = a_proposal()
    run_actions.look_at_plans()
    assert PlanRun.objects.count() == 1
    rows.move_past(run)
    for _ in range(3):
        run_actions.look_at_plans()
        run_actions.confirm_run(run)
    assert Pledge.objects.count() == run.lines.count()
    assert PlanRun.objects.count() == 1


def test_a_removed_project_is_not_pledged_and_its_sum_stays() -> None:
    rows.rounds(3)
    run = a_proposal()
    first = run.lines.order_by("pk")[0]
    actions.remove_line(first, by=run.plan.investor)
    actions.keep_line(first, by=run.plan.investor)
    actions.remove_line(first, by=run.plan.investor)
    rows.move_past(run)
    run_actions.look_at_plans()
    first.refresh_from_db()
    assert first.pledge is None
    assert Pledge.objects.count() == run.lines.count() - 1
    assert not Pledge.objects.filter(round=first.round).exists()


def test_what_a_person_left_out_is_neither_proposed_nor_pledged(client: Client) -> None:
    first, second, third = [row.project for row in rows.rounds(3)]
    plan = rows.a_plan()
    me = plan.investor
    dismiss_project(first, user=me, by=me, reason="owner")
    run = a_proposal(plan)
    assert {line.round.project_id for line in run.lines.all()} == {second.pk, third.pk}
    dismiss_project(second, user=me, by=me, reason="other")
    client.force_login(me)
    page = client.get(f"/en/me/plans/{plan.public_id}/").content.decode()
    assert "so nothing will be pledged to it" in page
    assert "Agree to 100" in page
    rows.move_past(run)
    run_actions.look_at_plans()
    assert [p.round.project_id for p in Pledge.objects.all()] == [third.pk]
    assert run.lines.get(round__project=second).refused_code == "left_out"
    page = client.get(f"/vi/me/plans/{plan.public_id}/").content.decode()
    assert "nên không có khoản cam kết nào cho dự án" in page


@pytest.mark.parametrize("act", ["pause_plan", "stop_plan"])
def test_pausing_or_stopping_ends_the_proposal(act: str) -> None:
    rows.rounds(2)
    run = a_proposal()
    getattr(actions, act)(run.plan, by=run.plan.investor)
    rows.move_past(run)
    run_actions.look_at_plans()
    run.refresh_from_db()
    assert run.status == RunStatus.SKIPPED
    assert not Pledge.objects.exists()


def test_silence_means_what_was_chosen_and_a_press_counts_instead() -> None:
    rows.rounds(2)
    silent = a_proposal(rows.a_plan(on_silence="nothing"))
    rows.move_past(silent)
    run_actions.look_at_plans()
    silent.refresh_from_db()
    assert (silent.status, silent.end_reason) == (RunStatus.SKIPPED, "silence")
    agreed = a_proposal(silent.plan)
    actions.agree_to_proposal(agreed, by=agreed.plan.investor)
    rows.move_past(agreed)
    run_actions.look_at_plans()
    agreed.refresh_from_db()
    assert agreed.status == RunStatus.CONFIRMED


def test_a_skipped_month_pledges_nothing_and_the_next_one_goes_on() -> None:
    rows.rounds(2)
    run = a_proposal()
    actions.skip_period(run, by=run.plan.investor)
    rows.move_past(run)
    run_actions.look_at_plans()
    assert not Pledge.objects.exists()
    following = a_proposal(RemittancePlan.objects.get())
    assert following.period > run.period


def test_after_the_time_nothing_of_the_proposal_can_be_changed() -> None:
    rows.rounds(1)
    run = a_proposal()
    rows.move_past(run)
    line = run.lines.get()
    for act in (actions.remove_line, actions.keep_line):
        with pytest.raises(Conflict):
            act(line, by=run.plan.investor)
    with pytest.raises(Conflict):
        actions.skip_period(run, by=run.plan.investor)


def test_months_that_were_missed_are_written_down_and_not_made_up_for() -> None:
    rows.rounds(2)
    plan = rows.a_plan()
    rows.move_days(95)
    run_actions.look_at_plans()
    statuses = list(plan.runs.order_by("period").values_list("status", flat=True))
    assert statuses[-1] == RunStatus.PROPOSED
    assert set(statuses[:-1]) == {RunStatus.MISSED}
    assert len(statuses) >= 2


@pytest.mark.parametrize(
    ("when", "cap", "status", "carried"),
    [("nothing", None, "empty", 0), ("carry", 40_000, "empty", 25_000),
     ("carry", 5_000, "empty", 5_000), ("wait", None, "waiting", 0)],
)  # fmt: skip
def test_when_nothing_fits_the_investors_answer_decides(
    when: str, cap: int | None, status: str, carried: int
) -> None:
    plan = rows.a_plan(when_nothing=when, carry_cap_minor=cap)
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    plan.refresh_from_db()
    assert plan.runs.get().status == status
    assert plan.carried_minor == carried


def test_a_waiting_month_is_proposed_when_a_project_comes() -> None:
    plan = rows.a_plan(when_nothing="wait")
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    rows.rounds(1)
    run_actions.look_at_plans()
    assert plan.runs.get().status == RunStatus.PROPOSED


def test_what_was_carried_over_is_used_within_the_cap() -> None:
    plan = rows.a_plan(when_nothing="carry", carry_cap_minor=20_000, project_cap_minor=60_000)
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    rows.rounds(1)
    run = a_proposal(plan)
    assert run.available_minor == 45_000
    assert run.lines.get().amount_minor == 45_000


def test_the_year_is_never_passed() -> None:
    rows.rounds(4)
    plan = rows.a_plan(year_cap_minor=30_000, project_cap_minor=10_000)
    run = a_proposal(plan)
    rows.move_past(run)
    run_actions.look_at_plans()
    second = None
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    second = plan.runs.order_by("-period").first()
    assert second is not None
    total = sum(
        line.amount_minor
        for line in PlanLine.objects.filter(run__plan=plan, run__period__year=run.period.year)
    )
    assert total <= 30_000


def test_a_change_makes_the_proposal_again_with_a_whole_time() -> None:
    rows.rounds(4)
    run = a_proposal()
    actions.change_plan(
        run.plan, rows.wishes(project_cap_minor=5_000), by=run.plan.investor,
        agreed_text="other words", language="en",
    )  # fmt: skip
    run.refresh_from_db()
    assert run.status == RunStatus.WAITING
    run_actions.propose_waiting()
    run.refresh_from_db()
    assert run.status == RunStatus.PROPOSED
    assert all(line.amount_minor <= 5_000 for line in run.lines.all())
    assert run.pledges_at is not None
    assert (run.pledges_at - app_now()).days >= 4


def test_a_line_that_a_rule_of_pledging_refuses_is_left_out() -> None:
    opened = rows.rounds(2)
    run = a_proposal()
    RemittancePlan.objects.update(country="US")
    from backend.projects import actions as projects

    projects.suspend_project(
        opened[0].project, by=factories.an_officer("lead"), reason="Đang kiểm tra"
    )
    rows.move_past(run)
    run_actions.look_at_plans()
    run.refresh_from_db()
    assert run.status == RunStatus.CONFIRMED
    refused = run.lines.get(round=opened[0])
    assert refused.refused_code == "frozen"
    assert run.pledged_minor == run.lines.get(round=opened[1]).amount_minor


def test_a_rate_older_than_a_day_pledges_nothing_and_says_why() -> None:
    rows.rounds(1)
    run = a_proposal()
    assert run.pledges_at is not None
    offset = ClockOffset.objects.get(id=1).offset
    # Days later no newer rate has come.
    set_demo_offset(offset + (run.pledges_at - app_now()) + timedelta(minutes=1))
    run_actions.look_at_plans()
    run.refresh_from_db()
    assert (run.status, run.end_reason) == (RunStatus.EMPTY, "nothing_pledged")
    assert run.lines.get().refused_code == "rate_expired"


def test_ones_own_projects_are_never_proposed() -> None:
    owner = factories.an_investor("US")
    rows.rounds(1, owner=owner)
    plan = rows.a_plan(by=owner)
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    assert plan.runs.get().status == RunStatus.EMPTY


def test_fields_and_least_fit_are_kept() -> None:
    rows.rounds(2)
    plan = rows.a_plan(fields=("low_carbon_logistics",))
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    assert plan.runs.get().status == RunStatus.EMPTY


def test_all_plans_of_a_day_are_split_together_and_the_gap_is_kept() -> None:
    rows.rounds(2)
    plans = [rows.a_plan() for _ in range(3)]
    rows.move_to_proposal(plans[0])
    run_actions.look_at_plans()
    day = DayAllocation.objects.get()
    assert (day.plans, day.rounds, day.method) == (3, 2, "exact")
    assert day.value_vnd <= day.bound_vnd
    assert {r.allocation_id for r in PlanRun.objects.all()} == {day.pk}


def test_a_plan_of_somebody_else_does_not_exist() -> None:
    rows.rounds(1)
    run = a_proposal()
    stranger = factories.an_investor("US")
    for act in (actions.pause_plan, actions.stop_plan, actions.resume_plan):
        with pytest.raises(NotFound):
            act(run.plan, by=stranger)
    with pytest.raises(NotFound):
        actions.remove_line(run.lines.get(), by=stranger)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"share_bps": 0}, "share"), ({"share_bps": 10_000}, "share"),
        ({"country": "XX"}, "country"), ({"zone": "Mars/Base"}, "zone"), ({"day": 32}, "day"),
        ({"currency": "VND"}, "currency"), ({"currency": "CHF"}, "currency"),
        ({"project_cap_minor": 0}, "project_cap"), ({"year_cap_minor": 100}, "year_cap"),
        ({"field_cap_minor": 1}, "field_cap"), ({"instruments": ("loan",)}, "instruments"),
        ({"fields": ("x",)}, "fields"), ({"min_fit": 101}, "min_fit"),
        ({"veto_days": 1}, "veto_days"),
        ({"when_nothing": "carry"}, "carry_cap"), ({"on_silence": ""}, "on_silence"),
        ({"sent_minor": -5}, "share"),
    ],
)  # fmt: skip
def test_rules_that_do_not_hold_are_refused_by_name(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ManyInvalid) as refused:
        rows.a_plan(**changes)
    assert field in {error.field for error in refused.value.errors}
    assert not RemittancePlan.objects.exists()


def test_the_database_refuses_what_code_forgot() -> None:
    rows.rounds(2)
    run = a_proposal()
    line = run.lines.order_by("pk")[0]
    tries: list[tuple[type[Any], dict[str, Any]]] = [
        (PlanLine, {"amount_minor": line.amount_minor + 100}),
        (PlanRun, {"available_minor": run.available_minor + 1}),
        (PlanRun, {"share_minor": 25_001, "available_minor": 25_001}),
        (PlanRun, {"period": date(2031, 1, 1)}),
        (PlanRun, {"status": "missed"}),
        (RemittancePlan, {"carried_minor": 5}),
        (RemittancePlan, {"currency": "EUR"}),
        (RemittancePlan, {"share_bps": 10_000}),
    ]
    for model, values in tries:
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.all().update(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanRun.objects.create(
            plan=run.plan, period=run.period, plan_version=1, share_minor=0, carried_minor=0,
            available_minor=0,
        )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        PlanLine.objects.create(
            run=run, round=rows.rounds(1)[0], field="x", amount_minor=10_000, counts_vnd=1,
            score=1, limit="budget",
        )  # fmt: skip


def test_the_edges_in_the_database_are_those_of_the_table() -> None:
    for name, machine in (("plan", workflow.PLAN), ("run", workflow.RUN)):
        pairs = [(a, b) for a in machine.statuses for b in machine.statuses]
        with connection.cursor() as cursor:
            for a, b in pairs:
                cursor.execute(f"SELECT {name}_edge_is_legal(%s, %s)", [a, b])
                row = cursor.fetchone()
                assert row is not None
                assert bool(row[0]) == (machine.edge(a, b) is not None), (name, a, b)


def test_every_step_is_written_down() -> None:
    rows.rounds(1)
    run = a_proposal()
    rows.move_past(run)
    run_actions.look_at_plans()
    codes = [event.code for event in audit.events_of(run)]
    assert codes == ["plan_run.begun", "plan_run.proposed", "plan_run.pledged"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["pause", "run"])
def test_a_pause_that_races_the_run_stops_it_or_comes_after_it(first: str) -> None:
    """Two connections: whoever takes the plan's lock first wins, and the other sees it."""
    rows.rounds(2)
    run = a_proposal()
    rows.move_past(run)
    entered, release, done = threading.Event(), threading.Event(), threading.Event()

    def pause() -> None:
        actions.pause_plan(RemittancePlan.objects.get(pk=run.plan_id), by=run.plan.investor)

    def confirm() -> None:
        run_actions.confirm_run(PlanRun.objects.select_related("plan").get(pk=run.pk))

    leader, follower = (pause, confirm) if first == "pause" else (confirm, pause)

    def lead() -> None:
        with transaction.atomic():
            leader()
            entered.set()
            assert release.wait(20)
        connection.close()

    def follow() -> None:
        assert entered.wait(20)
        follower()
        done.set()
        connection.close()

    threads = [threading.Thread(target=lead), threading.Thread(target=follow)]
    for thread in threads:
        thread.start()
    assert entered.wait(20)
    assert not done.wait(0.5), "the second waits for the lock of the first"
    release.set()
    for thread in threads:
        thread.join(30)
    run.refresh_from_db()
    assert RemittancePlan.objects.get().status == PlanStatus.PAUSED
    if first == "pause":
        assert run.status == RunStatus.SKIPPED
        assert not Pledge.objects.exists()
    else:
        assert run.status == RunStatus.CONFIRMED
        assert Pledge.objects.exists()
    rows.move_days(60)
    before = Pledge.objects.count()
    run_actions.look_at_plans()
    assert Pledge.objects.count() == before

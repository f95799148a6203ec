"""Rounds and pledges through their actions: what is refused, what is fixed, what follows."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from backend.core.audit import events_of
from backend.core.errors import Conflict, DomainError, NotAllowed, NotFound
from backend.core.money import Money
from backend.core.workflow import Workflow
from backend.funding.actions import pledges, rounds
from backend.funding.models import FxRate, Pledge, Round, RoundClose
from backend.funding.workflow import PLEDGE, PLEDGE_LIVE, ROUND
from backend.projects import actions as projects
from backend.projects.models import ProjectSearch
from tests import factories
from tests.factories import (
    a_draft_pledge,
    a_pledge,
    a_user,
    an_investor,
    an_officer,
    an_open_round,
    days_later,
)

pytestmark = pytest.mark.django_db

USD = 26_000


def usd(amount: int) -> Money:
    return Money(amount * 100, "USD")


def vnd(amount: int) -> Money:
    return Money(amount, "VND")


def refused(code: str, call: Any, *args: Any, **kwargs: Any) -> DomainError:
    with pytest.raises(DomainError) as caught, transaction.atomic():
        call(*args, **kwargs)
    assert caught.value.code == code
    return caught.value


# --- opening ----------------------------------------------------------------------------------


def test_a_round_freezes_the_offered_terms_and_the_project_shows_it() -> None:
    row = an_open_round(terms={"what_vi": "Không hoàn lại"})
    assert (row.target_minor, row.hard_cap_minor) == (1_000_000_000, 1_100_000_000)
    assert row.terms == {"what_vi": "Không hoàn lại"}
    row.project.refresh_from_db()
    assert row.project.public_status == "open"
    assert ProjectSearch.objects.get(project=row.project).status_code == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Round.objects.filter(pk=row.pk).update(target_minor=1)


def test_only_a_lead_outside_the_owner_opens_a_round() -> None:
    project = factories.a_listed_project()
    closes = timezone.now() + timedelta(days=30)
    for person in (a_user(), an_officer(), an_officer("finance"), an_officer("signer")):
        with pytest.raises(NotAllowed):
            rounds.open_round(project, by=person, closes_at=closes)
    insider = an_officer("lead")
    project.owner.memberships.create(user=insider)
    with pytest.raises(NotAllowed):
        rounds.open_round(project, by=insider, closes_at=closes)
    assert not Round.objects.exists()


def test_no_round_opens_for_a_loan_or_a_frozen_project_or_twice() -> None:
    lead, closes = an_officer("lead"), timezone.now() + timedelta(days=30)
    loan = factories.a_listed_project(instrument="loan")
    refused("information_only", rounds.open_round, loan, by=lead, closes_at=closes)
    frozen = factories.a_listed_project()
    projects.freeze_project(frozen, by=lead, reason="x")
    refused("frozen", rounds.open_round, frozen, by=lead, closes_at=closes)
    draft = factories.a_draft()
    refused("not_listed", rounds.open_round, draft, by=lead, closes_at=closes)
    row = an_open_round()
    refused("round_exists", rounds.open_round, row.project, by=lead, closes_at=closes)


@pytest.mark.parametrize("days", [0.5, -1, 121])
def test_a_round_closes_within_sensible_days(days: float) -> None:
    project = factories.a_listed_project()
    closes = timezone.now() + timedelta(days=days)
    refused("out_of_range", rounds.open_round, project, by=an_officer("lead"), closes_at=closes)


# --- pledging ---------------------------------------------------------------------------------


def test_a_draft_reserves_nothing_and_a_confirmed_pledge_does() -> None:
    row = an_open_round()
    draft = a_draft_pledge(row, usd(150))
    row.refresh_from_db()
    assert row.reserved_minor == 0
    pledge = pledges.confirm_pledge(draft, by=draft.investor, agreed_text="x", language="vi")
    assert pledge.status == "card_pending"
    row.refresh_from_db()
    assert (row.reserved_minor, row.reserved_people) == (150 * USD, 1)
    assert pledge.cooling_until is not None
    assert pledge.confirmed_at is not None
    assert pledge.cooling_until - pledge.confirmed_at == timedelta(days=14)


def test_the_rate_is_locked_with_its_source_and_day() -> None:
    row = an_open_round()
    pledge = a_pledge(row, Money(10_000, "JPY"))
    assert (pledge.target_minor, pledge.rate_source) == (1_700_000, "test")
    assert pledge.rates.count() == 1
    FxRate.objects.create(base="JPY", quote="VND", rate=200, as_of=timezone.now(), source="test 2")
    pledge.refresh_from_db()
    assert pledge.target_minor == 1_700_000
    with pytest.raises(IntegrityError), transaction.atomic():
        Pledge.objects.filter(pk=pledge.pk).update(target_minor=2_000_000)


def test_a_rate_that_moved_is_shown_before_the_promise_is_made() -> None:
    row = an_open_round()
    draft = a_draft_pledge(row, Money(10_000, "JPY"))
    FxRate.objects.create(base="JPY", quote="VND", rate=200, as_of=timezone.now(), source="t2")
    error = refused(
        "rate_changed", pledges.confirm_pledge, draft, by=draft.investor, agreed_text="x",
        language="vi",
    )  # fmt: skip
    assert isinstance(error, pledges.RateChanged)
    assert (error.before, error.after) == (vnd(1_700_000), vnd(2_000_000))
    pledges.change_amount(draft, by=draft.investor, money=draft.amount)
    done = pledges.confirm_pledge(draft, by=draft.investor, agreed_text="x", language="vi")
    assert done.target_minor == 2_000_000


def test_an_old_rate_makes_no_pledge_but_a_sample_rate_does() -> None:
    row = an_open_round()
    investor = an_investor()
    FxRate.objects.all().delete()
    old = timezone.now() - timedelta(hours=25)
    FxRate.objects.create(base="USD", quote="VND", rate=26_000, as_of=old, source="bank")
    kwargs = {"by": investor, "money": usd(100), "client_token": "a"}
    refused("rate_expired", pledges.start_pledge, row, **kwargs)
    FxRate.objects.create(
        base="USD", quote="VND", rate=26_000, as_of=old, source="sample", is_sample=True
    )
    pledges.start_pledge(row, **kwargs)
    refused("no_rate", pledges.start_pledge, row, by=investor, money=Money(9_000, "CHF"),
            client_token="b")  # fmt: skip


@pytest.mark.parametrize(
    ("money", "code"),
    [
        (Money(49, "USD"), "out_of_range"),
        (Money(49, "JPY"), "out_of_range"),
        (Money(100_000_000, "USD"), "out_of_range"),
        (Money(100_000_000, "VND"), "out_of_range"),
        (Money(2**62, "VND"), "out_of_range"),
        (Money(3_050, "TWD"), "too_many_decimals"),
        (Money(0, "USD"), "out_of_range"),
        (Money(-5_000, "USD"), "out_of_range"),
        (Money(500, "USD"), "under_smallest"),
        (Money(5_000_000, "USD"), "over_cap"),
    ],
    ids=str,
)
def test_a_sum_that_cannot_be_is_refused_and_nothing_is_stored(money: Money, code: str) -> None:
    row = an_open_round()
    refused(code, pledges.start_pledge, row, by=an_investor(), money=money, client_token="a")
    assert not Pledge.objects.exists()


def test_the_same_form_twice_is_one_pledge() -> None:
    row, investor = an_open_round(), an_investor()
    kwargs = {"by": investor, "client_token": "form"}
    first = pledges.start_pledge(row, money=usd(100), **kwargs)
    assert pledges.start_pledge(row, money=usd(100), **kwargs) == first
    for _ in range(2):
        pledges.confirm_pledge(first, by=investor, agreed_text="x", language="vi")
    assert Pledge.objects.count() == 1
    refused("token_reused", pledges.start_pledge, row, money=usd(200), **kwargs)
    row.refresh_from_db()
    assert row.reserved_minor == 100 * USD


def test_a_stranger_cannot_touch_a_pledge_and_an_owner_cannot_pledge() -> None:
    row = an_open_round()
    draft = a_draft_pledge(row, usd(100))
    stranger = an_investor()
    with pytest.raises(NotFound):
        pledges.confirm_pledge(draft, by=stranger, agreed_text="x", language="vi")
    with pytest.raises(NotFound):
        pledges.withdraw_pledge(draft, by=stranger)
    with pytest.raises(NotFound):
        pledges.change_amount(draft, by=stranger, money=usd(1000))
    owner = row.project.owner.memberships.get().user
    with pytest.raises(NotAllowed):
        pledges.start_pledge(row, by=owner, money=usd(100), client_token="a")


def test_a_frozen_or_closed_round_takes_no_pledge() -> None:
    row = an_open_round()
    draft = a_draft_pledge(row, usd(100))
    confirm = {"by": draft.investor, "agreed_text": "x", "language": "vi"}
    lead = an_officer("lead")
    projects.freeze_project(row.project, by=lead, reason="x")
    refused("frozen", pledges.confirm_pledge, draft, **confirm)
    projects.unfreeze_project(row.project, by=lead, reason="x")
    with days_later(31):
        refused("round_closed", pledges.confirm_pledge, draft, **confirm)
    assert events_of(draft).count() == 1


def test_a_person_who_told_no_country_is_asked_first() -> None:
    row = an_open_round()
    draft = a_draft_pledge(row, usd(100), by=a_user())
    error = refused("step_missing", pledges.confirm_pledge, draft, by=draft.investor,
                    agreed_text="x", language="vi")  # fmt: skip
    assert error.params["step"] == "country"


def test_a_place_is_given_back_when_no_card_was_saved() -> None:
    row = an_open_round()
    draft = a_draft_pledge(row, usd(100))
    pledge = pledges.confirm_pledge(draft, by=draft.investor, agreed_text="x", language="vi")
    assert not pledges.lapse_place(pledge)
    with days_later(31 / 1440):
        assert pledges.lapse_place(pledge)
        assert not pledges.lapse_place(pledge)
        assert not pledges.card_saved(pledge)
    row.refresh_from_db()
    assert (row.reserved_minor, row.reserved_people) == (0, 0)


# --- withdrawing ------------------------------------------------------------------------------


def test_a_pledge_is_withdrawn_in_one_press_and_its_place_is_free() -> None:
    row = an_open_round()
    pledge = a_pledge(row, usd(100))
    for _ in range(2):
        pledges.withdraw_pledge(pledge, by=pledge.investor)
    pledge.refresh_from_db()
    row.refresh_from_db()
    assert (pledge.status, row.reserved_minor, row.reserved_people) == ("withdrawn", 0, 0)


def test_the_withdrawal_time_ends_with_the_later_of_close_and_cooling_off() -> None:
    early = a_pledge(an_open_round(days=30), usd(100))
    assert pledges.withdrawal_ends_at(early) == early.round.closes_at
    late = a_pledge(an_open_round(days=2), usd(100))
    assert pledges.withdrawal_ends_at(late) == late.cooling_until


def test_after_the_close_a_pledge_is_withdrawn_only_within_its_cooling_off_time() -> None:
    row = small_round(days=2)
    pledge = a_pledge(row, usd(4000))
    with days_later(2.1):
        assert rounds.close_round(row)
        rounds.count_round(row)
        pledge.refresh_from_db()
        assert pledge.status == "due"
    with days_later(15):
        refused("too_late", pledges.withdraw_pledge, pledge, by=pledge.investor)
    with days_later(3):
        pledges.withdraw_pledge(pledge, by=pledge.investor)


def _milestone(millions: int) -> list[dict[str, Any]]:
    return [
        {
            "title_vi": "Một", "title_en": "One", "evidence_vi": "Số liệu", "evidence_en": "Data",
            "months_after_close": 3, "amount_minor": millions * 1_000_000,
        }
    ]  # fmt: skip


# --- closing ----------------------------------------------------------------------------------


def small_round(**changes: Any) -> Round:
    changes = {"goal_minor": 100_000_000, "milestones": _milestone(100)} | changes
    changes["budget"] = [{"item_vi": "Máy", "item_en": "Kit", "amount_minor": 100_000_000}]
    return an_open_round(**changes)


def test_a_round_does_not_close_early() -> None:
    row = small_round()
    assert not rounds.close_round(row)
    with pytest.raises(IntegrityError), transaction.atomic():
        Round.objects.filter(pk=row.pk).update(status="closing")


def test_a_round_under_its_target_ends_without_a_charge() -> None:
    row = small_round()
    pledge = a_pledge(row, usd(100))
    with days_later(31):
        assert rounds.close_round(row)
        assert not rounds.close_round(row)
        for _ in range(2):
            rounds.count_round(row)
    row.refresh_from_db()
    pledge.refresh_from_db()
    row.project.refresh_from_db()
    assert (row.status, pledge.status, pledge.end_reason) == (
        "failed", "lapsed", "target_not_reached",
    )  # fmt: skip
    assert (row.reserved_minor, row.project.public_status) == (0, "not_reached")
    assert RoundClose.objects.get(round=row).pledged_minor == 100 * USD


def test_a_round_at_its_target_makes_every_pledge_due() -> None:
    row = small_round()
    first, second = a_pledge(row, usd(2000)), a_pledge(row, usd(2000))
    waiting = a_draft_pledge(row, usd(100))
    pledges.confirm_pledge(waiting, by=waiting.investor, agreed_text="x", language="vi")
    row.project.refresh_from_db()
    assert row.project.public_status == "reached"
    with days_later(31):
        rounds.close_round(row)
        rounds.count_round(row)
    for pledge in (first, second, waiting):
        pledge.refresh_from_db()
    row.refresh_from_db()
    assert [first.status, second.status, waiting.status] == ["due", "due", "lapsed"]
    assert row.status == "charging"
    assert row.grace_until is not None
    close = RoundClose.objects.get(round=row)
    assert [r[0] for r in close.pledges] == [first.public_id, second.public_id]
    with pytest.raises(IntegrityError), transaction.atomic():
        RoundClose.objects.filter(pk=close.pk).update(pledged_minor=1)


@pytest.mark.parametrize("end", ["short", "cancelled"])
def test_a_round_that_ends_lets_two_pledges_of_one_person_go_at_once(end: str) -> None:
    """One statement ends both: the person is counted off once, or the round could never close."""
    round_ = an_open_round()
    person = an_investor("US")
    rows = [a_pledge(round_, usd(n), by=person) for n in (300, 200)]
    a_pledge(round_, usd(100))
    round_.refresh_from_db()
    assert round_.reserved_people == 2
    pledges.withdraw_pledge(rows[1], by=person)
    rows[1] = a_pledge(round_, usd(200), by=person)
    round_.refresh_from_db()
    assert round_.reserved_people == 2
    if end == "short":
        with days_later(31):
            rounds.close_round(round_)
            rounds.count_round(round_)
    else:
        rounds.cancel_round(round_, by=an_officer("lead"), reason="An error in the terms")
    round_.refresh_from_db()
    assert round_.status == ("failed" if end == "short" else "cancelled")
    assert (round_.reserved_minor, round_.reserved_people) == (0, 0)
    assert set(Pledge.objects.filter(round=round_).values_list("status", flat=True)) == {
        "lapsed", "withdrawn",
    }  # fmt: skip


def test_cancelling_a_round_ends_every_pledge() -> None:
    row = small_round()
    pledge = a_pledge(row, usd(100))
    rounds.cancel_round(row, by=an_officer("lead"), reason="Chủ dự án rút")
    pledge.refresh_from_db()
    assert (pledge.status, pledge.end_reason) == ("lapsed", "round_cancelled")


# --- the database agrees -----------------------------------------------------------------------


@pytest.mark.parametrize("workflow", [ROUND, PLEDGE], ids=lambda w: w.name)
def test_the_database_knows_the_same_edges(workflow: Workflow) -> None:
    statuses = workflow.statuses
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT a, b FROM unnest(%s::text[]) a, unnest(%s::text[]) b "
            f"WHERE {workflow.name}_edge_is_legal(a, b)",
            [list(statuses), list(statuses)],
        )
        found = set(cursor.fetchall())
    assert found == {(a, b) for a, b, _ in workflow.edges()}


def test_the_database_knows_what_is_live() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s FROM unnest(%s::text[]) s WHERE pledge_is_live(s)", [list(PLEDGE.statuses)]
        )
        assert {row[0] for row in cursor.fetchall()} == PLEDGE_LIVE


@pytest.mark.parametrize("column", ["reserved_minor = 10^12", "reserved_people = -1"])
def test_sql_cannot_pass_the_cap(column: str) -> None:
    row = an_open_round()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE funding_round SET {column} WHERE id = %s", [row.pk])


def test_sql_cannot_skip_a_step_or_delete_a_pledge() -> None:
    pledge = a_pledge(an_open_round(), usd(100))
    for change in (
        lambda: Pledge.objects.filter(pk=pledge.pk).update(status="collected"),
        lambda: Pledge.objects.filter(pk=pledge.pk).update(amount_minor=1),
        lambda: Pledge.objects.filter(pk=pledge.pk).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_conflict_is_the_answer_to_a_step_that_does_not_exist() -> None:
    pledge = a_pledge(an_open_round(), usd(100))
    pledges.withdraw_pledge(pledge, by=pledge.investor)
    with pytest.raises(Conflict):
        pledges.change_amount(pledge, by=pledge.investor, money=usd(200))

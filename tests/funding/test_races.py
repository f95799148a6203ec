"""Two people at the same moment, on connections of their own: exactly one way comes out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from backend.core.clock import set_demo_offset
from backend.core.errors import DomainError
from backend.core.money import Money
from backend.funding.actions import pledges, rounds
from backend.funding.models import Pledge, Round, RoundClose
from tests.factories import a_draft_pledge, a_pledge, an_investor
from tests.payments.walks import a_small_round

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], Any]) -> list[str]:
    """Run the calls at the same moment; `ok` or the code of the refusal, in their order."""
    gate = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> str:
        try:
            gate.wait(timeout=30)
            call()
        except DomainError as refused:
            return refused.code
        finally:
            connection.close()
        return "ok"

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def confirm(pledge: Pledge) -> Callable[[], Any]:
    return lambda: pledges.confirm_pledge(
        pledge, by=pledge.investor, agreed_text="x", language="vi"
    )


def test_the_last_place_goes_to_one_of_six() -> None:
    """Room for two more of six: a lock queues them, a CHECK would stop a seventh way."""
    round_ = a_small_round(hard_cap_minor=104_000_000)
    a_pledge(round_, Money(200_000, "USD"))
    drafts = [a_draft_pledge(round_, Money(100_000, "USD"), by=an_investor()) for _ in range(6)]
    results = at_once(*[confirm(draft) for draft in drafts])
    assert sorted(results) == ["ok", "ok", *["over_cap"] * 4]
    round_ = Round.objects.get(pk=round_.pk)
    assert (round_.reserved_minor, round_.reserved_people) == (104_000_000, 3)


def test_the_same_form_sent_twice_at_once_reserves_once() -> None:
    round_ = a_small_round()
    draft = a_draft_pledge(round_, Money(100_000, "USD"))
    assert at_once(confirm(draft), confirm(draft)) == ["ok", "ok"]
    assert Round.objects.get(pk=round_.pk).reserved_minor == 26_000_000


def test_two_closes_count_once() -> None:
    round_ = a_small_round()
    a_pledge(round_, Money(400_000, "USD"))
    set_demo_offset(pledges.timedelta(days=31))
    at_once(lambda: rounds.close_round(round_), lambda: rounds.close_round(round_))
    at_once(lambda: rounds.count_round(round_), lambda: rounds.count_round(round_))
    assert RoundClose.objects.filter(round=round_).count() == 1
    assert Round.objects.get(pk=round_.pk).status == "charging"


def test_withdrawing_against_the_close_leaves_one_truth() -> None:
    round_ = a_small_round(days=2)
    kept = a_pledge(round_, Money(400_000, "USD"))
    leaving = a_pledge(round_, Money(100_000, "USD"))
    set_demo_offset(pledges.timedelta(days=3))

    def close() -> None:
        rounds.close_round(round_)
        rounds.count_round(round_)

    withdrawn, _closed = at_once(
        lambda: pledges.withdraw_pledge(leaving, by=leaving.investor), close
    )
    kept.refresh_from_db()
    leaving.refresh_from_db()
    assert (withdrawn, kept.status, leaving.status) == ("ok", "due", "withdrawn")
    assert Round.objects.get(pk=round_.pk).reserved_minor == kept.target_minor

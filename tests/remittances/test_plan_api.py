"""`me/plans/`: the same rules as the pages."""

import json
from typing import Any

import pytest
from django.test import Client

from backend.remittances import run_actions
from backend.remittances.models import RemittancePlan
from tests import factories
from tests.remittances import rows

pytestmark = pytest.mark.django_db


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


BODY: dict[str, Any] = {
    "country": "US", "zone": "America/Los_Angeles", "day": 31, "veto_days": 5,
    "sent": usd("1000"), "share_bps": 2500, "project_cap": usd("100"), "year_cap": usd("3000"),
    "when_nothing": "nothing", "on_silence": "pledge", "agree": True,
}  # fmt: skip


@pytest.fixture
def web(client: Client) -> Client:
    factories.some_rates()
    client.force_login(factories.an_investor("US"))
    return client


def send(web: Client, path: str, body: Any = None, **headers: str) -> Any:
    return web.post(
        f"/api/v1/me/plans/{path}", json.dumps(body), content_type="application/json",
        headers=headers,
    )  # fmt: skip


def test_a_plan_is_begun_once_read_paused_and_stopped(web: Client) -> None:
    rows.rounds(1)
    made = [send(web, "", BODY, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert [m.status_code for m in made] == [201, 201]
    plan = RemittancePlan.objects.get()
    assert made[0].json()["set_aside"] == usd("250.00")
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    month = web.get(f"/api/v1/me/plans/{plan.public_id}/").json()["months"][0]
    assert month["status"] == "proposed"
    assert month["lines"][0]["amount"] == usd("100.00")
    for act, status in (("pause", "paused"), ("resume", "active"), ("stop", "stopped")):
        assert send(web, f"{plan.public_id}/{act}/").json()["status"] == status
    assert send(web, f"{plan.public_id}/pause/").status_code == 409


@pytest.mark.parametrize(
    "changes",
    [
        {"share_bps": 0}, {"share_bps": 10_000}, {"share_bps": 10_100}, {"share_bps": -100},
        {"share_bps": None}, {"fixed": usd("10")}, {"field_cap": usd("1")}, {"sent": usd("-5")},
        {"sent": usd("1e309")}, {"sent": {"amount": "5", "currency": "CHF"}}, {"country": "XX"},
        {"zone": "Mars/Base"}, {"day": 32}, {"agree": False}, {"on_silence": None},
        {"year_cap": usd("10")}, {"year_cap": {"amount": "10", "currency": "EUR"}},
        {"fields": ["x"]}, {"instruments": ["loan"]}, {"when_nothing": "carry"},
        {"sent": usd("5\0")}, {"sent": None}, {"day": "x" * 10_000},
    ],
)  # fmt: skip
def test_bad_bodies_are_refused_as_problems(web: Client, changes: dict[str, Any]) -> None:
    answer = send(web, "", BODY | changes)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert not RemittancePlan.objects.exists()


def test_somebody_elses_plan_is_absent(web: Client) -> None:
    plan = rows.a_plan()
    assert web.get(f"/api/v1/me/plans/{plan.public_id}/").status_code == 404
    assert send(web, f"{plan.public_id}/stop/").status_code == 404
    assert web.get("/api/v1/me/plans/").json() == {"results": []}

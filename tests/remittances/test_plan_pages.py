"""Every page of plans × who asks, and one journey through all of them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backend.accounts.models import User
from backend.core.models import AuditEvent
from backend.funding.models import Pledge
from backend.remittances import run_actions
from backend.remittances.models import PlanRun, RemittancePlan, SavedCalculation
from tests import factories
from tests.remittances import rows

pytestmark = pytest.mark.django_db

IN, OK, NO_METHOD, BAD, NONE = "to sign-in", 200, 405, 400, 404
# url name, arguments, method: a stranger, somebody else who is signed in, whose plan it is
PAGES: list[tuple[str, dict[str, Any], str, Any, Any, Any]] = [
    ("calculator", {}, "get", OK, OK, OK),
    ("calculator", {}, "post", NO_METHOD, NO_METHOD, NO_METHOD),
    ("save_calculation", {}, "get", IN, OK, OK),
    ("drop_calculation", {"key": "{cal}"}, "get", IN, NO_METHOD, NO_METHOD),
    ("drop_calculation", {"key": "{cal}"}, "post", IN, NONE, 302),
    ("plans", {}, "get", IN, OK, OK),
    ("plans", {}, "post", IN, NO_METHOD, NO_METHOD),
    ("new_plan", {}, "get", IN, OK, OK),
    ("new_plan", {}, "post", IN, BAD, BAD),
    ("plan", {"key": "{plan}"}, "get", IN, NONE, OK),
    ("change_plan", {"key": "{plan}"}, "get", IN, NONE, OK),
    ("change_plan", {"key": "{plan}"}, "post", IN, NONE, BAD),
    ("stop_plan", {"key": "{plan}"}, "get", IN, NONE, OK),
    ("stop_plan", {"key": "{plan}"}, "post", IN, NONE, 302),
    ("pause_or_resume", {"key": "{plan}", "act": "pause"}, "get", IN, NO_METHOD, NO_METHOD),
    ("pause_or_resume", {"key": "{plan}", "act": "pause"}, "post", IN, NONE, 302),
    ("pause_or_resume", {"key": "{plan}", "act": "resume"}, "post", IN, NONE, 302),
    ("decide_run", {"key": "{run}", "act": "skip"}, "post", IN, NONE, 302),
    ("decide_run", {"key": "{run}", "act": "agree"}, "post", IN, NONE, 302),
    ("decide_line", {"key": "{run}", "number": "{line}", "act": "remove"}, "post", IN, NONE, 302),
    ("decide_line", {"key": "{run}", "number": "{line}", "act": "keep"}, "post", IN, NONE, 302),
]


def kind_of(response: Any) -> Any:
    is_in = response.status_code == 302 and "/sign-in/" in response["Location"]
    return IN if is_in else response.status_code


def what_stands() -> list[Any]:
    return [
        list(RemittancePlan.objects.values_list("status", "version")),
        list(PlanRun.objects.values_list("status", "agreed_at")),
        SavedCalculation.objects.count(),
        Pledge.objects.count(),
        AuditEvent.objects.count(),
    ]


def test_every_page_answers_as_written_and_strangers_change_nothing() -> None:
    """One world for all rows, stepped back after each: making it costs a second."""
    from django.db import transaction

    rows.rounds(1)
    plan = rows.a_plan()
    owner = plan.investor
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    run = PlanRun.objects.get(plan=plan)
    kept = SavedCalculation.objects.create(
        user=owner, sent_minor=50_000, currency="USD", every="month", share_bps=1000,
        year_minor=60_000, year_vnd=1, saved_at=run.proposed_at,
    )  # fmt: skip
    made = {"plan": plan.public_id, "run": run.public_id, "line": run.lines.get().pk,
            "cal": kept.public_id}  # fmt: skip
    other = factories.an_investor("JP")
    wrong = []
    for name, kwargs, method, *expected in PAGES:
        path = reverse(f"remittances:{name}",
                       kwargs={k: str(v).format(**made) for k, v in kwargs.items()})  # fmt: skip
        for person, wanted in zip((None, other, owner), expected, strict=True):
            client = Client()
            if person is not None:
                client.force_login(person)
            before = what_stands()
            point = transaction.savepoint()
            found = kind_of(getattr(client, method)(path))
            if found != wanted:
                wrong.append((name, method, person and person.pk, found, wanted))
            if person != owner and what_stands() != before:
                wrong.append((name, method, person and person.pk, "changed something", ""))
            transaction.savepoint_rollback(point)
    assert not wrong


def a_form(**changes: str) -> dict[str, Any]:
    return {
        "sent": "1 000", "currency": "USD", "country": "US", "share": "25", "fixed": "",
        "day": "15", "zone": "America/Los_Angeles", "veto_days": "5", "project_cap": "100",
        "project_total_cap": "", "field_cap": "", "year_cap": "3 000", "min_fit": "0",
        "when_nothing": "nothing", "carry_cap": "", "on_silence": "pledge", "consent": "on",
        **changes,
    }  # fmt: skip


@pytest.fixture
def person(client: Client) -> User:
    factories.some_rates()
    user = factories.an_investor("US", time_zone="America/Los_Angeles", language="en")
    client.force_login(user)
    return user


def test_from_the_calculator_to_pledges(client: Client, person: User) -> None:
    rows.rounds(3)
    asked = {"amount": "1 000", "currency": "USD", "every": "month", "share": "25"}
    page = client.get("/en/calculator/", asked)
    form = client.get(page.context["next_url"]).context["form"]
    assert form["sent"].value() == "1 000"
    assert form["project_cap"].value() == "250"
    assert form["on_silence"].value() is None
    done = client.post("/en/me/plans/new/", a_form())
    plan = RemittancePlan.objects.get()
    assert done["Location"] == f"/en/me/plans/{plan.public_id}/"
    text = client.get(done["Location"]).content.decode()
    assert "750\xa0USD" in text
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    text = client.get(done["Location"]).content.decode()
    assert "(Los Angeles)" in text
    assert "(Ho Chi Minh City)" in text
    assert "You could lose all of this money" in text
    run = PlanRun.objects.get()
    line = run.lines.order_by("pk")[0]
    client.post(f"/en/me/plan-months/{run.public_id}/{line.pk}/remove/")
    assert "Removed by you" in client.get(done["Location"]).content.decode()
    rows.move_past(run)
    run_actions.look_at_plans()
    assert Pledge.objects.count() == run.lines.count() - 1
    text = client.get(done["Location"]).content.decode()
    assert "Now pledges" in text or "pledge" in text
    assert client.get("/vi/me/plans/").status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"share": "0"}, "share"), ({"share": "100"}, "share"), ({"share": "101"}, "share"),
        ({"share": "", "fixed": ""}, "share"), ({"fixed": "10"}, "share"),
        ({"sent": "-5"}, "sent"), ({"sent": "1e309"}, "sent"), ({"sent": "\0"}, "sent"),
        ({"sent": "1.500"}, "sent"), ({"sent": "x" * 10_000}, "sent"), ({"day": "32"}, "day"),
        ({"day": "1e309"}, "day"), ({"zone": "Mars/Base"}, "zone"), ({"country": "XX"}, "country"),
        ({"currency": "CHF"}, "currency"), ({"currency": "VND"}, "currency"),
        ({"year_cap": "10"}, "year_cap"), ({"field_cap": "1"}, "field_cap"),
        ({"when_nothing": "carry"}, "carry_cap"), ({"on_silence": ""}, "on_silence"),
        ({"consent": ""}, "consent"), ({"veto_days": "1"}, "veto_days"),
    ],
)  # fmt: skip
def test_bad_input_gets_a_sentence_at_its_field_and_keeps_the_rest(
    client: Client, person: User, changes: dict[str, str], field: str
) -> None:
    response = client.post("/en/me/plans/new/", a_form(**changes))
    assert response.status_code == 400
    assert field in response.context["form"].errors
    text = response.content.decode()
    assert "There is a problem" in text
    assert f"{response.context['form'][field].label}: " in text
    assert 'value="3 000"' in response.content.decode() or "year_cap" in changes
    assert not RemittancePlan.objects.exists()


def test_a_kept_calculation_is_kept_once_and_can_be_dropped(client: Client, person: User) -> None:
    address = "/en/me/calculations/keep/?amount=500&currency=USD&every=month&share=10"
    assert "Keep it" in client.get(address).content.decode()
    for _ in range(2):
        client.post(address)
    kept = SavedCalculation.objects.get()
    assert (kept.year_minor, kept.year_vnd) == (60_000, 15_132_000)
    assert "10% of 500" in client.get("/en/me/plans/").content.decode()
    client.post(f"/en/me/calculations/{kept.public_id}/drop/")
    assert not SavedCalculation.objects.exists()


def test_the_investor_is_told_once_in_their_language_and_zone(person: User) -> None:
    from backend.notifications.actions import tell_next
    from backend.notifications.models import Notification

    rows.rounds(1)
    plan = rows.a_plan(by=person)
    rows.move_to_proposal(plan)
    run_actions.look_at_plans()
    while tell_next():
        pass
    told = Notification.objects.get(recipient=person, code="plan_run.proposed")
    assert "(Los Angeles)" in told.body_en
    assert "giờ Los Angeles" in told.body_vi
    assert told.path == f"me/plans/{plan.public_id}/"

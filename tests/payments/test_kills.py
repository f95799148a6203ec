"""Workers that really die, at named points, as real processes; the next one finishes the work.

Each worker is a plain Django process on this test's
database, told by CAUKIEU_FAILPOINT where its power goes.
"""

import os
import subprocess
import sys
from urllib.parse import quote

import pytest
from django.db import connection

from backend.core import jobs
from backend.core.money import Money
from backend.funding import tasks
from backend.funding.actions import charges, events, refunds
from backend.funding.failpoints import ENDED
from backend.funding.models import ChargeObligation, Refund, RoundClose, Tranche
from backend.ledger import book, chart, checks
from backend.local.stripe_sandbox.server import KEY
from tests.payments.walks import (
    a_card_pledge,
    a_due_charge,
    a_small_round,
    fresh,
    move_clocks,
    run,
)  # fmt: skip
from tests.sandbox import ALWAYS_ASKS, SECRET, Sandbox

pytestmark = [
    pytest.mark.slow,
    # Each starts a Python of its own, on a machine that may be busy.
    pytest.mark.timeout(600),
    pytest.mark.django_db(transaction=True),
]
WORKER = """
import django; django.setup()
from backend.funding.actions import charges, refunds
charges.charge_due()
refunds.send_due()
"""

CLOSER = """
import django; django.setup()
from backend.core import jobs
from backend.funding import tasks
tasks.close_rounds()
jobs.run_due_jobs()
tasks.charge_due()
"""


def database_url() -> str:
    told = connection.settings_dict
    host, user = quote(told["HOST"] or "", safe=""), told["USER"] or ""
    secret = f":{told['PASSWORD']}" if told["PASSWORD"] else ""
    port = f"&port={told['PORT']}" if told["PORT"] else ""
    return f"postgresql://{user}{secret}@/{told['NAME']}?host={host}{port}"


def a_worker(
    sandbox: Sandbox, failpoint: str = "", program: str = WORKER, database: str = ""
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", program],
        env={
            **os.environ,
            "DATABASE_URL": database or database_url(),
            "DJANGO_SETTINGS_MODULE": "backend.config.settings.dev",
            "CAUKIEU_DB_ROLE": "caukieu_app",
            "CAUKIEU_FAILPOINT": failpoint,
            "STRIPE_API_KEY": KEY,
            "STRIPE_API_BASE": sandbox.base,
            "STRIPE_WEBHOOK_SECRETS": SECRET,
            "CELERY_BROKER_URL": "",
        },
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def dies_at(sandbox: Sandbox, failpoint: str, program: str = WORKER) -> None:
    process = a_worker(sandbox, failpoint, program)
    _out, error = process.communicate(timeout=500)
    assert process.returncode == ENDED, error.decode()[-2000:]
    # What the dead worker had leased becomes free when its lease runs out.
    jobs.release_leases()
    ChargeObligation.objects.update(leased_until=None)
    Refund.objects.update(leased_until=None)


CHARGE_POINTS = {
    "before_create": "12", "after_create": "13", "before_confirm": "14", "after_confirm": "15",
    "mid_apply": "16",
}  # fmt: skip


@pytest.mark.parametrize("point", CHARGE_POINTS, ids=lambda p: f"row_{CHARGE_POINTS[p]}_{p}")
def test_rows_12_to_16_a_worker_that_dies_while_charging(sandbox: Sandbox, point: str) -> None:
    if point == "mid_apply":
        # The answer was lost as well, so the next worker is the one that dies while it applies.
        row = a_due_charge(sandbox)
        sandbox.fault("reset", "confirm$", when="after")
        run()
        move_clocks(sandbox, days=31, minutes=11)
    else:
        row = a_due_charge(sandbox)
    dies_at(sandbox, point)
    for minutes in (22, 33, 44):
        move_clocks(sandbox, days=31, minutes=minutes)
        run()
    row = fresh(row)
    assert (row.status, row.pledge.status) == ("succeeded", "collected")
    assert sandbox.charges_of(row) == [400_000]
    assert events.cancel_orphans() == 0
    assert book.balance(chart.held(row.round.public_id, "USD")).minor == 400_000
    assert not checks.findings()


CLOSE_POINTS = {
    "mid_close": "the state is flipped", "mid_count": "the snapshot is written",
    "after_obligations": "the obligations stand", "after_confirm": "half is charged",
}  # fmt: skip


@pytest.mark.parametrize("point", CLOSE_POINTS, ids=lambda p: f"row_19_{p}")
def test_row_19_a_worker_that_dies_while_a_round_closes(sandbox: Sandbox, point: str) -> None:
    """Whatever of the close was lost with it, the next worker comes to the same end."""
    round_ = a_small_round()
    pledges = [a_card_pledge(sandbox, round_, Money(250_000, "USD")) for _ in range(2)]
    move_clocks(sandbox, days=31)
    dies_at(sandbox, point, CLOSER)
    for minutes in (11, 22):
        move_clocks(sandbox, days=31, minutes=minutes)
        tasks.close_rounds()
        jobs.run_due_jobs()
        tasks.charge_due()
    round_.refresh_from_db()
    assert (round_.status, round_.reserved_minor) == ("funded", 130_000_000)
    assert RoundClose.objects.get(round=round_).pledge_count == 2
    rows = ChargeObligation.objects.filter(round=round_)
    assert {row.pledge_id for row in rows} == {pledge.pk for pledge in pledges}
    assert [sandbox.charges_of(row) for row in rows] == [[250_000], [250_000]]
    assert Tranche.objects.get(round=round_).weight_minor == 130_000_000
    assert (events.cancel_orphans(), checks.findings()) == (0, [])


@pytest.mark.parametrize("point", ["before_refund", "after_refund"])
def test_row_65_a_worker_that_dies_while_it_gives_back(sandbox: Sandbox, point: str) -> None:
    row = a_due_charge(sandbox)
    run()
    refunds.refund_obligation(fresh(row), reason="test")
    dies_at(sandbox, point)
    for _ in range(2):
        refunds.send_due()
    assert fresh(row).pledge.status == "refunded"
    assert [e["amount"] for e in sandbox.effects("refund")] == [400_000]
    assert not checks.findings()


def test_a_worker_that_dies_after_it_cancelled(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox, number=ALWAYS_ASKS)
    run()
    move_clocks(sandbox, days=60)
    dies_at(sandbox, "after_cancel")
    run()
    row = fresh(row)
    assert (row.status, row.pledge.status) == ("cancelled", "dropped")
    assert sandbox.effects() == []


def test_row_20_four_workers_at_once_charge_once(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    workers = [a_worker(sandbox) for _ in range(4)]
    for worker in workers:
        _out, error = worker.communicate(timeout=500)
        assert worker.returncode == 0, error.decode()[-2000:]
    assert sandbox.charges_of(row) == [400_000]
    assert fresh(row).status == "succeeded"


def test_a_second_worker_waits_for_the_lease(sandbox: Sandbox) -> None:
    row = a_due_charge(sandbox)
    assert charges._lease(5) == [row.pk]
    assert run() == 0
    assert sandbox.effects() == []

"""The site's side of `bench faults`: project, prepare N, work, waiting, clock SECONDS, facts."""

import json
import random
import sys
from datetime import timedelta

import django
from django.db import connection
from django.utils import timezone

django.setup()

import requests  # noqa: E402
from django.conf import settings  # noqa: E402

from backend.accounts.models import Organisation, User  # noqa: E402
from backend.bench.generate import load  # noqa: E402
from backend.core.clock import set_demo_offset  # noqa: E402
from backend.funding import stripe_gateway as gateway  # noqa: E402
from backend.funding.actions import charges, control, events, reconciliation, rounds  # noqa: E402
from backend.funding.models import (  # noqa: E402
    CardSetup,
    ChargeObligation,
    PaymentControl,
    Pledge,
    ReconciliationBreak,
    Round,
    StripeCustomer,
)  # fmt: skip
from backend.ledger import checks  # noqa: E402
from backend.projects.models import Project, ProjectVersion  # noqa: E402

PEOPLE = 200
DAYS = 31
EACH = 1_000_000
SUMS = {"USD": (1_000, 99_999), "EUR": (1_000, 99_999), "JPY": (1_000, 99_999)}
CONFIRM = """
UPDATE funding_pledge SET status = 'card_pending', country = 'US', confirmed_at = now(),
    cooling_until = now() + interval '14 days', mandate_sha256 = repeat('0', 64),
    mandate_language = 'en'
WHERE id BETWEEN %s AND %s
"""
SAVE = """
UPDATE funding_cardsetup SET status = 'saved', saved_at = now(), brand = 'visa', last4 = '4242',
    payment_method = m.method
FROM funding_pledge p JOIN bench_method m ON m.investor_id = p.investor_id
WHERE p.id = funding_cardsetup.pledge_id
"""


def prepare(count: int) -> None:
    round_ = a_round(count)
    people = User.objects.bulk_create(
        User(email=f"bench{n}@example.com", full_name=f"Bench {n}") for n in range(PEOPLE)
    )
    methods = [(person.pk, save_card(person)) for person in people]
    dice = random.Random(7)  # noqa: S311
    rows = []
    for n in range(count):
        currency = dice.choice(list(SUMS))
        rows.append(
            Pledge(
                round=round_, investor=people[n % PEOPLE], client_token=f"b{n}", route="card",
                amount_minor=dice.randint(*SUMS[currency]), currency=currency, target_minor=EACH,
            )
        )  # fmt: skip
    Pledge.objects.bulk_create(rows, batch_size=1000)
    CardSetup.objects.bulk_create((CardSetup(pledge=row) for row in rows), batch_size=1000)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bench_method (investor_id bigint, method text)")
        cursor.executemany("INSERT INTO bench_method VALUES (%s, %s)", methods)
        # Each counts itself into its round: in one statement every step would meet all versions of
        # that row.
        first, last = rows[0].pk, rows[-1].pk
        for start in range(first, last + 1, 250):
            cursor.execute(CONFIRM, [start, start + 249])
        cursor.execute("UPDATE funding_pledge SET status = 'active', made_at = now()")
        cursor.execute(SAVE)
    control.control_facts()
    PaymentControl.objects.update(rate=99_999, burst=10**6, tokens=10**6, most_per_hour=10**6)
    clock(0)
    rounds.close_round(round_)
    rounds.count_round(round_)


def a_round(count: int) -> Round:
    project = Project.objects.get()
    now = timezone.now()
    round_ = Round.objects.create(
        project=project,
        version=ProjectVersion.objects.create(project=project, number=1, content={}),
        route="card", instrument="contribution", currency="VND", target_minor=count * EACH,
        hard_cap_minor=2 * count * EACH, cooling_off_days=14, platform_fee_bps=300, opens_at=now,
        closes_at=now + timedelta(days=30), opened_by=User.objects.create(email="lead@example.com"),
    )  # fmt: skip
    Round.objects.filter(pk=round_.pk).update(status="open")
    return Round.objects.get(pk=round_.pk)


def save_card(person: User) -> str:
    customer = customer_of(person)
    StripeCustomer.objects.create(investor=person, stripe_id=customer)
    reply = requests.post(
        f"{settings.STRIPE_API_BASE}/_sandbox/new_card",
        json={"number": "4242424242424242", "customer": customer}, timeout=10,
    )  # fmt: skip
    return str(reply.json()["id"])


def customer_of(person: User, tries: int = 10) -> str:
    """The time limit of this bench is short, and its machine may be busy: the same key again."""
    try:
        return gateway.create_customer(
            email=person.email or "", investor_id=person.public_id, key=f"bench:{person.pk}"
        )
    except gateway.GatewayError:
        if tries == 0:
            raise
        return customer_of(person, tries - 1)


def clock(seconds: float) -> None:
    offset = timedelta(days=DAYS, seconds=seconds)
    set_demo_offset(offset)
    gateway.move_sandbox_clock(offset.total_seconds())


def facts() -> None:
    """After the run, with the wire sound again: one sweep, one comparison."""
    events.sweep()
    reconciliation.reconcile()
    rows = ChargeObligation.objects.all()
    found = {
        "succeeded": rows.filter(status="succeeded").count(),
        "collected": Pledge.objects.filter(status="collected").count(),
        "findings": len(checks.findings()),
        "breaks": ReconciliationBreak.objects.filter(state="open").count(),
        "orphans": events.cancel_orphans(),
        "wanted": {r.public_id: [r.amount_minor, r.currency] for r in rows},
    }
    print(json.dumps(found))


def main() -> None:
    what, *rest = sys.argv[1:]
    if what == "project":
        # As the owner of the database: bulk rows pass by the triggers.
        load(1, owner_id=Organisation.objects.create(name_vi="Bench", kind="firm").pk)
    elif what == "prepare":
        prepare(int(rest[0]))
    elif what == "work":
        print(charges.charge_due(limit=10**9))
    elif what == "waiting":
        left = ChargeObligation.objects.filter(next_at__isnull=False)
        # What met a fault comes again after a pause; anything else would be a row left behind.
        print(left.count(), left.filter(errors=0).count())
    elif what == "clock":
        clock(float(rest[0]))
    else:
        facts()


main()

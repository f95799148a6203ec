"""The book against Stripe, every day, per currency. Reads money, moves none; safe to repeat.

Classes: matched, missing_in_ledger (into suspense with a break), missing_at_stripe, amount,
currency, balance, payout, timing (younger than two days: waits), and what the ledger's own checks
find. Target: nothing open.
"""

import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import islice

import structlog
from django.conf import settings
from django.db import transaction

from backend.core.clock import app_now
from backend.core.csv_safe import csv_bytes
from backend.core.money import Money
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import books, disputes, payouts
from backend.funding.actions.breaks import heal_break, open_break
from backend.funding.models import (
    BalanceTransaction,
    ChargeObligation,
    ReconciliationBreak,
    ReconciliationRun,
    Refund,
)  # fmt: skip
from backend.funding.payment_workflow import ObligationStatus
from backend.ledger import book, chart, checks

log = structlog.get_logger(__name__)
# Stripe may add lines late: each day looks back over three more.
LOOK_BACK = timedelta(days=3)
TIMING = timedelta(hours=48)
CHUNK = 500


def reconcile(day: date | None = None) -> ReconciliationRun:
    """Compare one day (today by the clock of deadlines) with the three before it."""
    now = app_now()
    run = ReconciliationRun.objects.create(day=day or now.date(), started_at=now)
    counts: Counter[str] = Counter()
    seen = _read_transactions(now - LOOK_BACK - timedelta(days=1), now, counts)
    _check_missing_at_stripe(seen, now - LOOK_BACK, counts)
    _check_late(now, counts)
    payouts.read_payouts(since=now - LOOK_BACK)
    _check_balances(counts)
    _check_ledger(counts)
    counts["open_breaks"] = ReconciliationBreak.objects.filter(state="open").count()
    return _finish(run, counts)


def _read_transactions(since: datetime, now: datetime, counts: Counter[str]) -> set[str]:
    seen = set()
    told = gateway.transactions(since=since)
    while facts := list(islice(told, CHUNK)):
        known = _stand_as_told(facts)
        counts.update(["matched"] * len(known))
        for fact in facts:
            seen.add(fact.id)
            if fact.id not in known:
                counts[_class_of(fact, now)] += 1
    return seen


def _stand_as_told(facts: Sequence[gateway.Transaction]) -> set[str]:
    """Of these lines, those that stand in the book as Stripe has them and that no break is about:
    all but a few of a day. They are told apart by three queries, the others one by one."""
    ids = [fact.id for fact in facts]
    rows = BalanceTransaction.objects.in_bulk(ids)
    posted = book.entries_among([row.entry_key for row in rows.values() if row.entry_key])
    broken = ReconciliationBreak.objects.filter(state="open", subject__in=ids)
    doubtful = set(broken.values_list("subject", flat=True))
    return {
        fact.id
        for fact in facts
        if (row := rows.get(fact.id)) is not None
        and row.id not in doubtful
        and row.entry_key in posted
        and not books.is_suspended(row)
        and _told_by(row) == _told_by(fact)
    }


def _told_by(line: BalanceTransaction | gateway.Transaction) -> tuple[str, int, int, int, str]:
    return (
        line.currency, line.amount_minor, line.fee_minor, line.net_minor, line.payout_id
    )  # fmt: skip


def _class_of(fact: gateway.Transaction, now: datetime) -> str:
    try:
        is_booked = books.book_transaction(fact)
        if not is_booked and fact.category.startswith("dispute"):
            disputes.sync_dispute(fact.source_id)
            is_booked = books.book_transaction(fact)
    except book.Overdrawn:
        is_booked = False
    row = BalanceTransaction.objects.filter(pk=fact.id).first()
    if is_booked and row is not None:
        return _compare(row, fact)
    if now - fact.created < TIMING and _may_still_come(fact):
        return "timing"
    money = Money(fact.net_minor, fact.currency)
    open_break("missing_in_ledger", fact.id, money=money, detail=f"{fact.type} {fact.source_id}")
    if row is not None:
        books.suspend(row)
    return "missing_in_ledger"


def _may_still_come(fact: gateway.Transaction) -> bool:
    """A row of ours may be about to learn of its object at Stripe."""
    if fact.type == "charge":
        intent_id = gateway.charge_intent_id(fact.source_id)
        waiting = ChargeObligation.objects.filter(stripe_intent_id=intent_id)
        return waiting.exclude(status=ObligationStatus.SUCCEEDED).exists()
    if fact.type == "refund":
        return Refund.objects.filter(stripe_refund_id__isnull=True, status="submitted").exists()
    return False


def _compare(row: BalanceTransaction, fact: gateway.Transaction) -> str:
    """A line that stands in the book must still be what Stripe says."""
    if row.currency != fact.currency:
        open_break("currency", row.id, detail=f"{row.currency} here, {fact.currency} there")
        return "currency"
    ours = (row.amount_minor, row.fee_minor, row.net_minor)
    theirs = (fact.amount_minor, fact.fee_minor, fact.net_minor)
    if ours != theirs:
        open_break("amount", row.id, detail=f"{ours} here, {theirs} there")
        return "amount"
    if row.entry_key is None or not book.has_entry(row.entry_key):
        open_break("missing_in_ledger", row.id, money=Money(row.net_minor, row.currency))
        return "missing_in_ledger"
    healed = ["currency", "amount"]
    if not books.is_suspended(row):
        healed.append("missing_in_ledger")
    for kind in healed:
        heal_break(kind, row.id)
    return "matched"


def _check_missing_at_stripe(seen: set[str], since: datetime, counts: Counter[str]) -> None:
    known = BalanceTransaction.objects.filter(created__gte=since).values_list("id", flat=True)
    for id_ in set(known) - seen:
        open_break("missing_at_stripe", id_)
        counts["missing_at_stripe"] += 1


def _check_late(now: datetime, counts: Counter[str]) -> None:
    """Charges that succeeded two days ago and still have no line."""
    booked = BalanceTransaction.objects.filter(type="charge").values("source_id")
    late = ChargeObligation.objects.filter(
        status=ObligationStatus.SUCCEEDED, finished_at__lt=now - TIMING
    ).exclude(stripe_charge_id__in=booked)
    for row in late:
        open_break("no_transaction", row.public_id, money=row.amount)
        counts["no_transaction"] += 1


def _check_balances(counts: Counter[str]) -> None:
    """What the book says stands at Stripe equals what Stripe says."""
    at_stripe = gateway.balance()
    ours = {money.currency: money.minor for money in book.balances("stripe_balance:").values()}
    for currency in sorted(at_stripe.keys() | ours.keys()):
        difference = at_stripe.get(currency, 0) - ours.get(currency, 0)
        subject = chart.stripe_balance(currency).code
        if difference:
            open_break(
                "balance", subject, money=Money(difference, currency),
                detail=f"Stripe {at_stripe.get(currency, 0)}, book {ours.get(currency, 0)}",
            )  # fmt: skip
            counts["balance"] += 1
        else:
            heal_break("balance", subject)


def _check_ledger(counts: Counter[str]) -> None:
    found = set()
    for finding in checks.findings(at_close=True):
        found.add(subject := f"{finding.code}:{finding.subject}")
        open_break("ledger", subject, detail=finding.detail)
        counts["ledger"] += 1
    # Suspense empties when a line is explained; any other finding is for a person to close.
    shown = ReconciliationBreak.objects.filter(
        kind="ledger", state="open", subject__startswith="suspense_not_empty:"
    )
    for subject in set(shown.values_list("subject", flat=True)) - found:
        heal_break("ledger", subject)


@transaction.atomic
def _finish(run: ReconciliationRun, counts: Counter[str]) -> ReconciliationRun:
    run.counts, run.finished_at = dict(counts), app_now()
    body = report_json(run).encode()
    run.report_sha256 = hashlib.sha256(body).hexdigest()
    run.report_signature = hmac.new(settings.SECRET_KEY.encode(), body, "sha256").hexdigest()
    run.save()
    log.info("reconciliation.done", day=str(run.day), **run.counts)
    return run


def report_json(run: ReconciliationRun) -> str:
    """What was compared and what is open, the same text each time."""
    rows = ReconciliationBreak.objects.filter(opened_at__lte=run.finished_at).order_by("id")
    body = {
        "day": run.day.isoformat(),
        "counts": dict(sorted(run.counts.items())),
        "breaks": [
            {
                "id": r.public_id, "kind": r.kind, "subject": r.subject, "currency": r.currency,
                "amount_minor": r.amount_minor, "opened_at": r.opened_at.isoformat(),
            }
            for r in rows
        ],
    }  # fmt: skip
    return json.dumps(body, sort_keys=True, ensure_ascii=False, indent=1)


def report_csv() -> bytes:
    """The open breaks as a table; cells that a spreadsheet would run are quoted."""
    rows = ReconciliationBreak.objects.filter(state="open").select_related("owner")
    head = ("id", "kind", "subject", "currency", "amount_minor", "opened_at", "owner")
    return csv_bytes(
        head,
        (
            (r.public_id, r.kind, r.subject, r.currency, r.amount_minor,
             r.opened_at.isoformat(), r.owner.public_id if r.owner else "")
            for r in rows.order_by("opened_at")
        ),
    )  # fmt: skip

"""Hints from Stripe: kept before they are answered, acted on by a worker, polled when lost.

Nothing is decided by what an event says. It names an object; the object is read again under our
row's lock.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from backend.core import jobs
from backend.core.clock import app_now
from backend.core.errors import DomainError
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import (
    breaks,
    cards,
    charges,
    disputes,
    payouts,
    refunds,
    returns,
    stuck,
)  # fmt: skip
from backend.funding.models import (
    CardSetup,
    ChargeObligation,
    PaymentControl,
    Refund,
    Round,
    StripeEvent,
    Tranche,
    TrancheShare,
)
from backend.funding.payment_workflow import UNFINISHED, ObligationStatus, RefundStatus
from backend.funding.workflow import PLEDGE_PAID, PledgeStatus, RoundStatus

log = structlog.get_logger(__name__)
TOLERANCE_S = 300
# The list is read again from a little before where it was read to.
OVERLAP = timedelta(minutes=10)
FIRST_LOOK = timedelta(days=2)
CHUNK = 500


class BadSignature(Exception):
    """The body is not signed by Stripe for us, or not now."""


class NotYet(Exception):
    """The event is about a row of ours that is not visible yet: the job comes again."""


def check_signature(body: str, header: str) -> None:
    """BadSignature unless one active secret signed this body within five minutes of now, either
    way. The SDK checks the age alone, so a time of the future would pass it."""
    stamp = _timestamp_of(header)
    if stamp is None or abs(time.time() - stamp) > TOLERANCE_S:
        raise BadSignature
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            gateway.verify_signature(body, header, secret)
        except ValueError:
            continue
        return
    raise BadSignature


def _timestamp_of(header: str) -> int | None:
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t" and value.isascii() and value.isdecimal() and len(value) < 12:
            return int(value)
    return None


@transaction.atomic
def keep_event(fact: gateway.EventFact, *, source: str) -> bool:
    """Keep a hint and ask for a worker, in one transaction; False when it was known.

    An event of another mode or version of the API is kept, never acted on, and reported.
    """
    is_foreign = fact.is_live != gateway.is_live() or (
        bool(fact.api_version) and fact.api_version != gateway.api_version()
    )
    _row, is_new = StripeEvent.objects.get_or_create(
        id=fact.id,
        defaults={
            "type": fact.type, "object_id": fact.object_id, "created": fact.created,
            "api_version": fact.api_version, "is_ignored": fact.is_live != gateway.is_live(),
            "source": source, "payload": _without_secrets(fact.payload),
        },
    )  # fmt: skip
    if is_new and is_foreign:
        log.error("stripe.foreign_event", event_id=fact.id, version=fact.api_version)
    if is_new and fact.is_live == gateway.is_live():
        jobs.enqueue("funding.take_event", fact.id, event_id=fact.id)
    return is_new


SECRET_FIELDS = frozenset({"client_secret", "url", "hosted_voucher_url"})


def _without_secrets(value: Any) -> Any:
    """The payload without what opens something at Stripe."""
    if isinstance(value, dict):
        return {
            gateway.clean(k): _without_secrets(v)
            for k, v in value.items()
            if k not in SECRET_FIELDS
        }
    if isinstance(value, str):
        return gateway.clean(value)
    return [_without_secrets(v) for v in value] if isinstance(value, list) else value


def take_event(event_id: str) -> None:
    """Act on one hint (job). Safe to run twice; raises when it must come again."""
    row = StripeEvent.objects.get(pk=event_id)
    if row.processed_at is not None or row.is_ignored:
        return
    StripeEvent.objects.filter(pk=row.pk).update(tries=F("tries") + 1)
    try:
        _act(row)
    except (NotYet, gateway.GatewayError) as error:
        StripeEvent.objects.filter(pk=row.pk).update(error=repr(error)[:500])
        raise
    StripeEvent.objects.filter(pk=row.pk).update(processed_at=app_now(), error="")


def _act(row: StripeEvent) -> None:
    kind, thing = row.type, row.payload["data"]["object"]
    if kind.startswith("payment_intent.") or kind in {
        "charge.succeeded", "charge.failed", "charge.updated", "charge.refunded",
    }:  # fmt: skip
        _about_intent(thing)
    elif kind.startswith("refund.") or kind == "charge.refund.updated":
        _about_refund(thing)
    elif kind.startswith("charge.dispute."):
        if disputes.sync_dispute(row.object_id) is None:
            breaks.open_break("unknown_dispute", row.object_id)
    elif kind.startswith("checkout.session."):
        _about_session(thing)
    elif kind.startswith("payout."):
        payouts.read_payouts(since=row.created - timedelta(days=1))
    elif kind in {"payment_method.automatically_updated", "payment_method.detached"}:
        cards.reread_card(row.object_id)


def _metadata(thing: dict[str, Any]) -> dict[str, Any]:
    found = thing.get("metadata")
    return found if isinstance(found, dict) else {}


def _about_intent(thing: dict[str, Any]) -> None:
    intent_id = thing["id"] if thing["object"] == "payment_intent" else thing["payment_intent"]
    row = ChargeObligation.objects.filter(stripe_intent_id=intent_id).first()
    if row is None:
        told = _metadata(thing)
        if (
            told.get("env") == settings.STRIPE_ENV_NAME
            and ChargeObligation.objects.filter(
                public_id=str(told.get("obligation_id")), stripe_intent_id__isnull=True
            )
            .exclude(status=ObligationStatus.CANCELLED)
            .exists()
        ):
            raise NotYet(str(intent_id))
        return
    charges.sync(row)


def _about_refund(thing: dict[str, Any]) -> None:
    row = Refund.objects.filter(stripe_refund_id=thing["id"]).first()
    if row is None:
        told = _metadata(thing)
        if Refund.objects.filter(
            public_id=str(told.get("refund_id")), stripe_refund_id__isnull=True
        ).exists():
            raise NotYet(str(thing["id"]))
        # Made by hand at Stripe: the daily comparison finds its transaction and opens a break.
        return
    refunds.sync_refund(row)


def _about_session(thing: dict[str, Any]) -> None:
    if CardSetup.objects.filter(stripe_session_id=thing["id"]).exists():
        cards.confirm_card_setup(thing["id"])
    elif CardSetup.objects.filter(public_id=str(thing.get("client_reference_id"))).exists():
        raise NotYet(str(thing["id"]))


# --- what never arrived ---------------------------------------------------------------------------


def read_events() -> int:
    """Read Stripe's own list from where it was read to; how many hints were new."""
    control, _created = PaymentControl.objects.get_or_create(id=1)
    since = (control.events_read_at or app_now() - FIRST_LOOK) - OVERLAP
    newest = control.events_read_at
    added = 0
    for fact in gateway.events_since(since):
        added += keep_event(fact, source="list")
        newest = max(newest, fact.created) if newest else fact.created
    PaymentControl.objects.filter(id=1).update(events_read_at=newest)
    return added


def sweep() -> dict[str, int]:
    """Ask Stripe about everything that is not over, whatever events said (hourly and at night)."""
    counts = {"charges": 0, "refunds": 0, "setups": 0, "orphans": 0, "failed": 0}
    open_charges = ChargeObligation.objects.filter(
        status__in=sorted(UNFINISHED), stripe_intent_id__isnull=False
    )
    for row in open_charges:
        counts["failed"] += not _try(charges.sync, row)
        counts["charges"] += 1
    for refund in Refund.objects.filter(
        stripe_refund_id__isnull=False, status__in=[RefundStatus.PENDING, RefundStatus.SUBMITTED]
    ).select_related("obligation"):
        counts["failed"] += not _try(refunds.sync_refund, refund)
        counts["refunds"] += 1
    for setup in CardSetup.objects.filter(status="open", stripe_session_id__isnull=False):
        counts["failed"] += not _try(cards.confirm_card_setup, setup.public_id)
        counts["setups"] += 1
    for pledge in cards.pledges_with_a_card_too_many():
        counts["failed"] += not _try(cards.forget_cards, pledge)
    counts["failed"] += not _try(disputes.sync_open_disputes)
    counts["failed"] += _return_what_is_owed()
    counts["orphans"] = cancel_orphans()
    stuck.look()
    return counts


def _return_what_is_owed() -> int:
    """What is to go back and could not yet: its line was missing, the bank disputed it, its job
    had failed too often. How many failed again."""
    failed = 0
    unwanted = ChargeObligation.objects.filter(
        status=ObligationStatus.SUCCEEDED, refunds__isnull=True,
        pledge__status__in=[PledgeStatus.WITHDRAWN, PledgeStatus.LAPSED, PledgeStatus.DROPPED],
    )  # fmt: skip
    for row in unwanted.select_related("round", "pledge"):
        failed += not _try(refunds.refund_unwanted, row)
    fallen = Round.objects.filter(
        status=RoundStatus.SHORTFALL_FAILED, pledges__status=PledgeStatus.COLLECTED
    )
    for round_ in fallen.distinct():
        failed += not _try(returns.return_round, round_)
    waiting = TrancheShare.objects.filter(
        returned_minor__lt=F("amount_minor"), tranche__status="returned",
        pledge__status__in=sorted(PLEDGE_PAID),
    )  # fmt: skip
    parts = Tranche.objects.filter(pk__in=waiting.values("tranche"))
    for part in parts.select_related("round"):
        failed += not _try(returns.return_tranche, part)
    return failed


def _try(call: Any, *arguments: Any) -> bool:
    try:
        call(*arguments)
    except (gateway.GatewayError, DomainError) as error:
        log.warning("sweep.waits", call=call.__name__, error=repr(error))
        return False
    return True


def cancel_orphans() -> int:
    """Intents of ours that no row points at: harmless unless confirmed, so they are cancelled."""
    cancelled = 0
    told = gateway.intents_since(app_now() - FIRST_LOOK)
    while some := list(islice(told, CHUNK)):
        cancelled += sum(_cancel_orphan(found) for found in _without_row(some))
    return cancelled


def _without_row(some: Sequence[gateway.Intent]) -> Iterator[gateway.Intent]:
    """Those of ours that are not the intent of the row they name, nor may become it."""
    ours = [
        found for found in some
        if found.metadata.get("env") == settings.STRIPE_ENV_NAME and found.status != "canceled"
    ]  # fmt: skip
    rows = ChargeObligation.objects.filter(
        public_id__in=[found.metadata.get("obligation_id", "") for found in ours]
    )
    known = dict(rows.values_list("public_id", "stripe_intent_id"))
    for found in ours:
        id_ = found.metadata.get("obligation_id", "")
        if id_ not in known or known[id_] not in {found.id, None}:
            yield found


def _cancel_orphan(found: gateway.Intent) -> bool:
    if found.status == "succeeded":
        id_ = found.metadata.get("obligation_id", "")
        breaks.open_break("orphan_charge", found.id, money=found.money, detail=id_)
        return False
    gateway.cancel_intent(found.id, key=f"{settings.STRIPE_ENV_NAME}:orphan:{found.id}")
    return True

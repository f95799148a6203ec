"""What Stripe sends to the bank: each payout must be the sum of the lines that it names."""

from datetime import datetime

from django.db import transaction

from backend.funding import stripe_gateway as gateway
from backend.funding.actions import books
from backend.funding.actions.breaks import heal_break, open_break
from backend.funding.models import Payout


def read_payouts(*, since: datetime) -> int:
    """Note payouts since then with their lines; how many could not be explained."""
    return sum(not _read(fact, since) for fact in list(gateway.payouts(since=since)))


def _read(fact: gateway.PayoutFact, since: datetime) -> bool:
    lines = list(gateway.transactions(since=since, payout_id=fact.id))
    members = [line for line in lines if line.type not in {"payout", "payout_failure"}]
    is_explained = sum(line.net_minor for line in members) == fact.money.minor
    with transaction.atomic():
        Payout.objects.update_or_create(
            stripe_id=fact.id,
            defaults={
                "amount_minor": fact.money.minor, "currency": fact.money.currency,
                "status": fact.status, "arrives_on": fact.arrives_at.date(),
                "is_explained": is_explained,
            },
        )  # fmt: skip
        books.book_all(lines)
        if is_explained:
            heal_break("payout", fact.id)
        else:
            open_break("payout", fact.id, money=fact.money, detail="its lines do not add up to it")
    return is_explained

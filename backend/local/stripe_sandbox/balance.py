"""Balance transactions: what really moved, with fees and rates; some appear after the charge."""

from typing import Any

from backend.local.stripe_sandbox import units
from backend.local.stripe_sandbox.events import emit
from backend.local.stripe_sandbox.store import Object, Store

AVAILABLE_AFTER_S = 2 * 86_400


def settlement_of(store: Store, currency: str) -> str:
    """Money stays in its currency when the account settles in it, else it is converted."""
    return currency if currency in store.settles else str(store.settles[0])


def transaction(
    store: Store,
    type_: str,
    amount: int,
    currency: str,
    source: str,
    *,
    category: str = "",
    fee: int = 0,
    rate: float | None = None,
    **extra: Any,
) -> Object:
    """One line of the account: `amount` and `fee` in the settlement currency."""
    details = [{"amount": fee, "currency": currency, "type": "stripe_fee"}] if fee else []
    return store.new(
        "balance_transaction", amount=amount, fee=fee, net=amount - fee, currency=currency,
        exchange_rate=rate, type=type_, reporting_category=category or type_, source=source,
        status="pending", available_on=store.now() + AVAILABLE_AFTER_S, fee_details=details,
        description=None, **extra,
    )  # fmt: skip


def of_charge(store: Store, charge: Object) -> None:
    """Write the charge's transaction, now due."""
    if charge["balance_transaction"] or not charge["captured"]:
        return
    currency = settlement_of(store, charge["currency"])
    amount, rate = units.convert(charge["amount"], charge["currency"], currency, store.rates)
    fee = round(amount * store.options["fee_bps"] / 10_000) + store.options["fee_fixed"]
    bt = transaction(
        store, "charge", amount, currency, charge["id"], fee=fee,
        rate=None if currency == charge["currency"] else rate,
    )  # fmt: skip
    charge["balance_transaction"] = bt["id"]
    emit(store, "charge.updated", charge, balance_transaction=None)


def of_refund(store: Store, refund: Object) -> None:
    """Refunds are converted at the rate of now, so they may cost more than the charge brought."""
    currency = settlement_of(store, refund["currency"])
    amount, rate = units.convert(refund["amount"], refund["currency"], currency, store.rates)
    bt = transaction(
        store, "refund", -amount, currency, refund["id"],
        rate=None if currency == refund["currency"] else rate,
    )  # fmt: skip
    refund["balance_transaction"] = bt["id"]


def refund_failed(store: Store, refund: Object) -> None:
    paid = store.get("balance_transaction", refund["balance_transaction"])
    bt = transaction(
        store, "refund_failure", -paid["amount"], paid["currency"], refund["id"],
        rate=paid["exchange_rate"],
    )  # fmt: skip
    refund["failure_balance_transaction"] = bt["id"]


def of_dispute(store: Store, dispute: Object, *, is_reversal: bool = False) -> Object:
    currency = settlement_of(store, dispute["currency"])
    amount, rate = units.convert(dispute["amount"], dispute["currency"], currency, store.rates)
    fee = 0 if is_reversal else store.options["dispute_fee"]
    return transaction(
        store, "adjustment", amount if is_reversal else -amount, currency, dispute["id"],
        category="dispute_reversal" if is_reversal else "dispute", fee=fee,
        rate=None if currency == dispute["currency"] else rate,
    )  # fmt: skip


def totals(store: Store) -> Object:
    """`/v1/balance`: what is available and what is still pending, by currency."""
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    now = store.now()
    for bt in store.objects["balance_transaction"].values():
        part = "available" if bt["available_on"] <= now else "pending"
        sums[part][bt["currency"]] = sums[part].get(bt["currency"], 0) + bt["net"]
    lines = {
        part: [{"amount": a, "currency": c, "source_types": {"card": a}} for c, a in by.items()]
        or [{"amount": 0, "currency": store.settles[0], "source_types": {"card": 0}}]
        for part, by in sums.items()
    }
    return {"object": "balance", "livemode": False, **lines}


def create_payout(store: Store, currency: str, amount: int | None = None) -> Object:
    """Send what stands there to the bank, as the account's schedule would."""
    members = [
        bt for bt in store.objects["balance_transaction"].values()
        if bt["currency"] == currency and not bt.get("payout")
    ]  # fmt: skip
    total = sum(bt["net"] for bt in members) if amount is None else amount
    payout = store.new(
        "payout", amount=total, currency=currency, status="paid", automatic=True,
        arrival_date=store.now() + 86_400, method="standard", type="bank_account",
        balance_transaction=None, failure_balance_transaction=None, failure_code=None,
        reconciliation_status="completed", metadata={},
    )  # fmt: skip
    bt = transaction(store, "payout", -total, currency, payout["id"], payout=payout["id"])
    payout["balance_transaction"] = bt["id"]
    if amount is None:
        for member in members:
            member["payout"] = payout["id"]
    store.effect("payout", total, currency, payout=payout["id"])
    emit(store, "payout.created", payout)
    emit(store, "payout.paid", payout)
    return payout


def fail_payout(store: Store, payout: Object) -> Object:
    """The bank sent it back."""
    bt = transaction(
        store, "payout_failure", payout["amount"], payout["currency"], payout["id"],
        category="payout_reversal",
    )  # fmt: skip
    payout.update(
        status="failed", failure_code="account_closed", failure_balance_transaction=bt["id"]
    )
    store.effect("payout_failed", payout["amount"], payout["currency"], payout=payout["id"])
    emit(store, "payout.failed", payout)
    return payout

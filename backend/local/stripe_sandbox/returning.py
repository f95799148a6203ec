"""Refunds and disputes: money that goes back."""

from backend.local.stripe_sandbox import balance
from backend.local.stripe_sandbox.cards import CARDS
from backend.local.stripe_sandbox.errors import Refusal, invalid
from backend.local.stripe_sandbox.events import emit
from backend.local.stripe_sandbox.store import Object, Store

EVIDENCE_S = 7 * 86_400


def create_refund(store: Store, fields: Object) -> Object:
    charge = _charge_of(store, fields)
    left = charge["amount"] - charge["amount_refunded"]
    amount = int(fields.get("amount") or left)
    if charge["disputed"]:
        raise Refusal(400, "invalid_request_error", "This charge is disputed.", keep=False,
                      code="charge_disputed")  # fmt: skip
    if left == 0:
        raise Refusal(
            400, "invalid_request_error", f"Charge {charge['id']} has already been refunded.",
            keep=False, code="charge_already_refunded",
        )  # fmt: skip
    if amount < 1 or amount > left:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge "
                      f"({left})", param="amount")  # fmt: skip
    behaviour = CARDS[store.numbers[charge["payment_method"]]].refund
    is_pending = behaviour == "pending" or store.options["is_short_of_balance"]
    refund = store.new(
        "refund", amount=amount, currency=charge["currency"], charge=charge["id"],
        payment_intent=charge["payment_intent"], status="pending" if is_pending else "succeeded",
        reason=fields.get("reason"), metadata=fields.get("metadata") or {},
        balance_transaction=None, failure_balance_transaction=None, failure_reason=None,
        destination_details={"type": "card", "card": {"type": "refund"}}, receipt_number=None,
    )  # fmt: skip
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    store.effect(
        "refund", amount, charge["currency"], charge=charge["id"], refund=refund["id"],
        payment_intent=charge["payment_intent"],
    )  # fmt: skip
    if not store.options["is_short_of_balance"]:
        balance.of_refund(store, refund)
    emit(store, "refund.created", refund)
    emit(store, "charge.refunded", charge)
    if behaviour == "pending":
        store.later.append((store.now() + 3600, "refund_succeeds", refund["id"]))
    if behaviour == "fails_later":
        store.later.append((store.now() + 5 * 86_400, "refund_fails", refund["id"]))
    return refund


def _charge_of(store: Store, fields: Object) -> Object:
    if fields.get("charge"):
        return store.get("charge", fields["charge"])
    intent = store.get("payment_intent", str(fields.get("payment_intent")))
    if intent["status"] != "succeeded":
        raise invalid("This PaymentIntent does not have a successful charge to refund.")
    return store.get("charge", intent["latest_charge"])


def refund_succeeds(store: Store, refund: Object) -> Object:
    if refund["status"] != "pending":
        return refund
    if refund["balance_transaction"] is None:
        balance.of_refund(store, refund)
    refund["status"] = "succeeded"
    emit(store, "refund.updated", refund)
    return refund


def refund_fails(store: Store, refund: Object) -> Object:
    if refund["status"] in {"failed", "canceled"}:
        return refund
    if refund["balance_transaction"]:
        balance.refund_failed(store, refund)
    refund.update(status="failed", failure_reason="expired_or_canceled_card")
    charge = store.get("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    store.effect("refund_failed", refund["amount"], refund["currency"], refund=refund["id"],
                 charge=refund["charge"], payment_intent=refund["payment_intent"])  # fmt: skip
    emit(store, "refund.failed", refund)
    return refund


def open_dispute(store: Store, charge: Object, fields: Object) -> Object:
    """A bank takes a charge back for its customer; an inquiry moves no money."""
    is_inquiry = fields.get("reason") == "inquiry" or bool(fields.get("is_inquiry"))
    reason = "general" if fields.get("reason") in {None, "inquiry"} else fields["reason"]
    dispute = store.new(
        "dispute", amount=int(fields.get("amount") or charge["amount"]),
        currency=charge["currency"], charge=charge["id"], payment_intent=charge["payment_intent"],
        reason=reason, status="warning_needs_response" if is_inquiry else "needs_response",
        evidence_details={"due_by": store.now() + EVIDENCE_S, "has_evidence": False,
                          "past_due": False, "submission_count": 0},
        balance_transactions=[], is_charge_refundable=is_inquiry, evidence={}, metadata={},
    )  # fmt: skip
    charge["disputed"] = not is_inquiry
    emit(store, "charge.dispute.created", dispute)
    if not is_inquiry:
        dispute["balance_transactions"].append(balance.of_dispute(store, dispute))
        store.effect("dispute", dispute["amount"], dispute["currency"], dispute=dispute["id"],
                     charge=charge["id"], payment_intent=charge["payment_intent"])  # fmt: skip
        emit(store, "charge.dispute.funds_withdrawn", dispute)
    return dispute


def close_dispute(store: Store, dispute: Object, outcome: str) -> Object:
    """`won`, `lost`, or `warning_closed` for an inquiry."""
    if dispute["status"] in {"won", "lost", "warning_closed"}:
        raise invalid("This dispute is closed.")
    if dispute["status"].startswith("warning"):
        outcome = "warning_closed"
    charge = store.get("charge", dispute["charge"])
    if outcome == "won":
        dispute["balance_transactions"].append(balance.of_dispute(store, dispute, is_reversal=True))
        charge["disputed"] = False
        store.effect("dispute_won", dispute["amount"], dispute["currency"], dispute=dispute["id"],
                     charge=charge["id"], payment_intent=charge["payment_intent"])  # fmt: skip
    dispute["status"] = outcome
    emit(store, "charge.dispute.closed", dispute)
    if outcome == "won":
        emit(store, "charge.dispute.funds_reinstated", dispute)
    return dispute


def respond(store: Store, dispute: Object, fields: Object) -> Object:
    """Evidence was written; sent when `submit` is true."""
    dispute["evidence"].update(fields.get("evidence") or {})
    dispute["metadata"].update(fields.get("metadata") or {})
    dispute["evidence_details"]["has_evidence"] = bool(dispute["evidence"])
    if fields.get("submit") == "true":
        is_inquiry = dispute["status"].startswith("warning")
        dispute["status"] = "warning_under_review" if is_inquiry else "under_review"
        dispute["evidence_details"]["submission_count"] += 1
        emit(store, "charge.dispute.updated", dispute)
    return dispute

"""Payment intents and their charges. A payment intent succeeds once at most."""

import secrets
import time
from typing import Any

from backend.local.stripe_sandbox import balance, units
from backend.local.stripe_sandbox.cards import CARDS, DECLINES, Decline
from backend.local.stripe_sandbox.errors import Refusal, invalid, unexpected_state
from backend.local.stripe_sandbox.events import emit
from backend.local.stripe_sandbox.saving import card_error, method_for
from backend.local.stripe_sandbox.store import Object, Store

CAN_CONFIRM = {"requires_payment_method", "requires_confirmation", "requires_action"}
CAN_CANCEL = CAN_CONFIRM | {"processing", "requires_capture"}


def create(store: Store, fields: Object, base: str) -> Object:
    for name in ("amount", "currency"):
        if name not in fields:
            raise invalid(f"Missing required param: {name}.", param=name, code="parameter_missing")
    amount, currency = int(fields["amount"]), str(fields["currency"]).lower()
    units.check_amount(amount, currency, store.rates)
    customer = fields.get("customer")
    if customer:
        store.get("customer", customer)
    method = fields.get("payment_method")
    if method:
        method = _method(store, method, customer)["id"]
    intent = store.new(
        "payment_intent", amount=amount, amount_received=0, amount_capturable=0, currency=currency,
        customer=customer, payment_method=method, client_secret=None, next_action=None,
        status="requires_confirmation" if method else "requires_payment_method",
        capture_method=fields.get("capture_method", "automatic_async"), canceled_at=None,
        cancellation_reason=None, last_payment_error=None, latest_charge=None,
        metadata=fields.get("metadata") or {}, description=fields.get("description"),
        statement_descriptor_suffix=fields.get("statement_descriptor_suffix"),
        receipt_email=None, setup_future_usage=fields.get("setup_future_usage"),
        payment_method_types=["card"],
        automatic_payment_methods={"enabled": True, "allow_redirects": "always"},
    )  # fmt: skip
    intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(8)}"
    emit(store, "payment_intent.created", intent)
    if fields.get("confirm") == "true":
        return confirm(store, intent, fields, base)
    return intent


def _method(store: Store, id_: str, customer: str | None) -> Object:
    method = method_for(store, id_, customer)
    if method["customer"] != customer:
        raise invalid(
            f"The customer does not have a payment method with the ID {method['id']}. The payment "
            "method must be attached to the customer.", param="payment_method",
            code="resource_missing",
        )  # fmt: skip
    return method


def confirm(store: Store, intent: Object, fields: Object, base: str) -> Object:
    if intent["status"] not in CAN_CONFIRM:
        raise unexpected_state(intent, "be confirmed")
    id_ = fields.get("payment_method") or intent["payment_method"]
    if not id_:
        raise invalid("You cannot confirm this PaymentIntent because it's missing a payment "
                      "method.", code="payment_intent_unexpected_state")  # fmt: skip
    method = _method(store, id_, intent["customer"])
    intent["payment_method"] = method["id"]
    is_off = fields.get("off_session") == "true"
    if is_off and fields.get("return_url"):
        raise invalid("return_url cannot be passed with off_session.", param="return_url")
    outcome = _outcome(store, method)
    if outcome == "authentication_required":
        if is_off:
            raise _fail(store, intent, method, Decline(
                "authentication_required", "authentication_required",
                "Your card was declined. This transaction requires authentication.",
            ))  # fmt: skip
        if not fields.get("return_url"):
            raise invalid("A return_url must be specified because this payment needs a redirect.",
                          param="return_url")  # fmt: skip
        intent.update(
            status="requires_action",
            next_action={
                "type": "redirect_to_url",
                "redirect_to_url": {
                    "url": f"{base}/3ds/{intent['id']}", "return_url": fields["return_url"],
                },
            },
        )  # fmt: skip
        emit(store, "payment_intent.requires_action", intent)
        return intent
    if isinstance(outcome, Decline):
        raise _fail(store, intent, method, outcome)
    return succeed(store, intent)


def _outcome(store: Store, method: Object) -> str | Decline:
    """What the issuer says: a test's script first, then the card's own way."""
    script = store.scripts.get(method["id"])
    if script:
        told = script.pop(0)
        return DECLINES.get(told, told)
    if _is_expired(store, method):
        return DECLINES["expired_card"]
    card = CARDS[store.numbers[method["id"]]]
    if card.on_charge:
        return card.on_charge
    return "authentication_required" if card.asks == "always" else "ok"


def _is_expired(store: Store, method: Object) -> bool:
    at = time.gmtime(store.now())
    card = method["card"]
    return bool((card["exp_year"], card["exp_month"]) < (at.tm_year, at.tm_mon))


def _charge(store: Store, intent: Object, status: str, **extra: Any) -> Object:
    method = store.get("payment_method", intent["payment_method"])
    return store.new(
        "charge", amount=intent["amount"], amount_captured=0, amount_refunded=0,
        currency=intent["currency"], customer=intent["customer"], payment_intent=intent["id"],
        payment_method=intent["payment_method"], status=status, paid=status == "succeeded",
        captured=status == "succeeded", refunded=False, disputed=False, balance_transaction=None,
        metadata=dict(intent["metadata"]), failure_code=None, failure_message=None, outcome=None,
        failure_balance_transaction=None, receipt_url=None,
        payment_method_details={"type": "card", "card": dict(method["card"])}, **extra,
    )  # fmt: skip


def _fail(store: Store, intent: Object, method: Object, decline: Decline) -> Refusal:
    charge = _charge(store, intent, "failed")
    charge.update(failure_code=decline.code, failure_message=decline.message)
    error: Object = {
        "type": "card_error", "code": decline.code, "decline_code": decline.decline_code,
        "message": decline.message, "payment_method": dict(method), "charge": charge["id"],
    }  # fmt: skip
    if decline.advice_code:
        error["advice_code"] = decline.advice_code
    intent.update(
        status="requires_payment_method", latest_charge=charge["id"], last_payment_error=error,
        payment_method=None, next_action=None,
    )  # fmt: skip
    emit(store, "charge.failed", charge)
    emit(store, "payment_intent.payment_failed", intent)
    return card_error(decline, intent, charge["id"])


def succeed(store: Store, intent: Object) -> Object:
    """The one place where money comes in."""
    if intent["status"] == "succeeded":
        raise unexpected_state(intent, "succeed again")
    charge = _charge(store, intent, "succeeded", refunds=None)
    charge["amount_captured"] = charge["amount"]
    intent.update(
        status="succeeded", amount_received=intent["amount"], latest_charge=charge["id"],
        next_action=None, last_payment_error=None,
    )  # fmt: skip
    store.effect(
        "charge", charge["amount"], charge["currency"], payment_intent=intent["id"],
        charge=charge["id"], metadata=dict(intent["metadata"]),
    )  # fmt: skip
    delay = float(store.options["transaction_delay_s"])
    if delay <= 0 and intent["capture_method"] != "automatic_async":
        balance.of_charge(store, charge)
    else:
        store.later.append((store.now() + max(delay, 1), "charge_transaction", charge["id"]))
    emit(store, "charge.succeeded", charge)
    emit(store, "payment_intent.succeeded", intent)
    after = CARDS[store.numbers[intent["payment_method"]]].after_charge
    if after:
        store.later.append((store.now() + 1, f"dispute:{after}", charge["id"]))
    return intent


def authenticate(store: Store, intent: Object, *, is_passed: bool) -> Object:
    """The bank's page: the customer proved it, or not."""
    if intent["status"] != "requires_action":
        raise unexpected_state(intent, "be authenticated")
    if is_passed:
        return succeed(store, intent)
    method = store.get("payment_method", intent["payment_method"])
    _fail(store, intent, method, Decline(
        "payment_intent_authentication_failure", "authentication_failure",
        "We are unable to authenticate your payment method.",
    ))  # fmt: skip
    return intent


def cancel(store: Store, intent: Object, fields: Object) -> Object:
    if intent["status"] not in CAN_CANCEL:
        raise unexpected_state(intent, "be canceled")
    intent.update(
        status="canceled", canceled_at=store.now(), next_action=None,
        cancellation_reason=fields.get("cancellation_reason"),
    )  # fmt: skip
    emit(store, "payment_intent.canceled", intent)
    return intent

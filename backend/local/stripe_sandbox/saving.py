"""Customers, cards, and saving a card: setup intents and hosted Checkout in setup mode."""

import hashlib
import secrets
from typing import Any

from backend.local.stripe_sandbox.cards import CARDS, SHORTHAND, Decline
from backend.local.stripe_sandbox.errors import Refusal, invalid, missing
from backend.local.stripe_sandbox.events import emit
from backend.local.stripe_sandbox.store import Object, Store

SESSION_LASTS_S = 24 * 3600


def create_customer(store: Store, fields: Object) -> Object:
    customer = store.new(
        "customer", email=fields.get("email"), name=fields.get("name"),
        metadata=fields.get("metadata") or {}, invoice_settings={"default_payment_method": None},
        preferred_locales=fields.get("preferred_locales") or [], description=None,
    )  # fmt: skip
    emit(store, "customer.created", customer)
    return customer


def delete_customer(store: Store, customer: Object) -> Object:
    for method in store.objects["payment_method"].values():
        if method["customer"] == customer["id"]:
            method["customer"] = None
    del store.objects["customer"][customer["id"]]
    store.is_dirty = True
    emit(store, "customer.deleted", customer)
    return {"id": customer["id"], "object": "customer", "deleted": True}


def new_card(store: Store, number: str, customer: str | None, **facts: Any) -> Object:
    card = CARDS[number]
    year = int(facts.get("exp_year") or 2034)
    fingerprint = hashlib.sha256(number.encode()).hexdigest()[:16]
    method = store.new(
        "payment_method", type="card", customer=customer, metadata={},
        billing_details={"name": facts.get("name"), "email": None, "address": None, "phone": None},
        card={
            "brand": card.brand, "last4": number[-4:],
            "exp_month": int(facts.get("exp_month") or 12),
            "exp_year": year, "country": card.country, "funding": "credit",
            "fingerprint": fingerprint, "display_brand": card.brand,
            "three_d_secure_usage": {"supported": True}, "wallet": None,
        },
    )  # fmt: skip
    store.numbers[method["id"]] = number
    return method


def method_for(store: Store, id_: str, customer: str | None) -> Object:
    """A payment method, made when one of Stripe's short test ids is given."""
    if id_ in SHORTHAND:
        return new_card(store, SHORTHAND[id_], customer)
    found = store.objects["payment_method"].get(id_)
    if found is None:
        raise missing("PaymentMethod", id_)
    return found


def attach(store: Store, id_: str, customer: str) -> Object:
    store.get("customer", customer)
    method = method_for(store, id_, customer)
    card = CARDS[store.numbers[method["id"]]]
    if card.on_setup:
        raise card_error(card.on_setup, None)
    method["customer"] = customer
    emit(store, "payment_method.attached", method)
    return method


def detach(store: Store, method: Object) -> Object:
    if method["customer"] is None:
        raise invalid("The payment method you provided is not attached to a customer.",
                      param="payment_method")  # fmt: skip
    method["customer"] = None
    emit(store, "payment_method.detached", method)
    return method


def card_error(decline: Decline, intent: Object | None, charge: str | None = None) -> Refusal:
    fields: Object = {"code": decline.code, "decline_code": decline.decline_code}
    if decline.advice_code:
        fields["advice_code"] = decline.advice_code
    if charge:
        fields["charge"] = charge
    if intent:
        fields[intent["object"]] = intent
    return Refusal(402, "card_error", decline.message, **fields)


# --- setup intents --------------------------------------------------------------------------------


def create_setup_intent(store: Store, fields: Object) -> Object:
    customer = fields.get("customer")
    if customer:
        store.get("customer", customer)
    intent = store.new(
        "setup_intent", status="requires_payment_method", usage=fields.get("usage", "off_session"),
        customer=customer, payment_method=None, last_setup_error=None, next_action=None,
        client_secret=None, mandate=None, metadata=fields.get("metadata") or {},
        description=fields.get("description"), payment_method_types=["card"], application=None,
        cancellation_reason=None,
    )  # fmt: skip
    intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(8)}"
    emit(store, "setup_intent.created", intent)
    return intent


def save_card(
    store: Store, intent: Object, number: str, base: str, return_url: str, **facts: Any
) -> Object:
    """What the hosted page does with a card: refuse it, ask the bank, or save it."""
    if intent["status"] in {"succeeded", "canceled"}:
        raise invalid("This setup is over.", code="setup_intent_unexpected_state")
    card = CARDS[number]
    method = new_card(store, number, None, **facts)
    if card.on_setup:
        intent["last_setup_error"] = {
            "type": "card_error", "code": card.on_setup.code,
            "decline_code": card.on_setup.decline_code, "message": card.on_setup.message,
        }  # fmt: skip
        emit(store, "setup_intent.setup_failed", intent)
        raise card_error(card.on_setup, intent)
    intent["payment_method"] = method["id"]
    if card.asks != "never":
        intent["status"] = "requires_action"
        intent["next_action"] = {
            "type": "redirect_to_url",
            "redirect_to_url": {"url": f"{base}/3ds/{intent['id']}", "return_url": return_url},
        }
        emit(store, "setup_intent.requires_action", intent)
        return intent
    return finish_setup(store, intent)


def finish_setup(store: Store, intent: Object) -> Object:
    intent.update(status="succeeded", next_action=None, last_setup_error=None)
    method = store.get("payment_method", intent["payment_method"])
    method["customer"] = intent["customer"]
    emit(store, "payment_method.attached", method)
    emit(store, "setup_intent.succeeded", intent)
    session = session_of(store, intent)
    if session is not None and session["status"] == "open":
        session["status"] = "complete"
        emit(store, "checkout.session.completed", session)
    return intent


def fail_setup(store: Store, intent: Object) -> Object:
    intent.update(
        status="requires_payment_method", next_action=None, payment_method=None,
        last_setup_error={
            "type": "card_error", "code": "setup_intent_authentication_failure",
            "message": "We are unable to authenticate your payment method.",
        },
    )  # fmt: skip
    emit(store, "setup_intent.setup_failed", intent)
    return intent


# --- checkout -------------------------------------------------------------------------------------


def create_session(store: Store, fields: Object, base: str) -> Object:
    if fields.get("mode") != "setup":
        raise invalid("The sandbox knows Checkout in setup mode only.", param="mode")
    if not fields.get("currency") and not fields.get("allowed_payment_method_types"):
        raise invalid("currency is required in setup mode.", param="currency")
    if not fields.get("success_url"):
        raise invalid("success_url is required.", param="success_url")
    data = fields.get("setup_intent_data") or {}
    intent = create_setup_intent(
        store,
        {"customer": fields.get("customer"), "metadata": data.get("metadata"),
         "description": data.get("description")},
    )  # fmt: skip
    session = store.new(
        "checkout.session", mode="setup", status="open", customer=fields.get("customer"),
        setup_intent=intent["id"], success_url=fields["success_url"],
        cancel_url=fields.get("cancel_url"), currency=fields.get("currency"),
        client_reference_id=fields.get("client_reference_id"), payment_status="no_payment_required",
        metadata=fields.get("metadata") or {}, locale=fields.get("locale"),
        expires_at=int(fields.get("expires_at") or store.now() + SESSION_LASTS_S),
        custom_text=fields.get("custom_text"), payment_method_types=["card"], url=None,
    )  # fmt: skip
    session["url"] = f"{base}/checkout/{session['id']}"
    return session


def session_of(store: Store, intent: Object) -> Object | None:
    for session in store.objects["checkout.session"].values():
        if session["setup_intent"] == intent["id"]:
            return session
    return None


def fresh_session(store: Store, session: Object) -> Object:
    """The session as of now: open ones end at their time."""
    if session["status"] == "open" and store.now() >= session["expires_at"]:
        expire_session(store, session)
    return session


def expire_session(store: Store, session: Object) -> Object:
    if session["status"] != "open":
        raise invalid("Only open Checkout Sessions can be expired.")
    session.update(status="expired", url=None)
    emit(store, "checkout.session.expired", session)
    return session


def success_url(session: Object) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])

"""The only door to Stripe: typed facts in and out, and four kinds of failure.

No call here opens a transaction or touches our tables. Every POST carries a key of ours; the SDK
retries nothing by itself, because the rows decide what is sent again and how. What the SDK gives
back never leaves this module: callers get frozen facts in our own units.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

import requests
import stripe
from django.conf import settings

from backend.core.money import Money
from backend.funding.currencies import currency_of, from_wire, to_wire
from backend.funding.payment_facts import (
    DisputeFact as DisputeFact,
)
from backend.funding.payment_facts import (
    EventFact as EventFact,
)
from backend.funding.payment_facts import (
    GatewayError as GatewayError,
)
from backend.funding.payment_facts import (
    Intent as Intent,
)
from backend.funding.payment_facts import (
    NotSetUp as NotSetUp,
)
from backend.funding.payment_facts import (
    PayoutFact as PayoutFact,
)
from backend.funding.payment_facts import (
    RefundFact as RefundFact,
)
from backend.funding.payment_facts import (
    Refused as Refused,
)
from backend.funding.payment_facts import (
    SavedCard as SavedCard,
)
from backend.funding.payment_facts import (
    Session as Session,
)
from backend.funding.payment_facts import (
    Transaction as Transaction,
)
from backend.funding.payment_facts import (
    TryLater as TryLater,
)
from backend.funding.payment_facts import (
    Unknown as Unknown,
)

SANDBOX_KEY = "sk_test_sandbox"


# --- the client -----------------------------------------------------------------------------------


def _client() -> "stripe.StripeClient":
    if not settings.STRIPE_API_KEY:
        raise NotSetUp("STRIPE_API_KEY is not set")
    return _client_of(
        settings.STRIPE_API_KEY, settings.STRIPE_API_BASE, float(settings.STRIPE_TIMEOUT_S)
    )


@lru_cache(maxsize=4)
def _client_of(key: str, base: str, timeout_s: float) -> "stripe.StripeClient":
    return stripe.StripeClient(
        key,
        base_addresses={"api": base} if base else None,
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=timeout_s),
    )


def move_sandbox_clock(offset_s: float) -> None:
    """The sandbox's clock moves with the demo date; without a sandbox there is nothing to move."""
    if settings.STRIPE_API_BASE:
        url = f"{settings.STRIPE_API_BASE}/_sandbox/clock"
        requests.post(url, json={"offset_s": offset_s}, timeout=5).raise_for_status()


def is_ready() -> bool:
    return bool(settings.STRIPE_API_KEY)


def is_live() -> bool:
    """Whether the key moves real money."""
    return "_live_" in settings.STRIPE_API_KEY


def hash_of(params: Mapping[str, Any]) -> str:
    """What makes two requests the same; a key is never sent again with another hash."""
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()


def _call(run: Any) -> Any:
    """Run one SDK call and sort its failures."""
    try:
        return run()
    except stripe.RateLimitError as error:
        raise TryLater("rate limit", _retry_after(error)) from error
    except stripe.IdempotencyError as error:
        if error.code == "idempotency_key_in_use" or error.http_status == 409:
            raise TryLater("the same key is running") from error
        raise Refused("idempotency_key_reused", str(error)) from error
    except stripe.CardError:
        raise
    except stripe.InvalidRequestError as error:
        raise Refused(error.code or "invalid_request", str(error)) from error
    except stripe.APIConnectionError as error:
        raise Unknown("no answer") from error
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise TryLater(f"the key is refused: {error.code}") from error
    except stripe.APIError as error:
        status = error.http_status or 0
        if status in {429, 409, 503}:
            raise TryLater(f"answer {status}", _retry_after(error)) from error
        raise Unknown(f"answer {status}", is_kept=status >= 500) from error
    except (requests.RequestException, ValueError) as error:
        raise Unknown("broken answer") from error


def _retry_after(error: Any) -> float | None:
    raw = (error.headers or {}).get("Retry-After")
    try:
        return float(raw) if raw else None
    except ValueError:
        return None


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _id_of(value: Any) -> str:
    """The id of a field that may be an id or the object itself."""
    if not value:
        return ""
    return value if isinstance(value, str) else str(value["id"])


def _wire(money: Money) -> int:
    """An amount that goes back (no minimum holds for it) in Stripe's units."""
    row = currency_of(money.currency)
    return money.minor * int(10 ** (row.stripe_exponent - row.exponent))


def _money(amount: int, currency: str) -> Money:
    code = currency.upper()
    return Money(from_wire(amount, code), code)


def _transaction(value: Any) -> Transaction | None:
    if not value or isinstance(value, str):
        return None
    code = value["currency"].upper()
    rate = value["exchange_rate"]
    return Transaction(
        id=value["id"],
        type=value["type"],
        category=value["reporting_category"],
        source_id=_id_of(value["source"]),
        currency=code,
        amount_minor=from_wire(value["amount"], code),
        fee_minor=from_wire(value["fee"], code),
        net_minor=from_wire(value["net"], code),
        exchange_rate=None if rate is None else Decimal(str(rate)),
        payout_id=_id_of(value.to_dict().get("payout")) if hasattr(value, "to_dict") else "",
        created=_at(value["created"]),
        available_on=_at(value["available_on"]),
    )


# --- saving a card --------------------------------------------------------------------------------


def create_customer(*, email: str, investor_id: str, key: str) -> str:
    """The id of a new customer; the same key gives the same one."""
    params: Any = {"email": email, "metadata": {"investor": investor_id, **_env()}}
    found = _call(lambda: _client().v1.customers.create(params, {"idempotency_key": key}))
    return str(found["id"])


def _env() -> dict[str, str]:
    return {"env": settings.STRIPE_ENV_NAME}


def create_session(
    *, customer_id: str, currency: str, setup_id: str, success_url: str, cancel_url: str,
    language: str, note: str, key: str,
) -> Session:  # fmt: skip
    """A hosted page that saves one card for later use without the person present."""
    params: Any = {
        "mode": "setup",
        "currency": currency.lower(),
        "customer": customer_id,
        "success_url": success_url,
        "cancel_url": cancel_url,
        "locale": language,
        "client_reference_id": setup_id,
        "allowed_payment_method_types": ["card"],
        "custom_text": {"submit": {"message": note[:1200]}},
        "metadata": {"setup_id": setup_id, **_env()},
        "setup_intent_data": {"metadata": {"setup_id": setup_id, **_env()}},
    }
    found = _call(lambda: _client().v1.checkout.sessions.create(params, {"idempotency_key": key}))
    return Session(found["id"], found["url"] or "", found["status"], None)


def session(session_id: str) -> Session:
    found = _call(
        lambda: _client().v1.checkout.sessions.retrieve(
            session_id, {"expand": ["setup_intent.payment_method"]}
        )
    )
    intent = found["setup_intent"]
    method = intent["payment_method"] if intent and not isinstance(intent, str) else None
    is_saved = bool(method) and intent["status"] == "succeeded"
    return Session(
        found["id"], found["url"] or "", found["status"], _card(method) if is_saved else None
    )


def _card(method: Any) -> SavedCard:
    card = method["card"]
    return SavedCard(
        method["id"], card["brand"], card["last4"], card["exp_month"], card["exp_year"],
        card["country"] or "",
    )  # fmt: skip


def card(payment_method: str) -> tuple[SavedCard, bool]:
    """A saved card as of now, and whether it still belongs to its customer."""
    found = _call(lambda: _client().v1.payment_methods.retrieve(payment_method))
    return _card(found), bool(found["customer"])


def forget_card(payment_method: str, *, key: str) -> None:
    """Detach a card; one that is gone already is fine."""
    try:
        _call(lambda: _client().v1.payment_methods.detach(
            payment_method, {}, {"idempotency_key": key}
        ))  # fmt: skip
    except Refused:
        return


# --- charging -------------------------------------------------------------------------------------


def intent_params(
    *, money: Money, customer_id: str, obligation_id: str, project: str
) -> dict[str, Any]:
    """What `create_intent` sends. Raises NotOnTheWire for a sum that cannot be charged."""
    return {
        "amount": to_wire(money.minor, money.currency),
        "currency": money.currency.lower(),
        "customer": customer_id,
        "capture_method": "automatic",
        "automatic_payment_methods": {"enabled": True},
        "description": project[:200],
        "metadata": {"obligation_id": obligation_id, **_env()},
    }


_EXPAND = ["latest_charge.balance_transaction"]


def create_intent(params: Mapping[str, Any], *, key: str) -> Intent:
    """An unconfirmed payment intent: it moves nothing until it is confirmed."""
    sent: Any = dict(params)
    found = _call(lambda: _client().v1.payment_intents.create(sent, {"idempotency_key": key}))
    return _intent(found)


def confirm_params(payment_method: str, *, return_url: str = "") -> dict[str, Any]:
    """Off-session without `return_url`; with one the person is present and may be redirected."""
    params: dict[str, Any] = {"payment_method": payment_method, "expand": _EXPAND}
    return params | ({"return_url": return_url} if return_url else {"off_session": True})


def confirm_intent(intent_id: str, params: Mapping[str, Any], *, key: str) -> Intent:
    """Charge. A decline is an answer like others: the intent carries it."""
    sent: Any = dict(params)
    try:
        found = _call(
            lambda: _client().v1.payment_intents.confirm(intent_id, sent, {"idempotency_key": key})
        )
    except stripe.CardError:
        return intent(intent_id)
    return _intent(found)


def intent(intent_id: str) -> Intent:
    found = _call(lambda: _client().v1.payment_intents.retrieve(intent_id, {"expand": _EXPAND}))
    return _intent(found)


def cancel_intent(intent_id: str, *, key: str) -> Intent:
    """Cancel, or the intent as it is when it cannot be cancelled any more (it succeeded)."""
    params: Any = {"cancellation_reason": "abandoned", "expand": _EXPAND}
    try:
        found = _call(
            lambda: _client().v1.payment_intents.cancel(intent_id, params, {"idempotency_key": key})
        )
    except Refused:
        return intent(intent_id)
    return _intent(found)


def intents_of(customer_id: str, *, since: datetime) -> Iterator[Intent]:
    """Every payment intent of a customer since then, newest first. Consistent, unlike search."""
    params: Any = {
        "customer": customer_id, "created": {"gte": int(since.timestamp())}, "limit": 100,
    }  # fmt: skip
    for row in _pages(lambda p: _client().v1.payment_intents.list(p), params):
        yield _intent(row)


def intents_since(since: datetime) -> Iterator[Intent]:
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    for row in _pages(lambda p: _client().v1.payment_intents.list(p), params):
        yield _intent(row)


def _pages(fetch: Any, params: dict[str, Any]) -> Iterator[Any]:
    """Every row of a list. Cursors are ids, so what is added meanwhile moves nothing."""
    asked = dict(params)
    while True:
        page = _call(partial(fetch, asked))
        yield from page["data"]
        if not page["has_more"] or not page["data"]:
            return
        asked = {**params, "starting_after": page["data"][-1]["id"]}


def _intent(value: Any) -> Intent:
    error = value["last_payment_error"]
    facts = error.to_dict() if error else {}
    charge = value["latest_charge"]
    action = value["next_action"]
    url = ""
    if action and action["type"] == "redirect_to_url":
        url = action["redirect_to_url"]["url"]
    paid = charge if charge and not isinstance(charge, str) else None
    return Intent(
        id=value["id"],
        status=value["status"],
        money=_money(value["amount"], value["currency"]),
        customer_id=_id_of(value["customer"]),
        metadata=value["metadata"].to_dict() if value["metadata"] else {},
        charge_id=_id_of(charge),
        error_code=facts.get("code") or "",
        decline_code=facts.get("decline_code") or "",
        advice_code=facts.get("advice_code") or "",
        next_url=url,
        transaction=_transaction(paid["balance_transaction"]) if paid else None,
        created=_at(value["created"]),
    )


# --- going back -----------------------------------------------------------------------------------


def refund_params(*, intent_id: str, money: Money, refund_id: str) -> dict[str, Any]:
    return {
        "payment_intent": intent_id,
        "amount": _wire(money),
        "metadata": {"refund_id": refund_id, **_env()},
        "expand": ["balance_transaction", "failure_balance_transaction"],
    }


def create_refund(params: Mapping[str, Any], *, key: str) -> RefundFact:
    sent: Any = dict(params)
    return _refund(_call(lambda: _client().v1.refunds.create(sent, {"idempotency_key": key})))


def refund(refund_id: str) -> RefundFact:
    params: Any = {"expand": ["balance_transaction", "failure_balance_transaction"]}
    return _refund(_call(lambda: _client().v1.refunds.retrieve(refund_id, params)))


def refunds_of(intent_id: str) -> list[RefundFact]:
    params: Any = {
        "payment_intent": intent_id, "limit": 100,
        "expand": ["data.balance_transaction", "data.failure_balance_transaction"],
    }  # fmt: skip
    return [_refund(row) for row in _pages(lambda p: _client().v1.refunds.list(p), params)]


def _refund(value: Any) -> RefundFact:
    return RefundFact(
        id=value["id"],
        status=value["status"],
        money=_money(value["amount"], value["currency"]),
        charge_id=_id_of(value["charge"]),
        metadata=value["metadata"].to_dict() if value["metadata"] else {},
        transaction=_transaction(value["balance_transaction"]),
        failure_transaction=_transaction(value.to_dict().get("failure_balance_transaction"))
        if isinstance(value.to_dict().get("failure_balance_transaction"), str)
        else _transaction(value["failure_balance_transaction"]),
    )


def dispute(dispute_id: str) -> DisputeFact:
    found = _call(lambda: _client().v1.disputes.retrieve(dispute_id))
    return _dispute(found)


def disputes_since(since: datetime) -> Iterator[DisputeFact]:
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    for row in _pages(lambda p: _client().v1.disputes.list(p), params):
        yield _dispute(row)


def _dispute(value: Any) -> DisputeFact:
    due = value["evidence_details"]["due_by"]
    lines = [_transaction(line) for line in value["balance_transactions"]]
    return DisputeFact(
        id=value["id"],
        status=value["status"],
        money=_money(value["amount"], value["currency"]),
        charge_id=_id_of(value["charge"]),
        intent_id=_id_of(value["payment_intent"]),
        reason=value["reason"],
        evidence_due_at=_at(due) if due else None,
        transactions=tuple(line for line in lines if line is not None),
    )


# --- the account ----------------------------------------------------------------------------------


def balance() -> dict[str, int]:
    """What stands at Stripe, available and pending together, by currency, in stored units."""
    found = _call(lambda: _client().v1.balance.retrieve())
    sums: dict[str, int] = {}
    for part in (found["available"], found["pending"]):
        for line in part:
            code = line["currency"].upper()
            sums[code] = sums.get(code, 0) + from_wire(line["amount"], code)
    return sums


def transactions(*, since: datetime, payout_id: str = "") -> Iterator[Transaction]:
    """Balance transactions made since then (or those of one payout), newest first."""
    params: Any = {"limit": 100}
    params |= {"payout": payout_id} if payout_id else {
        "created": {"gte": int(since.timestamp())}
    }  # fmt: skip
    for row in _pages(lambda p: _client().v1.balance_transactions.list(p), params):
        found = _transaction(row)
        assert found is not None
        yield found


def charge_intent_id(charge_id: str) -> str:
    """The payment intent behind a charge; empty when the charge was made without one."""
    return _id_of(_call(lambda: _client().v1.charges.retrieve(charge_id))["payment_intent"])


def payouts(*, since: datetime) -> Iterator[PayoutFact]:
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    for row in _pages(lambda p: _client().v1.payouts.list(p), params):
        yield PayoutFact(
            row["id"], row["status"], _money(row["amount"], row["currency"]),
            _at(row["arrival_date"]),
        )  # fmt: skip


# --- events ---------------------------------------------------------------------------------------


def events_since(since: datetime) -> Iterator[EventFact]:
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    for row in _pages(lambda p: _client().v1.events.list(p), params):
        yield event_of(row.to_dict())


def clean(text: str) -> str:
    """Text that a database takes: no NUL, no half characters."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def event_of(body: Mapping[str, Any]) -> EventFact:
    """The facts of an event's body. ValueError when it is not one."""
    try:
        thing = body["data"]["object"]
        object_id = thing.get("id") or ""
        return EventFact(
            id=clean(str(body["id"]))[:64],
            type=clean(str(body["type"]))[:80],
            object_id=clean(str(object_id))[:80],
            created=_at(int(body["created"])),
            api_version=clean(str(body.get("api_version") or ""))[:40],
            is_live=bool(body.get("livemode")),
            payload=dict(body),
        )
    except (KeyError, TypeError, AttributeError, OverflowError, OSError) as error:
        raise ValueError("not an event") from error


def verify_signature(body: str, header: str, secret: str) -> None:
    """ValueError when the signature is not of this secret or too old. The SDK takes times of the
    future; the caller checks both sides."""
    try:
        stripe.WebhookSignature.verify_header(body, header, secret, tolerance=300)
    except (stripe.SignatureVerificationError, IndexError, UnicodeError) as error:
        raise ValueError("bad signature") from error


def api_version() -> str:
    return str(stripe.api_version)

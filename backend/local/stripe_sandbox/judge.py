"""Whether a request is one that the installed SDK's own parameter types allow.

The SDK publishes a TypedDict for every call (`stripe.params`), made from Stripe's OpenAPI of the
pinned version. A field that is unknown, misspelt (nested ones too), missing or of another type is a
violation, whatever the sandbox would have done with it. Values arrive as text, so numbers and
booleans are judged by their form. Types are read once per call and kept.
"""

import importlib
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin

import typing_extensions
from stripe import StripeContext, StripeObject

OPTIONS = frozenset(
    {"api_key", "stripe_version", "stripe_account", "stripe_context", "max_network_retries",
     "idempotency_key", "content_type", "headers"}
)  # fmt: skip
# Which parameter type belongs to which call.
TYPES = {
    "POST /v1/customers": "CustomerCreateParams",
    "POST /v1/customers/{id}": "CustomerUpdateParams",
    "GET /v1/customers": "CustomerListParams",
    "GET /v1/customers/{id}": "CustomerRetrieveParams",
    "DELETE /v1/customers/{id}": "CustomerDeleteParams",
    "GET /v1/payment_methods": "PaymentMethodListParams",
    "GET /v1/payment_methods/{id}": "PaymentMethodRetrieveParams",
    "POST /v1/payment_methods/{id}/attach": "PaymentMethodAttachParams",
    "POST /v1/payment_methods/{id}/detach": "PaymentMethodDetachParams",
    "POST /v1/setup_intents": "SetupIntentCreateParams",
    "GET /v1/setup_intents/{id}": "SetupIntentRetrieveParams",
    "POST /v1/checkout/sessions": "checkout.SessionCreateParams",
    "GET /v1/checkout/sessions/{id}": "checkout.SessionRetrieveParams",
    "POST /v1/checkout/sessions/{id}/expire": "checkout.SessionExpireParams",
    "POST /v1/payment_intents": "PaymentIntentCreateParams",
    "GET /v1/payment_intents": "PaymentIntentListParams",
    "GET /v1/payment_intents/search": "PaymentIntentSearchParams",
    "GET /v1/payment_intents/{id}": "PaymentIntentRetrieveParams",
    "POST /v1/payment_intents/{id}/confirm": "PaymentIntentConfirmParams",
    "POST /v1/payment_intents/{id}/cancel": "PaymentIntentCancelParams",
    "GET /v1/charges/{id}": "ChargeRetrieveParams",
    "GET /v1/charges": "ChargeListParams",
    "POST /v1/refunds": "RefundCreateParams",
    "GET /v1/refunds/{id}": "RefundRetrieveParams",
    "GET /v1/refunds": "RefundListParams",
    "GET /v1/disputes/{id}": "DisputeRetrieveParams",
    "GET /v1/disputes": "DisputeListParams",
    "POST /v1/disputes/{id}": "DisputeUpdateParams",
    "GET /v1/balance": "BalanceRetrieveParams",
    "GET /v1/balance_transactions": "BalanceTransactionListParams",
    "GET /v1/balance_transactions/{id}": "BalanceTransactionRetrieveParams",
    "GET /v1/payouts": "PayoutListParams",
    "GET /v1/payouts/{id}": "PayoutRetrieveParams",
    "GET /v1/events": "EventListParams",
    "GET /v1/events/{id}": "EventRetrieveParams",
}


def violations_of(call: str, fields: Mapping[str, Any]) -> list[str]:
    """What is wrong with the fields of `POST /v1/payment_intents/{id}/confirm` and its like."""
    name = TYPES.get(call)
    if name is None:
        return [f"{call}: not a call that the sandbox knows"]
    return [f"{call}: {found}" for found in _of_struct(_class_of(name), fields, "")]


@cache
def _class_of(name: str) -> Any:
    module, _, cls = name.rpartition(".")
    return getattr(importlib.import_module("stripe.params" + (f".{module}" if module else "")), cls)


@cache
def _hints(struct: Any) -> dict[str, Any]:
    module = importlib.import_module(struct.__module__)
    names = {**vars(module), "StripeContext": StripeContext, "Mapping": Mapping,
             "Decimal": Decimal}  # fmt: skip
    hints = typing_extensions.get_type_hints(struct, names, names, include_extras=True)
    return {k: v for k, v in hints.items() if k not in OPTIONS}


def _unwrap(hint: Any) -> tuple[Any, bool]:
    """The type without its wrapper, and whether the field must be there."""
    origin = get_origin(hint)
    if origin in {NotRequired, typing_extensions.NotRequired}:
        return get_args(hint)[0], False
    if origin in {Required, typing_extensions.Required}:
        return get_args(hint)[0], True
    return hint, True


def _of_struct(struct: Any, fields: Any, where: str) -> list[str]:
    if not isinstance(fields, Mapping):
        return [f"{where} is no structure"]
    found = []
    hints = _hints(struct)
    for name, value in fields.items():
        path = f"{where}[{name}]" if where else name
        if name not in hints:
            found.append(f"{path} is unknown")
        else:
            found += _of_value(_unwrap(hints[name])[0], value, path)
    for name, hint in hints.items():
        if name not in fields and _unwrap(hint)[1]:
            found.append(f"{where}[{name}] is missing" if where else f"{name} is missing")
    return found


def _of_value(hint: Any, value: Any, where: str) -> list[str]:
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        return _of_union(get_args(hint), value, where)
    if origin in {Literal, typing_extensions.Literal}:
        return [] if value in get_args(hint) else [f"{where} is {value!r}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{where} is no list"]
        inner = get_args(hint)[0]
        return [f for i, v in enumerate(value) for f in _of_value(inner, v, f"{where}[{i}]")]
    if origin is dict:
        if not isinstance(value, Mapping):
            return [f"{where} is no structure"]
        inner = get_args(hint)[1]
        return [f for k, v in value.items() for f in _of_value(inner, v, f"{where}[{k}]")]
    if typing_extensions.is_typeddict(hint):
        return _of_struct(hint, value, where)
    return _of_plain(hint, value, where)


def _of_union(hints: tuple[Any, ...], value: Any, where: str) -> list[str]:
    """The first branch that fits. Beside a list of words, plain text is for words to come: what we
    send must be one of today's."""
    has_words = any(get_origin(h) in {Literal, typing_extensions.Literal} for h in hints)
    # Beside a structure stands the SDK's own object; on the wire that is the structure again.
    branches = [h for h in hints if not (has_words and h is str) and not _is_object(h)]
    tried = [_of_value(h, value, where) for h in branches if h is not type(None)]
    return min(tried, key=len) if tried else []


def _is_object(hint: Any) -> bool:
    plain = get_origin(hint) or hint
    return isinstance(plain, type) and issubclass(plain, StripeObject)


_FORMS = {int: r"-?\d+", float: r"-?\d+(\.\d+)?", Decimal: r"-?\d+(\.\d+)?", bool: "true|false"}


def _of_plain(hint: Any, value: Any, where: str) -> list[str]:
    if hint is Any:
        return []
    if not isinstance(value, str):
        return [f"{where} is a structure"]
    form = _FORMS.get(hint)
    if form and not re.fullmatch(form, value):
        return [f"{where} is no {hint.__name__}: {value!r}"]
    return []

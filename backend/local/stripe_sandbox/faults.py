"""Faults on command: which request they hit and what then goes wrong on the wire.

{"match": {"method": "POST", "path": "/confirm$", "body": "…"}, "when": "before" or "after" the
effect, "action": one of ACTIONS, "times": how often (0 is always), "skip": how many to let pass,
"rate": share of the matching requests, "seconds": for slow and timeout}.
"""

import random
import re
from typing import Any

from backend.local.stripe_sandbox.errors import Refusal
from backend.local.stripe_sandbox.store import Object, Store

ACTIONS = {
    "500", "503", "429", "409", "timeout", "reset", "slow", "garbage", "truncated",
}  # fmt: skip
_chance = random.Random(20_261_126)  # noqa: S311


def pick(store: Store, method: str, path: str, body: str) -> Object | None:
    """The first fault that hits this request; it is used up by that."""
    for fault in store.faults:
        match = fault.get("match", {})
        if match.get("method", method) != method:
            continue
        if not re.search(match.get("path", ""), path) or match.get("body", "") not in body:
            continue
        if fault.get("skip", 0) > 0:
            fault["skip"] -= 1
            continue
        if "rate" in fault and _chance.random() >= fault["rate"]:
            continue
        fault["hits"] = fault.get("hits", 0) + 1
        if fault.get("times", 1):
            fault["times"] = fault.get("times", 1) - 1
            if fault["times"] == 0:
                store.faults.remove(fault)
        action = fault["action"]
        if isinstance(action, list):
            action = _chance.choice(action)
        return {"when": "before", "seconds": 30, **fault, "action": action}
    return None


def refusal_of(action: str, fault: Object) -> Refusal | None:
    """The error answer of an action, or None for one that breaks the wire instead."""
    fields: dict[str, Any] = {}
    if "retry_after" in fault:
        fields["headers"] = {"Retry-After": str(fault["retry_after"])}
    if action == "500":
        return Refusal(500, "api_error", "An unknown error occurred.", **fields)
    if action == "503":
        return Refusal(503, "api_error", "The service is away for a moment.", keep=False,
                       headers={"Stripe-Should-Retry": "true"})  # fmt: skip
    if action == "429":
        return Refusal(429, "invalid_request_error", "Too many requests.", keep=False,
                       code="rate_limit", **fields)  # fmt: skip
    if action == "409":
        return Refusal(409, "idempotency_error", "Another request with this key is running.",
                       keep=False, code="idempotency_key_in_use")  # fmt: skip
    return None

"""`/_sandbox/…`: what tests and the demo tell the sandbox. JSON in, JSON out."""

from collections.abc import Callable
from typing import Any

from backend.local.stripe_sandbox import api, balance, charging, returning, saving
from backend.local.stripe_sandbox.errors import invalid
from backend.local.stripe_sandbox.events import Postman, emit, signed
from backend.local.stripe_sandbox.store import Object, Store

Told = Callable[[Store, Postman, Object, str], Any]


def _clock(store: Store, postman: Postman, told: Object, base: str) -> Any:
    """`offset_s` ahead of this machine, or `advance_s` more."""
    if "offset_s" in told:
        store.offset_s = float(told["offset_s"])
    store.offset_s += float(told.get("advance_s", 0))
    return {"now": store.now(), "ran": api.run_later(store)}


def _faults(store: Store, postman: Postman, told: Object, base: str) -> Any:
    """Add faults ({match, when, action, times, …}) or, with `clear`, remove all."""
    if told.get("clear"):
        store.faults.clear()
    store.faults += told.get("faults", [])
    return store.faults


def _webhooks(store: Store, postman: Postman, told: Object, base: str) -> Any:
    """`url`, `secrets`, `mode` (auto or manual)."""
    store.webhooks.update({k: told[k] for k in ("url", "secrets", "mode") if k in told})
    return store.webhooks


def _checkout(store: Store, postman: Postman, told: Object, base: str) -> Any:
    """Fill in the hosted page with a card `number`, as a person would; passes 3-D Secure."""
    session = store.get("checkout.session", told["session"])
    intent = store.get("setup_intent", session["setup_intent"])
    saving.save_card(store, intent, told["number"], base, saving.success_url(session))
    if intent["status"] == "requires_action":
        saving.finish_setup(store, intent)
    return {"return_to": saving.success_url(session), "payment_method": intent["payment_method"]}


def _authenticate(store: Store, postman: Postman, told: Object, base: str) -> Any:
    intent = store.get("payment_intent", told["payment_intent"])
    return charging.authenticate(store, intent, is_passed=bool(told.get("is_passed", True)))


def _card(store: Store, postman: Postman, told: Object, base: str) -> Any:
    """What a saved card will do at its next charges, or another date of expiry."""
    method = store.get("payment_method", told["payment_method"])
    if "outcomes" in told:
        store.scripts[method["id"]] = list(told["outcomes"])
    method["card"].update({k: told[k] for k in ("exp_month", "exp_year") if k in told})
    if told.get("update"):
        emit(store, "payment_method.automatically_updated", method)
    return method


def _dispute(store: Store, postman: Postman, told: Object, base: str) -> Any:
    """Open one on a `charge`, or close `dispute` with an `outcome`."""
    if "dispute" in told:
        return returning.close_dispute(store, store.get("dispute", told["dispute"]),
                                       told["outcome"])  # fmt: skip
    return returning.open_dispute(store, store.get("charge", told["charge"]), told)


def _refund(store: Store, postman: Postman, told: Object, base: str) -> Any:
    refund = store.get("refund", told["refund"])
    if told["outcome"] == "succeeded":
        return returning.refund_succeeds(store, refund)
    return returning.refund_fails(store, refund)


def _staff(store: Store, postman: Postman, told: Object, base: str) -> Any:
    """Something done by hand in Stripe's own pages, past the product: a refund of a `charge`."""
    return returning.create_refund(store, told)


def _payout(store: Store, postman: Postman, told: Object, base: str) -> Any:
    if "payout" in told:
        return balance.fail_payout(store, store.get("payout", told["payout"]))
    return balance.create_payout(store, told.get("currency", "usd"), told.get("amount"))


def _events(store: Store, postman: Postman, told: Object, base: str) -> Any:
    """Every event since `after` (an id), with its signed body, for a test that posts them."""
    events = list(store.objects["event"].values())
    ids = [e["id"] for e in events]
    start = ids.index(told["after"]) + 1 if told.get("after") else 0
    return [{"event": e, **signed(store, e)} for e in events[start:]]


def _emit(store: Store, postman: Postman, told: Object, base: str) -> Any:
    return emit(store, told["type"], told["object"])


def _new_card(store: Store, postman: Postman, told: Object, base: str) -> Any:
    """A saved card of a customer without the hosted page, for tests of many."""
    return saving.new_card(store, told["number"], told["customer"])


def _options(store: Store, postman: Postman, told: Object, base: str) -> Any:
    for name, value in told.items():
        if name not in store.options:
            raise invalid(f"no option {name}")
        store.options[name] = value
    return store.options


def _settles(store: Store, postman: Postman, told: Object, base: str) -> Any:
    store.settles = list(told["currencies"])
    return store.settles


def _fx(store: Store, postman: Postman, told: Object, base: str) -> Any:
    store.rates.update({k: float(v) for k, v in told.items()})
    return store.rates


def _reset(store: Store, postman: Postman, told: Object, base: str) -> Any:
    store.clear()
    return {}


def _object(store: Store, postman: Postman, told: Object, base: str) -> Any:
    return store.by_id(told["id"])


TOLD: dict[str, Told] = {
    "clock": _clock, "faults": _faults, "webhooks": _webhooks, "checkout": _checkout,
    "authenticate": _authenticate, "card": _card, "new_card": _new_card, "dispute": _dispute,
    "refund": _refund, "staff_refund": _staff, "payout": _payout, "events": _events,
    "emit": _emit, "options": _options, "settles": _settles, "fx": _fx, "reset": _reset,
    "object": _object,
    "effects": lambda s, p, t, b: s.effects,
    "violations": lambda s, p, t, b: s.violations,
    "requests": lambda s, p, t, b: {"count": s.options["request_count"]},
}  # fmt: skip


def run(store: Store, postman: Postman, name: str, told: Object, base: str) -> Any:
    """Do what was told. `deliver` is not here: it must not hold the lock while it posts."""
    if name not in TOLD:
        raise invalid(f"no control called {name}: {', '.join(sorted(TOLD))}, deliver")
    with store.lock:
        store.is_dirty = True
        return TOLD[name](store, postman, told, base)

"""The calls: method and path to what happens. Every one gets the store locked."""

import re
from collections.abc import Callable
from typing import Any

from backend.local.stripe_sandbox import balance, charging, returning, saving
from backend.local.stripe_sandbox.errors import Refusal, invalid, missing
from backend.local.stripe_sandbox.events import emit
from backend.local.stripe_sandbox.store import Object, Store, newest_first

Call = Callable[[Store, str, Object, str], Object]
MOST_PER_PAGE = 100


def _page(
    store: Store, kind: str, fields: Object, path: str, fits: Callable[[Object], bool]
) -> Object:
    """A list as Stripe pages it: newest first, cursors by id."""
    limit = min(int(fields.get("limit") or 10), MOST_PER_PAGE)
    after, before = fields.get("starting_after"), fields.get("ending_before")
    for cursor in (after, before):
        if cursor and cursor not in store.objects[kind]:
            raise missing(kind, cursor)
    found: list[Object] = []
    is_in = after is None
    for thing in newest_first(store.objects[kind]):
        if before and thing["id"] == before:
            break
        if is_in and fits(thing):
            found.append(thing)
            if before is None and len(found) > limit:
                break
        is_in = is_in or thing["id"] == after
    has_more = len(found) > limit
    data = found[-limit:] if before else found[:limit]
    return {"object": "list", "url": path, "has_more": has_more, "data": data}


def _in_time(fields: Object, name: str = "created") -> Callable[[Object], bool]:
    asked = fields.get(name)
    if asked is None:
        return lambda thing: True
    if isinstance(asked, str):
        return lambda thing: bool(thing[name] == int(asked))
    bounds = {key: int(value) for key, value in asked.items()}
    tests: dict[str, Callable[[int, int], bool]] = {
        "gte": lambda a, b: a >= b, "gt": lambda a, b: a > b,
        "lte": lambda a, b: a <= b, "lt": lambda a, b: a < b,
    }  # fmt: skip
    if not bounds.keys() <= tests.keys():
        raise invalid("Invalid time filter.", param=name)
    return lambda thing: all(tests[k](thing[name], v) for k, v in bounds.items())


def _lister(kind: str, *filters: str) -> Call:
    def run(store: Store, id_: str, fields: Object, base: str) -> Object:
        in_time = _in_time(fields)
        wanted = {name: fields[name] for name in filters if name in fields}
        return _page(
            store, kind, fields, f"/v1/{kind}s",
            lambda t: in_time(t) and all(t.get(k) == v for k, v in wanted.items()),
        )  # fmt: skip

    return run


def _getter(kind: str) -> Call:
    return lambda store, id_, fields, base: store.get(kind, id_)


def _list_events(store: Store, id_: str, fields: Object, base: str) -> Object:
    in_time, types = _in_time(fields), fields.get("types")
    one = fields.get("type")
    return _page(
        store, "event", fields, "/v1/events",
        lambda e: in_time(e) and (not types or e["type"] in types) and one in {None, e["type"]},
    )  # fmt: skip


_QUERY = re.compile(r"(?:metadata\['([^']+)'\]|metadata\[\"([^\"]+)\"\]|(\w+)):[\"']([^\"']*)[\"']")


def _search_intents(store: Store, id_: str, fields: Object, base: str) -> Object:
    """Search sees what is older than its lag: it is not consistent, and says so."""
    terms = [(a or b, c, v) for a, b, c, v in _QUERY.findall(str(fields.get("query", "")))]
    if not terms:
        raise invalid("We could not parse your query.", param="query")
    horizon = store.now() - store.options["search_lag_s"]

    def fits(intent: Object) -> bool:
        if intent["created"] > horizon:
            return False
        return all(
            (intent["metadata"].get(key) if key else intent.get(field)) == value
            for key, field, value in terms
        )

    limit = min(int(fields.get("limit") or 10), MOST_PER_PAGE)
    found = [i for i in newest_first(store.objects["payment_intent"]) if fits(i)]
    return {
        "object": "search_result", "url": "/v1/payment_intents/search",
        "has_more": len(found) > limit, "next_page": None, "data": found[:limit],
    }  # fmt: skip


def _update_customer(store: Store, id_: str, fields: Object, base: str) -> Object:
    customer = store.get("customer", id_)
    for name in ("email", "name", "metadata"):
        if name in fields:
            customer[name] = fields[name]
    emit(store, "customer.updated", customer)
    return customer


def _session(store: Store, id_: str, fields: Object, base: str) -> Object:
    return saving.fresh_session(store, store.get("checkout.session", id_))


CALLS: dict[str, Call] = {
    "POST /v1/customers": lambda s, i, f, b: saving.create_customer(s, f),
    "GET /v1/customers": _lister("customer", "email"),
    "GET /v1/customers/{id}": _getter("customer"),
    "POST /v1/customers/{id}": _update_customer,
    "DELETE /v1/customers/{id}": lambda s, i, f, b: saving.delete_customer(s, s.get("customer", i)),
    "GET /v1/payment_methods": _lister("payment_method", "customer", "type"),
    "GET /v1/payment_methods/{id}": _getter("payment_method"),
    "POST /v1/payment_methods/{id}/attach": lambda s, i, f, b: saving.attach(
        s, i, str(f.get("customer"))
    ),
    "POST /v1/payment_methods/{id}/detach": lambda s, i, f, b: saving.detach(
        s, s.get("payment_method", i)
    ),
    "POST /v1/setup_intents": lambda s, i, f, b: saving.create_setup_intent(s, f),
    "GET /v1/setup_intents/{id}": _getter("setup_intent"),
    "POST /v1/checkout/sessions": lambda s, i, f, b: saving.create_session(s, f, b),
    "GET /v1/checkout/sessions/{id}": _session,
    "POST /v1/checkout/sessions/{id}/expire": lambda s, i, f, b: saving.expire_session(
        s, _session(s, i, f, b)
    ),
    "POST /v1/payment_intents": lambda s, i, f, b: charging.create(s, f, b),
    "GET /v1/payment_intents": _lister("payment_intent", "customer"),
    "GET /v1/payment_intents/search": _search_intents,
    "GET /v1/payment_intents/{id}": _getter("payment_intent"),
    "POST /v1/payment_intents/{id}/confirm": lambda s, i, f, b: charging.confirm(
        s, s.get("payment_intent", i), f, b
    ),
    "POST /v1/payment_intents/{id}/cancel": lambda s, i, f, b: charging.cancel(
        s, s.get("payment_intent", i), f
    ),
    "GET /v1/charges": _lister("charge", "customer", "payment_intent"),
    "GET /v1/charges/{id}": _getter("charge"),
    "POST /v1/refunds": lambda s, i, f, b: returning.create_refund(s, f),
    "GET /v1/refunds": _lister("refund", "charge", "payment_intent"),
    "GET /v1/refunds/{id}": _getter("refund"),
    "GET /v1/disputes": _lister("dispute", "charge", "payment_intent"),
    "GET /v1/disputes/{id}": _getter("dispute"),
    "POST /v1/disputes/{id}": lambda s, i, f, b: returning.respond(s, s.get("dispute", i), f),
    "GET /v1/balance": lambda s, i, f, b: balance.totals(s),
    "GET /v1/balance_transactions": _lister(
        "balance_transaction", "payout", "currency", "type", "source"
    ),
    "GET /v1/balance_transactions/{id}": _getter("balance_transaction"),
    "GET /v1/payouts": _lister("payout", "status"),
    "GET /v1/payouts/{id}": _getter("payout"),
    "GET /v1/events": _list_events,
    "GET /v1/events/{id}": _getter("event"),
}
_ROUTES = [
    (call.split(" ")[0], re.compile(call.split(" ")[1].replace("{id}", r"([A-Za-z0-9_]+)")), call)
    for call in sorted(CALLS, key=lambda c: "{id}" in c)
]


def find(method: str, path: str) -> tuple[str, str]:
    """The call and the id in its path. Refusal (404) for an address that is none."""
    for verb, pattern, call in _ROUTES:
        match = pattern.fullmatch(path)
        if verb == method and match:
            return call, (match.groups() or ("",))[0]
    raise Refusal(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).",
                  keep=False)  # fmt: skip


def run_later(store: Store) -> int:
    """Do what was put off until now (transactions, refunds, disputes), oldest first."""
    due = [job for job in store.later if job[0] <= store.now()]
    for job in sorted(due):
        store.later.remove(job)
        _, what, id_ = job
        _late(store, what, id_)
    return len(due)


def _late(store: Store, what: str, id_: str) -> Any:
    if what == "charge_transaction":
        return balance.of_charge(store, store.get("charge", id_))
    if what == "refund_succeeds":
        return returning.refund_succeeds(store, store.get("refund", id_))
    if what == "refund_fails":
        return returning.refund_fails(store, store.get("refund", id_))
    return returning.open_dispute(
        store, store.get("charge", id_), {"reason": what.removeprefix("dispute:")}
    )

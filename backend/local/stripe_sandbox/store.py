"""Everything that the sandbox remembers, under one lock, and the file that outlives a restart."""

import contextlib
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend.local.stripe_sandbox import units
from backend.local.stripe_sandbox.errors import missing

Object = dict[str, Any]
KINDS = {
    "cus_": "customer", "pm_": "payment_method", "seti_": "setup_intent", "pi_": "payment_intent",
    "ch_": "charge", "re_": "refund", "du_": "dispute", "txn_": "balance_transaction",
    "evt_": "event", "po_": "payout", "cs_test_": "checkout.session",
    "vs_": "identity.verification_session",
}  # fmt: skip
PREFIXES = {kind: prefix for prefix, kind in KINDS.items()}
VERSION = "2026-10-28.endive"


class Store:
    """One account in test mode. Callers hold `lock` around anything that belongs together."""

    def __init__(self, file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.file = file
        self.is_dirty = False
        self.clear()
        if file is not None and file.exists():
            with contextlib.suppress(ValueError, KeyError):
                self._load(json.loads(file.read_text(encoding="utf-8")))

    def clear(self) -> None:
        self.objects: dict[str, dict[str, Object]] = {kind: {} for kind in PREFIXES}
        self.numbers: dict[str, str] = {}  # payment method → number of its test card
        self.scripts: dict[str, list[str]] = {}
        self.rates = dict(units.RATES)
        self.settles = ["usd"]
        self.offset_s = 0.0
        self.keys: dict[str, Object] = {}
        self.effects: list[Object] = []
        self.violations: list[Object] = []
        self.faults: list[Object] = []
        self.later: list[tuple[float, str, str]] = []  # (sandbox time, what, id)
        self.options: Object = {
            "transaction_delay_s": 0, "fee_bps": 290, "fee_fixed": 30, "dispute_fee": 1500,
            "search_lag_s": 60, "is_short_of_balance": False, "request_count": 0,
        }  # fmt: skip
        self.webhooks: Object = {"url": "", "secrets": [], "mode": "auto"}
        self.outbox: list[Object] = []

    # --- time -----------------------------------------------------------------------------------

    def now(self) -> int:
        return int(time.time() + self.offset_s)

    # --- objects --------------------------------------------------------------------------------

    def new(self, kind: str, **fields: Any) -> Object:
        id_ = PREFIXES[kind] + secrets.token_hex(12)
        thing: Object = {"id": id_, "object": kind, "created": self.now(), "livemode": False}
        thing.update(fields)
        self.objects[kind][id_] = thing
        self.is_dirty = True
        return thing

    def get(self, kind: str, id_: str) -> Object:
        found = self.objects[kind].get(id_)
        if found is None:
            raise missing(kind, id_)
        return found

    def by_id(self, id_: str) -> Object | None:
        for prefix, kind in KINDS.items():
            if id_.startswith(prefix):
                return self.objects[kind].get(id_)
        return None

    def effect(self, kind: str, amount: int, currency: str, **fields: Any) -> None:
        """Money that moved: what tests believe, whatever our own tables say."""
        self.effects.append(
            {"kind": kind, "amount": amount, "currency": currency, "at": self.now(), **fields}
        )
        self.is_dirty = True

    # --- the file -------------------------------------------------------------------------------

    KEPT = ("objects", "numbers", "rates", "settles", "offset_s", "effects", "later", "outbox",
            "options")  # fmt: skip

    def _load(self, kept: Object) -> None:
        for name in self.KEPT:
            setattr(self, name, kept[name])
        for kind in PREFIXES:
            self.objects.setdefault(kind, {})
        self.later = [(at, what, id_) for at, what, id_ in self.later]

    def save(self) -> None:
        """Write the file whole, by a rename. Nothing to do when nothing changed."""
        if self.file is None or not self.is_dirty:
            return
        with self.lock:
            text = json.dumps({name: getattr(self, name) for name in self.KEPT})
            self.is_dirty = False
        part = self.file.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as output:
            output.write(text)
        part.replace(self.file)


def newest_first(objects: dict[str, Object]) -> Iterator[Object]:
    """Objects in the order of Stripe's lists."""
    return reversed(objects.values())


def public(store: Store, thing: Any, expand: list[str]) -> Any:
    """A copy for the wire with the fields named in `expand` (`latest_charge.balance_transaction`,
    `data.source`) replaced by their objects."""
    copy = json.loads(json.dumps(thing))
    for path in expand:
        _expand(store, copy, path.split("."))
    return copy


def _expand(store: Store, thing: Any, path: list[str]) -> None:
    if isinstance(thing, list):
        for one in thing:
            _expand(store, one, path)
        return
    if not isinstance(thing, dict) or path[0] not in thing:
        return
    value = thing[path[0]]
    if isinstance(value, str):
        found = store.by_id(value)
        thing[path[0]] = json.loads(json.dumps(found)) if found else value
    if len(path) > 1:
        _expand(store, thing[path[0]], path[1:])

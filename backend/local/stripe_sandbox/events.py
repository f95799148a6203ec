"""Events and their delivery: signed, retried, and as disturbed as a test asks."""

import contextlib
import hashlib
import hmac
import http.client
import json
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from backend.local.stripe_sandbox.store import VERSION, Object, Store

RETRY_AFTER_S = (1, 5, 30, 300, 1800, 3600)
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def emit(store: Store, type_: str, thing: Object, **previous: Any) -> Object:
    """Record that something happened and queue it for the endpoint, if there is one."""
    data: Object = {"object": json.loads(json.dumps(thing))}
    if previous:
        data["previous_attributes"] = previous
    event = store.new(
        "event", type=type_, api_version=VERSION, data=data, pending_webhooks=0,
        request={"id": None, "idempotency_key": None},
    )  # fmt: skip
    if store.webhooks["url"]:
        event["pending_webhooks"] = 1
        store.outbox.append({"event": event["id"], "tries": 0, "due": time.time()})
    return event


def body_of(event: Object) -> bytes:
    return json.dumps(event, indent=2).encode()


def signature(body: bytes, secrets: list[str], at: int) -> str:
    """The `Stripe-Signature` header: one v1 for each active secret."""
    signs = [
        hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        for secret in secrets
    ]
    return ",".join([f"t={at}", *(f"v1={sign}" for sign in signs)])


def signed(store: Store, event: Object) -> Object:
    """Body and header of a delivery, for tests that post it themselves."""
    body = body_of(event)
    return {
        "body": body.decode(),
        "signature": signature(body, store.webhooks["secrets"] or ["whsec_none"],
                               int(time.time())),
    }  # fmt: skip


class Postman:
    """Delivers the outbox, one attempt at a time, oldest first, with retries."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self.thread.start()

    def _run(self) -> None:
        while not self.stopped.wait(0.05):
            while self.store.webhooks["mode"] == "auto" and self._deliver_one():
                pass

    def _deliver_one(self) -> bool:
        with self.store.lock:
            due = [job for job in self.store.outbox if job["due"] <= time.time()]
            if not due or not self.store.webhooks["url"]:
                return False
            job = due[0]
            event = self.store.objects["event"].get(job["event"])
        if event is None or self._post(event, self.store.webhooks["secrets"]):
            self._done(job)
            return True
        with self.store.lock:
            job["tries"] += 1
            job["due"] = time.time() + RETRY_AFTER_S[min(job["tries"], len(RETRY_AFTER_S)) - 1]
        return False

    def _done(self, job: Object) -> None:
        with self.store.lock:
            if job in self.store.outbox:
                self.store.outbox.remove(job)
            event = self.store.objects["event"].get(job["event"])
            if event:
                event["pending_webhooks"] = 0

    def deliver(self, wish: Object) -> list[int]:
        """Deliver what waits as a test wants it; returns the statuses that came back.

        `wish`: order (`reverse`), dup (times), drop, tamper, wrong_secret, age_s (how old the
        timestamp is; negative is the future).
        """
        with self.store.lock:
            jobs = list(self.store.outbox)
        if wish.get("order") == "reverse":
            jobs.reverse()
        statuses = []
        for job in jobs:
            event = self.store.objects["event"].get(job["event"])
            if event is not None and not wish.get("drop"):
                statuses += [self._status(event, wish) for _ in range(int(wish.get("dup", 1)))]
            self._done(job)
        return statuses

    def _status(self, event: Object, wish: Object) -> int:
        body = body_of(event)
        secrets = ["whsec_wrong"] if wish.get("wrong_secret") else self.store.webhooks["secrets"]
        header = signature(body, secrets, int(time.time() - float(wish.get("age_s", 0))))
        if wish.get("tamper"):
            body = body.replace(b'"livemode": false', b'"livemode":  false', 1)
        return self._send(body, header)

    def _post(self, event: Object, secrets: list[str]) -> bool:
        body = body_of(event)
        return 200 <= self._send(body, signature(body, secrets, int(time.time()))) < 300

    def _send(self, body: bytes, header: str) -> int:
        target = urlsplit(self.store.webhooks["url"])
        if target.hostname not in LOOPBACK:
            return 0
        link = http.client.HTTPConnection(target.hostname, target.port or 80, timeout=10)
        with contextlib.suppress(OSError, http.client.HTTPException):
            link.request(
                "POST", target.path, body,
                {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": header},
            )  # fmt: skip
            status = link.getresponse().status
            link.close()
            return status
        link.close()
        return 0

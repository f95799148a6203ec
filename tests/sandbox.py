"""The Stripe sandbox as tests see it: its own process, told by HTTP, believed over our tables."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from backend.local.stripe_sandbox.server import KEY as KEY

SECRET = "whsec_of_the_tests"
VISA = "4242424242424242"
ALWAYS_ASKS = "4000002760003184"
DECLINES_LATER = "4000000000000341"


class Sandbox:
    """One running sandbox. `told` says something to it, `effects` is the oracle."""

    def __init__(self, base: str) -> None:
        self.base = base

    def told(self, name: str, **told: Any) -> Any:
        request = urllib.request.Request(
            f"{self.base}/_sandbox/{name}", json.dumps(told).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read())

    def reset(self) -> None:
        self.told("reset")
        self.told("webhooks", secrets=[SECRET], url="", mode="manual")

    def violations(self) -> list[str]:
        return [v["violation"] for v in self.told("violations")]

    def effects(self, kind: str = "charge") -> list[dict[str, Any]]:
        return [e for e in self.told("effects") if e["kind"] == kind]

    def charges_of(self, obligation: Any) -> list[int]:
        """The amounts really charged for one obligation, in Stripe's units."""
        return [
            e["amount"] for e in self.effects()
            if e["metadata"].get("obligation_id") == obligation.public_id
        ]  # fmt: skip

    def fault(self, action: Any, path: str, **more: Any) -> None:
        method = more.pop("method", "POST")
        self.told("faults", faults=[{"match": {"method": method, "path": path},
                                     "action": action, **more}])  # fmt: skip

    def no_faults(self) -> None:
        self.told("faults", clear=True)

    def save_card(self, session_url: str, number: str) -> dict[str, Any]:
        """Fill in the hosted page as a person would."""
        found: dict[str, Any] = self.told(
            "checkout", session=session_url.rsplit("/", 1)[1], number=number
        )
        return found

    def advance(self, **of: float) -> None:
        from datetime import timedelta

        self.told("clock", advance_s=timedelta(**of).total_seconds())


@contextmanager
def a_sandbox(*arguments: str) -> Iterator[Sandbox]:
    process = subprocess.Popen(
        [sys.executable, "-m", "backend.local.stripe_sandbox", *arguments],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield Sandbox(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(20)


def use(settings: Any, sandbox: Sandbox) -> None:
    """Settings under which the product talks to this sandbox."""
    settings.STRIPE_API_KEY = KEY
    settings.STRIPE_API_BASE = sandbox.base
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    # Long enough for a machine that is busy: a time limit that passes is a fault of its own.
    settings.STRIPE_TIMEOUT_S = 10

"""The Stripe sandbox beside the site: started when nobody set a key of Stripe.

Customers and saved cards outlive a restart in `stripe-sandbox.json` of the state folder.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass

from backend.local import processes, servers
from backend.local.state import State

STOP = ((signal.SIGTERM, 3.0),)
KEY = "sk_test_sandbox"  # what the sandbox accepts (stripe_sandbox.server)


@dataclass(frozen=True)
class Sandbox:
    """Where it listens and what it signs with, for the time of one run."""

    port: int
    secret: str

    def environment(self) -> dict[str, str]:
        """What makes the product talk to it."""
        return {
            "STRIPE_API_KEY": KEY,
            "STRIPE_API_BASE": f"http://127.0.0.1:{self.port}",
            "STRIPE_WEBHOOK_SECRETS": self.secret,
        }


def is_given() -> bool:
    """Whether the caller brought a key of Stripe, so that the sandbox stays off."""
    return bool(os.environ.get("STRIPE_API_KEY"))


def plan() -> Sandbox:
    """A free port and a fresh secret; the same for every restart within this run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return Sandbox(port, "whsec_" + secrets.token_hex(16))


def start(state: State, sandbox: Sandbox, site_port: int) -> "subprocess.Popen[bytes]":
    command = [
        sys.executable, "-m", "backend.local.stripe_sandbox", "--port", str(sandbox.port),
        "--state", str(state.root / "stripe-sandbox.json"),
        "--webhook", f"http://127.0.0.1:{site_port}/webhooks/stripe/", sandbox.secret,
    ]  # fmt: skip
    environment = {**os.environ, processes.MARK: str(state.root)}
    return processes.spawn(
        command, log=state.log("stripe-sandbox"), env=environment, cwd=servers.ROOT
    )

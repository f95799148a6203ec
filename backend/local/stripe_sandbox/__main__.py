"""`python -m backend.local.stripe_sandbox [--port N] [--state FILE] [--webhook URL SECRET]`.

Prints its address once it answers. With a state file it remembers customers and cards.
"""

import argparse
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from backend.local.stripe_sandbox.server import Server
from backend.local.stripe_sandbox.store import Store

SAVE_EVERY_S = 1.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="stripe_sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--webhook", nargs=2, metavar=("URL", "SECRET"))
    options = parser.parse_args()
    store = Store(options.state)
    if options.webhook:
        store.webhooks.update(url=options.webhook[0], secrets=[options.webhook[1]])
    server = Server(options.port, store)

    def stop(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=_keep_saving, args=(store,), daemon=True).start()
    print(server.base, flush=True)
    server.serve_forever(poll_interval=0.1)
    store.save()
    return 0


def _keep_saving(store: Store) -> None:
    while True:
        threading.Event().wait(SAVE_EVERY_S)
        store.save()


if __name__ == "__main__":
    sys.exit(main())

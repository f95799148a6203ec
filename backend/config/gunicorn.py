"""How gunicorn runs the web: workers with threads, and metrics on loopback when asked for."""

import os
import tempfile
from typing import Any

from gunicorn.http import message

from backend.config import env

# Shared by the workers; must be set before prometheus_client is imported.
METRICS_PORT = env.read_int("METRICS_PORT", 0)
if METRICS_PORT:
    os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", tempfile.mkdtemp(prefix="caukieu-metrics-"))

bind = env.read_str("BIND", f"127.0.0.1:{env.read_int('PORT', 8000)}")
worker_class = "gthread"
workers = env.read_int("WEB_WORKERS", 2)
threads = env.read_int("WEB_THREADS", 4)
timeout = 30
graceful_timeout = 10
max_requests = 20_000
max_requests_jitter = 2_000
# A search of 10,000 letters is refused by a sentence of ours. gunicorn caps the setting at 8,190 by
# this constant; a proxy in front has a limit of its own.
limit_request_line = message.MAX_REQUEST_LINE = 96 * 1024
preload_app = True
# Nobody talks to it, and it would make a folder in the home of whoever starts the site.
control_socket_disable = True
# Keeps heartbeats off a slow disk.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108


def when_ready(server: Any) -> None:
    if not METRICS_PORT:
        return
    # Imported late: needs PROMETHEUS_MULTIPROC_DIR, and only the master serves it.
    from prometheus_client import CollectorRegistry, multiprocess, start_http_server  # noqa: PLC0415

    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    start_http_server(METRICS_PORT, addr="127.0.0.1", registry=registry)


def child_exit(server: Any, worker: Any) -> None:
    if METRICS_PORT:
        from prometheus_client import multiprocess  # noqa: PLC0415

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]

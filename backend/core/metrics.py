"""What is counted: requests by route, and jobs by name. Served on loopback (config.gunicorn)."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import Counter, Histogram

REQUESTS = Counter("caukieu_requests_total", "Requests", ["route", "method", "status"])
SECONDS = Histogram(
    "caukieu_request_seconds",
    "Seconds per request",
    ["route"],
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
JOBS = Counter("caukieu_jobs_total", "Jobs that workers ran", ["name", "outcome"])


class MetricsMiddleware:
    """Count and time requests by route name, never by path (paths are unbounded)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = (match.view_name or match.route) if match else "none"
        REQUESTS.labels(route, request.method, response.status_code).inc()
        SECONDS.labels(route).observe(time.perf_counter() - began)
        return response

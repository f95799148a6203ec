"""Limits that hold across processes and machines: one atomic upsert into an unlogged table.

A sliding window: the hits of this window plus the part of the last one that still counts. Addresses
are stored only as keyed hashes.
"""

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

_TAKE = """
INSERT INTO core_throttle AS t (key, window_no, hits, before)
VALUES (%(key)s, floor(extract(epoch FROM now()) / %(window_s)s)::bigint, 1, 0)
ON CONFLICT (key) DO UPDATE SET
    before = CASE excluded.window_no - t.window_no WHEN 0 THEN t.before WHEN 1 THEN t.hits ELSE 0
        END,
    hits = CASE WHEN excluded.window_no = t.window_no THEN t.hits + 1 ELSE 1 END,
    window_no = excluded.window_no,
    touched_at = now()
RETURNING hits, before, (extract(epoch FROM now()) / %(window_s)s)::float8 - window_no
"""


@dataclass(frozen=True)
class Taken:
    """Whether one more was allowed; if not, when to come back (seconds, at least 1)."""

    is_allowed: bool
    remaining: int
    retry_after_s: int


def take(scope: str, who: str, *, limit: int, window_s: int) -> Taken:
    """Count one hit of `who` in `scope`. One query; never more than `limit` in any `window_s`."""
    key = hmac.digest(settings.SECRET_KEY.encode(), f"{scope}:{who}".encode(), "sha256").hex()[:32]
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": f"{scope[:20]}:{key}", "window_s": window_s})
        hits, before, passed = cursor.fetchone()
    weight = hits + before * max(0.0, 1 - passed)
    if weight <= limit:
        return Taken(True, int(limit - weight), 0)
    return Taken(False, 0, _wait(hits, before, passed, limit, window_s))


def _wait(hits: int, before: int, passed: float, limit: int, window_s: int) -> int:
    """Seconds until the old part has shrunk enough, or until the next window."""
    left = 1 - passed
    if before and hits <= limit:
        left = min(left, left - (limit - hits) / before)
    return max(1, int(left * window_s) + 1)


def client_address(request: HttpRequest) -> str:
    """The caller's network: X-Forwarded-For is believed only behind our own proxies
    (TRUSTED_PROXIES); of an IPv6 address only the /64 counts."""
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    address = request.META.get("REMOTE_ADDR", "")
    hops = [h.strip() for h in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if h.strip()]
    if proxies and hops:
        address = hops[-min(proxies, len(hops))]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return hashlib.sha256(address.encode("utf-8", "replace")).hexdigest()[:32]
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def forget(scope: str) -> None:
    """Nobody has done anything of this scope yet: for sample data, which is made in minutes."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_throttle WHERE starts_with(key, %s)", [f"{scope[:20]}:"])


def sweep_throttle(older_than_s: int = 86_400) -> int:
    """Forget windows that ended long ago (all windows are shorter than a day)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM core_throttle WHERE touched_at < now() - make_interval(secs => %s)",
            [older_than_s],
        )
        return int(cursor.rowcount)

"""One unsafe call, done once: the client names it with `Idempotency-Key`, we keep the answer.

The key is claimed before the work starts, so that two equal calls at the same moment do not both
run; the answer is kept for two days (core.tasks.sweep_expired).
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.core.errors import Conflict, Invalid
from backend.core.models import IdempotencyKey

MAX_KEY = 100
# A call that has not answered after this long died with its process.
GIVE_UP = timedelta(minutes=5)


@dataclass(frozen=True)
class KeptAnswer:
    """What the first call with this key was told."""

    status: int
    body: Any


def hash_of_call(method: str, path: str, body: bytes) -> str:
    """What makes two calls the same."""
    return hashlib.sha256(f"{method}\n{path}\n".encode() + body).hexdigest()


def claim(owner: str, key: str, request_sha256: str) -> KeptAnswer | None:
    """None when the caller should do the work now; else the answer that is kept.

    Raises Invalid for a key that is no key, Conflict when it stands for another call, or when the
    first call is still running.
    """
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise Invalid(
            _("An idempotency key has 1 to %(max)s plain characters"),
            code="idempotency_key_invalid",
            field="Idempotency-Key",
            max=MAX_KEY,
        )
    stale = IdempotencyKey.objects.filter(owner=owner, key=key, status__isnull=True)
    stale.filter(created_at__lt=timezone.now() - GIVE_UP).delete()
    kept, is_new = IdempotencyKey.objects.get_or_create(
        owner=owner, key=key, defaults={"request_sha256": request_sha256}
    )
    if is_new:
        return None
    if kept.request_sha256 != request_sha256:
        raise Conflict(
            _("This key was used for another call. Take a new one"), code="idempotency_key_reused"
        )
    if kept.status is None:
        raise Conflict(
            _("The first call with this key is still running. Try again in a moment"),
            code="still_running",
        )
    return KeptAnswer(kept.status, kept.body)


def keep(owner: str, key: str, status: int, body: Any) -> None:
    """Keep the answer of a call that succeeded."""
    IdempotencyKey.objects.filter(owner=owner, key=key).update(status=status, body=body)


def release(owner: str, key: str) -> None:
    """Let a call that failed be tried again under the same key."""
    IdempotencyKey.objects.filter(owner=owner, key=key, status__isnull=True).delete()

"""Where Stripe tells us that something changed. Answers at once; says nothing about why not.

No session, no redirect, no CSRF token: the signature over the raw body is what counts.
"""

import json

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from backend.core import throttle
from backend.funding import stripe_gateway as gateway
from backend.funding.actions import events

log = structlog.get_logger(__name__)
MOST_BYTES = 512 * 1024


@csrf_exempt
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """200 for everything that Stripe signed, known or not; 400, 413 and 429 without a word else.

    Stripe sends again whatever was not answered by 200, so a limit loses nothing.
    """
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "POST"})
    taken = throttle.take(
        "webhook", throttle.client_address(request), limit=settings.WEBHOOK_CALLS_A_MINUTE,
        window_s=60,
    )  # fmt: skip
    if not taken.is_allowed:
        return HttpResponse(status=429, headers={"Retry-After": str(taken.retry_after_s)})
    if _length_of(request) > MOST_BYTES:
        return HttpResponse(status=413)
    raw = request.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        body = raw.decode("utf-8")
        events.check_signature(body, request.headers.get("Stripe-Signature", ""))
        fact = gateway.event_of(json.loads(body))
    except (events.BadSignature, UnicodeDecodeError, ValueError, RecursionError):
        log.warning("stripe.webhook_refused", bytes=len(raw))
        return HttpResponse(status=400)
    events.keep_event(fact, source="webhook")
    return HttpResponse(status=200)


def _length_of(request: HttpRequest) -> int:
    told = request.META.get("CONTENT_LENGTH") or "0"
    return int(told) if told.isdecimal() else MOST_BYTES + 1

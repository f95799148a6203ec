"""What the API's views share: public reads that a proxy may keep, and calls that run once."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.models import User
from backend.core import idempotency
from backend.core.errors import Invalid
from backend.home.api.wire import dumps
from backend.projects import search

# Names in REST_FRAMEWORK settings are strings; these are the ones that views set themselves.
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def limit_of(query: QueryDict) -> int:
    """The page size that was asked for: 1 to 100, 20 by default."""
    text = query.get("limit") or str(search.PAGE_SIZE)
    is_number = text.isascii() and text.isdigit() and len(text) <= 3
    if not is_number or not 1 <= int(text) <= search.MAX_PAGE_SIZE:
        raise Invalid(
            _("Enter a whole number between %(min)s and %(max)s"),
            code="out_of_range", field="limit", min=1, max=search.MAX_PAGE_SIZE,
        )  # fmt: skip
    return int(text)


class ReadView(APIView):
    """Anybody may read."""

    throttle_scope = "read"

    def public(self, request: Request, data: Any) -> HttpResponseBase:
        """What subclasses answer with: JSON with an ETag of its bytes, 304 when the caller has it
        already; a proxy may keep what was said to nobody in particular."""
        body = dumps(data)
        etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
        response = HttpResponse(body, content_type="application/json")
        response.headers["ETag"] = etag
        patch_vary_headers(response, ["Authorization"])
        is_anonymous = not request.user.is_authenticated
        conditional = get_conditional_response(request._request, etag=etag, response=response)
        answer: HttpResponseBase = conditional or response
        answer.is_public_page = is_anonymous  # type: ignore[attr-defined]
        return answer


class RunsOnce:
    """`Idempotency-Key` is honoured."""

    def once(self, request: Request, work: Callable[[], Response]) -> Response:
        """Run `work` once for each key that the caller made; without a key, just run it."""
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return work()
        assert isinstance(request.user, User)
        owner = request.user.public_id
        body = dumps(request.data)
        kept = idempotency.claim(
            owner,
            key,
            idempotency.hash_of_call(str(request.method), request.get_full_path(), body),
        )
        if kept is not None:
            return Response(kept.body, kept.status, headers={"Idempotent-Replayed": "true"})
        try:
            response = work()
        except BaseException:
            idempotency.release(owner, key)
            raise
        idempotency.keep(owner, key, response.status_code, response.data)
        return response


class MyView(RunsOnce, APIView):
    """Only for oneself: a session with its CSRF token, or a key. `Idempotency-Key` is honoured."""

    permission_classes = [IsAuthenticated]
    throttle_scope = "read"

    def get_throttles(self) -> list[Any]:
        self.throttle_scope = "write" if self.request.method in UNSAFE else "read"
        return super().get_throttles()

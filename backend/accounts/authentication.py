"""Keys of programs: `Authorization: Bearer ck_…`. Only the hash is looked up."""

from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from backend.accounts.models import ApiToken, User
from backend.accounts.tokens import SCHEME, hash_of

KEYWORD = "Bearer"
MAX_LENGTH = 200
# One write an hour is enough to see whether a key is still in use.
SEEN_EVERY = timedelta(hours=1)


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        keyword, _space, text = header.partition(" ")
        if keyword.lower() != KEYWORD.lower():
            return None
        token = None
        if text.startswith(f"{SCHEME}_") and len(text) <= MAX_LENGTH:
            token = _live_token(text)
        if token is None:
            raise AuthenticationFailed(
                _("This key is not known or was revoked."), code="token_invalid"
            )
        _note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


def _live_token(text: str) -> ApiToken | None:
    tokens = ApiToken.objects.select_related("user")
    live: Any = tokens.filter(revoked_at__isnull=True, user__is_active=True)
    found: ApiToken | None = live.filter(token_sha256=hash_of(text)).first()
    return found


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    unseen = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - SEEN_EVERY)
    if token.last_used_at is None or token.last_used_at < now - SEEN_EVERY:
        ApiToken.objects.filter(unseen, pk=token.pk).update(last_used_at=now)

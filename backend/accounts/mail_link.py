"""Signing in by a link in a mail: one use, fifteen minutes, through allauth's login stages.

The stages matter: a person with a code is still asked for it. The token is django-sesame's; it dies
with a newer sign-in or a changed password, and `settings.SESAME_MAX_AGE` seconds after its making.
"""

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.signup import send_unknown_account_mail
from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import Login
from allauth.core import ratelimit
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.http import urlencode
from sesame.utils import get_token
from sesame.utils import get_user as user_of_token

from backend.accounts import actions
from backend.accounts.models import User
from backend.core.errors import Conflict

SCOPE = "sign-in"


def send_mail_link(request: HttpRequest, email: str, next_url: str = "") -> None:
    """Mail a link to whoever has this address; without an account, a mail that says so.

    The page says the same in both cases. Raises RateLimited (429) after three in five minutes.
    """
    ratelimit.consume(request, action="mail_link", key=email, raise_exception=True)
    people = filter_users_by_email(email, is_active=True, prefer_verified=True)
    if not people:
        send_unknown_account_mail(request, email)
        return
    user = people[0]
    with translation.override(user.language):
        path = reverse("account_open_link", args=[get_token(user, scope=SCOPE)])
    query = f"?{urlencode({'next': next_url})}" if next_url else ""
    context = {
        "user": user,
        "link": request.build_absolute_uri(path + query),
        "minutes": settings.SESAME_MAX_AGE // 60,
    }
    get_adapter(request).send_mail("account/email/mail_link", email, context)


def check_still_works(token: str) -> User:
    """The person whom the token would sign in now; asking does not use it up. Raises Conflict
    `link_used_up`."""
    found: User | None = user_of_token(token, scope=SCOPE, update_last_login=False)
    if found is None:
        raise Conflict(code="link_used_up")
    return found


def sign_in_by_link(request: HttpRequest, token: str, next_url: str | None) -> HttpResponse:
    """Use up the token and go on with the login stages. Raises Conflict `link_used_up`."""
    user = _spend(token)
    record_authentication(request, user, method="mail_link")
    login = Login(user=user, email=user.email, redirect_url=next_url)
    response: HttpResponse = perform_login(request, login)
    return response


@transaction.atomic
def _spend(token: str) -> User:
    """The person of a token that was never spent before; two at once cannot both win."""
    claimed = check_still_works(token)
    User.objects.select_for_update().get(pk=claimed.pk)
    user = user_of_token(token, scope=SCOPE, update_last_login=True)
    if user is None:
        raise Conflict(code="link_used_up")
    actions.confirm_email(user, email=user.email)
    # Read again: confirming may have dropped the password, which the session's hash depends on.
    fresh = User.objects.get(pk=user.pk)
    fresh.backend = user.backend
    return fresh

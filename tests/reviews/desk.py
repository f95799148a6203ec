"""Signing in to the desk as somebody of an office, past the code."""

from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from backend.accounts.models import User


def sign_in(user: User) -> Client:
    """A browser of this person that passed the six-digit code."""
    client = Client()
    client.force_login(user)
    Authenticator.objects.get_or_create(
        user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}}
    )
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "mfa", "at": timezone.now().timestamp(), "type": "totp"}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client

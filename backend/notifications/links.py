"""The link that ends one kind of mail in one press, without signing in."""

from django.conf import settings
from django.core import signing

from backend.accounts.models import User
from backend.notifications.catalogue import Group

SALT = "notifications.stop"


def stop_link(user: User, group: Group) -> str:
    """An address that names the person and the group, sealed; it works for as long as the key."""
    token = signing.dumps({"u": user.public_id, "g": str(group)}, salt=SALT)
    return f"{settings.SITE_URL}/{user.language}/me/notices/stop/{token}/"


def read_stop_token(token: str) -> tuple[User, Group] | None:
    """Whom and what the link names; None when it was tampered with or the account is closed."""
    try:
        held = signing.loads(token, salt=SALT)
        group = Group(held["g"])
    except (signing.BadSignature, ValueError, KeyError, TypeError):
        return None
    user = User.objects.filter(public_id=held["u"], closed_at__isnull=True).first()
    return (user, group) if user else None

"""What the local outbox and a person's page of notices show."""

import time
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db.models import QuerySet
from django.utils.functional import Promise

from backend.accounts.models import User
from backend.notifications.catalogue import GROUP_WORDS, MUST, USUAL, Group
from backend.notifications.models import Notification, Preference

STEP_S = 30
# Nobody outside an office gets its notices, so nobody outside is asked about them.
STAFF_ONLY = frozenset({Group.OFFICE})


@dataclass(frozen=True)
class StaffCode:
    """The six digits that a demo person of an office would see on their phone now."""

    full_name: str
    email: str
    code: str
    seconds_left: int


def codes_of_demo_staff(at: float | None = None) -> list[StaffCode]:
    """Codes of demo people only, and nothing outside development and test. `at`: Unix seconds."""
    if settings.ENVIRONMENT not in {"development", "test"}:
        return []
    now = time.time() if at is None else at
    step, passed = divmod(int(now), STEP_S)
    rows = Authenticator.objects.filter(
        type=Authenticator.Type.TOTP, user__is_demo=True, user__is_active=True
    ).select_related("user")
    found = []
    for row in rows.order_by("user_id"):
        try:
            secret = decrypt(row.data["secret"])
        except ValueError:
            continue  # sealed with an older SECRET_KEY; `seed` mends it
        code = format_hotp_value(hotp_value(secret, step))
        found.append(StaffCode(row.user.full_name, row.user.email or "", code, STEP_S - passed))
    return found


@dataclass(frozen=True)
class Setting:
    """How one group of notices reaches a person."""

    group: str
    name: str | Promise
    what: str | Promise
    channel: str
    must: bool


def notices_of(user: User) -> QuerySet[Notification]:
    """Everything the person was told, newest first."""
    return Notification.objects.filter(recipient=user).order_by("-at", "-id")


def new_notices_of(user: User) -> int:
    return Notification.objects.filter(recipient=user, read_at__isnull=True).count()


def settings_of(user: User, *, is_staff: bool) -> list[Setting]:
    """One row for each group that can concern the person."""
    chosen = dict(Preference.objects.filter(user=user).values_list("group", "channel"))
    return [
        Setting(group, *GROUP_WORDS[group], chosen.get(group, USUAL[group]), group in MUST)
        for group in Group
        if is_staff or group not in STAFF_ONLY
    ]

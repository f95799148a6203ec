"""What the local outbox page shows."""

import time
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.conf import settings

STEP_S = 30


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

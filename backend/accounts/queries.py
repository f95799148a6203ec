"""What a person sees of their own account."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from backend.accounts.models import ApiToken, Consent, InvestorProfile, PersonSession, User
from backend.accounts.permissions import has_code


@dataclass(frozen=True)
class Keys:
    """How the person signs in."""

    has_password: bool
    has_code: bool
    open_sessions: int


def keys_of(user: User, *, at: datetime) -> Keys:
    sessions = PersonSession.objects.filter(person_key=user.pk, expire_date__gt=at)
    return Keys(user.has_usable_password(), has_code(user), sessions.count())


def profile_of(user: User) -> InvestorProfile | None:
    return InvestorProfile.objects.filter(user=user).first()


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Live keys first, then newest first."""
    return ApiToken.objects.filter(user=user).order_by("revoked_at", "-id")


def consents_of(user: User) -> QuerySet[Consent]:
    return Consent.objects.filter(user=user).order_by("-given_at", "-id")

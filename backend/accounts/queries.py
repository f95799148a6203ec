"""What a person sees of their own account."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from backend.accounts.consent_texts import DOCUMENTS, LANGUAGES, ConsentText, consent_text
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


def texts_to_agree_to(user: User, language: str) -> list[ConsentText]:
    """Texts in force that the person has agreed to in no language; demo people are not asked."""
    if user.is_demo:
        return []
    agreed = set(
        Consent.objects.filter(user=user, withdrawn_at__isnull=True).values_list(
            "text_sha256", flat=True
        )
    )
    return [
        consent_text(document, language)
        for document in DOCUMENTS
        if not agreed & {consent_text(document, other).sha256 for other in LANGUAGES}
    ]


def consents_of(user: User) -> QuerySet[Consent]:
    return Consent.objects.filter(user=user).order_by("-given_at", "-id")

"""What a person sees of their own account."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber

from backend.accounts.consent_texts import DOCUMENTS, LANGUAGES, ConsentText, consent_text
from backend.accounts.models import (
    ApiToken,
    CityOffice,
    Consent,
    InvestorProfile,
    OfficeData,
    PersonSession,
    User,
)
from backend.accounts.permissions import has_code
from backend.core.models import AuditEvent


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


@dataclass(frozen=True)
class RoleChange:
    """A role that was given or taken; names as they are today ("" for a person who left). `number`
    counts what happened to this person in the office, from 1."""

    at: datetime
    number: int
    is_given: bool
    role: str
    person_id: str
    person: str
    by: str


MOST_CHANGES = 100


def role_changes_of(office: CityOffice) -> list[RoleChange]:
    """Who gave and took which role in an office, newest first: of everybody who works there now,
    and of everybody to whom they gave or from whom they took one. Three queries."""
    here = list(office.memberships.values_list("user__public_id", flat=True))
    events = AuditEvent.objects.filter(
        code__in=["office.member_added", "office.member_removed"], data__office=office.public_id
    )
    touched = events.filter(actor__in=here).values("subject_id")
    rows = list(
        events.filter(Q(subject_id__in=here) | Q(subject_id__in=touched))
        .annotate(number=Window(RowNumber(), partition_by=F("subject_id"), order_by=["at", "id"]))
        .order_by("-at", "-id")[:MOST_CHANGES]
    )
    people = User.objects.filter(public_id__in={i for e in rows for i in (e.subject_id, e.actor)})
    names = dict(people.values_list("public_id", "full_name"))
    return [
        RoleChange(
            e.at, e.number, e.code == "office.member_added", str(e.data.get("role", "")),
            e.subject_id, names.get(e.subject_id, ""), names.get(e.actor, ""),
        )
        for e in rows
    ]  # fmt: skip


def office_once_called(name_en: str) -> CityOffice | None:
    """The office that has this English name, or had it."""
    named = Q(name_en=name_en) | Q(versions__name_en=name_en)
    return CityOffice.objects.filter(named).order_by("pk").first()


def office_versions(office: CityOffice) -> list[OfficeData]:
    """An office now and as it was, newest first."""
    earlier = sorted(office.versions.all(), key=lambda v: v.number, reverse=True)
    return [office, *earlier]

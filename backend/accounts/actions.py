"""Everything that changes a person, an office's people or a program's key.

Each action: lock, permit, check, change, audit, enqueue, in one transaction.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import available_timezones

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.accounts import answers as answering
from backend.accounts import tokens, zones
from backend.accounts.answers import Answers, Vocabulary
from backend.accounts.consent_texts import DOCUMENTS, LANGUAGES, ConsentText
from backend.accounts.models import (
    ApiToken,
    CityOffice,
    Consent,
    InvestorProfile,
    OfficeMembership,
    OfficeVersion,
    OrganisationInvitation,
    PendingMail,
    PersonSession,
    Role,
    User,
)
from backend.accounts.permissions import check_is_self, roles_of
from backend.core import audit, jobs
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, ManyInvalid, NotAllowed
from backend.core.models import IdempotencyKey
from backend.core.text import clean_text

EMAIL_MISSING = _("Enter an e-mail address, for example ten@example.com")
ADDRESS_IN_USE = _("This address is in use. Sign in instead.")
NEEDS_ROLE = _("This needs the role %(role)s. The city office can grant it.")
MAX_NAME = 120
MAX_OFFICE_NAME = 200
MAX_REASON = 500
MAX_EMAIL = 254
MAX_TOKENS = 10
UNCONFIRMED_DAYS = 7


def _locked(user: User) -> User:
    """The person's row, locked; Conflict when the account was closed meanwhile."""
    row = User.objects.select_for_update().get(pk=user.pk)
    if row.closed_at is not None:
        raise Conflict(_("This account is closed."), code="account_closed")
    return row


def _clean_name(name: str) -> str:
    name = " ".join(clean_text(name).split())
    if len(name) > MAX_NAME:
        raise Invalid(
            _("Use %(max)s characters or fewer. There are %(n)s now."),
            field="full_name",
            max=MAX_NAME,
            n=len(name),
        )
    return name


def check_email(email: str) -> None:
    """Invalid unless it is an address that mail can go to."""
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(EMAIL_MISSING, field="email") from None
    if len(email) > MAX_EMAIL:
        raise Invalid(EMAIL_MISSING, field="email")


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise Invalid(_("Choose from the list."), field="language")


@transaction.atomic
def join(
    email: str,
    *,
    password: str | None = None,
    full_name: str = "",
    language: str,
    consents: Sequence[ConsentText] = (),
    is_demo: bool = False,
) -> User:
    """A new person, whose address is yet to be confirmed.

    Without a password they sign in by mail link. People agree to every document of joining; demo
    people are nobody and agree to nothing. An address that is never confirmed is forgotten after
    UNCONFIRMED_DAYS.
    """
    email = email.strip().lower()
    check_email(email)
    _check_language(language)
    if not is_demo and {text.document for text in consents} != set(DOCUMENTS):
        raise Invalid(
            _("To join, agree to the terms and the privacy notice."),
            field="consent",
            code="consent_missing",
        )
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email,
                password,
                full_name=_clean_name(full_name),
                language=language,
                is_demo=is_demo,
            )
    except IntegrityError:
        raise Conflict(ADDRESS_IN_USE, field="email") from None
    audit.record("user.joined", by=user, subject=user, data={"language": language})
    for text in consents:
        _write_consent(user, text)
    jobs.enqueue(
        "accounts.forget_unconfirmed",
        user.public_id,
        delay=timedelta(days=UNCONFIRMED_DAYS),
        person=user.public_id,
    )
    return user


def _write_consent(user: User, text: ConsentText) -> Consent:
    consent = Consent.objects.create(
        user=user,
        document=text.document,
        version=text.version,
        language=text.language,
        text_sha256=text.sha256,
    )
    data = {"document": text.document, "version": text.version, "sha256": text.sha256}
    audit.record("consent.given", by=user, subject=user, data=data)
    return consent


@transaction.atomic
def give_consent(user: User, text: ConsentText, *, by: User) -> Consent:
    """Agree to one text; quiet when exactly this text is agreed to already."""
    user = _locked(user)
    check_is_self(by, user)
    same = Consent.objects.filter(
        user=user, document=text.document, text_sha256=text.sha256, withdrawn_at__isnull=True
    ).first()
    return same or _write_consent(user, text)


@transaction.atomic
def confirm_email(user: User, *, email: str) -> User:
    """The person has shown that they read mail at `email`.

    A password that was chosen before anybody had shown this is dropped: it may be the password of
    somebody who joined with an address that is not theirs.
    """
    user = _locked(user)
    address, _created = EmailAddress.objects.get_or_create(user=user, email=email.lower())
    if address.verified:
        return user
    if not address.set_verified():
        raise Conflict(ADDRESS_IN_USE, field="email")
    address.set_as_primary()
    if not EmailAddress.objects.filter(user=user, verified=True).exclude(pk=address.pk).exists():
        user.set_unusable_password()
        user.save(update_fields=["password"])
    audit.record("user.email_confirmed", by=user, subject=user)
    return user


@transaction.atomic
def change_details(user: User, *, by: User, full_name: str, language: str, time_zone: str) -> User:
    """Name (family name first, may be empty), language of mails, and time zone; an empty one leaves
    the zone as it stands, chosen or following the country."""
    user = _locked(user)
    check_is_self(by, user)
    _check_language(language)
    if time_zone and time_zone not in available_timezones():
        raise Invalid(_("Choose from the list."), field="time_zone")
    user.full_name, user.language = _clean_name(full_name), language
    if time_zone:
        user.time_zone, user.has_chosen_zone = time_zone, True
    user.save(update_fields=["full_name", "language", "time_zone", "has_chosen_zone"])
    audit.record("user.details_changed", by=by, subject=user)
    return user


def _follow_country(user: User, country: str) -> None:
    """The zone of where a person lives, until they choose one. `user` is locked."""
    zone = zones.zone_by_country(country)
    if user.has_chosen_zone or user.time_zone == zone:
        return
    user.time_zone = zone
    user.save(update_fields=["time_zone"])
    audit.record("user.zone_followed", by=user, subject=user)


@transaction.atomic
def save_profile(
    user: User,
    answers: Answers,
    weights: Mapping[str, str],
    *,
    by: User,
    expected_version: int | None,
    vocabulary: Vocabulary,
) -> InvestorProfile:
    """Replace the answers and the steering.

    `expected_version` is the version that the person saw: 0 for none yet, None to overwrite
    whatever stands. Raises Conflict `profile_changed` when another window saved meanwhile, and
    ManyInvalid for unknown keys. Saving the same again changes nothing.
    """
    user = _locked(user)
    check_is_self(by, user)
    profile = InvestorProfile.objects.filter(user=user).first()
    version = profile.version if profile else 0
    if expected_version is not None and expected_version != version:
        raise Conflict(
            _("Your answers were changed in another window. Both are kept below."),
            code="profile_changed",
        )
    problems = answering.problems_of(answers, vocabulary) + answering.weight_problems(weights)
    if problems:
        raise ManyInvalid(problems)
    kept = answering.clean_weights(weights)
    before = answering.answers_of(profile) if profile else Answers()
    changed = answering.changed_names(before, answers)
    if profile and kept != profile.weights:
        changed.append("weights")
    if profile and not changed:
        return profile
    profile = profile or InvestorProfile(user=user)
    for name, value in answering.values_of(answers).items():
        setattr(profile, name, value)
    profile.weights, profile.version = kept, version + 1
    profile.save()
    data = {"version": profile.version, "changed": changed}
    audit.record("profile.saved", by=by, subject=user, data=data)
    if "country" in changed:
        _follow_country(user, profile.country)
    return profile


@transaction.atomic
def say_country(user: User, country: str, *, by: User) -> None:
    """Keep where the person lives, as they said it in another place. An answer that stands is
    theirs to change and stays; `country` is a key of the taxonomy (the caller checks it)."""
    user = _locked(user)
    check_is_self(by, user)
    profile = InvestorProfile.objects.filter(user=user).first() or InvestorProfile(
        user=user, version=0
    )
    if profile.country:
        return
    profile.country, profile.version = country, profile.version + 1
    profile.save()
    data = {"version": profile.version, "changed": ["country"]}
    audit.record("profile.saved", by=by, subject=user, data=data)
    _follow_country(user, country)


@transaction.atomic
def issue_api_token(
    user: User, *, by: User, name: str, with_code: bool = False
) -> tuple[ApiToken, str]:
    """A new key for a program, and its text, which nobody can see again. `with_code`: the session
    that makes it has passed the six-digit code; only such a key opens what an office does."""
    user = _locked(user)
    check_is_self(by, user)
    name = " ".join(clean_text(name).split())
    if not 1 <= len(name) <= 60:
        raise Invalid(_("Enter a name of at most 60 characters."), field="name")
    if ApiToken.objects.filter(user=user, revoked_at__isnull=True).count() >= MAX_TOKENS:
        raise Conflict(_("You have ten keys. Revoke one first."), code="too_many_tokens")
    text = tokens.new_token()
    token = ApiToken.objects.create(
        user=user, name=name, prefix=tokens.prefix_of(text), token_sha256=tokens.hash_of(text),
        made_with_code=with_code,
    )  # fmt: skip
    data = {"prefix": token.prefix, "with_code": with_code}
    audit.record("token.issued", by=by, subject=user, data=data)
    return token, text


@transaction.atomic
def revoke_api_token(token: ApiToken, *, by: User) -> ApiToken:
    """Stop a key; quiet when it is stopped already."""
    token = ApiToken.objects.select_for_update().select_related("user").get(pk=token.pk)
    check_is_self(by, token.user)
    if token.revoked_at is not None:
        return token
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    audit.record("token.revoked", by=by, subject=token.user, data={"prefix": token.prefix})
    return token


@transaction.atomic
def add_to_office(
    user: User, office: CityOffice, role: str, *, by: User | None
) -> OfficeMembership:
    """Give somebody a role in a city office; `by` is a lead of it, or None for the command line."""
    user = _locked(user)
    is_lead = OfficeMembership.objects.filter(office=office, user=by, role=Role.LEAD).exists()
    if by is not None and not is_lead:
        raise NotAllowed(NEEDS_ROLE, role="lead")
    if role not in Role.values:
        raise Invalid(_("Choose from the list."), field="role")
    membership, created = OfficeMembership.objects.get_or_create(
        office=office, user=user, role=role
    )
    if created:
        data = {"office": office.public_id, "role": role}
        audit.record("office.member_added", by=by, subject=user, data=data)
    return membership


@transaction.atomic
def remove_from_office(user: User, office: CityOffice, role: str, *, by: User) -> None:
    """Take a role from somebody; `by` is a lead of the office. The last lead stays."""
    CityOffice.objects.select_for_update().get(pk=office.pk)
    leads = OfficeMembership.objects.filter(office=office, role=Role.LEAD)
    if not leads.filter(user=by).exists():
        raise NotAllowed(NEEDS_ROLE, role="lead")
    if role == Role.LEAD and not leads.exclude(user=user).exists():
        raise Conflict(_("An office keeps at least one lead."), code="last_lead")
    deleted, _rows = OfficeMembership.objects.filter(office=office, user=user, role=role).delete()
    if deleted:
        data = {"office": office.public_id, "role": role}
        audit.record("office.member_removed", by=by, subject=user, data=data)


@transaction.atomic
def open_office(name_vi: str, name_en: str, *, fields: Sequence[str], by: User) -> CityOffice:
    """A new office, whose first lead is the lead who opens it."""
    if Role.LEAD not in roles_of(by):
        raise NotAllowed(NEEDS_ROLE, role="lead")
    names, problems = _office_names(name_vi, name_en)
    if problems:
        raise ManyInvalid(problems)
    office = CityOffice.objects.create(
        **names, fields=list(fields), written_by=by, written_at=app_now()
    )
    audit.record("office.opened", by=by, subject=office, data={"fields": office.fields})
    OfficeMembership.objects.create(office=office, user=by, role=Role.LEAD)
    audit.record(
        "office.member_added", by=by, subject=by,
        data={"office": office.public_id, "role": Role.LEAD},
    )  # fmt: skip
    return office


def _office_names(name_vi: str, name_en: str) -> tuple[dict[str, str], list[Invalid]]:
    """Both names (the English one may be the Vietnamese), and what is wrong with them."""
    names = {
        "name_vi": " ".join(clean_text(name_vi).split()),
        "name_en": " ".join(clean_text(name_en).split()),
    }
    problems = [
        Invalid(
            _("Use %(max)s characters or fewer. There are %(n)s now."),
            code="too_long", field=field, max=MAX_OFFICE_NAME, n=len(name),
        )
        for field, name in names.items()
        if len(name) > MAX_OFFICE_NAME
    ]  # fmt: skip
    if not names["name_vi"]:
        problems.append(
            Invalid(_("Enter the name in Vietnamese."), code="missing", field="name_vi")
        )
    return names | {"name_en": names["name_en"] or names["name_vi"]}, problems


@transaction.atomic
def change_office(
    office: CityOffice,
    *,
    by: User,
    name_vi: str,
    name_en: str,
    fields: Sequence[str],
    reason: str,
    expected: int,
) -> CityOffice:
    """A new version of an office's names and fields; the one before is kept as it was.

    `by` is a lead of the office, `expected` the version that they saw. Letters and reviews keep
    the name that they were written under. Cases that are in stay where they are.
    """
    office = CityOffice.objects.select_for_update().get(pk=office.pk)
    if not OfficeMembership.objects.filter(office=office, user=by, role=Role.LEAD).exists():
        raise NotAllowed(NEEDS_ROLE, role="lead")
    if office.number != expected:
        raise Conflict(
            _("Somebody published another version meanwhile. Look at it first."),
            code="version_changed",
        )
    names, problems = _office_names(name_vi, name_en)
    words = " ".join(clean_text(reason).split())
    if not words:
        problems.append(Invalid(_("Enter the reason"), code="missing", field="reason"))
    if len(words) > MAX_REASON:
        problems.append(
            Invalid(
                _("Use %(max)s characters or fewer."),
                code="too_long", field="reason", max=MAX_REASON,
            )
        )  # fmt: skip
    changed = [name for name, text in names.items() if text != getattr(office, name)]
    changed += ["fields"] if set(fields) != set(office.fields) else []
    if not changed:
        problems.append(
            Invalid(
                _("Nothing changed against version %(old)s."),
                code="nothing_changed", field="name_vi", old=office.number,
            )
        )  # fmt: skip
    if problems:
        raise ManyInvalid(problems)
    _keep_version(office)
    office.number += 1
    office.name_vi, office.name_en, office.fields = names["name_vi"], names["name_en"], list(fields)
    office.written_by, office.written_at, office.reason = by, app_now(), words
    office.save()
    data = {"number": office.number, "changed": changed, "reason": words}
    audit.record("office.changed", by=by, subject=office, data=data)
    return office


def _keep_version(office: CityOffice) -> None:
    OfficeVersion.objects.create(
        office=office, number=office.number, name_vi=office.name_vi, name_en=office.name_en,
        fields=office.fields, written_by_id=office.written_by_id, written_at=office.written_at,
        reason=office.reason,
    )  # fmt: skip


@transaction.atomic
def record_data_download(user: User, *, by: User) -> None:
    """Write down that the person took a copy of everything held about them."""
    user = _locked(user)
    check_is_self(by, user)
    audit.record("user.data_downloaded", by=by, subject=user)


@transaction.atomic
def sign_out_everywhere(user: User, *, by: User) -> int:
    """End every session of the person; returns how many there were."""
    user = _locked(user)
    check_is_self(by, user)
    ended, _rows = PersonSession.objects.filter(person_key=user.pk).delete()
    audit.record("user.signed_out_everywhere", by=by, subject=user, data={"sessions": ended})
    return ended


@transaction.atomic
def close_account(user: User, *, by: User | None) -> User:
    """Erase the person; `by` is the person, or None when an address was never confirmed.

    Gone: name, address, password, answers, sessions, keys, codes, memberships, mails under way.
    Kept: the row with its public id, and consents and audit rows, which name that id only. What
    other slices hold about the person is erased by home.account_actions around this.
    """
    user = _locked(user)
    if by is not None:
        check_is_self(by, user)
    if roles_of(user):
        raise Conflict(
            _("Your account has a role in a city office. The office removes it first."),
            code="has_office_role",
        )
    _erase_rows(user)
    user.email, user.full_name, user.is_active = None, "", False
    user.closed_at = timezone.now()
    user.set_unusable_password()
    user.save()
    audit.record("user.closed", by=by, subject=user)
    return user


def _erase_rows(user: User) -> None:
    addresses = [*EmailAddress.objects.filter(user=user).values_list("email", flat=True)]
    PendingMail.objects.filter(to__in=[*addresses, user.email or ""]).delete()
    OrganisationInvitation.objects.filter(email__in=[*addresses, user.email or ""]).update(
        email=None, ended_at=timezone.now()
    )
    EmailAddress.objects.filter(user=user).delete()
    Authenticator.objects.filter(user=user).delete()
    InvestorProfile.objects.filter(user=user).delete()
    ApiToken.objects.filter(user=user).delete()
    # Answers of repeated API calls hold copies of what the person read.
    IdempotencyKey.objects.filter(owner=user.public_id).delete()
    user.organisation_memberships.all().delete()
    PersonSession.objects.filter(person_key=user.pk).delete()


@transaction.atomic
def post_mail(to: str, *, subject: str, text: str, html: str = "") -> PendingMail:
    """Hand a rendered mail to a worker; it is sent exactly if the caller's change is kept."""
    mail = PendingMail.objects.create(to=to, subject=subject, text=text, html=html)
    jobs.enqueue("accounts.send_mail", f"mail-{mail.pk}", mail=mail.pk)
    return mail

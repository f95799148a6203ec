from datetime import date
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now

from backend.accounts.zones import CITY_ZONE
from backend.core.ids import new_id


def _user_id() -> str:
    return new_id("usr")


def _organisation_id() -> str:
    return new_id("org")


def _invitation_id() -> str:
    return new_id("inv")


def _office_id() -> str:
    return new_id("off")


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person. Name and address stand here and nowhere else, so that one row can be erased;
    audit rows and, later, the ledger hold the public id only."""

    public_id = models.CharField(max_length=40, unique=True, default=_user_id, editable=False)
    email = models.EmailField(unique=True, null=True)
    full_name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=2, default="vi")
    time_zone = models.CharField(max_length=40, default=CITY_ZONE)
    # Until the person chooses a zone it follows the country where they live.
    has_chosen_zone = models.BooleanField(db_default=False, default=False)
    is_active = models.BooleanField(default=True)
    # Sample people of ./scripts/run; production refuses them (config.checks).
    is_demo = models.BooleanField(default=False)
    # Follows the office memberships by a trigger, so that a menu needs no query to know.
    works_in_office = models.BooleanField(default=False, editable=False)
    joined_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True)
                | models.Q(email__isnull=True, full_name="", is_active=False),
                name="closed_account_is_erased",
            ),
            models.CheckConstraint(
                condition=models.Q(language__in=["vi", "en"]), name="user_language"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_staff_member(self) -> bool:
        """Whether the person works in a city office (and so must sign in with a code)."""
        return self.office_memberships.exists()


class Organisation(models.Model):
    """Who owns proposals: a firm, lab, start-up, cooperative or public unit."""

    public_id = models.CharField(
        max_length=40, unique=True, default=_organisation_id, editable=False
    )
    name_vi = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=20)
    founded_year = models.PositiveSmallIntegerField(null=True)
    is_example = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name_vi


class OrganisationMembership(models.Model):
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="memberships"
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="organisation_memberships"
    )
    joined_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "user"], name="member_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organisation_id}"


class OrganisationInvitation(models.Model):
    """A colleague asked by e-mail to join an organisation. Only a hash of the link is kept.

    Whoever takes it is signed in with the address that it was sent to. Once taken or called back
    the address is emptied: it stands nowhere but in the person's own row.
    """

    public_id = models.CharField(max_length=40, unique=True, default=_invitation_id, editable=False)
    organisation = models.ForeignKey(
        Organisation, on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField(null=True)
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    invited_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True) | models.Q(email__isnull=True),
                name="ended_invitation_is_erased",
            ),
            models.UniqueConstraint(
                fields=["organisation", "email"],
                condition=models.Q(ended_at__isnull=True),
                name="invited_once",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class OfficeData(models.Model):
    """One version of what a city may change about an office: its names and its fields."""

    number = models.PositiveIntegerField(default=1)
    name_vi = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200)
    # Keys of the fields that it takes in; empty: whatever no other office takes.
    fields: "ArrayField[Any, Any]" = ArrayField(
        models.CharField(max_length=40), default=list, blank=True
    )
    # None: written by the command line, or before versions were kept.
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    written_at = models.DateTimeField(null=True, db_default=Now())
    reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name_vi


class CityOffice(OfficeData):
    """An office as it is now. The database takes a change only as the next number, once the
    version before it is kept."""

    public_id = models.CharField(max_length=40, unique=True, default=_office_id, editable=False)


class OfficeVersion(OfficeData):
    """An office as it was, kept for good (append-only)."""

    office = models.ForeignKey(CityOffice, on_delete=models.PROTECT, related_name="versions")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "number"], name="office_version_once")
        ]


class Role(models.TextChoices):
    """What somebody may do in a city office."""

    CASE_OFFICER = "case_officer"
    LEAD = "lead"
    SIGNER = "signer"
    FINANCE = "finance"
    AUDITOR = "auditor"


class OfficeMembership(models.Model):
    office = models.ForeignKey(CityOffice, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="office_memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    since_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "user", "role"], name="office_role_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="office_role"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"


def _keys() -> "ArrayField[Any, Any]":
    return ArrayField(models.CharField(max_length=40), default=list, blank=True)


class InvestorAnswers(models.Model):
    """What an investor told us: the only personal input of the order (matching.md section 1).

    Empty means "not answered": neither for nor against any project.
    """

    fields = _keys()
    technologies = _keys()
    country = models.CharField(max_length=2, blank=True)
    home_place = models.CharField(max_length=10, blank=True)
    budget_minor = models.BigIntegerField(null=True, blank=True)
    budget_currency = models.CharField(max_length=3, blank=True)
    instruments = _keys()
    horizon_months = models.PositiveSmallIntegerField(null=True, blank=True)
    stages = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    languages = _keys()
    skills = _keys()

    class Meta:
        abstract = True


class InvestorProfile(InvestorAnswers):
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="profile")
    # Steering: factor -> more | normal | less | off; what is not named is normal.
    weights = models.JSONField(default=dict, blank=True)
    show_outside_fields = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(budget_minor__isnull=True) | models.Q(budget_minor__gt=0),
                name="profile_budget_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(budget_minor__isnull=True, budget_currency="")
                | models.Q(budget_minor__isnull=False, budget_currency__regex=r"^[A-Z]{3}$"),
                name="profile_budget_has_currency",
            ),
        ]

    def __str__(self) -> str:
        return f"profile of {self.user_id}"


class Consent(models.Model):
    """That a person agreed to exactly this text: its hash, its language, the moment."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consents")
    document = models.CharField(max_length=40)
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=2)
    text_sha256 = models.CharField(max_length=64)
    given_at = models.DateTimeField(db_default=Now())
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "document", "-given_at"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.document} {self.version}"

    @property
    def version_day(self) -> date | None:
        """Our texts are numbered by their day; None for a number of another kind."""
        try:
            return date.fromisoformat(self.version)
        except ValueError:
            return None


class ApiToken(models.Model):
    """A program's key. Only its hash is kept; `prefix` is what the person sees in the list."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    # Made in a session that had passed the six-digit code: only such a key opens the office.
    made_with_code = models.BooleanField(default=False, db_default=False)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.prefix


class PersonSession(AbstractBaseSession):
    """A browser's session. `person_key` is the signed-in person's row, so that a closed account
    takes its sessions with it; no foreign key, so that writing a session locks nobody's row."""

    person_key = models.BigIntegerField(null=True, db_index=True)

    class Meta(AbstractBaseSession.Meta):
        db_table = "accounts_session"

    def __str__(self) -> str:
        return self.session_key[:6]

    @classmethod
    def get_session_store_class(cls) -> Any:
        # Imported here: the store imports this module.
        from backend.accounts.sessions import SessionStore  # noqa: PLC0415

        return SessionStore


class PendingMail(models.Model):
    """A rendered mail that a worker has yet to send; deleted once it is sent."""

    to = models.EmailField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.subject

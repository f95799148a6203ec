from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from backend.core.ids import new_id
from backend.projects.models_owner import (  # noqa: F401 (Django finds models here)
    Document,
    ProjectUpdate,
    Question,
    QuestionSet,
    SectionSave,
    SectionState,
)
from backend.projects.workflow import PublicStatus, Status


def _project_id() -> str:
    return new_id("prj")


def _keys() -> "ArrayField[Any, Any]":
    return ArrayField(models.CharField(max_length=40), default=list, blank=True)


class Project(models.Model):
    """A proposal of an owner, or a call that others published.

    The typed columns are the facts in force: of the draft while it is one, of the listed version
    afterwards. The whole text of every version stands in `ProjectVersion`. A null means "the
    source does not say", which is shown so and counts neither for nor against.
    """

    class Origin(models.TextChoices):
        PROPOSAL = "proposal"
        PUBLISHED_CALL = "published_call"

    public_id = models.CharField(max_length=40, unique=True, default=_project_id, editable=False)
    slug = models.SlugField(max_length=120, unique=True)
    origin = models.CharField(max_length=20, choices=Origin.choices, default=Origin.PROPOSAL)
    is_example = models.BooleanField(default=False)
    owner = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, null=True, related_name="projects"
    )
    status = models.CharField(max_length=20, default=Status.DRAFT)
    public_status = models.CharField(max_length=20, null=True)
    frozen_at = models.DateTimeField(null=True)
    frozen_reason = models.TextField(blank=True)

    original_language = models.CharField(max_length=2, default="vi")
    title_vi = models.CharField(max_length=300, blank=True)
    title_en = models.CharField(max_length=300, blank=True)
    summary_vi = models.TextField(blank=True)
    summary_en = models.TextField(blank=True)
    # Copied from the organisation (or the announcing body) so that a list needs no join.
    owner_name_vi = models.CharField(max_length=200, blank=True)
    owner_name_en = models.CharField(max_length=200, blank=True)
    owner_kind = models.CharField(max_length=20, blank=True)
    field = models.CharField(max_length=40, null=True)
    pillars = _keys()
    values = _keys()
    technologies = _keys()
    place_code = models.CharField(max_length=10, null=True)
    trl = models.PositiveSmallIntegerField(null=True)
    instrument = models.CharField(max_length=20, null=True)
    goal_minor = models.BigIntegerField(null=True)
    min_ticket_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="VND")
    horizon_months = models.PositiveSmallIntegerField(null=True)
    languages = _keys()
    skills = _keys()
    # An officer confirmed the high-value sheet of the listed version (reviews.HighValueCheck).
    is_high_value = models.BooleanField(default=False)

    current_version = models.ForeignKey(
        "ProjectVersion", on_delete=models.PROTECT, null=True, related_name="+"
    )
    # Counts every change of the facts in force: caches and rankings key on it.
    content_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in Status]), name="project_status"
            ),
            models.CheckConstraint(
                condition=Q(public_status__isnull=True)
                | Q(public_status__in=[s.value for s in PublicStatus]),
                name="project_public_status",
            ),
            models.CheckConstraint(
                condition=Q(trl__isnull=True) | Q(trl__range=(1, 9)), name="project_trl"
            ),
            models.CheckConstraint(
                condition=Q(goal_minor__isnull=True) | Q(goal_minor__gt=0), name="project_goal"
            ),
            models.CheckConstraint(
                condition=Q(min_ticket_minor__isnull=True)
                | Q(min_ticket_minor__gt=0, min_ticket_minor__lte=models.F("goal_minor")),
                name="project_ticket_within_goal",
            ),
            models.CheckConstraint(
                condition=Q(currency__in=["VND", "USD"]), name="project_currency"
            ),
            models.CheckConstraint(
                condition=Q(origin="proposal", owner__isnull=False)
                | Q(origin="published_call", owner__isnull=True),
                name="proposal_has_owner",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "draft",
                        "submitted",
                        "screening",
                        "in_review",
                        "returned",
                        "decided",
                        "declined",
                        "withdrawn",
                    ]
                )
                | Q(listed_at__isnull=False),
                name="listed_has_date",
            ),
        ]
        indexes = [
            models.Index(
                fields=["-listed_at", "-id"], condition=Q(status="listed"), name="project_newest"
            ),
            models.Index(fields=["owner", "status"], name="project_of_owner"),
            GinIndex(
                fields=["technologies"], condition=Q(status="listed"), name="project_technologies"
            ),
            GinIndex(fields=["pillars"], condition=Q(status="listed"), name="project_pillars"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def is_call(self) -> bool:
        return self.origin == Project.Origin.PUBLISHED_CALL


class ProjectVersion(models.Model):
    """The whole text of a proposal at one moment. Once submitted it cannot be changed (trigger)."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    content_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)
    submitted_at = models.DateTimeField(null=True)
    submitted_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="version_number_once"),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True) | Q(content_sha256__regex=r"^[0-9a-f]{64}$"),
                name="submitted_version_is_hashed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} v{self.number}"


class PublishedCall(models.Model):
    """What a public source said about a project that others announced. Facts, not an offer."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="call")
    call_status = models.CharField(max_length=30)
    announcing_body = models.CharField(max_length=200, blank=True)
    # Dates as the source gives them: 2024, 2024-10 or 2024-10-03.
    announced_on = models.CharField(max_length=10, blank=True)
    source_url = models.URLField(max_length=500)
    source_date = models.CharField(max_length=10, blank=True)
    location_text = models.CharField(max_length=300, blank=True)
    area = models.CharField(max_length=30, blank=True)
    capital_vnd_bn = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    capital_usd_m = models.DecimalField(max_digits=14, decimal_places=3, null=True)
    land_m2 = models.DecimalField(max_digits=16, decimal_places=2, null=True)
    investment_form_text = models.CharField(max_length=300, blank=True)
    legal_reference = models.CharField(max_length=300, blank=True)
    name_vi_is_published = models.BooleanField(default=True)
    imported_sha256 = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.source_url

    @property
    def is_open_call(self) -> bool:
        """Whether the source invites investors; the others are merely announced."""
        return self.call_status in {"open_call", "tender", "investor_selection"}


class Milestone(models.Model):
    """One delivery that a payment waits for. Made from the listed version."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="milestones")
    number = models.PositiveSmallIntegerField()
    title_vi = models.CharField(max_length=300, blank=True)
    title_en = models.CharField(max_length=300, blank=True)
    evidence_vi = models.TextField(blank=True)
    evidence_en = models.TextField(blank=True)
    months_after_close = models.PositiveSmallIntegerField()
    amount_minor = models.BigIntegerField()
    status = models.CharField(max_length=20, default="planned")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["project", "number"], name="milestone_number_once"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="milestone_amount"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} M{self.number}"


class SavedProject(models.Model):
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="saved_projects"
    )
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="saves")
    saved_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "project"], name="saved_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.project_id}"


class ProjectSearch(models.Model):
    """One narrow row per public project, from which lists, search and facets are answered.

    Keys stand as the whole numbers and bits of projects.search_codes, so that a hundred thousand
    rows can be counted in one pass. Written by projects.search_index; `shelf` and `status_code`
    follow the project by a trigger, so that nothing withdrawn is ever found. Tickets of gated
    instruments are not in here at all (product.md rule 2).
    """

    project = models.OneToOneField(
        Project, on_delete=models.CASCADE, primary_key=True, related_name="search_row"
    )
    listed_at = models.DateTimeField()
    # Settles the order of equals (a hash of the public id: cursors show it, integers stay inside).
    tie = models.BigIntegerField()
    # Sums in đồng for order only; what is not stated comes last in both directions.
    goal_up = models.BigIntegerField()
    goal_down = models.BigIntegerField()
    open_ticket_minor = models.BigIntegerField(null=True)
    place_code = models.IntegerField()
    pillar_bits = models.IntegerField()
    technology_bits = models.IntegerField()
    shelf = models.SmallIntegerField()
    field_code = models.SmallIntegerField()
    instrument_code = models.SmallIntegerField()
    status_code = models.SmallIntegerField()
    origin_code = models.SmallIntegerField()
    trl = models.SmallIntegerField()
    language_bits = models.SmallIntegerField()
    currency_code = models.SmallIntegerField()
    high_value_code = models.SmallIntegerField(default=0, db_default=0)
    title_key_vi = models.TextField(db_collation="C")
    title_key_en = models.TextField(db_collation="C")
    vector = SearchVectorField()

    class Meta:
        indexes = [
            models.Index(fields=["-listed_at", "-tie"], condition=Q(shelf=1), name="search_newest"),
            models.Index(
                fields=["place_code", "-listed_at", "-tie"],
                condition=Q(shelf=1),
                name="search_place",
            ),
            models.Index(fields=["goal_up", "tie"], condition=Q(shelf=1), name="search_goal_up"),
            models.Index(
                fields=["-goal_down", "-tie"], condition=Q(shelf=1), name="search_goal_down"
            ),
            models.Index(
                fields=["title_key_vi", "tie"], condition=Q(shelf=1), name="search_title_vi"
            ),
            models.Index(
                fields=["title_key_en", "tie"], condition=Q(shelf=1), name="search_title_en"
            ),
            GinIndex(fields=["vector"], fastupdate=False, name="search_vector"),
        ]

    def __str__(self) -> str:
        return str(self.project_id)

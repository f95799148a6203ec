from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from backend.core.ids import new_id


def _review_id() -> str:
    return new_id("rev")


def _decision_id() -> str:
    return new_id("dec")


def _request_id() -> str:
    return new_id("req")


class ConflictDeclaration(models.Model):
    """What an officer declared before opening a file."""

    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="conflict_declarations"
    )
    officer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    has_conflict = models.BooleanField()
    declared_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "officer"], name="conflict_declared_once")
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.officer_id}"


class Review(models.Model):
    """One officer's scores of one version. Two different officers review each version."""

    public_id = models.CharField(max_length=40, unique=True, default=_review_id, editable=False)
    version = models.ForeignKey(
        "projects.ProjectVersion", on_delete=models.CASCADE, related_name="reviews"
    )
    reviewer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="reviews")
    comment_vi = models.TextField(blank=True)
    comment_en = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    submitted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "reviewer"], name="reviewer_once")
        ]

    def __str__(self) -> str:
        return self.public_id


class Score(models.Model):
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="scores")
    criterion = models.CharField(max_length=40)
    value = models.PositiveSmallIntegerField()
    reason_vi = models.TextField(blank=True)
    reason_en = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "criterion"], name="score_once"),
            models.CheckConstraint(condition=Q(value__range=(0, 5)), name="score_range"),
            models.CheckConstraint(
                condition=Q(value__gte=3) | ~Q(reason_vi="") | ~Q(reason_en=""),
                name="low_score_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.criterion} {self.value}"


class Decision(models.Model):
    """What the lead decided on one version, in words."""

    class Outcome(models.TextChoices):
        LIST = "list"
        RETURN = "return"
        DECLINE = "decline"

    public_id = models.CharField(max_length=40, unique=True, default=_decision_id, editable=False)
    version = models.OneToOneField(
        "projects.ProjectVersion", on_delete=models.CASCADE, related_name="decision"
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason_codes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    words_vi = models.TextField(blank=True)
    words_en = models.TextField(blank=True)
    decided_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["list", "return", "decline"]), name="decision_outcome"
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class Request(models.Model):
    """One thing that the owner is asked to mend, and what they answered. Asked of one version."""

    class State(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"
        SETTLED = "settled"

    public_id = models.CharField(max_length=40, unique=True, default=_request_id, editable=False)
    version = models.ForeignKey(
        "projects.ProjectVersion", on_delete=models.CASCADE, related_name="requests"
    )
    number = models.PositiveSmallIntegerField()
    section = models.CharField(max_length=40)
    words_vi = models.TextField(blank=True)
    words_en = models.TextField(blank=True)
    asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["version__number", "number"]
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="request_number_once"),
            models.CheckConstraint(
                condition=~Q(words_vi="") | ~Q(words_en=""), name="request_has_words"
            ),
            models.CheckConstraint(
                condition=Q(state="open", answer="", answered_by__isnull=True)
                | Q(state__in=["answered", "settled"], answered_by__isnull=False) & ~Q(answer=""),
                name="request_state_has_answer",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

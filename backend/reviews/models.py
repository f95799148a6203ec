from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
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


def _letter_id() -> str:
    return new_id("ltr")


def _note_id() -> str:
    return new_id("nte")


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
    # Which version of the scoring criteria it was made by (reviews.rulesets).
    rubric_number = models.PositiveIntegerField(default=1)
    comment_vi = models.TextField(blank=True)
    comment_en = models.TextField(blank=True)
    # What the reviewer has typed so far; emptied at submission. Nobody else reads it.
    draft = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    draft_saved_at = models.DateTimeField(null=True)
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
    # One that stands per version; undone ones are kept beside it.
    version = models.ForeignKey(
        "projects.ProjectVersion", on_delete=models.CASCADE, related_name="decisions"
    )
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason_codes = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    words_vi = models.TextField(blank=True)
    words_en = models.TextField(blank=True)
    conditions_vi = models.TextField(blank=True)
    conditions_en = models.TextField(blank=True)
    # What the owner is asked to mend with a return: becomes `Request` rows when the letter goes.
    asks = models.JSONField(default=list, blank=True)
    decided_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(db_default=Now())
    conditions_accepted_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    undone_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["list", "return", "decline"]), name="decision_outcome"
            ),
            models.UniqueConstraint(
                fields=["version"], condition=Q(undone_at__isnull=True), name="decision_once"
            ),
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


class RuleSet(models.Model):
    """One version of something that the city may change: criteria, reason codes, letter texts,
    days off, deadlines, lists. A change is a new version; number 1 of each kind is built in
    (reviews/data), so rows begin at 2."""

    kind = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    content = models.JSONField()
    effective_from = models.DateField()
    written_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(db_default=Now())
    reason = models.CharField(max_length=500)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "number"], name="ruleset_once"),
            models.CheckConstraint(condition=Q(number__gt=1), name="ruleset_after_built_in"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class Case(models.Model):
    """Where a proposal stands on the desk of an office: one narrow row that the queue reads.

    Everything here but the office and the two seats is worked out from the project, its reviews
    and its decision (case_actions.sync_case).
    """

    class Task(models.TextChoices):
        SCREENING = "screening"
        REVIEW = "review"
        DECISION = "decision"
        LETTER = "letter"
        OWNER = "owner"
        DONE = "done"

    project = models.OneToOneField(
        "projects.Project", on_delete=models.CASCADE, related_name="case"
    )
    office = models.ForeignKey("accounts.CityOffice", on_delete=models.PROTECT, related_name="+")
    reference = models.CharField(max_length=20, unique=True)
    task = models.CharField(max_length=10, choices=Task.choices)
    is_open = models.BooleanField(default=True)
    opened_on = models.DateField()
    # The day from which this version's working days are counted, and the day they run out.
    clock_from = models.DateField()
    due_on = models.DateField()
    version_number = models.PositiveIntegerField()
    first = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="cases_first"
    )
    second = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="cases_second"
    )
    reviews_in = models.PositiveSmallIntegerField(default=0)
    has_gap = models.BooleanField(default=False)
    last_code = models.CharField(max_length=60, blank=True)
    last_at = models.DateTimeField()
    # Folded reference, titles and owner, for the queue's search.
    words = models.TextField(blank=True)
    # A sketch of the text (reviews.likeness): equal numbers mean equal passages.
    signature: "ArrayField[Any, Any]" = ArrayField(models.IntegerField(), default=list, blank=True)
    closed_on = models.DateField(null=True)
    # Working days from submission to the letter, of the last decision.
    decision_days = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(first__isnull=True)
                | Q(second__isnull=True)
                | ~Q(first=models.F("second")),
                name="case_two_people",
            ),
            models.CheckConstraint(
                condition=Q(
                    task__in=["screening", "review", "decision", "letter", "owner", "done"]
                ),
                name="case_task",
            ),
        ]
        indexes = [
            models.Index(
                fields=["office", "due_on", "id"], condition=Q(is_open=True), name="case_due"
            ),
            models.Index(fields=["office", "closed_on"], name="case_closed"),
            GinIndex(fields=["signature"], name="case_signature", fastupdate=False),
            models.Index(
                fields=["first", "due_on", "id"], condition=Q(is_open=True), name="case_first_due"
            ),
            models.Index(
                fields=["second", "due_on", "id"], condition=Q(is_open=True), name="case_second_due"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class CheckMark(models.Model):
    """One line of the city's check list, ticked for one version."""

    class Mark(models.TextChoices):
        YES = "yes"
        NO = "no"
        NOT_NEEDED = "not_needed"

    version = models.ForeignKey(
        "projects.ProjectVersion", on_delete=models.CASCADE, related_name="check_marks"
    )
    item = models.CharField(max_length=40)
    mark = models.CharField(max_length=10, choices=Mark.choices)
    marked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    marked_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "item"], name="check_item_once"),
            models.CheckConstraint(
                condition=Q(mark__in=["yes", "no", "not_needed"]), name="check_mark"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.mark}"


class GapReason(models.Model):
    """Why a reviewer stands by a score that lies two points or more from the other's."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="gap_reasons")
    criterion = models.CharField(max_length=40)
    words = models.TextField()
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["review", "criterion"], name="gap_reason_once"),
            models.CheckConstraint(condition=~Q(words=""), name="gap_reason_has_words"),
        ]

    def __str__(self) -> str:
        return f"{self.review_id} {self.criterion}"


class Note(models.Model):
    """What officers write to each other about a case; an answer hangs under its note."""

    public_id = models.CharField(max_length=40, unique=True, default=_note_id, editable=False)
    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="office_notes"
    )
    section = models.CharField(max_length=40, blank=True)
    answers = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="replies")
    words = models.TextField()
    author = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(words=""), name="note_has_words")]
        indexes = [models.Index(fields=["project", "id"], name="note_of_project")]

    def __str__(self) -> str:
        return self.public_id


class HighValueCheck(models.Model):
    """The owner's high-value figures as an officer confirmed or corrected them, of one version."""

    version = models.OneToOneField(
        "projects.ProjectVersion", on_delete=models.CASCADE, related_name="high_value_check"
    )
    is_confirmed = models.BooleanField()
    list_number = models.PositiveIntegerField(default=1)
    figures = models.JSONField(default=dict)
    words = models.TextField(blank=True)
    checked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.version_id} {self.is_confirmed}"


class Letter(models.Model):
    """A decision as it is sent: previewed, signed by another person, numbered, kept as PDF."""

    public_id = models.CharField(max_length=40, unique=True, default=_letter_id, editable=False)
    decision = models.OneToOneField(Decision, on_delete=models.CASCADE, related_name="letter")
    office = models.ForeignKey("accounts.CityOffice", on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, default="prepared")
    # Both languages as they were previewed; what is sent is made of this and of nothing else.
    body = models.JSONField()
    year = models.PositiveSmallIntegerField(null=True)
    number = models.PositiveIntegerField(null=True)
    prepared_at = models.DateTimeField(db_default=Now())
    signed_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    signed_at = models.DateTimeField(null=True)
    goes_out_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    pdf = models.BinaryField(null=True)
    pdf_sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["office", "year", "number"], name="letter_number_once"),
            models.CheckConstraint(
                condition=Q(status__in=["prepared", "signed", "sent", "undone"]),
                name="letter_status",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["signed", "sent"])
                | Q(
                    signed_by__isnull=False,
                    signed_at__isnull=False,
                    number__isnull=False,
                    goes_out_at__isnull=False,
                ),
                name="signed_letter_is_numbered",
            ),
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__gte=models.F("goes_out_at")),
                name="letter_waits_its_time",
            ),
        ]
        indexes = [
            models.Index(fields=["goes_out_at"], condition=Q(status="signed"), name="letter_due")
        ]

    def __str__(self) -> str:
        return self.public_id


class DeskSettings(models.Model):
    """How one officer likes the desk: single keys on or off, and kept views of the queue."""

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, related_name="desk_settings"
    )
    keys_on = models.BooleanField(default=True)
    views = models.JSONField(default=list, blank=True)

    def __str__(self) -> str:
        return f"desk of {self.user_id}"

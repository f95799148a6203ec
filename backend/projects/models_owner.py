"""What the owner's side keeps beside a proposal: saves of its sections, documents, questions,
updates and the sets of questions of the self-check."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from backend.core.ids import new_id


def _document_id() -> str:
    return new_id("doc")


def _question_id() -> str:
    return new_id("qst")


def _update_id() -> str:
    return new_id("upd")


class SectionState(models.Model):
    """Where one section of a proposal stands: its version, who saved it, who has it open.

    `pending` is what was typed and could not be taken yet (a sum that is no sum): it is kept as it
    was typed, so that nothing is lost until it is mended.
    """

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+")
    section = models.CharField(max_length=20)
    version = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True)
    saved_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    pending = models.JSONField(default=dict, blank=True, encoder=DjangoJSONEncoder)
    taken_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    taken_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "section"], name="section_state_once")
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.section} v{self.version}"


class SectionSave(models.Model):
    """One text of one section as somebody saved it. `is_aside`: it met a newer text in another
    window and was put here instead of over it."""

    project = models.ForeignKey("projects.Project", on_delete=models.CASCADE, related_name="+")
    section = models.CharField(max_length=20)
    version = models.PositiveIntegerField()
    values = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    saved_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()
    # Saves of one sitting are one row: this is when it began.
    since_at = models.DateTimeField()
    is_aside = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["project", "section", "-saved_at"], name="section_save_newest")
        ]

    def __str__(self) -> str:
        return f"{self.project_id} {self.section} v{self.version}"


class Document(models.Model):
    """A file that belongs to a proposal. The bytes stand in MEDIA_ROOT under their hash."""

    public_id = models.CharField(max_length=40, unique=True, default=_document_id, editable=False)
    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="documents"
    )
    title = models.CharField(max_length=200)
    language = models.CharField(max_length=2, default="vi")
    file_name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    # Everybody may read it once the project is listed; else only the owner and officers.
    is_public = models.BooleanField(default=False)
    added_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(db_default=Now())
    removed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="document_is_hashed"
            ),
            models.CheckConstraint(condition=Q(size_bytes__gt=0), name="document_not_empty"),
            models.CheckConstraint(
                condition=Q(language__in=["vi", "en"]), name="document_language"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Question(models.Model):
    """A question about a listed project and the owner's answer, both public. No names."""

    public_id = models.CharField(max_length=40, unique=True, default=_question_id, editable=False)
    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="questions"
    )
    asked_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=2)
    text = models.TextField()
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answer_language = models.CharField(max_length=2, blank=True)
    answered_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["project", "-asked_at"], name="question_of_project")]
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="question_has_words"),
            models.CheckConstraint(
                condition=Q(answered_at__isnull=True, answered_by__isnull=True, answer="")
                | (Q(answered_at__isnull=False, answered_by__isnull=False) & ~Q(answer="")),
                name="question_answer_is_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class ProjectUpdate(models.Model):
    """News of a listed project by its owner, dated, public. It cannot be changed (trigger): what
    was wrong is put right by the next one."""

    public_id = models.CharField(max_length=40, unique=True, default=_update_id, editable=False)
    project = models.ForeignKey(
        "projects.Project", on_delete=models.CASCADE, related_name="updates"
    )
    title_vi = models.CharField(max_length=200, blank=True)
    title_en = models.CharField(max_length=200, blank=True)
    text_vi = models.TextField(blank=True)
    text_en = models.TextField(blank=True)
    posted_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    posted_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["project", "-posted_at"], name="update_of_project")]
        constraints = [
            models.CheckConstraint(
                condition=(~Q(title_vi="") & ~Q(text_vi="")) | (~Q(title_en="") & ~Q(text_en="")),
                name="update_has_words",
            )
        ]

    def __str__(self) -> str:
        return self.public_id


class QuestionSet(models.Model):
    """A version of the questions of a self-check that the city published (projects.readiness).

    The newest one of a frame is in force; without one the file that came with the product is.
    """

    frame = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    content = models.JSONField(encoder=DjangoJSONEncoder)
    published_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["frame", "number"], name="question_set_once"),
            models.CheckConstraint(
                condition=Q(frame__in=["levels", "points"]), name="question_set_frame"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.frame} {self.number}"

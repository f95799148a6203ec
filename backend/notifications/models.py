from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models.functions import Now

from backend.core.ids import new_id


def _notification_id() -> str:
    return new_id("ntf")


class OutboxMail(models.Model):
    """A mail of the local outbox. Only development writes here; production sends by SMTP."""

    to = models.CharField(max_length=500)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField(blank=True)
    sent_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.subject


class PendingEvent(models.Model):
    """An audit row whose readers have not been told yet. Written by a trigger in the transaction
    of the audit row, so that no slice has to know who is told what; deleted once they are told."""

    event = models.OneToOneField(
        "core.AuditEvent", on_delete=models.CASCADE, related_name="pending_notification"
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True, db_default="")
    run_after = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["run_after", "id"], name="pending_event_due")]

    def __str__(self) -> str:
        return f"event {self.event_id}"


class Channel(models.TextChoices):
    """How a group of notices reaches a person beside the page."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    NONE = "none"


class MailState(models.TextChoices):
    NONE = "none"
    POSTED = "posted"
    FOR_DIGEST = "for_digest"
    IN_DIGEST = "in_digest"


class Notification(models.Model):
    """What one person was told about one event, in both languages, as it was said then."""

    public_id = models.CharField(
        max_length=40, unique=True, default=_notification_id, editable=False
    )
    recipient = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="notifications"
    )
    event = models.ForeignKey("core.AuditEvent", on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=60)
    group = models.CharField(max_length=20)
    subject_vi = models.CharField(max_length=300)
    subject_en = models.CharField(max_length=300)
    body_vi = models.TextField()
    body_en = models.TextField()
    # Below the language: `projects/abc/`.
    path = models.CharField(max_length=300, blank=True)
    mail = models.CharField(max_length=12, choices=MailState.choices, default=MailState.NONE)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recipient", "event"], name="told_once"),
            models.CheckConstraint(
                condition=models.Q(mail__in=MailState.values), name="notification_mail"
            ),
        ]
        indexes = [
            models.Index(fields=["recipient", "-at", "-id"], name="notification_newest"),
            models.Index(
                fields=["recipient"],
                condition=models.Q(mail="for_digest"),
                name="notification_for_digest",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    def in_language(self, language: str) -> "NoticeRow":
        """The notice as its reader sees it; `language` is vi or en."""
        body = getattr(self, f"body_{language}")
        return NoticeRow(
            subject=getattr(self, f"subject_{language}"),
            lines=tuple(line for line in body.split("\n") if line),
            path=f"/{language}/{self.path}" if self.path else "",
            at=self.at,
            is_new=self.read_at is None,
        )


@dataclass(frozen=True)
class NoticeRow:
    subject: str
    lines: tuple[str, ...]
    path: str
    at: datetime
    is_new: bool


class Preference(models.Model):
    """How a person wants one group of notices; without a row the group's own way holds."""

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="notification_preferences"
    )
    group = models.CharField(max_length=20)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "group"], name="preference_once"),
            models.CheckConstraint(
                condition=models.Q(channel__in=Channel.values), name="preference_channel"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.channel}"

from datetime import timedelta

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now


class AuditEvent(models.Model):
    """What happened, who did it, to what. Append-only: by trigger and by grant."""

    code = models.CharField(max_length=60)
    # Public ids, not names: a person may be erased, what happened may not.
    actor = models.CharField(max_length=40, blank=True)
    subject_type = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=40)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    request_id = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "-at"], name="audit_subject"),
            models.Index(fields=["actor", "-at"], name="audit_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.subject_id}"


class Job(models.Model):
    """One piece of work for a worker: the queue of record (core.jobs)."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        DEAD = "dead"

    name = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    run_after = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "key"], name="job_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "done", "dead"]), name="job_state"
            ),
        ]
        indexes = [
            models.Index(
                fields=["run_after", "id"],
                condition=models.Q(state="waiting"),
                name="job_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name}:{self.key}"


class ClockOffset(models.Model):
    """At most one row: how far `app_now()` is ahead of `now()` in development and test."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    offset = models.DurationField(default=timedelta(0))

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="clock_one_row")]

    def __str__(self) -> str:
        return str(self.offset)


class IdempotencyKey(models.Model):
    """A key made by the client of an unsafe API call, with the answer that it got."""

    owner = models.CharField(max_length=40)
    key = models.CharField(max_length=100)
    request_sha256 = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="idempotency_once"),
        ]

    def __str__(self) -> str:
        return self.key

from django.db import models
from django.db.models.functions import Now


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

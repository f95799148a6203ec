from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from backend.core.ids import new_id


def _correction_id() -> str:
    return new_id("cor")


class Snapshot(models.Model):
    """The public account as it stood one night: rows, their chain, and what the page shows.

    Never changed, never deleted (trigger and grant). Invented figures (`is_example`) have a chain
    of their own and never stand among real ones.
    """

    version = models.CharField(max_length=20, unique=True)
    is_example = models.BooleanField(default=False)
    taken_at = models.DateTimeField()
    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True)
    previous_sha256 = models.CharField(max_length=64)
    head_sha256 = models.CharField(max_length=64, unique=True)
    # Head of the internal chain of the ledger at that moment; only the auditor may export it.
    ledger_head = models.CharField(max_length=64)
    row_count = models.PositiveIntegerField()
    hidden_count = models.PositiveIntegerField()
    csv = models.TextField()
    document = models.JSONField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(head_sha256__regex=r"^[0-9a-f]{64}$")
                & Q(previous_sha256__regex=r"^[0-9a-f]{64}$"),
                name="snapshot_hashes",
            ),
            # One beginning for each of the two chains; the unique `previous` allows no forks.
            models.UniqueConstraint(
                fields=["is_example"], condition=Q(previous__isnull=True), name="snapshot_one_start"
            ),
        ]
        indexes = [models.Index(fields=["is_example", "-taken_at"], name="snapshot_newest")]

    def __str__(self) -> str:
        return self.version

    @property
    def public_id(self) -> str:
        return self.version


class Correction(models.Model):
    """What was wrong in a published snapshot and since when it is right. Listed on the page;
    the snapshot itself stays as it was."""

    public_id = models.CharField(max_length=40, unique=True, default=_correction_id, editable=False)
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="corrections")
    text_vi = models.TextField()
    text_en = models.TextField()
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-made_at"], name="correction_newest")]

    def __str__(self) -> str:
        return self.public_id

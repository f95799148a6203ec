from django.db import models
from django.db.models import F, Q
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
    # What notices and history find it by, as they do every row.
    public_id = models.GeneratedField(
        expression=F("version"),  # type: ignore[arg-type]
        output_field=models.CharField(max_length=20),
        db_persist=True,
    )
    is_example = models.BooleanField(default=False)
    taken_at = models.DateTimeField()
    previous = models.OneToOneField("self", on_delete=models.PROTECT, null=True)
    previous_sha256 = models.CharField(max_length=64)
    head_sha256 = models.CharField(max_length=64, unique=True)
    # Head of the internal chain of the ledger at that moment; only the auditor may export it. The
    # money in the rows is that of the entries up to there, no more and no less.
    ledger_head = models.CharField(max_length=64)
    ledger_position = models.BigIntegerField(default=0)
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


class LedgerSum(models.Model):
    """The ledger's turnovers up to the mark: pairs of accounts, reason, month (ledger_sums)."""

    debit = models.CharField(max_length=120)
    credit = models.CharField(max_length=120)
    reason = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    month = models.CharField(max_length=7)
    minor = models.BigIntegerField()
    rows = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["debit", "credit", "reason", "currency", "month"], name="ledger_sum_once"
            ),
            models.CheckConstraint(
                condition=Q(minor__gt=0, rows__gt=0), name="ledger_sum_positive"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.debit} {self.credit} {self.month}"


class LedgerOrigin(models.Model):
    """From which countries the held money of a round came, up to the mark (ledger_origins): what
    went in less what went back, and what went back, in one year (city time)."""

    held = models.CharField(max_length=120)
    country = models.CharField(max_length=2, blank=True)
    year = models.SmallIntegerField()
    net_minor = models.BigIntegerField()
    back_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["held", "country", "year"], name="ledger_origin_once"),
            models.CheckConstraint(condition=Q(back_minor__gte=0), name="ledger_origin_back"),
        ]

    def __str__(self) -> str:
        return f"{self.held} {self.country} {self.year}"


class LedgerMark(models.Model):
    """The place of the ledger's chain up to which the sums are kept. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="ledger_mark_one"),
            models.CheckConstraint(condition=Q(position__gt=0), name="ledger_mark_position"),
        ]

    def __str__(self) -> str:
        return str(self.position)


class SnapshotCheck(models.Model):
    """What a night's check found: each figure of a snapshot, where it comes from, and the same
    figure counted again in another way. `findings` counts those that do not agree."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="checks")
    made_at = models.DateTimeField()
    findings = models.PositiveIntegerField()
    # [[figure, source, published, counted again, agrees], …]
    figures = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["snapshot", "-made_at"], name="check_of_snapshot")]

    def __str__(self) -> str:
        return f"{self.snapshot_id} {self.findings}"

    @property
    def public_id(self) -> str:
        return f"chk_{self.pk}"


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

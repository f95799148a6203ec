from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from backend.core.ids import new_id


def _file_id() -> str:
    return new_id("rfl")


class FxRate(models.Model):
    """How many units of `quote` one unit of `base` was worth, with its day and source.

    Sample rates never go stale but always read "sample rate of DATE" and are refused when a live
    payment key is set.
    """

    base = models.CharField(max_length=3)
    quote = models.CharField(max_length=3)
    rate = models.DecimalField(max_digits=20, decimal_places=10)
    as_of = models.DateTimeField()
    source = models.CharField(max_length=120)
    is_sample = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["base", "quote", "as_of", "source"], name="rate_once"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="rate_positive"),
            models.CheckConstraint(condition=~Q(base=F("quote")), name="rate_two_currencies"),
        ]
        indexes = [models.Index(fields=["base", "quote", "-as_of"], name="rate_latest")]

    def __str__(self) -> str:
        return f"{self.base}/{self.quote} {self.rate}"


class RateProposal(models.Model):
    """A file of rates that one finance officer read through and another stores, or one sets aside.

    Nothing of it counts before that. The text stays as it was read.
    """

    class Outcome(models.TextChoices):
        STORED = "stored"
        REFUSED = "refused"

    public_id = models.CharField(max_length=40, unique=True, default=_file_id, editable=False)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    proposed_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    decided_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="", decided_by__isnull=True)
                | Q(outcome__in=["stored", "refused"], decided_by__isnull=False),
                name="rate_file_decided_by_somebody",
            ),
            # Whoever brought a file may set it aside, never store it.
            models.CheckConstraint(
                condition=~Q(outcome="stored") | ~Q(decided_by=F("proposed_by")),
                name="rate_file_by_two",
            ),
            models.UniqueConstraint(
                fields=["sha256"], condition=Q(outcome=""), name="rate_file_waits_once"
            ),
        ]

    def __str__(self) -> str:
        return f"rates of {self.proposed_at:%Y-%m-%d}"

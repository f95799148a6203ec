from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from backend.core.ids import new_id
from backend.funding.workflow import BANK_REPORT

HASH = r"^[0-9a-f]{64}$"


def _report_id() -> str:
    return new_id("rpt")


class BankReport(models.Model):
    """What one person read at the bank of a payment that the bank was told to make: it is paid, or
    it came back. Counts once another person saw it too; only then the book follows."""

    class Kind(models.TextChoices):
        PAID = "paid"
        RETURNED = "returned"

    public_id = models.CharField(max_length=40, unique=True, default=_report_id, editable=False)
    disbursement = models.ForeignKey(
        "funding.Disbursement", on_delete=models.PROTECT, related_name="reports"
    )
    kind = models.CharField(max_length=10, choices=Kind.choices)
    status = models.CharField(max_length=12, default="recorded")
    bank_reference = models.CharField(max_length=40, null=True)
    # What the bank paid out, in đồng, by its own slip.
    paid_vnd = models.BigIntegerField(null=True)
    paid_on = models.DateField(null=True)
    proof = models.FileField(upload_to="disbursements/%Y/%m/", blank=True)
    proof_sha256 = models.CharField(max_length=64, blank=True)
    # Why the bank sent it back, in the words of whoever recorded it.
    reason = models.TextField(blank=True)
    maker = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    checker = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    refused_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=BANK_REPORT.statuses), name="bank_report_status"
            ),
            models.CheckConstraint(
                condition=Q(checker__isnull=True) | ~Q(checker=F("maker")),
                name="bank_report_by_two",
            ),
            models.CheckConstraint(
                condition=Q(status="recorded") | Q(checker__isnull=False, ended_at__isnull=False),
                name="bank_report_ended_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(kind="returned") & ~Q(reason="")
                | Q(
                    kind="paid",
                    bank_reference__isnull=False,
                    paid_vnd__gt=0,
                    paid_on__isnull=False,
                    proof_sha256__regex=HASH,
                ),
                name="bank_report_whole",
            ),
            models.UniqueConstraint(
                fields=["disbursement"],
                condition=Q(status="recorded"),
                name="bank_report_one_waiting",
            ),
            models.UniqueConstraint(
                fields=["bank_reference"],
                condition=Q(status__in=["recorded", "confirmed"]),
                name="bank_report_reference_once",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

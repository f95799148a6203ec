"""Money on its way back by bank: of pledges by the bank route, and of refunds that a card sent
back."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from backend.core.ids import new_id
from backend.core.money import Money
from backend.funding.workflow import BANK_RETURN


def _return_id() -> str:
    return new_id("rtn")


class BankReturn(models.Model):
    """One sum that is owed to one person. Where it goes is told by the person alone and sealed;
    one finance officer records the transfer, another confirms it, and only then it is booked."""

    public_id = models.CharField(max_length=40, unique=True, default=_return_id, editable=False)
    pledge = models.ForeignKey(
        "funding.Pledge", on_delete=models.PROTECT, related_name="bank_returns"
    )
    # The fact that made it owed: the same fact twice is one row.
    key = models.CharField(max_length=120, unique=True)
    reason = models.CharField(max_length=40)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=12, default="owed")
    owed_at = models.DateTimeField(db_default=Now())
    sealed = models.TextField(blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    bank_name = models.CharField(max_length=120, blank=True)
    told_at = models.DateTimeField(null=True)
    maker = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(null=True)
    bank_reference = models.CharField(max_length=40, unique=True, null=True)
    paid_on = models.DateField(null=True)
    checker = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=BANK_RETURN.statuses), name="bank_return_status"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="bank_return_positive"),
            models.CheckConstraint(
                condition=Q(checker__isnull=True) | ~Q(checker=F("maker")),
                name="bank_return_by_two",
            ),
            models.CheckConstraint(
                condition=Q(status="owed")
                | Q(maker__isnull=False, bank_reference__isnull=False, paid_on__isnull=False)
                & ~Q(sealed=""),
                name="bank_return_recorded_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(status="paid") | Q(checker__isnull=False, ended_at__isnull=False),
                name="bank_return_paid_by_two",
            ),
        ]
        indexes = [models.Index(fields=["status", "id"], name="bank_return_waiting")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

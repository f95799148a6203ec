"""Rows of the book. Only `backend.ledger` imports this; everybody else uses `book` and `chart`.

The application's role may read and insert here and nothing else (migration 0002).
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from backend.ledger.chart import Kind


class Account(models.Model):
    """One address of the chart, in one currency. Never changed after it was opened."""

    code = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=10, choices=[(k, k) for k in Kind])
    currency = models.CharField(max_length=3)
    is_debit_normal = models.BooleanField()
    is_guarded = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["id", "currency"], name="account_currency"),
            models.CheckConstraint(
                condition=Q(currency__regex=r"^[A-Z]{3}$"), name="account_currency_code"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[k.value for k in Kind]), name="account_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class LedgerEntry(models.Model):
    """One business fact. `key` makes it happen once; `body_sha256` says what it was."""

    key = models.CharField(max_length=160, unique=True)
    reason = models.CharField(max_length=60)
    # The public id of what it is about; the book knows addresses and amounts, nothing else.
    about = models.CharField(max_length=60, blank=True)
    body_sha256 = models.CharField(max_length=64)
    reverses = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="reversed_by"
    )
    at = models.DateTimeField()
    # Written by the database: when and in which transaction the row was made.
    recorded_at = models.DateTimeField(db_default=Now())
    xid = models.BigIntegerField(db_default=0)

    class Meta:
        indexes = [models.Index(fields=["about", "id"], name="entry_about")]

    def __str__(self) -> str:
        return self.key


class Transfer(models.Model):
    """`amount_minor` of one currency from the credit to the debit side: imbalance has no form."""

    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="transfers")
    debit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    credit = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    is_hold = models.BooleanField(default=False)
    # The hold that this transfer settles or releases, in whole or in part.
    hold = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="uses")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="transfer_positive"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_two_accounts"),
            models.CheckConstraint(
                condition=Q(is_hold=False) | Q(hold__isnull=True), name="transfer_hold_or_use"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}"


class AccountBalance(models.Model):
    """The locked row of a guarded account. Written by the database alone."""

    account = models.OneToOneField(
        Account, primary_key=True, on_delete=models.PROTECT, related_name="guarded_balance"
    )
    balance_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(balance_minor__gte=0), name="balance_not_negative")
        ]

    def __str__(self) -> str:
        return str(self.balance_minor)


class HoldBalance(models.Model):
    """What of a hold is neither settled nor released. Written by the database alone."""

    transfer = models.OneToOneField(
        Transfer, primary_key=True, on_delete=models.PROTECT, related_name="open_hold"
    )
    open_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(open_minor__gte=0), name="hold_not_overused")
        ]

    def __str__(self) -> str:
        return str(self.open_minor)


class ChainLink(models.Model):
    """One entry's place in the hash chain: each hash covers the entry and the hash before it."""

    position = models.BigIntegerField(primary_key=True)
    entry = models.OneToOneField(LedgerEntry, on_delete=models.PROTECT, related_name="link")
    sha256 = models.CharField(max_length=64)
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.position)

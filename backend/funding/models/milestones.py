"""Money on its way to owners: one part per milestone, on evidence, by two different people."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from backend.core.ids import new_id
from backend.core.money import Money
from backend.funding.workflow import BANK_RECEIPT, DISBURSEMENT, TRANCHE

HASH = r"^[0-9a-f]{64}$"


def _tranche_id() -> str:
    return new_id("trn")


def _evidence_id() -> str:
    return new_id("evd")


def _verification_id() -> str:
    return new_id("ver")


def _account_id() -> str:
    return new_id("acc")


def _disbursement_id() -> str:
    return new_id("dsb")


def _receipt_id() -> str:
    return new_id("rcp")


def _payback_id() -> str:
    return new_id("pbk")


class Tranche(models.Model):
    """The part of a funded round that waits for one milestone.

    `weight_minor` is in the round's currency: the milestone's amount, of the last one what was
    collected beyond the others. What is held stands in the shares, in the currencies that were
    paid.
    """

    public_id = models.CharField(max_length=40, unique=True, default=_tranche_id, editable=False)
    round = models.ForeignKey("funding.Round", on_delete=models.PROTECT, related_name="tranches")
    milestone = models.OneToOneField(
        "projects.Milestone", on_delete=models.PROTECT, related_name="tranche"
    )
    number = models.PositiveSmallIntegerField()
    weight_minor = models.BigIntegerField()
    due_on = models.DateField()
    status = models.CharField(max_length=12, default="held")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["round", "number"], name="tranche_number_once"),
            models.CheckConstraint(condition=Q(weight_minor__gte=0), name="tranche_weight"),
            models.CheckConstraint(condition=Q(status__in=TRANCHE.statuses), name="tranche_status"),
        ]

    def __str__(self) -> str:
        return self.public_id


class TrancheShare(models.Model):
    """What of one pledge waits for one milestone, exact to the smallest unit.

    Fixed when the round was funded; `returned_minor` grows when money goes back before a release.
    """

    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="shares")
    pledge = models.ForeignKey("funding.Pledge", on_delete=models.PROTECT, related_name="shares")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    returned_minor = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tranche", "pledge"], name="share_once"),
            models.CheckConstraint(
                condition=Q(
                    amount_minor__gte=0,
                    returned_minor__gte=0,
                    returned_minor__lte=F("amount_minor"),
                ),
                name="share_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tranche_id} {self.pledge_id}"


class Evidence(models.Model):
    """What an owner sent to prove a milestone; sent again, it is a row of its own."""

    public_id = models.CharField(max_length=40, unique=True, default=_evidence_id, editable=False)
    milestone = models.ForeignKey(
        "projects.Milestone", on_delete=models.PROTECT, related_name="evidence"
    )
    number = models.PositiveSmallIntegerField()
    note = models.TextField()
    sent_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    sent_at = models.DateTimeField(db_default=Now())
    # Over the note and the hashes of all files: what the officers judged.
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["milestone", "number"], name="evidence_number_once"),
            models.CheckConstraint(condition=Q(sha256__regex=HASH), name="evidence_hashed"),
        ]

    def __str__(self) -> str:
        return self.public_id


class EvidenceFile(models.Model):
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=200)
    file = models.FileField(upload_to="evidence/%Y/%m/")
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(sha256__regex=HASH), name="evidence_file_hashed")
        ]

    def __str__(self) -> str:
        return self.name


class MilestoneVerification(models.Model):
    """What one officer found of one evidence; accepting and failing need a second officer."""

    class Outcome(models.TextChoices):
        ACCEPT = "accept"
        RETURN = "return"
        FAIL = "fail"

    public_id = models.CharField(
        max_length=40, unique=True, default=_verification_id, editable=False
    )
    milestone = models.ForeignKey(
        "projects.Milestone", on_delete=models.PROTECT, related_name="verifications"
    )
    evidence = models.ForeignKey(
        Evidence, on_delete=models.PROTECT, null=True, related_name="verifications"
    )
    evidence_sha256 = models.CharField(max_length=64, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    reason = models.TextField(blank=True)
    officer = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    found_at = models.DateTimeField(db_default=Now())
    confirmed_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    # The second officer did not agree: the case is open again.
    refused_at = models.DateTimeField(null=True)
    refused_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["accept", "return", "fail"]), name="verification_outcome"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("officer")),
                name="verification_by_two",
            ),
            models.CheckConstraint(
                condition=Q(outcome="accept") | ~Q(reason=""), name="verification_reason"
            ),
            models.UniqueConstraint(
                fields=["milestone"],
                condition=Q(
                    outcome__in=["accept", "fail"],
                    confirmed_at__isnull=True,
                    refused_at__isnull=True,
                ),
                name="verification_one_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class OwnerAccount(models.Model):
    """Where an owner is paid. The details are sealed; lists show the last four digits only."""

    public_id = models.CharField(max_length=40, unique=True, default=_account_id, editable=False)
    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, related_name="bank_accounts"
    )
    sealed = models.TextField()
    last4 = models.CharField(max_length=4)
    bank_name = models.CharField(max_length=120)
    told_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    told_at = models.DateTimeField(db_default=Now())
    confirmed_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("told_by")),
                name="account_by_two",
            ),
            models.UniqueConstraint(
                fields=["organisation"],
                condition=Q(confirmed_at__isnull=False, ended_at__isnull=True),
                name="account_one_in_use",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Disbursement(models.Model):
    """One payment to an owner for one milestone: proposed, approved by another, instructed,
    confirmed with the bank's reference and proof, or returned."""

    public_id = models.CharField(
        max_length=40, unique=True, default=_disbursement_id, editable=False
    )
    tranche = models.ForeignKey(Tranche, on_delete=models.PROTECT, related_name="disbursements")
    account = models.ForeignKey(OwnerAccount, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, default="proposed")
    maker = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    # Over payee and every line: what was approved is what is paid.
    body_sha256 = models.CharField(max_length=64)
    checker = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)
    instructed_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    instructed_at = models.DateTimeField(null=True)
    bank_reference = models.CharField(max_length=40, unique=True, null=True)
    # What the bank paid out, in đồng, by its own slip.
    paid_vnd = models.BigIntegerField(null=True)
    paid_on = models.DateField(null=True)
    proof = models.FileField(upload_to="disbursements/%Y/%m/", blank=True)
    proof_sha256 = models.CharField(max_length=64, blank=True)
    recorded_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    end_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=DISBURSEMENT.statuses), name="disbursement_status"
            ),
            models.CheckConstraint(
                condition=Q(checker__isnull=True) | ~Q(checker=F("maker")),
                name="disbursement_by_two",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["proposed", "refused"]) | Q(checker__isnull=False),
                name="disbursement_approved_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status="confirmed")
                | Q(
                    bank_reference__isnull=False,
                    paid_vnd__gt=0,
                    paid_on__isnull=False,
                    proof_sha256__regex=HASH,
                ),
                name="disbursement_proved",
            ),
            models.UniqueConstraint(
                fields=["tranche"],
                condition=Q(status__in=["proposed", "approved", "instructed", "confirmed"]),
                name="disbursement_one_per_part",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class DisbursementLine(models.Model):
    """What is paid out of one currency that is held, and the platform's fee of it."""

    disbursement = models.ForeignKey(Disbursement, on_delete=models.PROTECT, related_name="lines")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["disbursement", "currency"], name="line_per_currency"),
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, fee_minor__gte=0, fee_minor__lt=F("amount_minor")),
                name="line_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor} {self.currency}"

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor, self.currency)


class BankReceipt(models.Model):
    """Money of a pledge by the bank route, as the bank's statement shows it: one person records
    it, another confirms, and only then it stands in the ledger."""

    public_id = models.CharField(max_length=40, unique=True, default=_receipt_id, editable=False)
    pledge = models.ForeignKey(
        "funding.Pledge", on_delete=models.PROTECT, related_name="bank_receipts"
    )
    status = models.CharField(max_length=12, default="recorded")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    bank_reference = models.CharField(max_length=40, unique=True)
    received_on = models.DateField()
    maker = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())
    checker = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=BANK_RECEIPT.statuses), name="bank_receipt_status"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="bank_receipt_positive"),
            models.CheckConstraint(
                condition=Q(checker__isnull=True) | ~Q(checker=F("maker")),
                name="bank_receipt_by_two",
            ),
            models.UniqueConstraint(
                fields=["pledge"],
                condition=Q(status__in=["recorded", "confirmed"]),
                name="bank_receipt_one_per_pledge",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class Payback(models.Model):
    """What an owner reports to have paid back to the people of a round. None of it passes here."""

    public_id = models.CharField(max_length=40, unique=True, default=_payback_id, editable=False)
    round = models.ForeignKey("funding.Round", on_delete=models.PROTECT, related_name="paybacks")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    paid_on = models.DateField()
    note = models.CharField(max_length=300, blank=True)
    proof = models.FileField(upload_to="paybacks/%Y/%m/", blank=True)
    proof_sha256 = models.CharField(max_length=64, blank=True)
    reported_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    reported_at = models.DateTimeField(db_default=Now())
    verified_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    verified_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payback_positive"),
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True) | ~Q(verified_by=F("reported_by")),
                name="payback_by_two",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

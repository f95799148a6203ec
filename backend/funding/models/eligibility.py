from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from backend.core.ids import new_id


class KnowledgeCheck(models.Model):
    """One person's answers to the questions about risk; wrong ones are explained, not published."""

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="knowledge_checks"
    )
    version = models.CharField(max_length=20)
    answers = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    wrong = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    # Who answered wrongly may go on after reading and acknowledging the warning.
    acknowledged_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["user", "-taken_at"], name="knowledge_latest")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.version}"


class InvestorFigures(models.Model):
    """What one person told of their means, in one currency; the newest row counts."""

    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="investor_figures"
    )
    currency = models.CharField(max_length=3)
    income_minor = models.BigIntegerField()
    liquid_minor = models.BigIntegerField()
    commitments_minor = models.BigIntegerField()
    told_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(income_minor__gte=0, liquid_minor__gte=0, commitments_minor__gte=0),
                name="figures_not_negative",
            )
        ]
        indexes = [models.Index(fields=["user", "-told_at"], name="figures_latest")]

    def __str__(self) -> str:
        return str(self.user_id)


def _claim_id() -> str:
    return new_id("pro")


class ProfessionalClaim(models.Model):
    """What one person says to be under the rules on professional investors, with its proof.

    It counts once one finance officer found the proof good and another confirmed that, and until
    the day that the rule data sets. The proof is kept only until it was judged; its hash stays.
    """

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed"
        REFUSED = "refused"

    public_id = models.CharField(max_length=40, unique=True, default=_claim_id, editable=False)
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="professional_claims"
    )
    investor_class = models.CharField(max_length=40)
    note = models.CharField(max_length=300, blank=True)
    proof = models.FileField(upload_to="professional/%Y/%m/", blank=True)
    proof_name = models.CharField(max_length=200)
    proof_sha256 = models.CharField(max_length=64)
    claimed_at = models.DateTimeField(db_default=Now())
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    # The first officer, who found that the proof shows it.
    found_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    found_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        "accounts.User", on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    valid_until = models.DateField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=["", "confirmed", "refused"]), name="claim_outcome"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_by__isnull=True)
                | ~Q(outcome="") & Q(decided_by__isnull=False, decided_at__isnull=False),
                name="claim_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("user")),
                name="claim_by_two",
            ),
            models.CheckConstraint(
                condition=Q(found_by__isnull=True) | ~Q(found_by=F("user")),
                name="claim_not_found_by_oneself",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="confirmed")
                | Q(found_by__isnull=False) & ~Q(found_by=F("decided_by")),
                name="claim_confirmed_by_two",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="confirmed") | Q(valid_until__isnull=False),
                name="claim_ends",
            ),
            models.UniqueConstraint(
                fields=["user", "investor_class"],
                condition=Q(outcome=""),
                name="claim_one_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id


class Acknowledgement(models.Model):
    """That a person read exactly this text before this pledge: its hash, language, moment."""

    class Kind(models.TextChoices):
        RISK = "risk"
        LOSS_SIMULATION = "loss_simulation"
        EXTRA_WARNING = "extra_warning"

    pledge = models.ForeignKey(
        "funding.Pledge", on_delete=models.CASCADE, related_name="acknowledgements"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    rule_id = models.CharField(max_length=60, blank=True)
    text_sha256 = models.CharField(max_length=64)
    language = models.CharField(max_length=2)
    # The sum that was on the page: another sum asks again.
    amount_minor = models.BigIntegerField()
    given_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pledge", "kind", "amount_minor"], name="acknowledged_once"
            ),
            models.CheckConstraint(
                condition=Q(text_sha256__regex=r"^[0-9a-f]{64}$"), name="acknowledged_text"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pledge_id} {self.kind}"

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


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

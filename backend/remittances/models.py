from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from backend.core.ids import new_id
from backend.core.money import Money
from backend.remittances.calculator import MAX_SENT_MINOR, MAX_SHARE_BPS, MIN_SHARE_BPS, TIMES
from backend.remittances.plan import (
    MAX_VETO_DAYS,
    MIN_VETO_DAYS,
    Rules,
    Schedule,
    WhenNothing,
    share_sum,
)
from backend.remittances.workflow import PLAN, RUN


def _calculation_id() -> str:
    return new_id("cal")


def _plan_id() -> str:
    return new_id("pln")


def _run_id() -> str:
    return new_id("prn")


def _day_id() -> str:
    return new_id("day")


def _keys() -> "ArrayField[Any, Any]":
    return ArrayField(models.CharField(max_length=40), default=list, blank=True)


class SavedCalculation(models.Model):
    """A calculation that a signed-in person kept; the public account counts these and plans."""

    public_id = models.CharField(
        max_length=40, unique=True, default=_calculation_id, editable=False
    )
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, related_name="saved_calculations"
    )
    sent_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    every = models.CharField(max_length=10)
    share_bps = models.PositiveIntegerField()
    # What a year of it would put aside, and in đồng at the rate of the day it was saved.
    year_minor = models.BigIntegerField()
    year_vnd = models.BigIntegerField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_minor__range=(1, MAX_SENT_MINOR)), name="calculation_sent"
            ),
            models.CheckConstraint(
                condition=Q(share_bps__range=(MIN_SHARE_BPS, MAX_SHARE_BPS)),
                name="calculation_share",
            ),
            models.CheckConstraint(condition=Q(every__in=list(TIMES)), name="calculation_every"),
            models.UniqueConstraint(
                fields=["user", "sent_minor", "currency", "every", "share_bps"],
                name="calculation_once",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def sent(self) -> Money:
        return Money(self.sent_minor, self.currency)

    @property
    def percent(self) -> Decimal:
        return (Decimal(self.share_bps) / 100).normalize()

    @property
    def carry(self) -> str:
        """The answers as the calculator's address."""
        return urlencode(
            {"amount": f"{self.sent.major:f}", "currency": self.currency, "every": self.every,
             "share": f"{self.percent:f}"}
        )  # fmt: skip


class OnSilence(models.TextChoices):
    """What no answer within the time to remove means; the investor chooses it beforehand."""

    PLEDGE = "pledge"
    NOTHING = "nothing"


class RemittancePlan(models.Model):
    """A standing, pausable order: put a share of what is sent home each month into projects.

    The part for the family never passes through here: only what may be pledged is known.
    """

    public_id = models.CharField(max_length=40, unique=True, default=_plan_id, editable=False)
    investor = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="plans")
    status = models.CharField(max_length=10, default="active")
    # Counts changes of the rules: a proposal names the version it was made under.
    version = models.PositiveIntegerField(default=1)
    country = models.CharField(max_length=2)
    zone = models.CharField(max_length=40)
    day = models.PositiveSmallIntegerField()
    veto_days = models.PositiveSmallIntegerField(default=5)
    currency = models.CharField(max_length=3)
    sent_minor = models.BigIntegerField()
    share_bps = models.PositiveIntegerField(null=True)
    fixed_minor = models.BigIntegerField(null=True)
    project_cap_minor = models.BigIntegerField()
    project_total_cap_minor = models.BigIntegerField(null=True)
    field_cap_minor = models.BigIntegerField(null=True)
    year_cap_minor = models.BigIntegerField()
    fields = _keys()
    instruments = _keys()
    min_fit = models.PositiveSmallIntegerField(default=0)
    when_nothing = models.CharField(max_length=10)
    carry_cap_minor = models.BigIntegerField(null=True)
    on_silence = models.CharField(max_length=10)
    carried_minor = models.BigIntegerField(default=0)
    # The exact words that stood beside the box.
    mandate_sha256 = models.CharField(max_length=64)
    mandate_language = models.CharField(max_length=2)
    mandate_text = models.TextField()
    # The calendar counts from here; a resumed plan begins anew.
    counts_from = models.DateTimeField()
    last_period = models.DateField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    paused_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=PLAN.statuses), name="plan_status"),
            models.CheckConstraint(condition=Q(day__range=(1, 31)), name="plan_day"),
            models.CheckConstraint(
                condition=Q(veto_days__range=(MIN_VETO_DAYS, MAX_VETO_DAYS)), name="plan_veto_days"
            ),
            models.CheckConstraint(
                condition=Q(sent_minor__range=(1, MAX_SENT_MINOR)), name="plan_sent"
            ),
            models.CheckConstraint(
                # A comparison with null is null, and a CHECK lets null pass: say what is not null.
                condition=Q(
                    share_bps__isnull=False,
                    share_bps__range=(MIN_SHARE_BPS, MAX_SHARE_BPS),
                    fixed_minor__isnull=True,
                )
                | Q(
                    share_bps__isnull=True,
                    fixed_minor__isnull=False,
                    fixed_minor__gt=0,
                    fixed_minor__lt=F("sent_minor"),
                ),
                name="plan_share_or_fixed",
            ),
            models.CheckConstraint(
                condition=Q(project_cap_minor__gt=0, year_cap_minor__gte=F("project_cap_minor")),
                name="plan_caps",
            ),
            models.CheckConstraint(
                condition=Q(field_cap_minor__isnull=True)
                | Q(field_cap_minor__gte=F("project_cap_minor")),
                name="plan_field_cap",
            ),
            models.CheckConstraint(
                condition=Q(project_total_cap_minor__isnull=True)
                | Q(project_total_cap_minor__gte=F("project_cap_minor")),
                name="plan_total_cap",
            ),
            models.CheckConstraint(
                condition=Q(
                    when_nothing="carry", carry_cap_minor__isnull=False, carry_cap_minor__gt=0
                )
                | Q(when_nothing__in=["wait", "nothing"], carry_cap_minor__isnull=True),
                name="plan_carry_has_cap",
            ),
            models.CheckConstraint(
                condition=Q(carried_minor=0)
                | Q(
                    carry_cap_minor__isnull=False,
                    carried_minor__gt=0,
                    carried_minor__lte=F("carry_cap_minor"),
                ),
                name="plan_carried_within_cap",
            ),
            models.CheckConstraint(
                condition=Q(on_silence__in=OnSilence.values), name="plan_on_silence"
            ),
            models.CheckConstraint(condition=Q(min_fit__range=(0, 100)), name="plan_min_fit"),
            models.CheckConstraint(
                condition=Q(mandate_sha256__regex=r"^[0-9a-f]{64}$"), name="plan_mandate"
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(status="active"), name="plan_active"),
            models.Index(fields=["investor", "-id"], name="plan_of_investor"),
        ]

    def __str__(self) -> str:
        return self.public_id

    def money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    def maybe(self, minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, self.currency)

    @property
    def schedule(self) -> Schedule:
        return Schedule(self.day, self.zone, self.veto_days)

    @property
    def rules(self) -> Rules:
        return Rules(
            sent=self.money(self.sent_minor),
            share_bps=self.share_bps,
            fixed=self.maybe(self.fixed_minor),
            project_cap=self.money(self.project_cap_minor),
            year_cap=self.money(self.year_cap_minor),
            field_cap=self.maybe(self.field_cap_minor),
            project_total_cap=self.maybe(self.project_total_cap_minor),
            when_nothing=WhenNothing(self.when_nothing),
            carry_cap=self.maybe(self.carry_cap_minor),
        )

    @property
    def share(self) -> Money:
        """What one month sets aside."""
        return share_sum(self.rules)

    @property
    def family(self) -> Money:
        return self.money(self.sent_minor) - self.share


class DayAllocation(models.Model):
    """The split of all plans that were due together: how it was made and how good it can be."""

    public_id = models.CharField(max_length=40, unique=True, default=_day_id, editable=False)
    made_at = models.DateTimeField()
    plans = models.PositiveIntegerField()
    rounds = models.PositiveIntegerField()
    method = models.CharField(max_length=10)
    # In đồng at full fit; the bound is what no split could pass.
    value_vnd = models.BigIntegerField()
    bound_vnd = models.BigIntegerField()
    greedy_vnd = models.BigIntegerField()
    completed = models.PositiveIntegerField()
    greedy_completed = models.PositiveIntegerField()
    tolerance_bps = models.PositiveIntegerField()
    seed = models.BigIntegerField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(value_vnd__lte=F("bound_vnd")), name="allocation_within_bound"
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def gap_bps(self) -> int:
        """How far from the bound at most, in hundredths of a per cent."""
        return (self.bound_vnd - self.value_vnd) * 10_000 // self.bound_vnd if self.bound_vnd else 0


class PlanRun(models.Model):
    """One month of a plan: once, whatever is fired twice. Caps are copied from the plan, so that
    the lines can be held to those under which they were proposed (trigger)."""

    public_id = models.CharField(max_length=40, unique=True, default=_run_id, editable=False)
    plan = models.ForeignKey(RemittancePlan, on_delete=models.PROTECT, related_name="runs")
    period = models.DateField()
    status = models.CharField(max_length=10, default="waiting")
    plan_version = models.PositiveIntegerField()
    allocation = models.ForeignKey(DayAllocation, on_delete=models.PROTECT, null=True)
    share_minor = models.BigIntegerField()
    carried_minor = models.BigIntegerField()
    available_minor = models.BigIntegerField()
    pledged_minor = models.BigIntegerField(default=0)
    carry_over_minor = models.BigIntegerField(default=0)
    proposed_at = models.DateTimeField(null=True)
    pledges_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # A press on “pledge these” counts instead of silence.
    agreed_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "period"], name="run_once_a_period"),
            models.CheckConstraint(condition=Q(status__in=RUN.statuses), name="run_status"),
            models.CheckConstraint(
                condition=Q(share_minor__gte=0, carried_minor__gte=0, available_minor__gte=0)
                & Q(available_minor__lte=F("share_minor") + F("carried_minor")),
                name="run_within_share",
            ),
            models.CheckConstraint(
                condition=Q(pledged_minor__gte=0, pledged_minor__lte=F("available_minor")),
                name="run_pledged_within_available",
            ),
            models.CheckConstraint(condition=Q(period__day=1), name="run_period_is_a_month"),
        ]
        indexes = [
            models.Index(
                fields=["pledges_at"], condition=Q(status="proposed"), name="run_to_confirm"
            ),
            models.Index(fields=["id"], condition=Q(status="waiting"), name="run_waiting"),
        ]

    def __str__(self) -> str:
        return self.public_id

    def money(self, minor: int) -> Money:
        return Money(minor, self.plan.currency)


class PlanLine(models.Model):
    """One project of a month's proposal, with the reasons it was chosen for."""

    run = models.ForeignKey(PlanRun, on_delete=models.CASCADE, related_name="lines")
    round = models.ForeignKey("funding.Round", on_delete=models.PROTECT, related_name="+")
    field = models.CharField(max_length=40)
    amount_minor = models.BigIntegerField()
    # What it counts towards the target at the rate of the day.
    counts_vnd = models.BigIntegerField()
    score = models.PositiveSmallIntegerField()
    # {language: [[kind, sentence], …]}: as said when it was proposed.
    reasons = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # Why the sum is not larger: project_cap, field_cap, room or budget.
    limit = models.CharField(max_length=20)
    removed_at = models.DateTimeField(null=True)
    pledge = models.OneToOneField(
        "funding.Pledge", on_delete=models.PROTECT, null=True, related_name="plan_line"
    )
    refused_code = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "round"], name="line_once_a_round"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="line_amount"),
            models.CheckConstraint(
                condition=Q(pledge__isnull=True) | Q(removed_at__isnull=True),
                name="line_removed_is_not_pledged",
            ),
            models.CheckConstraint(condition=Q(score__range=(0, 100)), name="line_score"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.round_id}"

from django.contrib.postgres.fields import ArrayField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from backend.core.ids import new_id
from backend.core.money import Money
from backend.funding.currencies import CURRENCIES, ENABLED
from backend.funding.workflow import PLEDGE, ROUND, ROUND_UNDER_WAY


def _round_id() -> str:
    return new_id("rnd")


def _pledge_id() -> str:
    return new_id("plg")


class Route(models.TextChoices):
    """Which way money comes in (rule data; product rule 2)."""

    CARD = "card"
    BANK = "bank"


class Round(models.Model):
    """One time of pledging for a listed project: the offered terms, frozen, and what was reserved.

    `reserved_minor` and `reserved_people` are kept by a trigger on the pledges, under this row's
    lock, so that two simultaneous pledges cannot pass the cap.
    """

    public_id = models.CharField(max_length=40, unique=True, default=_round_id, editable=False)
    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="rounds")
    version = models.ForeignKey(
        "projects.ProjectVersion", on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=20, default="draft")
    route = models.CharField(max_length=10, choices=Route.choices)
    instrument = models.CharField(max_length=20)
    terms = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    currency = models.CharField(max_length=3)
    target_minor = models.BigIntegerField()
    hard_cap_minor = models.BigIntegerField()
    min_pledge_minor = models.BigIntegerField(null=True)
    # Collected after charging and grace: at least this share of the target, or all goes back.
    enough_bps = models.PositiveIntegerField(default=9500)
    grace_days = models.PositiveSmallIntegerField(default=7)
    cooling_off_days = models.PositiveSmallIntegerField()
    platform_fee_bps = models.PositiveIntegerField()
    # Most people who are not professional investors; null where no rule sets one.
    people_limit = models.PositiveIntegerField(null=True)
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    reserved_minor = models.BigIntegerField(default=0)
    reserved_people = models.PositiveIntegerField(default=0)
    opened_by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    # When the last payments are waited for, once charging has begun.
    grace_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    # What counts as collected, in the round's currency at each pledge's locked rate.
    collected_minor = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ROUND.statuses), name="round_status"),
            models.CheckConstraint(condition=Q(currency__in=["VND", "USD"]), name="round_currency"),
            models.CheckConstraint(condition=Q(route__in=Route.values), name="round_route"),
            models.CheckConstraint(
                condition=Q(target_minor__gt=0, hard_cap_minor__gte=F("target_minor")),
                name="round_target_within_cap",
            ),
            models.CheckConstraint(
                condition=Q(reserved_minor__gte=0, reserved_minor__lte=F("hard_cap_minor")),
                name="round_reserved_within_cap",
            ),
            models.CheckConstraint(
                condition=Q(people_limit__isnull=True)
                | Q(people_limit__lt=100, reserved_people__lte=F("people_limit")),
                name="round_people_within_limit",
            ),
            models.CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")), name="round_closes_after_opening"
            ),
            models.CheckConstraint(
                condition=Q(enough_bps__range=(1, 10_000), platform_fee_bps__lte=10_000),
                name="round_shares",
            ),
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(status__in=sorted(ROUND_UNDER_WAY)),
                name="round_one_under_way",
            ),
        ]
        indexes = [
            models.Index(fields=["closes_at"], condition=Q(status="open"), name="round_to_close"),
            models.Index(fields=["project", "-id"], name="round_of_project"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def target(self) -> Money:
        return Money(self.target_minor, self.currency)

    @property
    def reserved(self) -> Money:
        return Money(self.reserved_minor, self.currency)

    @property
    def enough_minor(self) -> int:
        """The least that must be collected, rounded up."""
        return -(-self.target_minor * self.enough_bps // 10_000)


class RoundClose(models.Model):
    """What stood at the close, for anybody to count again: never changed (trigger)."""

    round = models.OneToOneField(Round, on_delete=models.PROTECT, related_name="close")
    pledged_minor = models.BigIntegerField()
    pledge_count = models.PositiveIntegerField()
    # [pledge id, amount, currency, sum in the round's currency] of every live pledge.
    pledges = models.JSONField(encoder=DjangoJSONEncoder)
    sha256 = models.CharField(max_length=64)
    closed_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha256[:12]


def _within_limits() -> Q:
    """One branch per currency: what one charge of a card can be; by bank only the smallest."""
    condition = Q()
    for code in ENABLED:
        row = CURRENCIES[code]
        condition |= Q(currency=code, amount_minor__gte=row.min_charge) & (
            Q(route="bank") | Q(amount_minor__lte=row.max_charge)
        )
    return condition


class Pledge(models.Model):
    """A promise of one person in one round. It never touches the ledger; a payment does.

    A draft keeps the answers of the journey and reserves nothing. From `card_pending` (card route)
    or `active` (bank route) on, sums, rate and people are fixed (trigger).
    """

    public_id = models.CharField(max_length=40, unique=True, default=_pledge_id, editable=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="pledges")
    investor = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="pledges")
    # Made by the client: the same form sent twice is the same pledge.
    client_token = models.CharField(max_length=64)
    status = models.CharField(max_length=20, default="draft")
    # Copied from the round, so that limits of a card charge can be a CHECK.
    route = models.CharField(max_length=10, choices=Route.choices)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # The sum in the round's currency at the locked rate: decides the round's success.
    target_minor = models.BigIntegerField()
    # Units of the round's currency for one of the pledge's; null when they are the same.
    rate = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    rate_source = models.CharField(max_length=120, blank=True)
    rate_as_of = models.DateTimeField(null=True)
    rate_is_sample = models.BooleanField(default=False)
    rates = models.ManyToManyField("funding.FxRate", related_name="+")
    # Country of residence and class when it was confirmed, and the rules that applied.
    country = models.CharField(max_length=2, blank=True)
    is_professional = models.BooleanField(default=False)
    rule_ids = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    # The exact words that were agreed to.
    mandate_sha256 = models.CharField(max_length=64, blank=True)
    mandate_language = models.CharField(max_length=2, blank=True)
    # The place is kept this long while the card is being saved.
    place_until = models.DateTimeField(null=True)
    cooling_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=PLEDGE.statuses), name="pledge_status"),
            models.CheckConstraint(condition=_within_limits(), name="pledge_amount_within_limits"),
            models.CheckConstraint(condition=Q(target_minor__gt=0), name="pledge_counts"),
            models.CheckConstraint(
                condition=Q(rate__isnull=True)
                | Q(rate__gt=0, rate_as_of__isnull=False) & ~Q(rate_source=""),
                name="pledge_rate_has_source",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["draft", "lapsed"])
                | Q(
                    confirmed_at__isnull=False,
                    cooling_until__isnull=False,
                    mandate_sha256__regex=r"^[0-9a-f]{64}$",
                )
                & ~Q(country=""),
                name="pledge_confirmed_is_whole",
            ),
            models.UniqueConstraint(
                fields=["round", "investor", "client_token"], name="pledge_once_per_form"
            ),
        ]
        indexes = [
            models.Index(fields=["round", "status"], name="pledge_of_round"),
            models.Index(fields=["investor", "-id"], name="pledge_of_investor"),
            models.Index(
                fields=["place_until"], condition=Q(status="card_pending"), name="pledge_waiting"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def reference(self) -> str:
        """What people read and quote: short, and enough to find the row."""
        return f"CK-{self.public_id[4:12].upper()}"

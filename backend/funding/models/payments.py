"""What the payment machine keeps: cards, charges, attempts, what came in, what was reconciled."""

from decimal import Decimal

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from backend.core.ids import new_id
from backend.core.money import Money
from backend.funding.payment_workflow import CARD_SETUP, DISPUTE, OBLIGATION, REFUND


def _setup_id() -> str:
    return new_id("set")


def _obligation_id() -> str:
    return new_id("chg")


def _refund_id() -> str:
    return new_id("rfd")


def _dispute_id() -> str:
    return new_id("dsp")


def _break_id() -> str:
    return new_id("brk")


def _control_id() -> str:
    return new_id("pay")


class StripeCustomer(models.Model):
    """The investor's customer object at Stripe. No name and no card number is kept here."""

    investor = models.OneToOneField(
        "accounts.User", on_delete=models.PROTECT, related_name="stripe_customer"
    )
    stripe_id = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.stripe_id


class CardSetup(models.Model):
    """One visit to Stripe's page to save a card for a pledge, and the card that came of it.

    `payment_method` is Stripe's id; of the card itself only what a receipt shows is kept.
    """

    public_id = models.CharField(max_length=40, unique=True, default=_setup_id, editable=False)
    pledge = models.ForeignKey(
        "funding.Pledge", on_delete=models.PROTECT, related_name="card_setups"
    )
    status = models.CharField(max_length=10, default="open")
    stripe_session_id = models.CharField(max_length=120, unique=True, null=True)
    url = models.URLField(max_length=2000, blank=True)
    payment_method = models.CharField(max_length=64, blank=True)
    brand = models.CharField(max_length=20, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    exp_month = models.PositiveSmallIntegerField(null=True)
    exp_year = models.PositiveSmallIntegerField(null=True)
    country = models.CharField(max_length=2, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    saved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=CARD_SETUP.statuses), name="card_setup_status"
            ),
            models.CheckConstraint(
                condition=~Q(status="saved") | ~Q(payment_method=""), name="card_saved_has_method"
            ),
            models.CheckConstraint(
                condition=Q(last4="") | Q(last4__regex=r"^[0-9]{4}$"), name="card_last_four"
            ),
        ]
        indexes = [
            models.Index(fields=["pledge", "-id"], name="card_of_pledge"),
            models.Index(fields=["payment_method"], name="card_by_method"),
        ]

    def __str__(self) -> str:
        return self.public_id


class ChargeObligation(models.Model):
    """ "This pledge must be collected exactly once." Its payment intent is made before it is
    confirmed and can succeed only once: that is the lasting guard, not a key that is forgotten
    after a day.

    `next_at` is on the clock of the deadlines (app_now), `leased_until` on the database's own.
    """

    public_id = models.CharField(max_length=40, unique=True, default=_obligation_id, editable=False)
    pledge = models.OneToOneField(
        "funding.Pledge", on_delete=models.PROTECT, related_name="obligation"
    )
    round = models.ForeignKey("funding.Round", on_delete=models.PROTECT, related_name="obligations")
    status = models.CharField(max_length=20, default="new")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    due_at = models.DateTimeField()
    grace_until = models.DateTimeField()
    stripe_intent_id = models.CharField(max_length=64, unique=True, null=True)
    stripe_charge_id = models.CharField(max_length=64, blank=True)
    # Which key of "create" is the current one, and whether a call with it may be on its way.
    create_no = models.PositiveSmallIntegerField(default=1)
    create_sent_at = models.DateTimeField(null=True)
    create_sha256 = models.CharField(max_length=64, blank=True)
    declines = models.PositiveSmallIntegerField(default=0)
    reminders = models.PositiveSmallIntegerField(default=0)
    # Another card was saved since the last try.
    has_new_card = models.BooleanField(default=False)
    # Why the last try failed: a group of reasons that people may be told, never the bank's word.
    reason = models.CharField(max_length=30, blank=True)
    next_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    errors = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=OBLIGATION.statuses), name="charge_status"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="charge_positive"),
            models.CheckConstraint(
                condition=Q(status__in=["new", "cancelled", "hard_failed"])
                | Q(stripe_intent_id__isnull=False),
                name="charge_has_intent",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at", "id"],
                condition=Q(next_at__isnull=False),
                name="charge_next",
            ),
            models.Index(fields=["round", "status"], name="charge_of_round"),
            models.Index(fields=["stripe_charge_id"], name="charge_by_stripe"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class PaymentAttempt(models.Model):
    """One real try to confirm: its key is used for resending the same request and nothing else."""

    class Outcome(models.TextChoices):
        PREPARED = "prepared"
        SENT = "sent"
        SUCCEEDED = "succeeded"
        NEEDS_ACTION = "needs_action"
        PROCESSING = "processing"
        DECLINED = "declined"
        VOID = "void"

    obligation = models.ForeignKey(
        ChargeObligation, on_delete=models.PROTECT, related_name="attempts"
    )
    n = models.PositiveSmallIntegerField()
    idem_key = models.CharField(max_length=160, unique=True)
    request_sha256 = models.CharField(max_length=64)
    payment_method = models.CharField(max_length=64)
    is_on_session = models.BooleanField(default=False)
    outcome = models.CharField(max_length=20, choices=Outcome.choices, default=Outcome.PREPARED)
    # The provider answers this key with the same error for a day: the next try needs a new one.
    is_spent = models.BooleanField(default=False)
    stripe_charge_id = models.CharField(max_length=64, blank=True)
    decline_code = models.CharField(max_length=60, blank=True)
    advice_code = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["obligation", "n"], name="attempt_number"),
            models.UniqueConstraint(
                fields=["obligation"],
                condition=Q(outcome__in=["prepared", "sent", "processing"]),
                name="attempt_one_open",
            ),
        ]

    def __str__(self) -> str:
        return self.idem_key


class Refund(models.Model):
    """Money of one charge on its way back to the card that paid."""

    public_id = models.CharField(max_length=40, unique=True, default=_refund_id, editable=False)
    obligation = models.ForeignKey(
        ChargeObligation, on_delete=models.PROTECT, related_name="refunds"
    )
    status = models.CharField(max_length=20, default="created")
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=40)
    key_no = models.PositiveSmallIntegerField(default=1)
    sent_at = models.DateTimeField(null=True)
    stripe_refund_id = models.CharField(max_length=64, unique=True, null=True)
    next_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    errors = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=REFUND.statuses), name="refund_status"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_positive"),
        ]
        indexes = [
            models.Index(
                fields=["next_at", "id"], condition=Q(next_at__isnull=False), name="refund_next"
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class Dispute(models.Model):
    """A bank takes a charge back for its customer; an inquiry moves no money yet."""

    public_id = models.CharField(max_length=40, unique=True, default=_dispute_id, editable=False)
    stripe_id = models.CharField(max_length=64, unique=True)
    obligation = models.ForeignKey(
        ChargeObligation, on_delete=models.PROTECT, related_name="disputes"
    )
    status = models.CharField(max_length=20)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    # How much of it is frozen out of what the round holds; the rest was released before.
    frozen_minor = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=60, blank=True)
    evidence_due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DISPUTE.statuses), name="dispute_status"),
            models.CheckConstraint(
                condition=Q(frozen_minor__gte=0), name="dispute_frozen_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)


class StripeEvent(models.Model):
    """A hint that something changed. Kept before it is answered; acted on by a worker."""

    id = models.CharField(primary_key=True, max_length=64)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=80, blank=True)
    created = models.DateTimeField()
    api_version = models.CharField(max_length=40, blank=True)
    is_ignored = models.BooleanField(default=False)
    source = models.CharField(max_length=10)
    payload = models.JSONField(encoder=DjangoJSONEncoder)
    received_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["received_at"], condition=Q(processed_at__isnull=True), name="event_waiting"
            ),
            models.Index(fields=["object_id"], name="event_object"),
        ]

    def __str__(self) -> str:
        return self.id


class BalanceTransaction(models.Model):
    """Stripe's line of what really moved; the book is posted from it and from nothing else."""

    id = models.CharField(primary_key=True, max_length=64)
    type = models.CharField(max_length=40)
    category = models.CharField(max_length=40)
    source_id = models.CharField(max_length=64, blank=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    net_minor = models.BigIntegerField()
    exchange_rate = models.DecimalField(max_digits=20, decimal_places=10, null=True)
    payout_id = models.CharField(max_length=64, blank=True)
    created = models.DateTimeField()
    available_on = models.DateTimeField()
    # The key of its entry in the book; empty while nothing explains it.
    entry_key = models.CharField(max_length=160, unique=True, null=True)
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(net_minor=models.F("amount_minor") - models.F("fee_minor")),
                name="transaction_net",
            )
        ]
        indexes = [
            models.Index(fields=["created"], name="transaction_created"),
            models.Index(fields=["source_id"], name="transaction_source"),
        ]

    def __str__(self) -> str:
        return self.id


class Payout(models.Model):
    """What Stripe sent to the bank. Confirmed when the bank's statement shows it."""

    stripe_id = models.CharField(primary_key=True, max_length=64)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20)
    arrives_on = models.DateField()
    # Whether the transactions that it names add up to it; null until they were counted.
    is_explained = models.BooleanField(null=True)
    seen_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.stripe_id


class ReconciliationRun(models.Model):
    """One comparison of the book with Stripe, for one day. Reads money, moves none."""

    day = models.DateField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    report_sha256 = models.CharField(max_length=64, blank=True)
    # HMAC of the report under the site's key: a report that was passed on can be checked.
    report_signature = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-day", "-id"], name="reconciled_day")]

    def __str__(self) -> str:
        return str(self.day)


class ReconciliationBreak(models.Model):
    """Something that the comparison could not explain, with who looks after it."""

    class State(models.TextChoices):
        OPEN = "open"
        EXPLAINED = "explained"
        HEALED = "healed"

    public_id = models.CharField(max_length=40, unique=True, default=_break_id, editable=False)
    kind = models.CharField(max_length=30)
    subject = models.CharField(max_length=120)
    currency = models.CharField(max_length=3, blank=True)
    amount_minor = models.BigIntegerField(default=0)
    detail = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    owner = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    # What explains it: written by whoever looks after it, closed by another person.
    note = models.TextField(blank=True)
    explained_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    explained_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    opened_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(state="open"), name="break_open_once"
            ),
            models.CheckConstraint(
                condition=~Q(state="explained")
                | Q(explained_by__isnull=False, closed_by__isnull=False)
                & ~Q(closed_by=F("explained_by"))
                & ~Q(note=""),
                name="break_closed_by_two",
            ),
        ]
        indexes = [models.Index(fields=["state", "opened_at"], name="break_by_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class PaymentControl(models.Model):
    """The one row that every charge passes: the kill switch, the pace, the bound per hour."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    public_id = models.CharField(max_length=40, unique=True, default=_control_id, editable=False)
    is_stopped = models.BooleanField(default=False)
    stop_reason = models.CharField(max_length=300, blank=True)
    changed_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    # Who asked that charges go on; another person lets them (trigger `control_resumed_by_two`).
    resume_asked_by = models.ForeignKey(
        "accounts.User", null=True, on_delete=models.PROTECT, related_name="+"
    )
    resume_asked_at = models.DateTimeField(null=True)
    # A bucket: so many charges a second, so many at once, on app_now().
    rate = models.DecimalField(max_digits=8, decimal_places=2, default=Decimal(10))
    burst = models.PositiveIntegerField(default=20)
    tokens = models.DecimalField(max_digits=14, decimal_places=4, default=Decimal(20))
    tokens_at = models.DateTimeField(db_default=Now())
    most_per_hour = models.PositiveIntegerField(default=20_000)
    hour_began_at = models.DateTimeField(db_default=Now())
    hour_count = models.PositiveIntegerField(default=0)
    # Up to where the list of events was read.
    events_read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="control_one_row"),
            models.CheckConstraint(
                condition=Q(is_stopped=False) | ~Q(stop_reason=""), name="stop_has_reason"
            ),
        ]

    def __str__(self) -> str:
        return "stopped" if self.is_stopped else "running"

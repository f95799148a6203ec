"""The lives of a charge, a refund and a dispute, as tables. Pure.

Only the system moves them: it applies what the payment provider says. `succeeded` is where a charge
stays; refunds and disputes are things of their own.
"""

from enum import StrEnum

from backend.core.workflow import Workflow, table_of


class ObligationStatus(StrEnum):
    NEW = "new"
    # The payment intent exists and is known here; nothing was confirmed.
    INTENT_MADE = "intent_made"
    # A confirmation was or may have been sent; what came of it is not known yet.
    CONFIRMING = "confirming"
    PROCESSING = "processing"
    NEEDS_ACTION = "needs_action"
    SOFT_FAILED = "soft_failed"
    HARD_FAILED = "hard_failed"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"


_OPEN = ("intent_made", "confirming", "processing", "needs_action", "soft_failed", "hard_failed")
OBLIGATION = Workflow(
    "charge",
    table_of(
        [
            ("new", "intent_made", "system", "charge.prepared"),
            ("new", "cancelled", "system", "charge.cancelled"),
            ("new", "hard_failed", "system", "charge.refused"),
            # A new card after the customer was gone at the provider.
            ("hard_failed", "intent_made", "system", "charge.prepared"),
            ("intent_made", "confirming", "system", "charge.sent"),
            ("intent_made", "hard_failed", "system", "charge.refused"),
            ("confirming", "intent_made", "system", "charge.not_taken_up"),
            ("confirming", "processing", "system", "charge.processing"),
            ("confirming", "needs_action", "system", "charge.needs_action"),
            ("confirming", "soft_failed", "system", "charge.declined"),
            ("confirming", "hard_failed", "system", "charge.refused"),
            ("processing", "needs_action", "system", "charge.needs_action"),
            ("processing", "soft_failed", "system", "charge.declined"),
            ("processing", "hard_failed", "system", "charge.refused"),
            ("needs_action", "confirming", "system", "charge.sent"),
            ("needs_action", "soft_failed", "system", "charge.declined"),
            ("needs_action", "hard_failed", "system", "charge.refused"),
            ("soft_failed", "confirming", "system", "charge.sent"),
            ("soft_failed", "needs_action", "system", "charge.needs_action"),
            ("soft_failed", "hard_failed", "system", "charge.refused"),
            ("hard_failed", "confirming", "system", "charge.sent"),
            ("hard_failed", "needs_action", "system", "charge.needs_action"),
            ("hard_failed", "soft_failed", "system", "charge.declined"),
            *((status, "succeeded", "system", "charge.succeeded") for status in _OPEN),
            *((status, "cancelled", "system", "charge.cancelled") for status in _OPEN),
        ],
        final=("succeeded", "cancelled"),
    ),
)
# The outcome is not known: whoever takes the row asks the provider first.
UNKNOWN = frozenset({ObligationStatus.CONFIRMING, ObligationStatus.PROCESSING})
UNFINISHED = frozenset(ObligationStatus) - {ObligationStatus.SUCCEEDED, ObligationStatus.CANCELLED}


class RefundStatus(StrEnum):
    CREATED = "created"
    SUBMITTED = "submitted"
    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


REFUND = Workflow(
    "refund",
    table_of(
        [
            ("created", "submitted", "system", "refund.sent"),
            ("created", "cancelled", "system", "refund.cancelled"),
            ("submitted", "pending", "system", "refund.pending"),
            ("submitted", "succeeded", "system", "refund.succeeded"),
            ("submitted", "failed", "system", "refund.failed"),
            ("submitted", "cancelled", "system", "refund.cancelled"),
            ("pending", "succeeded", "system", "refund.succeeded"),
            ("pending", "failed", "system", "refund.failed"),
            ("pending", "cancelled", "system", "refund.cancelled"),
            # A refund that succeeded can still come back from the card.
            ("succeeded", "failed", "system", "refund.failed"),
        ],
        final=("failed", "cancelled"),
    ),
)
REFUND_UNFINISHED = frozenset({RefundStatus.CREATED, RefundStatus.SUBMITTED, RefundStatus.PENDING})
# Counts as given back, so it cannot be given back again.
REFUND_COUNTS = REFUND_UNFINISHED | {RefundStatus.SUCCEEDED}


class DisputeStatus(StrEnum):
    INQUIRY = "inquiry"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"
    INQUIRY_CLOSED = "inquiry_closed"
    PREVENTED = "prevented"


DISPUTE = Workflow(
    "dispute",
    table_of(
        [
            ("inquiry", "needs_response", "system", "dispute.opened"),
            ("inquiry", "inquiry_closed", "system", "dispute.inquiry_closed"),
            ("inquiry", "prevented", "system", "dispute.prevented"),
            ("inquiry", "won", "system", "dispute.won"),
            ("inquiry", "lost", "system", "dispute.lost"),
            ("needs_response", "under_review", "system", "dispute.answered"),
            ("needs_response", "won", "system", "dispute.won"),
            ("needs_response", "lost", "system", "dispute.lost"),
            ("under_review", "needs_response", "system", "dispute.reopened"),
            ("under_review", "won", "system", "dispute.won"),
            ("under_review", "lost", "system", "dispute.lost"),
        ],
        final=("won", "lost", "inquiry_closed", "prevented"),
    ),
)
DISPUTE_OPEN = frozenset({DisputeStatus.NEEDS_RESPONSE, DisputeStatus.UNDER_REVIEW})
# Stripe's words for it → ours.
DISPUTE_WORDS = {
    "warning_needs_response": DisputeStatus.INQUIRY,
    "warning_under_review": DisputeStatus.INQUIRY,
    "warning_closed": DisputeStatus.INQUIRY_CLOSED,
    "needs_response": DisputeStatus.NEEDS_RESPONSE,
    "under_review": DisputeStatus.UNDER_REVIEW,
    "won": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
    "prevented": DisputeStatus.PREVENTED,
}


class CardSetupStatus(StrEnum):
    OPEN = "open"
    SAVED = "saved"
    EXPIRED = "expired"
    REMOVED = "removed"


CARD_SETUP = Workflow(
    "card setup",
    table_of(
        [
            ("open", "saved", "system", "card.saved"),
            ("open", "expired", "system", "card.setup_expired"),
            ("saved", "removed", "system", "card.removed"),
        ],
        final=("expired", "removed"),
    ),
)

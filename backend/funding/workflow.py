"""The lives of rounds, pledges, milestones and payments to owners, as tables. Pure.

Roles: `investor` (whose pledge it is), `owner` (a member of the project's organisation), `lead`,
`case_officer`, `finance` (city office), `system` (a job, or the payment machine).
"""

from enum import StrEnum

from backend.core.workflow import Workflow, table_of


class RoundStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSING = "closing"
    CHARGING = "charging"
    SETTLING = "settling"
    FUNDED = "funded"
    FAILED = "failed"
    SHORTFALL_FAILED = "shortfall_failed"
    CANCELLED = "cancelled"


ROUND = Workflow(
    "round",
    table_of(
        [
            ("draft", "open", "lead", "round.opened"),
            ("draft", "cancelled", "lead", "round.cancelled"),
            ("open", "closing", "system", "round.closed"),
            ("open", "cancelled", "lead system", "round.cancelled"),
            ("closing", "charging", "system", "round.reached"),
            ("closing", "failed", "system", "round.failed"),
            ("charging", "settling", "system", "round.charged"),
            ("settling", "funded", "system", "round.funded"),
            ("settling", "shortfall_failed", "system", "round.fell_short"),
        ],
        final=("funded", "failed", "shortfall_failed", "cancelled"),
    ),
)
# While one of these stands, the project cannot open another round.
ROUND_UNDER_WAY = frozenset({"draft", "open", "closing", "charging", "settling", "funded"})


class PledgeStatus(StrEnum):
    DRAFT = "draft"
    CARD_PENDING = "card_pending"
    ACTIVE = "active"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    DUE = "due"
    ACTION_REQUIRED = "action_required"
    RETRY_WAIT = "retry_wait"
    COLLECTED = "collected"
    DROPPED = "dropped"
    REFUNDING = "refunding"
    PART_REFUNDED = "part_refunded"
    REFUNDED = "refunded"


PLEDGE = Workflow(
    "pledge",
    table_of(
        [
            ("draft", "card_pending", "investor", "pledge.confirmed"),
            # The bank route saves no card.
            ("draft", "active", "investor", "pledge.made"),
            ("draft", "lapsed", "system investor", "pledge.dropped_draft"),
            ("card_pending", "active", "system", "pledge.made"),
            ("card_pending", "withdrawn", "investor", "pledge.withdrawn"),
            ("card_pending", "lapsed", "system", "pledge.lapsed"),
            ("active", "withdrawn", "investor", "pledge.withdrawn"),
            ("active", "lapsed", "system", "pledge.lapsed"),
            ("active", "due", "system", "pledge.due"),
            ("due", "withdrawn", "investor", "pledge.withdrawn"),
            ("due", "collected", "system finance", "pledge.collected"),
            ("due", "action_required", "system", "pledge.action_required"),
            ("due", "retry_wait", "system", "pledge.retry_wait"),
            ("due", "dropped", "system", "pledge.dropped"),
            ("action_required", "collected", "system", "pledge.collected"),
            ("action_required", "retry_wait", "system", "pledge.retry_wait"),
            ("action_required", "dropped", "system", "pledge.dropped"),
            ("retry_wait", "collected", "system", "pledge.collected"),
            ("retry_wait", "action_required", "system", "pledge.action_required"),
            ("retry_wait", "dropped", "system", "pledge.dropped"),
            ("collected", "refunding", "system finance", "pledge.refunding"),
            ("refunding", "refunded", "system finance", "pledge.refunded"),
            ("refunding", "part_refunded", "system finance", "pledge.part_refunded"),
            # The return itself failed or was cancelled: the money is held again.
            ("refunding", "collected", "system finance", "pledge.refund_undone"),
            ("part_refunded", "refunding", "system finance", "pledge.refunding"),
        ],
        final=("withdrawn", "lapsed", "dropped", "refunded"),
    ),
)
# What counts towards the target and against the cap (trigger `pledge_reserve` says the same).
PLEDGE_LIVE = frozenset(
    {
        "card_pending", "active", "due", "action_required", "retry_wait", "collected", "refunding",
        "part_refunded",
    }
)  # fmt: skip
# What can still be collected.
PLEDGE_OWED = frozenset({"due", "action_required", "retry_wait"})
PLEDGE_PAID = frozenset({"collected", "refunding", "part_refunded"})


class MilestoneStatus(StrEnum):
    PLANNED = "planned"
    DUE = "due"
    EVIDENCE_IN = "evidence_in"
    VERIFIED = "verified"
    LATE = "late"
    FAILED = "failed"


MILESTONE = Workflow(
    "milestone",
    table_of(
        [
            ("planned", "due", "system", "milestone.due"),
            ("planned", "evidence_in", "owner", "milestone.evidence_sent"),
            ("due", "evidence_in", "owner", "milestone.evidence_sent"),
            ("due", "late", "system", "milestone.late"),
            ("due", "failed", "case_officer", "milestone.failed"),
            ("late", "evidence_in", "owner", "milestone.evidence_sent"),
            ("late", "failed", "case_officer", "milestone.failed"),
            ("evidence_in", "due", "case_officer", "milestone.evidence_returned"),
            ("evidence_in", "verified", "case_officer", "milestone.verified"),
            ("evidence_in", "failed", "case_officer", "milestone.failed"),
        ],
        final=("verified", "failed"),
    ),
)


class DisbursementStatus(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    INSTRUCTED = "instructed"
    CONFIRMED = "confirmed"
    RETURNED = "returned"
    REFUSED = "refused"


DISBURSEMENT = Workflow(
    "disbursement",
    table_of(
        [
            ("proposed", "approved", "finance", "disbursement.approved"),
            ("proposed", "refused", "finance", "disbursement.refused"),
            ("approved", "instructed", "finance", "disbursement.instructed"),
            ("approved", "refused", "finance", "disbursement.refused"),
            ("instructed", "confirmed", "finance", "disbursement.confirmed"),
            ("instructed", "returned", "finance", "disbursement.returned"),
        ],
        final=("confirmed", "returned", "refused"),
    ),
)

TRANCHE = Workflow(
    "tranche",
    table_of(
        [
            ("held", "released", "finance", "tranche.released"),
            ("held", "returned", "system", "tranche.returned"),
        ],
        final=("released", "returned"),
    ),
)

# What is owed to a person by bank: told by one, seen on the statement by another.
BANK_RETURN = Workflow(
    "bank_return",
    table_of(
        [
            ("owed", "recorded", "finance", "bank_return.recorded"),
            ("recorded", "owed", "finance", "bank_return.refused"),
            ("recorded", "paid", "finance", "bank_return.paid"),
        ],
        final=("paid",),
    ),
)

# What one read at the bank of a payment to an owner, and another saw too.
BANK_REPORT = Workflow(
    "bank_report",
    table_of(
        [
            ("recorded", "confirmed", "finance", "bank_report.confirmed"),
            ("recorded", "refused", "finance", "bank_report.refused"),
        ],
        final=("confirmed", "refused"),
    ),
)

BANK_RECEIPT = Workflow(
    "bank_receipt",
    table_of(
        [
            ("recorded", "confirmed", "finance", "bank_receipt.confirmed"),
            ("recorded", "refused", "finance", "bank_receipt.refused"),
        ],
        final=("confirmed", "refused"),
    ),
)

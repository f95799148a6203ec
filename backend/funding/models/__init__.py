from backend.funding.models.eligibility import Acknowledgement, InvestorFigures, KnowledgeCheck
from backend.funding.models.payments import (
    BalanceTransaction,
    CardSetup,
    ChargeObligation,
    Dispute,
    PaymentAttempt,
    PaymentControl,
    Payout,
    ReconciliationBreak,
    ReconciliationRun,
    Refund,
    StripeCustomer,
    StripeEvent,
)
from backend.funding.models.rates import FxRate
from backend.funding.models.rounds import Pledge, Round, RoundClose, Route

__all__ = [
    "Acknowledgement",
    "BalanceTransaction",
    "CardSetup",
    "ChargeObligation",
    "Dispute",
    "FxRate",
    "InvestorFigures",
    "KnowledgeCheck",
    "PaymentAttempt",
    "PaymentControl",
    "Payout",
    "Pledge",
    "ReconciliationBreak",
    "ReconciliationRun",
    "Refund",
    "Round",
    "RoundClose",
    "Route",
    "StripeCustomer",
    "StripeEvent",
]

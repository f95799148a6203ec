from backend.funding.models.eligibility import Acknowledgement, InvestorFigures, KnowledgeCheck
from backend.funding.models.rates import FxRate
from backend.funding.models.rounds import Pledge, Round, RoundClose, Route

__all__ = [
    "Acknowledgement",
    "FxRate",
    "InvestorFigures",
    "KnowledgeCheck",
    "Pledge",
    "Round",
    "RoundClose",
    "Route",
]

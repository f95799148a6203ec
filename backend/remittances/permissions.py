"""Whose a plan is. A plan of somebody else is as absent as one that never was."""

from typing import Any

from backend.core.errors import NotFound
from backend.remittances.models import RemittancePlan


def check_is_owner_of_plan(user: Any, plan: RemittancePlan) -> None:
    if getattr(user, "pk", None) != plan.investor_id:
        raise NotFound()

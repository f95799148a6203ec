"""What a person tells or acknowledges before a pledge. Each: lock, permit, check, change, audit.

Audit rows hold that it was told, never the figures.
"""

from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.accounts.permissions import check_is_self
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.core.money import Money
from backend.funding import knowledge, permissions
from backend.funding.actions.pledges import sha256_of_text
from backend.funding.models import Acknowledgement, InvestorFigures, KnowledgeCheck, Pledge
from backend.funding.workflow import PledgeStatus

AT_MOST_MINOR = 10**15


def _locked(user: User, by: User) -> User:
    row = User.objects.select_for_update().get(pk=user.pk)
    check_is_self(by, row)
    return row


@transaction.atomic
def answer_knowledge(user: User, answers: Mapping[str, str], *, by: User) -> KnowledgeCheck:
    """Keep the answers to the questions about risk; `wrong` names those to be explained."""
    user = _locked(user, by)
    try:
        wrong = knowledge.wrong_answers(answers)
    except KeyError as missing:
        raise Invalid(_("Choose an answer"), code="missing", field=missing.args[0]) from None
    except ValueError as unknown:
        raise Invalid(_("Choose from the list."), field=str(unknown)) from None
    version, rows = knowledge.questions("en")
    kept = {row.key: answers[row.key] for row in rows}
    check = KnowledgeCheck.objects.create(
        user=user, version=version, answers=kept, wrong=wrong, taken_at=app_now()
    )
    audit.record("investor.knowledge_answered", by=by, subject=user, data={"wrong": len(wrong)})
    return check


@transaction.atomic
def acknowledge_knowledge(user: User, *, by: User) -> KnowledgeCheck:
    """The person has read why their answers were wrong and goes on."""
    user = _locked(user, by)
    check = KnowledgeCheck.objects.filter(user=user).order_by("-taken_at", "-id").first()
    if check is None:
        raise Conflict(_("A step before this one is not done yet."), code="step_missing")
    if check.acknowledged_at is None:
        check.acknowledged_at = app_now()
        check.save(update_fields=["acknowledged_at"])
        audit.record("investor.warning_read", by=by, subject=user)
    return check


@transaction.atomic
def tell_figures(
    user: User, *, by: User, income: Money, liquid: Money, commitments: Money
) -> InvestorFigures:
    """Yearly net income, liquid assets and yearly commitments, in one currency."""
    user = _locked(user, by)
    for name, sum_ in (("income", income), ("liquid", liquid), ("commitments", commitments)):
        if sum_.currency != income.currency:
            raise Invalid(_("Use one currency for all three"), field=name)
        if not 0 <= sum_.minor <= AT_MOST_MINOR:
            raise Invalid(_("Enter zero or more"), code="out_of_range", field=name)
    row = InvestorFigures.objects.create(
        user=user,
        currency=income.currency,
        income_minor=income.minor,
        liquid_minor=liquid.minor,
        commitments_minor=commitments.minor,
        told_at=app_now(),
    )
    audit.record("investor.figures_told", by=by, subject=user)
    return row


@transaction.atomic
def acknowledge(pledge: Pledge, kind: str, *, by: User, text: str, language: str) -> None:
    """The person has read exactly this text before pledging this sum."""
    pledge = Pledge.objects.select_for_update().get(pk=pledge.pk)
    permissions.check_is_pledger(by, pledge)
    if pledge.status != PledgeStatus.DRAFT:
        raise Conflict(
            _("This pledge was made already. Its sum does not change."), code="made_already"
        )
    Acknowledgement.objects.get_or_create(
        pledge=pledge,
        kind=kind,
        amount_minor=pledge.amount_minor,
        defaults={
            "text_sha256": sha256_of_text(text),
            "language": language,
            "given_at": app_now(),
        },
    )
    audit.record("pledge.warning_read", by=by, subject=pledge, data={"kind": kind})

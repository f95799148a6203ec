"""Paying an owner for a verified milestone. Each: lock, permit, check, change, audit, enqueue.

One person proposes, another approves; the bank is told of nothing that two did not decide. What the
bank did then stands in `bank_reports.py`, by two people again. One person alone may stop a payment
until the bank is told: what was set aside is held again.
Lock order: project, round, milestone, tranche, disbursement.
"""

import hashlib
import json

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit, states
from backend.core.clock import app_now
from backend.core.errors import Conflict, NotAllowed
from backend.funding import permissions
from backend.funding.actions.breaks import has_old_breaks
from backend.funding.actions.given_back import free_of
from backend.funding.actions.outcome import held_by_currency
from backend.funding.actions.words import written
from backend.funding.models import Disbursement, DisbursementLine, OwnerAccount, Tranche
from backend.funding.workflow import DISBURSEMENT, DisbursementStatus, MilestoneStatus
from backend.ledger import book, chart
from backend.projects.models import Milestone, Project
from backend.projects.permissions import is_member_of

UNDER_WAY = ("proposed", "approved", "instructed", "confirmed")


def _locked_part(tranche: Tranche) -> tuple[Project, Tranche]:
    project = Project.objects.select_for_update().get(pk=tranche.round.project_id)
    Milestone.objects.select_for_update().get(pk=tranche.milestone_id)
    row = (
        Tranche.objects.select_for_update(of=("self",))
        .select_related("round", "milestone")
        .get(pk=tranche.pk)
    )
    return project, row


def locked_payment(disbursement: Disbursement) -> tuple[Project, Tranche, Disbursement]:
    project, tranche = _locked_part(disbursement.tranche)
    row = (
        Disbursement.objects.select_for_update(of=("self",))
        .select_related("maker", "account")
        .get(pk=disbursement.pk)
    )
    row.tranche = tranche
    return project, tranche, row


def check_pays(by: User, project: Project) -> None:
    permissions.check_is_finance(by)
    if is_member_of(by, project.owner):
        raise NotAllowed(
            _("You belong to the organisation that is paid, so another person must do this."),
            code="own_project",
        )


def check_may_pay(project: Project, tranche: Tranche) -> OwnerAccount:
    """Whether a part may be paid now, and the account that it goes to; Conflict says why not."""
    if project.frozen_at is not None:
        raise Conflict(
            _("Payments to this project are stopped while a point is checked."), code="frozen"
        )
    if has_old_breaks():
        raise Conflict(
            _("Something has stood unexplained for more than a day: new payments to owners wait. "
              "Refunds go on."),
            code="breaks",
        )  # fmt: skip
    if tranche.milestone.status != MilestoneStatus.VERIFIED:
        raise Conflict(_("This milestone is not verified."), code="not_verified")
    if tranche.status != "held":
        raise Conflict(_("This part was released or returned already."), code="wrong_state")
    parts = Tranche.objects.filter(round=tranche.round)
    is_last = not parts.filter(number__gt=tranche.number).exists()
    open_ = {MilestoneStatus.PLANNED, MilestoneStatus.DUE, MilestoneStatus.LATE, "evidence_in"}
    if is_last and parts.exclude(pk=tranche.pk).filter(milestone__status__in=open_).exists():
        raise Conflict(
            _("The last part is held until every report before it is in and accepted."),
            code="last_part_held",
        )
    account = OwnerAccount.objects.filter(
        organisation=project.owner, confirmed_at__isnull=False, ended_at__isnull=True
    ).first()
    if account is None:
        raise Conflict(
            _("The owner has no bank account that two people have confirmed."), code="no_account"
        )
    return account


@transaction.atomic
def propose_disbursement(tranche: Tranche, *, by: User) -> Disbursement:
    """Prepare the payment of one verified milestone from what is held in each currency."""
    project, tranche = _locked_part(tranche)
    check_pays(by, project)
    account = check_may_pay(project, tranche)
    under_way = Disbursement.objects.filter(tranche=tranche, status__in=UNDER_WAY).first()
    if under_way is not None and under_way.maker_id == by.pk and under_way.status == "proposed":
        return under_way  # pressed twice
    if under_way is not None:
        raise Conflict(_("A payment of this part is under way."), code="under_way")
    held = held_by_currency(tranche)
    if not held:
        raise Conflict(_("Nothing is held for this part."), code="nothing_held")
    bps = tranche.round.platform_fee_bps
    lines = [(code, minor, minor * bps // 10_000) for code, minor in held.items()]
    row = Disbursement.objects.create(
        tranche=tranche, account=account, maker=by, made_at=app_now(),
        body_sha256=_hash(tranche, account, lines),
    )  # fmt: skip
    DisbursementLine.objects.bulk_create(
        DisbursementLine(disbursement=row, currency=code, amount_minor=minor, fee_minor=fee)
        for code, minor, fee in lines
    )
    audit.record("disbursement.proposed", by=by, subject=row, data={"part": tranche.public_id})
    return row


def _hash(tranche: Tranche, account: OwnerAccount, lines: list[tuple[str, int, int]]) -> str:
    body = json.dumps([tranche.public_id, account.public_id, lines], separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()


def lines_of(row: Disbursement) -> list[DisbursementLine]:
    return list(row.lines.order_by("currency"))


@transaction.atomic
def approve_disbursement(disbursement: Disbursement, *, by: User) -> Disbursement:
    """The second person's yes: the money is set aside for the owner. Checked again from the rows:
    what was proposed is what is held now."""
    project, tranche, row = locked_payment(disbursement)
    check_pays(by, project)
    if row.status == DisbursementStatus.APPROVED and row.checker_id == by.pk:
        return row
    if row.maker_id == by.pk:
        raise NotAllowed(
            _("You prepared this payment. Another person must approve it"), code="four_eyes"
        )
    account = check_may_pay(project, tranche)
    lines = lines_of(row)
    facts = [(line.currency, line.amount_minor, line.fee_minor) for line in lines]
    now_held = held_by_currency(tranche)
    if (
        _hash(tranche, account, facts) != row.body_sha256
        or {line.currency: line.amount_minor for line in lines} != now_held
    ):
        raise Conflict(
            _("This payment is no longer what was proposed. Refuse it and propose it again."),
            code="changed",
        )
    if any(free_of(tranche.round, line.currency) < line.amount_minor for line in lines):
        raise book.Overdrawn()
    row.checker, row.approved_at = by, app_now()
    row.save(update_fields=["checker", "approved_at"])
    states.move(row, DisbursementStatus.APPROVED, by=by, role="finance", workflow=DISBURSEMENT)
    for line in lines:
        book.hold(
            line_key(row, line, "hold"), "disbursement.approved",
            source=chart.held(tranche.round.public_id, line.currency),
            into=chart.project_payable(project.public_id, line.currency),
            money=line.amount, about=row.public_id,
        )  # fmt: skip
    return row


def line_key(row: Disbursement, line: DisbursementLine, verb: str) -> str:
    return f"dsb:{row.public_id}:{line.currency}:{verb}"


@transaction.atomic
def refuse_disbursement(disbursement: Disbursement, *, by: User, reason: str) -> Disbursement:
    """Stop a payment before the bank was told; what was set aside is held again. One person may:
    no money leaves, and paying it after all takes two."""
    project, _tranche, row = locked_payment(disbursement)
    check_pays(by, project)
    reason = written(reason, "reason", _("Enter the reason"))
    was_approved = row.status == DisbursementStatus.APPROVED
    row.end_reason, row.ended_at = reason, app_now()
    row.save(update_fields=["end_reason", "ended_at"])
    states.move(
        row, DisbursementStatus.REFUSED, by=by, role="finance", workflow=DISBURSEMENT,
        data={"reason": reason},
    )  # fmt: skip
    if was_approved:
        hold_again(row, "disbursement.refused")
    return row


def hold_again(row: Disbursement, reason: str) -> None:
    for line in lines_of(row):
        book.release(
            line_key(row, line, "release"), reason, hold_key=line_key(row, line, "hold"),
            about=row.public_id,
        )  # fmt: skip


@transaction.atomic
def instruct_disbursement(disbursement: Disbursement, *, by: User) -> Disbursement:
    """The bank was told to pay."""
    project, _tranche, row = locked_payment(disbursement)
    check_pays(by, project)
    if row.status == DisbursementStatus.INSTRUCTED and row.instructed_by_id == by.pk:
        return row
    if project.frozen_at is not None:
        raise Conflict(
            _("Payments to this project are stopped while a point is checked."), code="frozen"
        )
    if row.account.ended_at is not None:
        raise Conflict(
            _("This payment is no longer what was proposed. Refuse it and propose it again."),
            code="changed",
        )
    row.instructed_by, row.instructed_at = by, app_now()
    row.save(update_fields=["instructed_by", "instructed_at"])
    states.move(row, DisbursementStatus.INSTRUCTED, by=by, role="finance", workflow=DISBURSEMENT)
    return row

"""Paying an owner for a verified milestone. Each: lock, permit, check, change, audit, enqueue.

One person proposes, another approves; nothing here can be done by one alone. The book is posted on
approval (set aside), on the bank's proof (paid) or on failure (held again).
Lock order: project, round, milestone, tranche, disbursement.
"""

import hashlib
import json
from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit, states
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, NotAllowed
from backend.core.formats import CITY_ZONE
from backend.core.money import Money
from backend.core.text import clean_text
from backend.funding import permissions
from backend.funding.actions.given_back import free_of
from backend.funding.actions.outcome import held_by_currency
from backend.funding.actions.words import written
from backend.funding.files import TakenFile
from backend.funding.models import Disbursement, DisbursementLine, OwnerAccount, Tranche
from backend.funding.workflow import DISBURSEMENT, TRANCHE, DisbursementStatus, MilestoneStatus
from backend.ledger import book, chart
from backend.projects.models import Milestone, Project
from backend.projects.permissions import is_member_of

MAX_REFERENCE = 40
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


def _locked(disbursement: Disbursement) -> tuple[Project, Tranche, Disbursement]:
    project, tranche = _locked_part(disbursement.tranche)
    row = (
        Disbursement.objects.select_for_update(of=("self",))
        .select_related("maker", "account")
        .get(pk=disbursement.pk)
    )
    row.tranche = tranche
    return project, tranche, row


def _check_finance(by: User, project: Project) -> None:
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
    _check_finance(by, project)
    account = check_may_pay(project, tranche)
    if Disbursement.objects.filter(tranche=tranche, status__in=UNDER_WAY).exists():
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


def _lines(row: Disbursement) -> list[DisbursementLine]:
    return list(row.lines.order_by("currency"))


@transaction.atomic
def approve_disbursement(disbursement: Disbursement, *, by: User) -> Disbursement:
    """The second person's yes: the money is set aside for the owner. Checked again from the rows:
    what was proposed is what is held now."""
    project, tranche, row = _locked(disbursement)
    _check_finance(by, project)
    if row.status == DisbursementStatus.APPROVED and row.checker_id == by.pk:
        return row
    if row.maker_id == by.pk:
        raise NotAllowed(
            _("You prepared this payment. Another person must approve it"), code="four_eyes"
        )
    account = check_may_pay(project, tranche)
    lines = _lines(row)
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
            _key(row, line, "hold"), "disbursement.approved",
            source=chart.held(tranche.round.public_id, line.currency),
            into=chart.project_payable(project.public_id, line.currency),
            money=line.amount, about=row.public_id,
        )  # fmt: skip
    return row


def _key(row: Disbursement, line: DisbursementLine, verb: str) -> str:
    return f"dsb:{row.public_id}:{line.currency}:{verb}"


@transaction.atomic
def refuse_disbursement(disbursement: Disbursement, *, by: User, reason: str) -> Disbursement:
    """Stop a payment before the bank was told; what was set aside is held again."""
    project, _tranche, row = _locked(disbursement)
    _check_finance(by, project)
    reason = written(reason, "reason", _("Enter the reason"))
    was_approved = row.status == DisbursementStatus.APPROVED
    row.end_reason, row.ended_at = reason, app_now()
    row.save(update_fields=["end_reason", "ended_at"])
    states.move(
        row, DisbursementStatus.REFUSED, by=by, role="finance", workflow=DISBURSEMENT,
        data={"reason": reason},
    )  # fmt: skip
    if was_approved:
        _hold_again(row, "disbursement.refused")
    return row


def _hold_again(row: Disbursement, reason: str) -> None:
    for line in _lines(row):
        book.release(
            _key(row, line, "release"), reason, hold_key=_key(row, line, "hold"),
            about=row.public_id,
        )  # fmt: skip


@transaction.atomic
def instruct_disbursement(disbursement: Disbursement, *, by: User) -> Disbursement:
    """The bank was told to pay."""
    project, _tranche, row = _locked(disbursement)
    _check_finance(by, project)
    if project.frozen_at is not None:
        raise Conflict(
            _("Payments to this project are stopped while a point is checked."), code="frozen"
        )
    row.instructed_by, row.instructed_at = by, app_now()
    row.save(update_fields=["instructed_by", "instructed_at"])
    states.move(row, DisbursementStatus.INSTRUCTED, by=by, role="finance", workflow=DISBURSEMENT)
    return row


@transaction.atomic
def confirm_disbursement(
    disbursement: Disbursement,
    *,
    by: User,
    bank_reference: str,
    paid_vnd: int,
    paid_on: date,
    proof: TakenFile,
) -> Disbursement:
    """The bank's slip is here: the payment is settled in the book at the rate that the slip shows,
    and the part is released."""
    project, tranche, row = _locked(disbursement)
    _check_finance(by, project)
    reference = read_reference(bank_reference)
    if not 0 < paid_vnd <= 10**15:
        raise Invalid(_("Enter an amount above zero."), code="out_of_range", field="paid_vnd")
    now = app_now()
    if paid_on > now.astimezone(CITY_ZONE).date():
        raise Invalid(_("The day of payment lies ahead"), code="out_of_range", field="paid_on")
    lines = _lines(row)
    _check_same_in_dong(lines, paid_vnd)
    row.bank_reference, row.paid_vnd, row.paid_on = reference, paid_vnd, paid_on
    row.proof, row.proof_sha256 = proof.stored(), proof.sha256
    row.recorded_by, row.ended_at = by, now
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Conflict(
            _("This bank reference stands at another payment."), code="reference_used",
            field="bank_reference",
        ) from None  # fmt: skip
    states.move(
        row, DisbursementStatus.CONFIRMED, by=by, role="finance", workflow=DISBURSEMENT,
        data={"reference": reference, "paid_vnd": paid_vnd, "part": tranche.public_id},
    )  # fmt: skip
    _settle(row, lines, paid_vnd)
    states.move(
        tranche, "released", by=by, role="finance", workflow=TRANCHE,
        data={"project": project.public_id, "paid_vnd": paid_vnd},
    )  # fmt: skip
    tranche.ended_at = now
    tranche.save(update_fields=["ended_at"])
    return row


def read_reference(text: str) -> str:
    reference = clean_text(text).strip()
    if not (4 <= len(reference) <= MAX_REFERENCE and reference.isprintable()):
        raise Invalid(
            _("Enter the bank's reference, 4 to %(max)s characters"), code="bank_reference",
            field="bank_reference", max=MAX_REFERENCE,
        )  # fmt: skip
    return reference


def _check_same_in_dong(lines: list[DisbursementLine], paid_vnd: int) -> None:
    """What was held in đồng leaves as exactly that, less the fee."""
    if {line.currency for line in lines} != {"VND"}:
        return
    owed = sum(line.amount_minor - line.fee_minor for line in lines)
    if owed != paid_vnd:
        raise Invalid(
            _("%(owed)s was approved. Enter exactly what the bank paid, or refuse"),
            code="not_as_approved", field="paid_vnd", owed=Money(owed, "VND"),
        )  # fmt: skip


def _settle(row: Disbursement, lines: list[DisbursementLine], paid_vnd: int) -> None:
    """The fee to the platform, the rest to the bank: in đồng directly, else through the position
    of each currency against the đồng that the bank paid."""
    for line in lines:
        hold_key = _key(row, line, "hold")
        if line.fee_minor:
            book.settle(
                _key(row, line, "fee"), "disbursement.fee", hold_key=hold_key,
                to=chart.platform_fees(line.currency), money=line.fee, about=row.public_id,
            )  # fmt: skip
        net = Money(line.amount_minor - line.fee_minor, line.currency)
        to = chart.bank("VND") if line.currency == "VND" else chart.fx_position(line.currency)
        book.settle(
            _key(row, line, "paid"), "disbursement.paid", hold_key=hold_key, to=to, money=net,
            about=row.public_id,
        )  # fmt: skip
    in_dong = sum(x.amount_minor - x.fee_minor for x in lines if x.currency == "VND")
    rest = paid_vnd - in_dong
    if rest > 0:
        book.post(
            f"dsb:{row.public_id}:exchange", "disbursement.exchanged",
            [book.Leg(chart.fx_position("VND"), chart.bank("VND"), Money(rest, "VND"))],
            about=row.public_id,
        )  # fmt: skip


@transaction.atomic
def return_disbursement(disbursement: Disbursement, *, by: User, reason: str) -> Disbursement:
    """The bank sent the money back: it is held again, and the part can be paid anew."""
    project, _tranche, row = _locked(disbursement)
    _check_finance(by, project)
    reason = written(reason, "reason", _("Enter the reason"))
    row.end_reason, row.ended_at = reason, app_now()
    row.save(update_fields=["end_reason", "ended_at"])
    states.move(
        row, DisbursementStatus.RETURNED, by=by, role="finance", workflow=DISBURSEMENT,
        data={"reason": reason},
    )  # fmt: skip
    _hold_again(row, "disbursement.returned")
    return row

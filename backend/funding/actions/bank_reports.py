"""What the bank did with a payment to an owner: read by one person, seen by another too.

Each: lock, permit, check, change, audit, enqueue. Until the second person confirms, the payment is
what it was: told to the bank. Then it is settled in the book at the rate that the slip shows and
the part is released; or it is held again, and the part can be paid anew.
Lock order: project, milestone, tranche, disbursement, report.
"""

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
from backend.funding.actions.disbursements import (
    check_pays,
    hold_again,
    line_key,
    lines_of,
    locked_payment,
)
from backend.funding.actions.words import written
from backend.funding.files import TakenFile
from backend.funding.models import BankReport, Disbursement, DisbursementLine, Tranche
from backend.funding.workflow import BANK_REPORT, DISBURSEMENT, TRANCHE, DisbursementStatus
from backend.ledger import book, chart

MAX_REFERENCE = 40
Kind = BankReport.Kind


def read_reference(text: str) -> str:
    reference = clean_text(text).strip()
    if not (4 <= len(reference) <= MAX_REFERENCE and reference.isprintable()):
        raise Invalid(
            _("Enter the bank's reference, 4 to %(max)s characters"), code="bank_reference",
            field="bank_reference", max=MAX_REFERENCE,
        )  # fmt: skip
    return reference


def _used(field: str = "bank_reference") -> Conflict:
    return Conflict(
        _("This bank reference stands at another payment."), code="reference_used", field=field
    )


def _check_told(row: Disbursement) -> None:
    if row.status != DisbursementStatus.INSTRUCTED:
        raise Conflict(
            _("The bank was not told of this payment, or it is over."), code="wrong_state"
        )
    if row.reports.filter(status="recorded").exists():
        raise Conflict(
            _("What the bank did is recorded already. Another person confirms it."),
            code="recorded_already",
        )


@transaction.atomic
def record_paid(
    disbursement: Disbursement,
    *,
    by: User,
    bank_reference: str,
    paid_vnd: int,
    paid_on: date,
    proof: TakenFile,
) -> BankReport:
    """The bank's slip is here. It counts once another person compared it."""
    project, _tranche, row = locked_payment(disbursement)
    check_pays(by, project)
    _check_told(row)
    reference = read_reference(bank_reference)
    if not 0 < paid_vnd <= 10**15:
        raise Invalid(_("Enter an amount above zero."), code="out_of_range", field="paid_vnd")
    now = app_now()
    if paid_on > now.astimezone(CITY_ZONE).date():
        raise Invalid(_("The day of payment lies ahead"), code="out_of_range", field="paid_on")
    _check_same_in_dong(lines_of(row), paid_vnd)
    if Disbursement.objects.filter(bank_reference=reference).exists():
        raise _used()
    try:
        with transaction.atomic():
            report = BankReport.objects.create(
                disbursement=row, kind=Kind.PAID, bank_reference=reference, paid_vnd=paid_vnd,
                paid_on=paid_on, proof=proof.stored(), proof_sha256=proof.sha256, maker=by,
                made_at=now,
            )  # fmt: skip
    except IntegrityError:
        raise _used() from None
    return _recorded(report, by)


@transaction.atomic
def record_returned(disbursement: Disbursement, *, by: User, reason: str) -> BankReport:
    """The bank sent the money back. It counts once another person saw it on the statement."""
    project, _tranche, row = locked_payment(disbursement)
    check_pays(by, project)
    _check_told(row)
    report = BankReport.objects.create(
        disbursement=row, kind=Kind.RETURNED, maker=by, made_at=app_now(),
        reason=written(reason, "reason", _("Enter the reason")),
    )  # fmt: skip
    return _recorded(report, by)


def _recorded(report: BankReport, by: User) -> BankReport:
    audit.record(
        "bank_report.recorded", by=by, subject=report,
        data={"payment": report.disbursement.public_id, "kind": report.kind},
    )  # fmt: skip
    return report


def _locked_report(report: BankReport, by: User) -> tuple[Tranche, Disbursement, BankReport]:
    project, tranche, payment = locked_payment(report.disbursement)
    row = BankReport.objects.select_for_update().get(pk=report.pk)
    row.disbursement = payment
    check_pays(by, project)
    if row.maker_id == by.pk:
        raise NotAllowed(
            _("You recorded what the bank did. Another person must confirm it"), code="four_eyes"
        )
    return tranche, payment, row


def _end(row: BankReport, by: User, *, refused_reason: str = "") -> None:
    if row.status != "recorded":
        raise Conflict(_("Somebody decided about this already."), code="wrong_state")
    row.checker, row.ended_at, row.refused_reason = by, app_now(), refused_reason
    row.save(update_fields=["checker", "ended_at", "refused_reason"])


@transaction.atomic
def confirm_report(report: BankReport, *, by: User) -> BankReport:
    """The second person saw it too: the payment is over, and the book follows."""
    tranche, payment, row = _locked_report(report, by)
    if row.status == "confirmed" and row.checker_id == by.pk:
        return row
    _end(row, by)
    states.move(row, "confirmed", by=by, role="finance", workflow=BANK_REPORT)
    payment.recorded_by, payment.ended_at = row.maker, row.ended_at
    if row.kind == Kind.RETURNED:
        payment.end_reason = row.reason
        payment.save(update_fields=["recorded_by", "ended_at", "end_reason"])
        states.move(
            payment, DisbursementStatus.RETURNED, by=by, role="finance", workflow=DISBURSEMENT,
            data={"reason": row.reason, "report": row.public_id},
        )  # fmt: skip
        hold_again(payment, "disbursement.returned")
        return row
    _release(tranche, payment, row, by)
    return row


def _release(tranche: Tranche, payment: Disbursement, row: BankReport, by: User) -> None:
    assert row.paid_vnd is not None
    payment.bank_reference, payment.paid_vnd = row.bank_reference, row.paid_vnd
    payment.paid_on, payment.proof, payment.proof_sha256 = row.paid_on, row.proof, row.proof_sha256
    try:
        with transaction.atomic():
            payment.save()
    except IntegrityError:
        raise _used("") from None
    states.move(
        payment, DisbursementStatus.CONFIRMED, by=by, role="finance", workflow=DISBURSEMENT,
        data={"reference": row.bank_reference, "paid_vnd": row.paid_vnd, "part": tranche.public_id},
    )  # fmt: skip
    _settle(payment, lines_of(payment), row.paid_vnd)
    states.move(
        tranche, "released", by=by, role="finance", workflow=TRANCHE,
        data={"project": tranche.round.project.public_id, "paid_vnd": row.paid_vnd},
    )  # fmt: skip
    tranche.ended_at = row.ended_at
    tranche.save(update_fields=["ended_at"])


@transaction.atomic
def refuse_report(report: BankReport, *, by: User, reason: str) -> BankReport:
    """The second person does not find it at the bank: the payment waits for what the bank does."""
    _tranche, _payment, row = _locked_report(report, by)
    _end(row, by, refused_reason=written(reason, "reason", _("Enter the reason")))
    states.move(
        row, "refused", by=by, role="finance", workflow=BANK_REPORT,
        data={"reason": row.refused_reason},
    )  # fmt: skip
    return row


def _check_same_in_dong(lines: list[DisbursementLine], paid_vnd: int) -> None:
    """What was held in đồng leaves as exactly that, less the fee; other currencies add to it."""
    owed = sum(x.amount_minor - x.fee_minor for x in lines if x.currency == "VND")
    if {line.currency for line in lines} != {"VND"}:
        if paid_vnd <= owed:
            raise Invalid(
                _("What was held in đồng alone is %(owed)s. The bank pays more than that"),
                code="not_as_approved", field="paid_vnd", owed=Money(owed, "VND"),
            )  # fmt: skip
    elif owed != paid_vnd:
        raise Invalid(
            _("%(owed)s was approved. Enter exactly what the bank paid, or refuse"),
            code="not_as_approved", field="paid_vnd", owed=Money(owed, "VND"),
        )  # fmt: skip


def _settle(row: Disbursement, lines: list[DisbursementLine], paid_vnd: int) -> None:
    """The fee to the platform, the rest to the bank: in đồng directly, else through the position
    of each currency against the đồng that the bank paid."""
    for line in lines:
        hold_key = line_key(row, line, "hold")
        if line.fee_minor:
            book.settle(
                line_key(row, line, "fee"), "disbursement.fee", hold_key=hold_key,
                to=chart.platform_fees(line.currency), money=line.fee, about=row.public_id,
            )  # fmt: skip
        net = Money(line.amount_minor - line.fee_minor, line.currency)
        to = chart.bank("VND") if line.currency == "VND" else chart.fx_position(line.currency)
        book.settle(
            line_key(row, line, "paid"), "disbursement.paid", hold_key=hold_key, to=to, money=net,
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

"""The bank's side: where an owner is paid, and what came in by the bank route. Two people each.

Each: lock, permit, check, change, audit, enqueue.
"""

import json
from dataclasses import dataclass
from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import Organisation, User
from backend.accounts.sealed import seal, unseal
from backend.core import audit, states
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, NotAllowed
from backend.core.formats import CITY_ZONE
from backend.core.money import Money
from backend.core.text import clean_text
from backend.funding import permissions
from backend.funding.actions.bank_reports import read_reference
from backend.funding.actions.rounds import locked_round
from backend.funding.actions.words import MAX_LINE, written
from backend.funding.files import TakenFile
from backend.funding.models import BankReceipt, OwnerAccount, Payback, Pledge, Round, Route
from backend.funding.workflow import BANK_RECEIPT, PLEDGE, PledgeStatus
from backend.ledger import book, chart
from backend.projects.permissions import check_is_officer, check_is_owner, is_member_of


@dataclass(frozen=True)
class AccountDetails:
    """What a payment order needs. Sealed at rest."""

    holder: str
    bank_name: str
    number: str


def plain_line(text: str, field: str, most: int) -> str:
    """One line of text, cleaned; Invalid when it is empty or longer than `most`."""
    text = " ".join(clean_text(text).split())
    if not 1 <= len(text) <= most:
        raise Invalid(
            _("Enter 1 to %(max)s characters"), code="out_of_range", field=field, max=most
        )
    return text


def clean_details(details: AccountDetails) -> tuple[str, str, str]:
    """Holder, bank and number as they are kept. Raises Invalid with the field."""
    holder = plain_line(details.holder, "holder", 120)
    bank_name = plain_line(details.bank_name, "bank_name", 120)
    number = "".join(clean_text(details.number).split())
    if not (6 <= len(number) <= 34 and number.isascii() and number.isalnum()):
        raise Invalid(
            _("Enter the account number, 6 to 34 digits or letters"), code="account",
            field="number",
        )  # fmt: skip
    return holder, bank_name, number


@transaction.atomic
def tell_account(organisation: Organisation, details: AccountDetails, *, by: User) -> OwnerAccount:
    """A member says where the organisation is paid; it counts once somebody else confirmed it."""
    organisation = Organisation.objects.select_for_update().get(pk=organisation.pk)
    if not is_member_of(by, organisation):
        raise NotAllowed(_("Only members of the organisation can do this."))
    holder, bank_name, number = clean_details(details)
    OwnerAccount.objects.filter(
        organisation=organisation, confirmed_at__isnull=True, ended_at__isnull=True
    ).update(ended_at=app_now())
    row = OwnerAccount.objects.create(
        organisation=organisation,
        sealed=seal(json.dumps([holder, bank_name, number], ensure_ascii=False)),
        last4=number[-4:], bank_name=bank_name, told_by=by, told_at=app_now(),
    )  # fmt: skip
    audit.record("account.told", by=by, subject=row, data={"organisation": organisation.public_id})
    return row


@transaction.atomic
def confirm_account(account: OwnerAccount, *, by: User) -> OwnerAccount:
    """A finance officer who checked the details by another way (a call back) confirms them."""
    Organisation.objects.select_for_update().get(pk=account.organisation_id)
    row = OwnerAccount.objects.select_for_update().get(pk=account.pk)
    permissions.check_is_finance(by)
    if row.told_by_id == by.pk or is_member_of(by, row.organisation):
        raise NotAllowed(_("Whoever told these details cannot confirm them."), code="four_eyes")
    if row.ended_at is not None:
        raise Conflict(_("Newer details were told meanwhile."), code="wrong_state")
    if row.confirmed_at is not None:
        return row
    now = app_now()
    OwnerAccount.objects.filter(
        organisation=row.organisation, confirmed_at__isnull=False, ended_at__isnull=True
    ).update(ended_at=now)
    row.confirmed_by, row.confirmed_at = by, now
    row.save(update_fields=["confirmed_by", "confirmed_at"])
    audit.record("account.confirmed", by=by, subject=row)
    return row


@transaction.atomic
def read_account(account: OwnerAccount, *, by: User) -> AccountDetails:
    """The details in the clear, for the payment order. Who read them is written down."""
    permissions.check_is_finance(by)
    holder, bank_name, number = json.loads(unseal(account.sealed))
    audit.record("account.read", by=by, subject=account)
    return AccountDetails(holder, bank_name, number)


# --- the bank route ----------------------------------------------------------------------------


@transaction.atomic
def record_receipt(
    pledge: Pledge, *, by: User, money: Money, bank_reference: str, received_on: date
) -> BankReceipt:
    """What the bank's statement shows for a pledge that is due. Counts once another confirmed."""
    locked_round(pledge.round)
    pledge = Pledge.objects.select_for_update().select_related("round__project").get(pk=pledge.pk)
    permissions.check_is_finance(by)
    if pledge.route != Route.BANK or pledge.status != PledgeStatus.DUE:
        raise Conflict(_("No bank transfer is awaited for this."), code="wrong_state")
    if money != pledge.amount:
        raise Invalid(
            _("%(owed)s is awaited. Another sum is sent back by the bank"),
            code="another_sum", field="amount", owed=pledge.amount,
        )  # fmt: skip
    now = app_now()
    if received_on > now.astimezone(CITY_ZONE).date():
        raise Invalid(_("The day of payment lies ahead"), code="out_of_range", field="received_on")
    if pledge.bank_receipts.filter(status__in=["recorded", "confirmed"]).exists():
        raise Conflict(_("A receipt for this is recorded already."), code="recorded_already")
    try:
        with transaction.atomic():
            row = BankReceipt.objects.create(
                pledge=pledge, amount_minor=money.minor, currency=money.currency,
                bank_reference=read_reference(bank_reference), received_on=received_on, maker=by,
                made_at=now,
            )  # fmt: skip
    except IntegrityError:
        raise Conflict(
            _("This bank reference stands at another payment."), code="reference_used",
            field="bank_reference",
        ) from None  # fmt: skip
    audit.record("bank_receipt.recorded", by=by, subject=row, data={"pledge": pledge.public_id})
    return row


@transaction.atomic
def confirm_receipt(receipt: BankReceipt, *, by: User) -> BankReceipt:
    """The second person saw it on the statement too: the money is held for the round."""
    locked_round(receipt.pledge.round)
    pledge = Pledge.objects.select_for_update().select_related("round").get(pk=receipt.pledge_id)
    row = BankReceipt.objects.select_for_update().get(pk=receipt.pk)
    permissions.check_is_finance(by)
    if row.maker_id == by.pk:
        raise NotAllowed(
            _("You recorded this receipt. Another person must confirm it"), code="four_eyes"
        )
    if row.status == "confirmed" and row.checker_id == by.pk:
        return row
    row.checker, row.ended_at = by, app_now()
    row.save(update_fields=["checker", "ended_at"])
    states.move(row, "confirmed", by=by, role="finance", workflow=BANK_RECEIPT)
    states.move(
        pledge, PledgeStatus.COLLECTED, by=by, role="finance", workflow=PLEDGE,
        data={"receipt": row.public_id},
    )  # fmt: skip
    book.post(
        f"rcp:{row.public_id}", "bank_receipt.confirmed",
        [
            book.Leg(
                chart.bank(row.currency),
                chart.held(pledge.round.public_id, row.currency),
                row.amount,
            )
        ],
        about=row.public_id,
    )  # fmt: skip
    return row


@transaction.atomic
def refuse_receipt(receipt: BankReceipt, *, by: User, reason: str) -> BankReceipt:
    """The second person does not find it on the statement."""
    row = BankReceipt.objects.select_for_update().get(pk=receipt.pk)
    permissions.check_is_finance(by)
    if row.maker_id == by.pk:
        raise NotAllowed(
            _("You recorded this receipt. Another person must confirm it"), code="four_eyes"
        )
    reason = plain_line(reason, "reason", 300)
    row.checker, row.ended_at = by, app_now()
    row.save(update_fields=["checker", "ended_at"])
    states.move(
        row, "refused", by=by, role="finance", workflow=BANK_RECEIPT, data={"reason": reason}
    )
    return row


# --- what owners report to have paid back -------------------------------------------------------


@transaction.atomic
def report_payback(
    round_: Round, *, by: User, money: Money, paid_on: date, note: str, proof: TakenFile | None
) -> Payback:
    """The owner's word of what it paid back; claimed until an officer has verified it."""
    row = locked_round(round_)
    check_is_owner(by, row.project)
    if row.route != Route.BANK or row.status != "funded":
        raise Conflict(
            _("Paybacks are reported for funded rounds of forms that can be paid back."),
            code="wrong_state",
        )
    if not 0 < money.minor <= 10**15:
        raise Invalid(_("Enter an amount above zero."), code="out_of_range", field="amount")
    if paid_on > app_now().astimezone(CITY_ZONE).date():
        raise Invalid(_("The day of payment lies ahead"), code="out_of_range", field="paid_on")
    payback = Payback(
        round=row, amount_minor=money.minor, currency=money.currency, paid_on=paid_on,
        note=written(note, "note", None, MAX_LINE), reported_by=by, reported_at=app_now(),
    )  # fmt: skip
    if proof is not None:
        payback.proof, payback.proof_sha256 = proof.stored(), proof.sha256
    payback.save()
    audit.record("payback.reported", by=by, subject=payback, data={"round": row.public_id})
    return payback


@transaction.atomic
def verify_payback(payback: Payback, *, by: User) -> Payback:
    """An officer has checked the proof."""
    row = (
        Payback.objects.select_for_update(of=("self",))
        .select_related("round__project")
        .get(pk=payback.pk)
    )
    check_is_officer(by, row.round.project, "case_officer")
    if row.verified_at is not None:
        return row
    if not row.proof_sha256:
        raise Conflict(_("There is no proof to verify."), code="no_proof")
    row.verified_by, row.verified_at = by, app_now()
    row.save(update_fields=["verified_by", "verified_at"])
    audit.record("payback.verified", by=by, subject=row)
    return row

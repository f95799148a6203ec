"""Giving back by bank: owed, told where to, transferred by one person, confirmed by another.

Each: lock, permit, check, change, audit, enqueue. What is owed stands in `refunds_pending` of the
book until the transfer was confirmed.
"""

import json
from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.accounts.sealed import seal, unseal
from backend.core import audit, states
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, NotAllowed
from backend.core.formats import CITY_ZONE
from backend.core.money import Money
from backend.funding import permissions
from backend.funding.actions.bank_reports import read_reference
from backend.funding.actions.banking import AccountDetails, clean_details, plain_line
from backend.funding.actions.given_back import settle_pledge
from backend.funding.models import BankReturn, Pledge, Round
from backend.funding.workflow import BANK_RETURN
from backend.ledger import book, chart


def owe(pledge: Pledge, money: Money, *, key: str, reason: str) -> BankReturn:
    """Note that this sum is owed to the person, once per `key`. Inside the caller's transaction,
    which has booked it into `refunds_pending`."""
    row, is_new = BankReturn.objects.get_or_create(
        key=key,
        defaults={
            "pledge": pledge, "reason": reason[:40], "amount_minor": money.minor,
            "currency": money.currency, "owed_at": app_now(),
        },
    )  # fmt: skip
    if is_new:
        audit.record(
            "bank_return.owed", by=None, subject=row,
            data={"pledge": pledge.public_id, "reason": reason},
        )  # fmt: skip
    return row


def _locked(row: BankReturn) -> tuple[Pledge, BankReturn]:
    # A pledge that went back whole gives its place back, which locks the round: so it is first.
    Round.objects.select_for_update().get(pk=row.pledge.round_id)
    pledge = Pledge.objects.select_for_update().get(pk=row.pledge_id)
    return pledge, BankReturn.objects.select_for_update().get(pk=row.pk)


@transaction.atomic
def tell_destination(bank_return: BankReturn, details: AccountDetails, *, by: User) -> BankReturn:
    """The person says where the money goes; sealed, and fixed once a transfer was recorded."""
    pledge, row = _locked(bank_return)
    permissions.check_is_pledger(by, pledge)
    if row.status != "owed":
        raise Conflict(_("The transfer was recorded already."), code="wrong_state")
    holder, bank_name, number = clean_details(details)
    row.sealed = seal(json.dumps([holder, bank_name, number], ensure_ascii=False))
    row.last4, row.bank_name, row.told_at = number[-4:], bank_name, app_now()
    row.save(update_fields=["sealed", "last4", "bank_name", "told_at"])
    audit.record("bank_return.told", by=by, subject=row)
    return row


@transaction.atomic
def read_destination(bank_return: BankReturn, *, by: User) -> AccountDetails | None:
    """The account in the clear, for the transfer. Who read it is written down."""
    permissions.check_is_finance(by)
    if not bank_return.sealed:
        return None
    audit.record("bank_return.read", by=by, subject=bank_return)
    return AccountDetails(*json.loads(unseal(bank_return.sealed)))


@transaction.atomic
def record_return(
    bank_return: BankReturn, *, by: User, bank_reference: str, paid_on: date
) -> BankReturn:
    """The transfer was made. Counts once another person has seen it on the statement."""
    _pledge, row = _locked(bank_return)
    permissions.check_is_finance(by)
    if not row.sealed:
        raise Conflict(_("The person has not said yet where the money goes."), code="no_account")
    now = app_now()
    if paid_on > now.astimezone(CITY_ZONE).date():
        raise Invalid(_("The day of payment lies ahead"), code="out_of_range", field="paid_on")
    row.maker, row.made_at, row.paid_on = by, now, paid_on
    row.bank_reference = read_reference(bank_reference)
    try:
        with transaction.atomic():
            row.save(update_fields=["maker", "made_at", "paid_on", "bank_reference"])
    except IntegrityError:
        raise Conflict(
            _("This bank reference stands at another payment."), code="reference_used",
            field="bank_reference",
        ) from None  # fmt: skip
    states.move(row, "recorded", by=by, role="finance", workflow=BANK_RETURN)
    return row


def _check_another(row: BankReturn, by: User) -> None:
    if row.maker_id == by.pk:
        raise NotAllowed(
            _("You recorded this transfer. Another person must confirm it"), code="four_eyes"
        )


@transaction.atomic
def confirm_return(bank_return: BankReturn, *, by: User) -> BankReturn:
    """The second person saw it leave the account: it is booked, and the pledge follows."""
    pledge, row = _locked(bank_return)
    permissions.check_is_finance(by)
    _check_another(row, by)
    if row.status == "paid" and row.checker_id == by.pk:
        return row
    row.checker, row.ended_at = by, app_now()
    row.save(update_fields=["checker", "ended_at"])
    states.move(
        row, "paid", by=by, role="finance", workflow=BANK_RETURN,
        data={"pledge": pledge.public_id, "amount_minor": row.amount_minor},
    )  # fmt: skip
    book.post(
        f"rtn:{row.public_id}", "bank_return.paid",
        [book.Leg(chart.refunds_pending(row.currency), chart.bank(row.currency), row.amount)],
        about=row.public_id,
    )  # fmt: skip
    settle_pledge(pledge)
    return row


@transaction.atomic
def refuse_return(bank_return: BankReturn, *, by: User, reason: str) -> BankReturn:
    """The second person does not find it: it is owed again, with what was recorded set aside."""
    _pledge, row = _locked(bank_return)
    permissions.check_is_finance(by)
    _check_another(row, by)
    reason = plain_line(reason, "reason", 300)
    states.move(
        row, "owed", by=by, role="finance", workflow=BANK_RETURN,
        data={"reason": reason, "reference": row.bank_reference},
    )  # fmt: skip
    row.maker = row.made_at = row.bank_reference = row.paid_on = None
    row.save(update_fields=["maker", "made_at", "bank_reference", "paid_on"])
    return row

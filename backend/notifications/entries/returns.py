"""Money that goes back by bank, statuses of investors, and what does not add up."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from backend.accounts.models import User
from backend.core.formats import format_date, format_money
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.funding.break_words import break_words
from backend.funding.models import (
    BankReport,
    BankReturn,
    PaymentControl,
    ProfessionalClaim,
    ReconciliationBreak,
)
from backend.notifications.catalogue import Entry, Group, Happened, Notice
from backend.notifications.readers import people_with_role


def _finance(happened: Happened) -> Iterable[User]:
    return people_with_role("finance")


def _of_return(happened: Happened) -> Iterable[User]:
    row: BankReturn = happened.subject
    return [row.pledge.investor]


def _return_values(row: BankReturn) -> dict[str, str]:
    return {"amount": format_money(row.amount, language_of_page()), "ref": row.pledge.reference}


def _owed(happened: Happened, reader: User) -> Notice | None:
    row: BankReturn = happened.subject
    if row.status != "owed":
        return None
    return Notice(
        _("%(amount)s goes back to you by bank transfer (%(ref)s)") % _return_values(row),
        (
            _("The money is yours and is held until it reaches you. Say where it goes: we ask for "
              "the account only on this site, after you sign in."),
        ),
        _("Name your account"),
        f"me/returns/{row.public_id}/",
    )  # fmt: skip


def _transferred(happened: Happened, reader: User) -> Notice | None:
    """A pledge by bank tells of it itself, with the last transfer."""
    row: BankReturn = happened.subject
    if row.pledge.route == "bank":
        return None
    return Notice(
        _("%(amount)s was returned to you (%(ref)s)") % _return_values(row),
        (_("By bank transfer, reference %(ref)s.") % {"ref": row.bank_reference},),
        _("See the pledge"),
        f"me/pledges/{row.pledge.public_id}/",
    )


def _to_transfer(happened: Happened, reader: User) -> Notice | None:
    row: BankReturn = happened.subject
    if row.status != "owed":
        return None
    return Notice(
        _("To give back by bank: %(amount)s (%(ref)s)") % _return_values(row),
        button=_("Payments desk"), path=f"money/returns/{row.public_id}/",
    )  # fmt: skip


def _claimed(happened: Happened, reader: User) -> Notice | None:
    row: ProfessionalClaim = happened.subject
    if row.outcome or row.found_by_id == reader.pk:
        return None
    return Notice(
        _("A claim of a professional investor waits for you"), button=_("Look at it"),
        path=f"money/claims/{row.public_id}/",
    )  # fmt: skip


def _claimant(happened: Happened) -> Iterable[User]:
    row: ProfessionalClaim = happened.subject
    return [row.user]


def _judged(happened: Happened, reader: User) -> Notice:
    row: ProfessionalClaim = happened.subject
    path = "me/professional/"
    if row.valid_until is None:
        subject = _("Your status as a professional investor was not confirmed")
        return Notice(subject, (row.reason,), _("Look at it"), path)
    return Notice(
        _("Your status as a professional investor counts until %(day)s")
        % {"day": format_date(row.valid_until, language_of_page())},
        button=_("Look at it"), path=path,
    )  # fmt: skip


def _broken(happened: Happened, reader: User) -> Notice | None:
    """Something between the book and Stripe that nobody can explain yet."""
    row: ReconciliationBreak = happened.subject
    if row.state != ReconciliationBreak.State.OPEN:
        return None
    money = Money(row.amount_minor, row.currency) if row.currency else None
    return Notice(
        _("Does not add up: %(kind)s, %(subject)s") % {
            "kind": break_words(row.kind), "subject": row.subject,
        },
        (
            *([format_money(money, language_of_page())] if money else []),
            _("Older than a day, it stops new payments to owners. Refunds go on."),
        ),
        _("Look at it"),
        "money/breaks/",
    )  # fmt: skip


def _read_at_bank(happened: Happened, reader: User) -> Notice | None:
    row: BankReport = happened.subject
    if row.status != "recorded" or row.maker_id == reader.pk:
        return None
    return Notice(
        _("What the bank did with a payment waits for a second person"),
        button=_("Look at the payment"), path=f"money/payments/{row.disbursement.public_id}/",
    )  # fmt: skip


def _to_resume(happened: Happened, reader: User) -> Notice | None:
    row: PaymentControl = happened.subject
    if row.resume_asked_by_id in {None, reader.pk}:
        return None
    return Notice(
        _("A colleague asks that charges go on"), (str(happened.data["reason"]),),
        _("The switch"), "money/switch/",
    )  # fmt: skip


def _explained(happened: Happened, reader: User) -> Notice | None:
    row: ReconciliationBreak = happened.subject
    if row.state != ReconciliationBreak.State.OPEN or row.explained_by_id in {None, reader.pk}:
        return None
    return Notice(
        _("An explanation waits for a second person: %(subject)s") % {"subject": row.subject},
        (row.note,), _("Look at it"), "money/breaks/",
    )  # fmt: skip


ENTRIES: dict[str, Entry] = {
    "bank_report.recorded": Entry(Group.OFFICE, _finance, _read_at_bank),
    "charging.resume_asked": Entry(Group.OFFICE, _finance, _to_resume),
    "break.explained": Entry(Group.OFFICE, _finance, _explained),
    "professional.found": Entry(Group.OFFICE, _finance, _claimed),
    "bank_return.owed": Entry(Group.MONEY, _of_return, _owed, tells_actor=True),
    "bank_return.paid": Entry(Group.MONEY, _of_return, _transferred, tells_actor=True),
    "bank_return.told": Entry(Group.OFFICE, _finance, _to_transfer),
    "professional.claimed": Entry(Group.OFFICE, _finance, _claimed),
    "professional.confirmed": Entry(Group.MONEY, _claimant, _judged, tells_actor=True),
    "professional.refused": Entry(Group.MONEY, _claimant, _judged, tells_actor=True),
    "break.opened": Entry(Group.OFFICE, _finance, _broken),
}

"""Pledges and the money of a project: one mail for each step that somebody must know of."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from django.utils.translation import gettext as _

from backend.accounts.models import User
from backend.core.formats import format_datetime, format_moment_in, format_money
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.funding.actions import payment_links
from backend.funding.actions.pledges import withdrawal_ends_at
from backend.funding.models import ChargeObligation, Disbursement, Pledge, Tranche
from backend.notifications.catalogue import Entry, Group, Happened, Notice
from backend.notifications.readers import members_of_owner, people_with_role
from backend.projects.models import Project


def _title(project: Project) -> str:
    language = language_of_page()
    other = "en" if language == "vi" else "vi"
    return str(getattr(project, f"title_{language}") or getattr(project, f"title_{other}"))


def _investor(happened: Happened) -> Iterable[User]:
    pledge: Pledge = happened.subject
    return [pledge.investor] if pledge.confirmed_at else []


def _values(pledge: Pledge) -> dict[str, str]:
    language = language_of_page()
    round_ = pledge.round
    ends_at = withdrawal_ends_at(pledge)
    zone = pledge.investor.time_zone
    grace = round_.grace_until
    return {
        "amount": format_money(pledge.amount, language),
        "title": _title(round_.project),
        "ref": pledge.reference,
        "until": format_moment_in(ends_at, zone, language) if ends_at else "",
        "until_vn": format_datetime(ends_at, language) if ends_at else "",
        "grace": format_moment_in(grace, zone, language) if grace else "",
    }


def _of_pledge(
    subject: Callable[[], str], *lines: Callable[[], str], risk: bool = False
) -> Callable[[Happened, User], Notice]:
    def words(happened: Happened, reader: User) -> Notice:
        values = _values(happened.subject)
        return Notice(
            subject() % values,
            tuple(line() % values for line in lines),
            button=_("See the pledge"),
            path=f"me/pledges/{happened.subject.public_id}/",
            after=(_("You could lose all of this money."),) if risk else (),
        )

    return words


def _waits(happened: Happened, reader: User) -> Notice:
    """A payment needs its person: to the bank's page by a link that works once, or for a card."""
    pledge: Pledge = happened.subject
    notice = _of_pledge(
        lambda: _("Your payment of %(amount)s needs you (%(ref)s)"),
        lambda: _("Nothing was charged. Confirm with your bank or use another card before "
                  "%(grace)s; else the pledge ends and costs you nothing."),
    )(happened, reader)  # fmt: skip
    row = ChargeObligation.objects.filter(pledge=pledge, status="needs_action").first()
    if row is None:
        return notice
    return replace(
        notice,
        button=_("Complete the payment at your bank"),
        path=f"me/pay/{payment_links.token_of(row)}/",
    )


def _reminded(happened: Happened) -> Iterable[User]:
    """The first reminder falls together with the mail that said it; later ones are told."""
    return _investor(happened) if happened.data.get("number", 0) > 1 else []


def _mine(words: Callable[[Happened, User], Notice]) -> Entry:
    return Entry(Group.MONEY, _investor, words, tells_actor=True)


def _made(happened: Happened, reader: User) -> Notice:
    pledge: Pledge = happened.subject
    if pledge.route == "bank":
        return _of_pledge(
            lambda: _("Your interest of %(amount)s in %(title)s is noted (%(ref)s)"),
            lambda: _("No money is asked for now. If the round reaches its target, you get the "
                      "instructions for the transfer."),
            lambda: _("You can withdraw before %(until)s, which is %(until_vn)s."),
            risk=True,
        )(happened, reader)  # fmt: skip
    return _of_pledge(
        lambda: _("You pledged %(amount)s to %(title)s (%(ref)s)"),
        lambda: _("Nothing was charged. Your card is charged once, and only if the round reaches "
                  "its target."),
        lambda: _("You can withdraw before %(until)s, which is %(until_vn)s."),
        risk=True,
    )(happened, reader)  # fmt: skip


def _withdrawn(happened: Happened, reader: User) -> Notice:
    if happened.subject.route == "bank":
        return _of_pledge(
            lambda: _("Your interest of %(amount)s is taken back (%(ref)s)"),
            lambda: _("No money was asked for."),
        )(happened, reader)
    return _of_pledge(
        lambda: _("Your pledge of %(amount)s is withdrawn (%(ref)s)"),
        lambda: _("Nothing was charged, and your card is no longer tied to it."),
    )(happened, reader)


def _due(happened: Happened, reader: User) -> Notice:
    subject = lambda: _("%(title)s reached its target: %(amount)s is due (%(ref)s)")  # noqa: E731
    if happened.subject.route == "bank":
        return _of_pledge(
            subject,
            lambda: _("Transfer exactly %(amount)s before %(grace)s. The page says to whom and "
                      "with which words. If you do not, your interest ends and you owe nothing."),
            risk=True,
        )(happened, reader)  # fmt: skip
    return _of_pledge(
        subject, lambda: _("Payment follows after %(until)s, which is %(until_vn)s."), risk=True
    )(happened, reader)


def _ended(happened: Happened, reader: User) -> Notice:
    is_dropped = happened.subject.status == "dropped"
    if happened.subject.route == "bank":
        return _of_pledge(
            lambda: _("Your interest of %(amount)s in %(title)s ended (%(ref)s)"),
            lambda: (
                _("The transfer did not arrive in time. You owe nothing.")
                if is_dropped
                else _("No money was asked for. You do not need to do anything.")
            ),
        )(happened, reader)
    return _of_pledge(
        lambda: (
            _("Your pledge of %(amount)s ended without a payment (%(ref)s)")
            if is_dropped
            else _("Your pledge of %(amount)s to %(title)s ended (%(ref)s)")
        ),
        lambda: _("Nothing was charged. You do not need to do anything."),
    )(happened, reader)


def _returned(happened: Happened, reader: User) -> Notice:
    subject = lambda: _("%(amount)s was returned to you (%(ref)s)")  # noqa: E731
    if happened.subject.route == "bank":
        return _of_pledge(
            subject, lambda: _("By bank transfer, to the account that you named.")
        )(happened, reader)  # fmt: skip
    return _of_pledge(
        subject,
        lambda: _("We returned exactly what was taken. If your card account is kept in another "
                  "currency, your bank uses its own rate of the day."),
    )(happened, reader)  # fmt: skip


def _collected(happened: Happened, reader: User) -> Notice:
    notice = _of_pledge(
        lambda: _("Receipt: %(amount)s for %(title)s (%(ref)s)"),
        lambda: _("The money is held. It is released one milestone at a time, on evidence."),
    )(happened, reader)
    path = f"me/pledges/{happened.subject.public_id}/receipt/"
    return replace(notice, button=_("See the receipt"), path=path)


# --- milestones ----------------------------------------------------------------------------------


def _supporters(happened: Happened) -> Iterable[User]:
    part: Tranche = happened.subject
    return User.objects.filter(pledges__shares__tranche=part).distinct()


def _owners(happened: Happened) -> Iterable[User]:
    part: Tranche = happened.subject
    return members_of_owner(part.round.project)


def _case_officers(happened: Happened) -> Iterable[User]:
    return people_with_role("case_officer")


def _finance(happened: Happened) -> Iterable[User]:
    return people_with_role("finance")


def _of_part(
    subject: Callable[[], str], *lines: Callable[[], str], button: Callable[[], str], where: str
) -> Callable[[Happened, User], Notice]:
    def words(happened: Happened, reader: User) -> Notice:
        part: Tranche = happened.subject
        language = language_of_page()
        values = {
            "n": str(part.number),
            "title": _title(part.round.project),
            "amount": format_money(Money(part.weight_minor, part.round.currency), language),
        }
        path = where.format(part=part.public_id, slug=part.round.project.slug)
        return Notice(subject() % values, tuple(line() % values for line in lines), button(), path)

    return words


def _payment(happened: Happened, reader: User) -> Notice | None:
    row: Disbursement = happened.subject
    if row.maker_id == reader.pk:
        return None
    return Notice(
        _("A payment waits for your approval"),
        button=_("Look at the payment"),
        path=f"money/payments/{row.public_id}/",
    )


ENTRIES: dict[str, Entry] = {
    "pledge.made": _mine(_made),
    "pledge.withdrawn": _mine(_withdrawn),
    "pledge.due": _mine(_due),
    "pledge.collected": _mine(_collected),
    "pledge.card_expires": _mine(
        _of_pledge(
            lambda: _("Your card ends before your pledge of %(amount)s is charged (%(ref)s)"),
            lambda: _("Save another card before %(until)s. Nothing is charged when you save it."),
        )
    ),
    "pledge.action_required": _mine(_waits),
    "pledge.payment_waits": Entry(Group.MONEY, _reminded, _waits, tells_actor=True),
    "pledge.dropped": _mine(_ended),
    "pledge.lapsed": _mine(_ended),
    "pledge.refunded": _mine(_returned),
    "pledge.part_refunded": _mine(
        _of_pledge(lambda: _("A part of %(amount)s was returned to you (%(ref)s)"))
    ),
    "tranche.released": Entry(
        Group.MONEY, _supporters,
        _of_part(
            lambda: _("Milestone %(n)s of %(title)s was paid out"),
            lambda: _("The city verified the evidence; one person prepared the payment, another "
                      "approved it."),
            button=lambda: _("See the project"), where="projects/{slug}/",
        ),
    ),
    "tranche.returned": Entry(
        Group.MONEY, _supporters,
        _of_part(
            lambda: _("Milestone %(n)s of %(title)s was not met"),
            lambda: _("What was held for it returns to you. Money already paid out for earlier "
                      "milestones does not come back by itself."),
            button=lambda: _("See the project"), where="projects/{slug}/",
        ),
    ),
    "milestone.late": Entry(
        Group.MONEY, _supporters,
        _of_part(
            lambda: _("Milestone %(n)s of %(title)s is late"),
            lambda: _("Its %(amount)s stays held."),
            button=lambda: _("See the project"), where="projects/{slug}/",
        ),
    ),
    "milestone.due": Entry(
        Group.PROPOSALS, _owners,
        _of_part(
            lambda: _("Evidence for milestone %(n)s of %(title)s is due soon"),
            button=lambda: _("Send evidence"), where="me/milestones/{part}/",
        ),
    ),
    "milestone.evidence_returned": Entry(
        Group.PROPOSALS, _owners,
        _of_part(
            lambda: _("More evidence is asked for: milestone %(n)s of %(title)s"),
            button=lambda: _("Send evidence"), where="me/milestones/{part}/",
        ),
    ),
    "milestone.evidence_sent": Entry(
        Group.OFFICE, _case_officers,
        _of_part(
            lambda: _("New evidence: milestone %(n)s of %(title)s"),
            button=lambda: _("Look at the evidence"), where="milestones/{part}/",
        ),
    ),
    "milestone.verified": Entry(
        Group.OFFICE, _finance,
        _of_part(
            lambda: _("Ready to be paid: milestone %(n)s of %(title)s"),
            button=lambda: _("Payments desk"), where="money/",
        ),
    ),
    "disbursement.proposed": Entry(Group.OFFICE, _finance, _payment),
}  # fmt: skip

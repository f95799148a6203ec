"""One payment as its receipt: the same lines on the page and on paper, in the reader's language.

A receipt exists once money came in. What went back later stands on it with its own day, so that one
document tells the whole of one payment.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from backend.core.formats import format_date, format_datetime, format_moment_in, format_money
from backend.core.models import AuditEvent
from backend.core.money import Money
from backend.core.number_words import money_in_words
from backend.core.pdf import Block, pdf_from
from backend.funding.actions.cards import card_of
from backend.funding.models import BankReceipt, BankReturn, Pledge, Refund, Route
from backend.funding.workflow import PLEDGE_PAID, PledgeStatus
from backend.home.pledge_texts import rate_source_of
from backend.home.texts import funds_holder
from backend.home.words import Said, said
from backend.projects import taxonomy

HAS_RECEIPT = PLEDGE_PAID | {PledgeStatus.REFUNDED}


@dataclass(frozen=True)
class Fact:
    """One line: what it is, and its text (with its own language where that is not the page's)."""

    label: str
    value: Said


@dataclass(frozen=True)
class Returned:
    money: Money
    at: datetime
    reference: str


@dataclass(frozen=True)
class Receipt:
    number: str
    money: Money
    words: str
    paid_at: datetime
    facts: tuple[Fact, ...]
    returned: tuple[Returned, ...]


def has_receipt(pledge: Pledge) -> bool:
    return pledge.status in HAS_RECEIPT


def receipt_of(pledge: Pledge, language: str) -> Receipt:
    """The receipt of a pledge whose money came in (`has_receipt`)."""
    event = AuditEvent.objects.filter(subject_id=pledge.public_id, code="pledge.collected")
    paid_at = event.order_by("at", "id").values_list("at", flat=True)[0]
    with override(language):
        facts = _facts(pledge, paid_at, language)
    return Receipt(
        number=f"BN-{pledge.reference[3:]}",
        money=pledge.amount,
        words=money_in_words(pledge.amount, language),
        paid_at=paid_at,
        facts=facts,
        returned=tuple(_returned(pledge)),
    )


def _facts(pledge: Pledge, paid_at: datetime, language: str) -> tuple[Fact, ...]:
    project = pledge.round.project
    person = pledge.investor.full_name or pledge.investor.email or ""
    owner = said(project.owner, "name", language) if project.owner else Said("", language)
    lines: list[tuple[str, Said | str]] = [
        (_("Payer"), Said(person, "vi")),
        (_("Paid on"), format_moment_in(paid_at, pledge.investor.time_zone, language)),
        (_("Paid with"), _way(pledge, language)),
        (_("For the project"), said(project, "title", language)),
        (_("Owner of the project"), owner),
        (_("Form"), taxonomy.label("instrument", pledge.round.instrument, language)),
        (_("Fee you paid"), format_money(Money(0, pledge.currency), language)),
        (_("Held by"), funds_holder(language)),
        (_("Pledge"), pledge.reference),
    ]
    if pledge.rate is not None and pledge.rate_as_of is not None:
        counted = _("%(sum)s, at the rate of %(day)s, source: %(source)s") % {
            "sum": format_money(Money(pledge.target_minor, pledge.round.currency), language),
            "day": format_date(pledge.rate_as_of.date(), language),
            "source": rate_source_of(pledge),
        }
        lines.append((_("Counts towards the target as"), counted))
    return tuple(
        Fact(label, value if isinstance(value, Said) else Said(value, language))
        for label, value in lines
        if value
    )


def _way(pledge: Pledge, language: str) -> str:
    if pledge.route == Route.BANK:
        row = BankReceipt.objects.filter(pledge=pledge, status="confirmed").first()
        if row is None:
            return _("Bank transfer")
        return _("Bank transfer of %(day)s, reference %(ref)s") % {
            "day": format_date(row.received_on, language), "ref": row.bank_reference,
        }  # fmt: skip
    card = card_of(pledge)
    if card is None:
        return _("Card")
    return _("Card %(brand)s ending %(last4)s") % {
        "brand": card.brand.capitalize(), "last4": card.last4,
    }  # fmt: skip


def _returned(pledge: Pledge) -> list[Returned]:
    rows = Refund.objects.filter(
        obligation__pledge=pledge, status="succeeded", finished_at__isnull=False
    )
    found = [
        Returned(Money(row.amount_minor, row.currency), row.finished_at, row.public_id)
        for row in rows
        if row.finished_at is not None
    ]
    found += [
        Returned(row.amount, row.ended_at, row.bank_reference or row.public_id)
        for row in BankReturn.objects.filter(pledge=pledge, status="paid")
        if row.ended_at is not None
    ]
    return sorted(found, key=lambda row: row.at)


def receipt_pdf(pledge: Pledge, language: str) -> bytes:
    """The receipt on paper; made anew each time, so it always tells what went back so far."""
    receipt = receipt_of(pledge, language)
    with override(language):
        title = _("Receipt %(number)s") % {"number": receipt.number}
        blocks = [
            Block("small", "Cầu Kiều"),
            Block("title", title),
            *_test_notice(),
            Block("rows", rows=((_("Amount"), format_money(receipt.money, language)),)),
            Block("text", _in_words(receipt)),
            Block("facts", rows=tuple((f.label, f.value.text) for f in receipt.facts)),
            *_returned_blocks(receipt, language),
            Block("small", not_an_invoice()),
        ]
        foot = f"Cầu Kiều · {receipt.number}"
    return pdf_from(blocks, title=title, foot=foot, language=language)


def _test_notice() -> list[Block]:
    """The sentence of the page: a paper without it would pass for a receipt of real money."""
    if "_test_" not in settings.STRIPE_API_KEY:
        return []
    return [Block("text", _("Test payments. No real card works here and no real money moves."))]


def _in_words(receipt: Receipt) -> str:
    return _("In words: %(words)s.") % {"words": receipt.words}


def _returned_blocks(receipt: Receipt, language: str) -> list[Block]:
    if not receipt.returned:
        return []
    rows = tuple(
        (f"{format_datetime(r.at, language)} ({r.reference})", format_money(r.money, language))
        for r in receipt.returned
    )
    return [Block("heading", _("Returned to you")), Block("rows", rows=rows)]


def not_an_invoice() -> str:
    """What a receipt is not, and what its figures do not promise."""
    return _(
        "This is a receipt of a payment, not a tax invoice. Exactly this sum was taken from your "
        "card or account in its currency; your bank may show another sum if it exchanged it."
    )

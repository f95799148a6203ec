"""Sums over the whole book for accounts of money that others read. One grouped query each."""

from dataclasses import dataclass

from django.db import connection

from backend.ledger.checks import START
from backend.ledger.models import ChainLink


@dataclass(frozen=True, slots=True)
class Moved:
    """What went from the credit to the debit side in one month (city time); `about` is the middle
    of the debited address: the round of `held:{round}:EUR`."""

    about: str
    currency: str
    month: str
    minor: int


_MOVED = """
SELECT split_part(d.code, ':', 2), t.currency,
    to_char(e.at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM'), sum(t.amount_minor)
FROM ledger_transfer t
JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id
JOIN ledger_ledgerentry e ON e.id = t.entry_id
WHERE d.code LIKE %(debit)s AND c.code LIKE %(credit)s
    AND (%(reason)s = '' OR e.reason = %(reason)s)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


def moved(debit: str, credit: str = "", reason: str = "") -> list[Moved]:
    """Transfers between accounts whose codes start so, grouped by address, currency and month."""
    values = {"debit": f"{debit}%", "credit": f"{credit}%", "reason": reason}
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, values)
        rows = cursor.fetchall()
    return [Moved(about, currency, month, int(minor)) for about, currency, month, minor in rows]


def chain_head() -> str:
    """The newest hash of the chain over the entries; zeros while it is empty."""
    head = ChainLink.objects.order_by("-position").first()
    return head.sha256 if head else START

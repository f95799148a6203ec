"""The whole interface of the book: post, hold, settle, release, reverse, balance, statement.

Every verb takes a `key`, made by the caller out of what happened (`bt:txn_…`). The same key with
the same body gives the entry of before; with another body it is a Conflict. Amounts are Money, so
a leg is in one currency; a posting in two currencies is several legs under one entry. Verbs open
their own savepoint and belong into the caller's transaction. Guarded accounts are locked until it
ends, in the order of their ids within one posting; a caller that posts twice in one transaction
may meet a deadlock and retries the whole unit of work.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext_lazy as _

from backend.core.errors import Conflict, NotFound
from backend.core.money import Money
from backend.ledger.chain_file import hash_of_body
from backend.ledger.chart import Address, Kind
from backend.ledger.models import Account, HoldBalance, LedgerEntry, Transfer


class Overdrawn(Conflict):
    """A guarded account or a hold does not have that much."""

    code = "overdrawn"
    message = _("There is not that much money held there. Look at the balance again.")


@dataclass(frozen=True, slots=True)
class Leg:
    """Move `money` to the debit side of one account from the credit side of another."""

    debit: Address
    credit: Address
    money: Money

    def __post_init__(self) -> None:
        """The database refuses these as well; a caller that asks has a mistake in its sums."""
        if self.money.minor <= 0:
            raise ValueError("a leg moves more than nothing")
        if self.debit.code == self.credit.code:
            raise ValueError("a leg has two accounts")
        if not self.debit.currency == self.credit.currency == self.money.currency:
            raise ValueError("a leg is in one currency")


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact that stands in the book. `is_new` is False when the key was known."""

    id: int
    key: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One transfer as seen from an account; `change_minor` in the account's own direction."""

    at: datetime
    key: str
    reason: str
    about: str
    change_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Statement:
    """The movements of an account in [since, until), with the balances around them."""

    address: Address
    opening_minor: int
    lines: tuple[Line, ...]
    closing_minor: int


@dataclass(frozen=True, slots=True)
class _Body:
    """What makes two postings the same."""

    reason: str
    about: str
    legs: tuple[Leg, ...]
    is_hold: bool = False
    hold_key: str = ""
    reverses_key: str = ""

    def sha256(self) -> str:
        legs = [[x.debit.code, x.credit.code, x.money.minor, x.money.currency] for x in self.legs]
        return hash_of_body(
            self.reason, self.about, legs, self.is_hold, self.hold_key, self.reverses_key
        )


def post(
    key: str, reason: str, legs: Sequence[Leg], *, about: str = "", at: datetime | None = None
) -> Entry:
    """Write one fact. Raises Overdrawn, or Conflict when `key` stands for something else."""
    return _write(key, _Body(reason, about, tuple(legs)), at)


def hold(
    key: str,
    reason: str,
    *,
    source: Address,
    into: Address,
    money: Money,
    about: str = "",
    at: datetime | None = None,
) -> Entry:
    """Set `money` of `source` aside in `into`, until it is settled or released by this key."""
    body = _Body(reason, about, (Leg(source, into, money),), is_hold=True)
    return _write(key, body, at)


def settle(
    key: str,
    reason: str,
    *,
    hold_key: str,
    to: Address,
    money: Money | None = None,
    about: str = "",
    at: datetime | None = None,
) -> Entry:
    """Pay a hold (or `money` of it) out to `to`. Raises Overdrawn when less of it is open."""
    held = _hold_of(hold_key)
    sum_ = money or Money(held.amount_minor, held.currency)
    leg = Leg(_address_of(held.credit), to, sum_)
    return _write(key, _Body(reason, about, (leg,), hold_key=hold_key), at, held)


def release(
    key: str,
    reason: str,
    *,
    hold_key: str,
    money: Money | None = None,
    about: str = "",
    at: datetime | None = None,
) -> Entry:
    """Give a hold (or `money` of it) back to where it came from."""
    held = _hold_of(hold_key)
    return settle(
        key, reason, hold_key=hold_key, to=_address_of(held.debit), money=money, about=about, at=at
    )


def reverse(key: str, reason: str, *, reversed_key: str, at: datetime | None = None) -> Entry:
    """Undo an entry by a new one with every leg turned round. An entry is reversed once.

    Holds are released, not reversed, and a reversal is not reversed again: both are Conflicts.
    """
    old = _entry_of(reversed_key)
    rows = list(old.transfers.select_related("debit", "credit").order_by("id"))
    if old.reverses_id or any(row.is_hold or row.hold_id for row in rows):
        raise Conflict(_("This entry cannot be reversed."), code="not_reversible")
    legs = tuple(
        Leg(_address_of(row.credit), _address_of(row.debit), Money(row.amount_minor, row.currency))
        for row in rows
    )
    body = _Body(reason, old.about, legs, reverses_key=reversed_key)
    return _write(key, body, at, reverses=old)


def balance(address: Address, *, until: datetime | None = None) -> Money:
    """What the account holds, in its own direction: debits of an asset, credits of a liability."""
    account = Account.objects.filter(code=address.code).first()
    if account is None:
        return Money(0, address.currency)
    return Money(_sum(account, until), address.currency)


def open_of_hold(hold_key: str) -> Money:
    """What of a hold is neither settled nor released."""
    held = _hold_of(hold_key)
    return Money(HoldBalance.objects.get(transfer=held).open_minor, held.currency)


def has_entry(key: str) -> bool:
    return LedgerEntry.objects.filter(key=key).exists()


def entries_among(keys: Iterable[str]) -> set[str]:
    """Those of the keys that stand in the book. One query."""
    return set(LedgerEntry.objects.filter(key__in=list(keys)).values_list("key", flat=True))


def statement(
    address: Address, *, since: datetime | None = None, until: datetime | None = None
) -> Statement:
    """Every movement of the account in [since, until), oldest first."""
    account = Account.objects.filter(code=address.code).first()
    if account is None:
        return Statement(address, 0, (), 0)
    opening = running = _sum(account, since) if since else 0
    rows = Transfer.objects.filter(Q(debit=account) | Q(credit=account)).select_related("entry")
    if since:
        rows = rows.filter(entry__at__gte=since)
    if until:
        rows = rows.filter(entry__at__lt=until)
    lines = []
    for row in rows.order_by("entry__at", "id"):
        is_more = (row.debit_id == account.pk) == account.is_debit_normal
        change = row.amount_minor if is_more else -row.amount_minor
        running += change
        entry = row.entry
        lines.append(Line(entry.at, entry.key, entry.reason, entry.about, change, running))
    return Statement(address, opening, tuple(lines), running)


def balances(prefix: str) -> dict[str, Money]:
    """The balance of every account whose code starts with `prefix` (`held:rnd_…:`). One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES, [prefix.replace("_", r"\_") + "%"])
        rows = cursor.fetchall()
    return {code: Money(int(minor), currency) for code, currency, minor in rows}


_BALANCES = """
SELECT a.code, a.currency, coalesce((
    SELECT sum(CASE WHEN (t.debit_id = a.id) = a.is_debit_normal
        THEN t.amount_minor ELSE -t.amount_minor END)
    FROM ledger_transfer t WHERE t.debit_id = a.id OR t.credit_id = a.id
), 0)
FROM ledger_account a WHERE a.code LIKE %s ORDER BY a.code
"""


def _sum(account: Account, until: datetime | None) -> int:
    rows = Transfer.objects.all() if until is None else Transfer.objects.filter(entry__at__lt=until)
    debits = rows.filter(debit=account).aggregate(s=Sum("amount_minor"))["s"] or 0
    credits_ = rows.filter(credit=account).aggregate(s=Sum("amount_minor"))["s"] or 0
    total: int = debits - credits_ if account.is_debit_normal else credits_ - debits
    return int(total)


def _write(
    key: str,
    body: _Body,
    at: datetime | None,
    held: Transfer | None = None,
    reverses: LedgerEntry | None = None,
) -> Entry:
    if not body.legs:
        raise ValueError("an entry has at least one leg")
    sha256 = body.sha256()
    try:
        with transaction.atomic():
            return _insert(key, body, sha256, at, held, reverses)
    except IntegrityError as error:
        cause = getattr(error.__cause__, "diag", None)
        name = getattr(cause, "constraint_name", None)
        if name in {"balance_not_negative", "hold_not_overused"}:
            raise Overdrawn() from error
        if name == "ledger_ledgerentry_reverses_id_key":
            raise Conflict(_("This entry was reversed before."), code="reversed_before") from error
        raise


def _insert(
    key: str,
    body: _Body,
    sha256: str,
    at: datetime | None,
    held: Transfer | None,
    reverses: LedgerEntry | None,
) -> Entry:
    with connection.cursor() as cursor:
        cursor.execute(
            _NEW_ENTRY,
            [key, body.reason, body.about, sha256, reverses.pk if reverses else None, at],
        )
        row = cursor.fetchone()
    if row is None:
        return _known(key, sha256)
    accounts = _accounts(address for leg in body.legs for address in (leg.debit, leg.credit))
    Transfer.objects.bulk_create(
        Transfer(
            entry_id=row[0],
            debit_id=accounts[leg.debit.code],
            credit_id=accounts[leg.credit.code],
            amount_minor=leg.money.minor,
            currency=leg.money.currency,
            is_hold=body.is_hold,
            hold=held,
        )
        for leg in body.legs
    )
    return Entry(row[0], key, is_new=True)


# A second writer of the same key waits here for the first one to end.
_NEW_ENTRY = """
INSERT INTO ledger_ledgerentry (key, reason, about, body_sha256, reverses_id, at)
VALUES (%s, %s, %s, %s, %s, coalesce(%s, app_now()))
ON CONFLICT (key) DO NOTHING RETURNING id
"""


def _known(key: str, sha256: str) -> Entry:
    entry = LedgerEntry.objects.get(key=key)
    if entry.body_sha256 != sha256:
        raise Conflict(
            _("This key stands for another entry in the book."), code="key_of_another_entry"
        )
    return Entry(entry.pk, key, is_new=False)


def _accounts(addresses: Iterable[Address]) -> dict[str, int]:
    """Account ids by code; accounts that are used for the first time are opened."""
    wanted = {address.code: address for address in addresses}
    found = _ids(wanted)
    missing = [wanted[code] for code in wanted.keys() - found.keys()]
    if missing:
        Account.objects.bulk_create(
            [
                Account(
                    code=a.code,
                    kind=a.kind,
                    currency=a.currency,
                    is_debit_normal=a.is_debit_normal,
                    is_guarded=a.guarded,
                )
                for a in sorted(missing, key=lambda a: a.code)
            ],
            ignore_conflicts=True,
        )
        found = _ids(wanted)
    return found


def _ids(wanted: dict[str, Address]) -> dict[str, int]:
    rows = Account.objects.filter(code__in=wanted)
    return {row.code: row.pk for row in rows}


def _address_of(account: Account) -> Address:
    return Address(account.code, Kind(account.kind), account.currency, account.is_guarded)


def _entry_of(key: str) -> LedgerEntry:
    entry = LedgerEntry.objects.filter(key=key).first()
    if entry is None:
        raise NotFound()
    return entry


def _hold_of(key: str) -> Transfer:
    held = (
        Transfer.objects.filter(entry__key=key, is_hold=True)
        .select_related("debit", "credit")
        .first()
    )
    if held is None:
        raise NotFound()
    return held

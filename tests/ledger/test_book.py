"""The verbs of the book, as its callers use them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from backend.core.errors import Conflict, NotFound
from backend.core.money import Money
from backend.ledger import book, chart, checks

pytestmark = pytest.mark.django_db
HELD = chart.held("rnd_a", "USD")
PAYABLE = chart.project_payable("prj_a", "USD")
BANK = chart.bank("USD")
STRIPE = chart.stripe_balance("USD")


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def collect(minor: int = 10_000, key: str = "bt:1") -> book.Entry:
    return book.post(key, "payment.collected", [book.Leg(STRIPE, HELD, usd(minor))], about="plg_a")


def check_now() -> None:
    """Fire what waits for COMMIT: inside a test's transaction it would be silent."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_a_posting_moves_money_and_both_balances_say_so() -> None:
    collect()
    check_now()
    assert book.balance(HELD) == usd(10_000)
    assert book.balance(STRIPE) == usd(10_000)
    assert book.balances("held:rnd_a:") == {"held:rnd_a:USD": usd(10_000)}


def test_an_account_that_was_never_used_holds_nothing() -> None:
    assert book.balance(chart.held("rnd_none", "JPY")) == Money(0, "JPY")
    assert book.statement(HELD).lines == ()


def test_the_same_key_and_body_give_the_same_entry_and_no_second_one() -> None:
    first, second = collect(), collect()
    assert first.is_new and not second.is_new
    assert first.id == second.id
    assert book.balance(HELD) == usd(10_000)


def test_the_same_key_with_another_body_is_a_conflict() -> None:
    collect()
    with pytest.raises(Conflict) as refused:
        collect(10_001)
    assert refused.value.code == "key_of_another_entry"
    assert book.balance(HELD) == usd(10_000)


def test_a_charge_in_yen_settled_in_dollars_is_one_entry_of_three_legs() -> None:
    yen = chart.held("rnd_a", "JPY")
    book.post(
        "bt:2",
        "payment.collected",
        [
            book.Leg(STRIPE, chart.fx_position("USD"), usd(6_450)),
            book.Leg(chart.stripe_fees("USD"), chart.fx_position("USD"), usd(250)),
            book.Leg(chart.fx_position("JPY"), yen, Money(10_000, "JPY")),
        ],
    )
    assert book.balance(yen) == Money(10_000, "JPY")
    assert book.balance(chart.fx_position("USD")) == usd(-6_700)
    assert book.balance(chart.fx_position("JPY")) == Money(10_000, "JPY")
    assert not checks.findings()


def test_held_money_cannot_be_taken_twice() -> None:
    collect(100)
    book.post("r1", "refund", [book.Leg(HELD, STRIPE, usd(60))])
    with pytest.raises(book.Overdrawn):
        book.post("r2", "refund", [book.Leg(HELD, STRIPE, usd(41))])
    assert book.balance(HELD) == usd(40)
    assert not book.has_entry("r2")


def test_money_may_pass_through_a_guarded_account_within_one_entry() -> None:
    """Order of legs does not matter: what counts is the net of the entry."""
    book.post("through", "test", [book.Leg(HELD, BANK, usd(5)), book.Leg(STRIPE, HELD, usd(5))])
    assert book.balance(HELD) == usd(0)


def test_a_hold_is_settled_in_parts_and_the_rest_released() -> None:
    collect(1_000)
    book.hold("dsb:1", "disbursement.approved", source=HELD, into=PAYABLE, money=usd(900))
    assert (book.balance(HELD), book.balance(PAYABLE)) == (usd(100), usd(900))
    book.settle("dsb:1:paid", "disbursement.paid", hold_key="dsb:1", to=BANK, money=usd(500))
    book.release("dsb:1:back", "disbursement.returned", hold_key="dsb:1", money=usd(400))
    assert book.open_of_hold("dsb:1") == usd(0)
    assert book.balance(HELD) == usd(500)
    assert book.balance(PAYABLE) == usd(0)
    assert book.balance(BANK) == usd(-500)
    with pytest.raises(book.Overdrawn):
        book.settle("dsb:1:more", "disbursement.paid", hold_key="dsb:1", to=BANK, money=usd(1))
    assert not checks.findings()


def test_a_hold_cannot_use_what_another_hold_set_aside() -> None:
    collect(1_000)
    book.hold("a", "approved", source=HELD, into=PAYABLE, money=usd(400))
    book.hold("b", "approved", source=HELD, into=PAYABLE, money=usd(400))
    with pytest.raises(book.Overdrawn):
        book.settle("a:paid", "paid", hold_key="a", to=BANK, money=usd(401))


def test_settling_something_that_was_never_held_is_not_found() -> None:
    with pytest.raises(NotFound):
        book.settle("x", "paid", hold_key="nothing", to=BANK)


def test_a_reversal_mirrors_its_entry_and_happens_once() -> None:
    collect(700)
    book.reverse("rev:1", "mistake", reversed_key="bt:1")
    assert book.balance(HELD) == usd(0)
    assert not book.reverse("rev:1", "mistake", reversed_key="bt:1").is_new
    with pytest.raises(Conflict) as refused:
        book.reverse("rev:2", "mistake", reversed_key="bt:1")
    assert refused.value.code == "reversed_before"
    with pytest.raises(Conflict) as refused:
        book.reverse("rev:3", "mistake", reversed_key="rev:1")
    assert refused.value.code == "not_reversible"
    assert not checks.findings()


def test_a_reversal_cannot_take_what_is_gone() -> None:
    collect(700)
    book.post("r", "refund", [book.Leg(HELD, STRIPE, usd(1))])
    with pytest.raises(book.Overdrawn):
        book.reverse("rev", "mistake", reversed_key="bt:1")


def test_holds_are_released_and_not_reversed() -> None:
    collect(700)
    book.hold("h", "approved", source=HELD, into=PAYABLE, money=usd(700))
    with pytest.raises(Conflict):
        book.reverse("rev", "mistake", reversed_key="h")


def test_a_statement_opens_where_the_one_before_it_closed() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    for day, minor in enumerate((100, 200, 300)):
        at = start + timedelta(days=day)
        book.post(f"d{day}", "payment", [book.Leg(STRIPE, HELD, usd(minor))], at=at)
    book.post("out", "refund", [book.Leg(HELD, STRIPE, usd(50))], at=start + timedelta(days=1))
    first = book.statement(HELD, until=start + timedelta(days=1))
    then = book.statement(HELD, since=start + timedelta(days=1))
    assert first.closing_minor == then.opening_minor == 100
    assert [line.change_minor for line in then.lines] == [200, -50, 300]
    assert then.closing_minor == then.lines[-1].balance_minor == 550
    assert book.balance(HELD, until=start + timedelta(days=2)) == usd(250)


@pytest.mark.parametrize("minor", [0, -1])
def test_a_leg_moves_more_than_nothing(minor: int) -> None:
    with pytest.raises(ValueError, match="more than nothing"):
        book.Leg(STRIPE, HELD, usd(minor))


def test_a_leg_has_two_accounts_of_its_currency() -> None:
    with pytest.raises(ValueError, match="two accounts"):
        book.Leg(HELD, HELD, usd(1))
    with pytest.raises(ValueError, match="one currency"):
        book.Leg(chart.bank("EUR"), HELD, usd(1))
    with pytest.raises(ValueError, match="at least one leg"):
        book.post("none", "test", [])

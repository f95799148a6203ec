"""Every verb of the book in any order, beside a model of three dictionaries."""

from collections import defaultdict
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)  # fmt: skip

from backend.core.errors import Conflict
from backend.core.money import Money
from backend.ledger import book, chart, checks
from backend.ledger.models import AccountBalance, Transfer

CURRENCIES = ("USD", "JPY")
HELD = {c: [chart.held("rnd_1", c), chart.held("rnd_2", c)] for c in CURRENCIES}
PLACES = {
    c: [*HELD[c], chart.project_payable("prj_1", c), chart.stripe_balance(c), chart.bank(c)]
    for c in CURRENCIES
}
amounts = st.integers(1, 500)
places = st.sampled_from([(c, a, b) for c in CURRENCIES for a in range(5) for b in range(5)
                          if a != b])  # fmt: skip


class Book(RuleBasedStateMachine):
    keys = Bundle("keys")
    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.block = transaction.atomic()
        self.block.__enter__()
        self.model: dict[str, int] = defaultdict(int)  # debits minus credits by code
        self.bodies: dict[str, Any] = {}
        self.open: dict[str, int] = {}
        self.reversed: set[str] = set()
        self.number = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.block.__exit__(None, None, None)

    def next_key(self) -> str:
        self.number += 1
        return f"k{self.number}"

    def fits(self, legs: list[tuple[chart.Address, chart.Address, int]]) -> bool:
        after = dict(self.model)
        for debit, credit, minor in legs:
            after[debit.code] = after.get(debit.code, 0) + minor
            after[credit.code] = after.get(credit.code, 0) - minor
        guarded = {a for leg in legs for a in leg[:2] if a.guarded}
        return all(after[a.code] * (1 if a.is_debit_normal else -1) >= 0 for a in guarded)

    def apply(self, legs: list[tuple[chart.Address, chart.Address, int]]) -> None:
        for debit, credit, minor in legs:
            self.model[debit.code] += minor
            self.model[credit.code] -= minor

    def attempt(self, legs: Any, act: Any) -> bool:
        """Run the verb: it must succeed exactly when the model says so."""
        if self.fits(legs):
            act()
            self.apply(legs)
            return True
        with pytest.raises(book.Overdrawn):
            act()
        return False

    @initialize()
    def money_comes_in(self) -> None:
        for currency in CURRENCIES:
            leg = (PLACES[currency][3], HELD[currency][0], 1_000)
            self.attempt([leg], lambda leg=leg: self.post(self.next_key(), [leg]))

    def post(self, key: str, legs: Any) -> book.Entry:
        return book.post(
            key, "test", [book.Leg(a, b, Money(minor, a.currency)) for a, b, minor in legs]
        )

    @rule(target=keys, moves=st.lists(st.tuples(places, amounts), min_size=1, max_size=4))
    def posts(self, moves: Any) -> Any:
        legs = [(PLACES[c][a], PLACES[c][b], minor) for (c, a, b), minor in moves]
        key = self.next_key()
        if self.attempt(legs, lambda: self.post(key, legs)):
            self.bodies[key] = legs
            return key
        return multiple()

    @rule(key=keys)
    def posts_the_same_again(self, key: str) -> None:
        assert not self.post(key, self.bodies[key]).is_new

    @rule(key=keys, extra=st.integers(1, 9))
    def posts_another_body_under_a_known_key(self, key: str, extra: int) -> None:
        a, b, minor = self.bodies[key][0]
        with pytest.raises(Conflict):
            self.post(key, [(a, b, minor + extra), *self.bodies[key][1:]])

    @rule(target=holds, currency=st.sampled_from(CURRENCIES), which=st.integers(0, 1), n=amounts)
    def holds_money(self, currency: str, which: int, n: int) -> Any:
        source, into = HELD[currency][which], PLACES[currency][2]
        key = self.next_key()
        money = Money(n, currency)
        if self.attempt(
            [(source, into, n)],
            lambda: book.hold(key, "test", source=source, into=into, money=money),
        ):
            self.open[key] = n
            self.bodies[key] = (source, into)
            return key
        return multiple()

    @rule(key=holds, n=amounts, is_paid=st.booleans())
    def uses_a_hold(self, key: str, n: int, is_paid: bool) -> None:
        source, into = self.bodies[key]
        currency = source.currency
        to = chart.bank(currency) if is_paid else source
        money = Money(n, currency)

        def act() -> None:
            if is_paid:
                book.settle(self.next_key(), "test", hold_key=key, to=to, money=money)
            else:
                book.release(self.next_key(), "test", hold_key=key, money=money)

        if n > self.open[key] or not self.fits([(into, to, n)]):
            with pytest.raises(book.Overdrawn):
                act()
        else:
            act()
            self.apply([(into, to, n)])
            self.open[key] -= n
        assert book.open_of_hold(key).minor == self.open[key]

    @precondition(lambda self: self.bodies)
    @rule(key=consumes(keys))
    def reverses(self, key: str) -> None:
        legs = [(b, a, minor) for a, b, minor in self.bodies[key]]
        self.attempt(legs, lambda: book.reverse(self.next_key(), "test", reversed_key=key))

    @invariant()
    def the_book_is_sound_and_equals_the_model(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        assert checks.findings() == []
        kept = dict(AccountBalance.objects.values_list("account__code", "balance_minor"))
        assert all(minor >= 0 for minor in kept.values())
        replayed: dict[str, int] = defaultdict(int)
        rows = Transfer.objects.values_list("debit__code", "credit__code", "amount_minor")
        for debit, credit, minor in rows:
            replayed[debit] += minor
            replayed[credit] -= minor
        assert {k: v for k, v in replayed.items() if v} == {k: v for k, v in self.model.items()
                                                            if v}  # fmt: skip
        for code, minor in kept.items():
            assert minor == -replayed[code]
        for currency in CURRENCIES:
            assert sum(v for k, v in replayed.items() if k.endswith(currency)) == 0


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Book,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
def test_any_order_of_verbs_keeps_the_book_sound() -> None:
    run(4, 8)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.django_db
def test_any_long_order_of_verbs_keeps_the_book_sound() -> None:
    run(150, 40)

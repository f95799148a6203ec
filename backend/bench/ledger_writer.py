"""One writer of `bench ledger`: KIND NUMBER SECONDS; waits for a line, prints entries a second."""

import sys
import time
from collections.abc import Callable

import django
from django.db import connection, transaction

django.setup()

from backend.core.money import Money  # noqa: E402
from backend.ledger import book, chart, checks  # noqa: E402

BARE = """
CREATE TABLE IF NOT EXISTS bench_bare (
    id bigserial PRIMARY KEY, key varchar(160) UNIQUE, reason varchar(60), about varchar(60),
    body varchar(64), at timestamptz, debit bigint, credit bigint, amount bigint, currency char(3)
);
GRANT INSERT ON bench_bare TO caukieu_app; GRANT USAGE ON bench_bare_id_seq TO caukieu_app;
"""
ONE = (
    "INSERT INTO bench_bare (key, reason, about, body, at, debit, credit, amount, currency) "
    "VALUES (%s, 'payment.collected', 'plg_0', repeat('0', 64), now(), 1, 2, 1, 'USD')"
)


def insert(number: int) -> Callable[[int], None]:
    def act(i: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(ONE, [f"{number}:{time.time_ns()}:{i}"])

    return act


def entry(number: int, *, is_hot: bool) -> Callable[[int], None]:
    # "One account" is one held account and one account at Stripe; else each writer has its own two.
    place = "hot" if is_hot else str(number)
    debit = chart.stripe_balance("USD") if is_hot else chart.project_receivable(place, "USD")
    leg = book.Leg(debit, chart.held(f"rnd_{place}", "USD"), Money(1, "USD"))

    def act(i: int) -> None:
        with transaction.atomic():
            book.post(f"{number}:{time.time_ns()}:{i}", "payment.collected", [leg], about="plg_0")

    return act


def main() -> None:
    kind = sys.argv[1]
    if kind == "prepare":
        with connection.cursor() as cursor:
            cursor.execute(BARE)
        return
    if kind == "check":
        print(len(checks.findings()))
        return
    number, seconds = int(sys.argv[2]), float(sys.argv[3])
    act = insert(number) if kind == "insert" else entry(number, is_hot=kind == "hot")
    act(0)
    print("ready", flush=True)
    sys.stdin.readline()
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        count += 1
        act(count)
    print(count / (time.monotonic() - began), flush=True)


main()

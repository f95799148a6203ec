"""The writers of `bench ledger`: KIND WRITERS SECONDS; prints entries a second of all of them.

They are forks of one process, so that its start is paid once; each has a connection of its own and
begins when all are ready.
"""

import multiprocessing
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
    writers, seconds = int(sys.argv[2]), float(sys.argv[3])
    forks = multiprocessing.get_context("fork")
    gate, counted = forks.Barrier(writers), forks.SimpleQueue()

    def write(number: int) -> None:
        act = insert(number) if kind == "insert" else entry(number, is_hot=kind == "hot")
        act(0)
        gate.wait(120)
        began, count = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            count += 1
            act(count)
        counted.put(count / (time.monotonic() - began))

    children = [forks.Process(target=write, args=(number,)) for number in range(writers)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise SystemExit("a writer did not come to its end")
    print(sum(counted.get() for _ in children))


main()

"""A part of `bench flows`, in a process of its own as the application's role: prints one JSON line.

night      seal, add up and take the snapshot     plain    the same figures by one GROUP BY
more N     N more entries, as the next day        page     queries and time of the public page
"""

import json
import sys
import time
from typing import Any

import django
from django.db import connection

django.setup()

from django.core.cache import caches  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from backend.bench.memory import peak_mb  # noqa: E402
from backend.core.money import Money  # noqa: E402
from backend.insights import ledger_origins, ledger_sums, nightly  # noqa: E402
from backend.ledger import book, chart  # noqa: E402
from backend.ledger.sums import Turnover, chain_end  # noqa: E402

STEP = 100_000
PLAIN = """
SELECT d.code, c.code, m.reason, m.currency, m.month, m.minor, m.rows FROM (
    SELECT t.debit_id, t.credit_id, e.reason, t.currency,
        to_char(e.at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM') AS month,
        sum(t.amount_minor) AS minor, count(*) AS rows
    FROM ledger_transfer t JOIN ledger_ledgerentry e ON e.id = t.entry_id GROUP BY 1, 2, 3, 4, 5
) m JOIN ledger_account d ON d.id = m.debit_id JOIN ledger_account c ON c.id = m.credit_id
"""


def night() -> dict[str, Any]:
    before = ledger_sums.mark().position
    row = nightly.take_now(step=STEP)
    return {"from": before, "to": row.ledger_position, "rows": row.row_count}


def plain() -> dict[str, Any]:
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(PLAIN)
        rows = {Turnover(d, c, r, y, m, int(minor), n) for d, c, r, y, m, minor, n in cursor}
    took = time.monotonic() - began
    # Whose money it is, in one pass over the whole chain as well.
    origins = set(ledger_origins.origins(0, chain_end().position))
    same = rows == set(ledger_sums.kept()) and origins == set(ledger_origins.kept())
    return {"group_by": round(took, 2), "groups": len(rows), "same": same,
            "transfers": sum(r.rows for r in rows), "origins": len(origins),
            "end": chain_end().position}  # fmt: skip


def more(count: int) -> dict[str, Any]:
    for n in range(count):
        held = chart.held(f"rnd_b{n % 1000}", "USD")
        leg = book.Leg(chart.stripe_balance("USD"), held, Money(1_000, "USD"))
        book.post(f"more:{n}", "charge.collected", [leg], about=f"plg_b{n}")
    return {}


def page() -> dict[str, Any]:
    """As it is served (a snapshot never changes, so what is made of it is kept), and with nothing
    kept. Processor time of this process, which is not waiting for others, and wall time."""
    client, path = Client(SERVER_NAME="localhost"), "/en/flows/"
    client.get(path)
    found: dict[str, Any] = {}
    for name, is_cold in (("warm", False), ("cold", True)):
        wall, own, most = [], [], 0
        for _ in range(40):
            if is_cold:
                caches["memory"].clear()
            with CaptureQueriesContext(connection) as queries:
                began, used = time.perf_counter(), time.process_time()
                response = client.get(path)
                own.append((time.process_time() - used) * 1000)
                wall.append((time.perf_counter() - began) * 1000)
            assert response.status_code == 200
            most = max(most, len(queries))
        found[name] = {
            "queries": most, "own": round(sorted(own)[20], 1),
            "p50": round(sorted(wall)[20], 1), "p95": round(sorted(wall)[37], 1),
        }  # fmt: skip
    return found | {"kb": len(response.content) // 1024,
                    "cache": response.headers["Cache-Control"]}  # fmt: skip


def main() -> None:
    began = time.monotonic()
    act, *rest = sys.argv[1:]
    result = more(int(rest[0])) if act == "more" else {"night": night, "plain": plain,
                                                       "page": page}[act]()  # fmt: skip
    peak = int(peak_mb())
    print(json.dumps(result | {"seconds": round(time.monotonic() - began, 2), "peak_mb": peak}))


main()

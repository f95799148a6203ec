"""A part of `bench flows`, in a process of its own as the application's role: prints one JSON line.

night      seal, add up and take the snapshot     plain    the same figures by one GROUP BY
more N     N more entries, as the next day        page     queries and time of the public page
"""

import json
import resource
import sys
import time
from typing import Any

import django
from django.db import connection

django.setup()

from django.core.cache import caches  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from backend.core.money import Money  # noqa: E402
from backend.insights import ledger_sums, nightly  # noqa: E402
from backend.insights.models import Snapshot  # noqa: E402
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
    return {"group_by": round(took, 2), "groups": len(rows),
            "same": rows == set(ledger_sums.kept()), "transfers": sum(r.rows for r in rows),
            "end": chain_end().position}  # fmt: skip


def more(count: int) -> dict[str, Any]:
    for n in range(count):
        held = chart.held(f"rnd_b{n % 1000}", "USD")
        leg = book.Leg(chart.stripe_balance("USD"), held, Money(1_000, "USD"))
        book.post(f"more:{n}", "charge.collected", [leg], about=f"plg_b{n}")
    return {}


def page() -> dict[str, Any]:
    """Nothing kept in the process: every answer reads the snapshot again."""
    client, path = Client(), "/en/flows/"
    client.get(path)
    times, most = [], 0
    for _ in range(40):
        caches["memory"].clear()
        with CaptureQueriesContext(connection) as queries:
            began = time.perf_counter()
            response = client.get(path)
            times.append((time.perf_counter() - began) * 1000)
        assert response.status_code == 200
        most = max(most, len(queries))
    times.sort()
    return {"queries": most, "p50": round(times[20], 1), "p95": round(times[37], 1),
            "kb": len(response.content) // 1024, "cache": response.headers["Cache-Control"],
            "snapshots": Snapshot.objects.count()}  # fmt: skip


def main() -> None:
    began = time.monotonic()
    act, *rest = sys.argv[1:]
    result = more(int(rest[0])) if act == "more" else {"night": night, "plain": plain,
                                                       "page": page}[act]()  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(result | {"seconds": round(time.monotonic() - began, 2), "peak_mb": peak}))


main()

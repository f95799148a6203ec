"""The whole chain with its entries, in parts of bounded size. For the auditor alone: who may read
it is decided where it is handed out."""

import json
from collections.abc import Iterator

from django.db import connection

from backend.ledger.checks import CHUNK

_ENTRIES = """
SELECT k.position, e.id, e.key, e.at, e.reason, e.about, coalesce(o.key, ''), k.sha256,
    json_agg(json_build_array(d.code, c.code, t.amount_minor, t.currency) ORDER BY t.id),
    bool_or(t.is_hold),
    coalesce((array_agg(he.key ORDER BY t.id) FILTER (WHERE he.key IS NOT NULL))[1], '')
FROM ledger_chainlink k JOIN ledger_ledgerentry e ON e.id = k.entry_id
LEFT JOIN ledger_ledgerentry o ON o.id = e.reverses_id
JOIN ledger_transfer t ON t.entry_id = e.id
JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id
LEFT JOIN ledger_transfer h ON h.id = t.hold_id
LEFT JOIN ledger_ledgerentry he ON he.id = h.entry_id
WHERE k.position > %s AND k.position <= %s
GROUP BY k.position, e.id, o.key ORDER BY k.position
"""


def chain_rows(until: int, *, after: int = 0) -> Iterator[dict[str, object]]:
    """Every place of the chain behind `after` up to `until`, oldest first, as chain_file writes
    it."""
    for start in range(after, until, CHUNK):
        with connection.cursor() as cursor:
            cursor.execute(_ENTRIES, [start, min(start + CHUNK, until)])
            rows = cursor.fetchall()
        for position, entry, key, at, reason, about, reverses, sha256, legs, is_hold, hold in rows:
            yield {
                "position": position, "entry": entry, "key": key, "at": at.isoformat(),
                "reason": reason, "about": about,
                "legs": json.dumps(legs, separators=(",", ":")),
                "is_hold": "1" if is_hold else "0", "hold_key": hold, "reverses_key": reverses,
                "sha256": sha256,
            }  # fmt: skip

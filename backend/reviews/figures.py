"""How an office does: what is open and late, days to decision, load. Two queries."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from backend.reviews.queue import Desk

LOOK_BACK = timedelta(days=365)


@dataclass(frozen=True)
class FieldRow:
    key: str
    open: int
    overdue: int
    decided: int
    median: int | None
    p90: int | None


@dataclass(frozen=True)
class Figures:
    """Days are working days from the submission of a version to its letter, of the last year."""

    open: int
    overdue: int
    waiting_for_owner: int
    decided: int
    median: int | None
    p90: int | None
    listed: int
    declined: int
    fields: tuple[FieldRow, ...]


SQL = """
WITH mine AS (
    SELECT c.*, p.field, p.status FROM reviews_case c JOIN projects_project p ON p.id = c.project_id
    WHERE c.office_id = ANY(%(offices)s) AND (c.is_open OR c.closed_on >= %(since)s)
)
SELECT coalesce(field, ''), grouping(field),
    count(*) FILTER (WHERE is_open),
    count(*) FILTER (WHERE is_open AND due_on < %(today)s),
    count(*) FILTER (WHERE is_open AND task = 'owner'),
    count(decision_days),
    percentile_disc(0.5) WITHIN GROUP (ORDER BY decision_days),
    percentile_disc(0.9) WITHIN GROUP (ORDER BY decision_days),
    count(*) FILTER (WHERE status = 'listed'),
    count(*) FILTER (WHERE status = 'declined')
FROM mine GROUP BY GROUPING SETS ((), (field)) ORDER BY 2 DESC, 1
"""


def figures_of(desk: Desk) -> Figures:
    """The offices of the desk together; the load of officers stands on the desk itself."""
    values: dict[str, Any] = {
        "offices": desk.office_ids, "today": desk.today, "since": desk.today - LOOK_BACK,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(SQL, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    total = next((r for r in rows if r[1] == 1), ("", 1, 0, 0, 0, 0, None, None, 0, 0))
    fields = tuple(FieldRow(r[0], r[2], r[3], r[5], r[6], r[7]) for r in rows if r[1] == 0 and r[0])
    return Figures(
        total[2], total[3], total[4], total[5], total[6], total[7], total[8], total[9], fields
    )

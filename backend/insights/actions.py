"""Taking a snapshot, and writing down a correction. Each: lock, permit, check, change, audit."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.accounts.permissions import check_has_role
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.core.formats import CITY_ZONE
from backend.core.text import clean_text
from backend.insights.chain import ZERO, Row, first_row, last_row, link, write_csv
from backend.insights.facts import Before, Cell, public_rows
from backend.insights.models import Correction, Snapshot
from backend.ledger.sums import Place, chain_end

# One snapshot is taken at a time, over all workers (any fixed number).
LOCK = 728_311
MAX_TEXT = 1_000


def lock_snapshots() -> None:
    """Until the transaction ends, nobody else takes one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


@transaction.atomic
def take_snapshot(
    cells: Sequence[Cell],
    *,
    ledger_head: str = "",
    ledger_position: int = 0,
    before: Mapping[str, Before] | None = None,
    is_example: bool = False,
) -> Snapshot:
    """Hide, chain and store. `before` is what earlier snapshots showed (changes.before_of).

    Interrupted, it leaves nothing; started twice, the second waits and makes the next version.
    """
    lock_snapshots()
    at = app_now()
    previous = _newest(is_example=is_example)
    version = _version(at.astimezone(CITY_ZONE).date().isoformat(), is_example=is_example)
    rows, hidden = public_rows(cells, before)
    start = first_row(
        version, taken_at=at.isoformat(), covers_until=at.isoformat(), ledger_head=ledger_head
    )
    chained = link(
        [start, *rows, last_row(len(rows) + 1, version)],
        previous.head_sha256 if previous else ZERO,
    )
    row = Snapshot.objects.create(
        version=version, is_example=is_example, taken_at=at, previous=previous,
        previous_sha256=chained[0].previous_sha256, head_sha256=chained[-1].sha256,
        ledger_head=ledger_head or ZERO, ledger_position=ledger_position,
        row_count=len(chained), hidden_count=hidden,
        csv=write_csv(chained), document=document_of(rows),
    )  # fmt: skip
    audit.record("snapshot.taken", by=None, subject=row, data={"rows": len(chained)})
    return row


def document_of(rows: Sequence[Row]) -> dict[str, Any]:
    """What the page is made of."""
    return {"rows": [_as_list(row) for row in rows]}


def _as_list(row: Row) -> list[Any]:
    """What the page needs of a row, small."""
    value = int(row.value) if row.value else None
    people = int(row.people) if row.people else None
    return [row.series, row.measure, row.unit, row.period, row.country, row.region, row.field,
            row.pillar, row.place, value, people, row.status,
            row.note.removeprefix("since=")]  # fmt: skip


def _newest(*, is_example: bool) -> Snapshot | None:
    rows = Snapshot.objects.filter(is_example=is_example)
    return rows.order_by("-taken_at", "-id").first()


def _version(day: str, *, is_example: bool) -> str:
    prefix = f"example-{day[2:]}" if is_example else day
    return f"{prefix}.{Snapshot.objects.filter(version__startswith=prefix).count() + 1}"


@transaction.atomic
def export_ledger(*, by: User) -> Place:
    """Hand the whole internal chain to the auditor, and to nobody else. It is written down that it
    was; returns the place up to which the file goes."""
    check_has_role(by, "auditor")
    end = chain_end()
    audit.record("ledger.exported", by=by, subject=by, data={"position": end.position})
    return end


@transaction.atomic
def record_correction(snapshot: Snapshot, *, by: User, text_vi: str, text_en: str) -> Correction:
    """Say in both languages what a published snapshot had wrong. It stays listed for good."""
    check_has_role(by, "lead", "auditor")
    texts = {"text_vi": clean_text(text_vi).strip(), "text_en": clean_text(text_en).strip()}
    for name, text in texts.items():
        if not text:
            raise Invalid(_("Say what was wrong, in both languages."), field=name)
        if len(text) > MAX_TEXT:
            raise Invalid(
                _("Use %(max)s characters or fewer."), code="too_long", field=name, max=MAX_TEXT
            )
    if snapshot.is_example:
        raise Conflict(_("Invented figures are not corrected."), code="example")
    row = Correction.objects.create(snapshot=snapshot, by=by, made_at=app_now(), **texts)
    audit.record("correction.recorded", by=by, subject=row, data={"snapshot": snapshot.version})
    return row

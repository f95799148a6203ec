"""The monthly report of one snapshot: a printable document and a workbook, in either language."""

import io
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override
from openpyxl import Workbook
from openpyxl.styles import Font

from backend.core.formats import format_datetime
from backend.core.pdf import Block, pdf_from
from backend.insights.flows_page import Chart, flows_page
from backend.insights.models import Correction, Snapshot
from backend.insights.shown import Cell, Table

COLUMNS = Cell._fields


def report_pdf(snapshot: Snapshot, corrections: list[Correction], language: str) -> bytes:
    """Findings with their tables, targets, corrections and the fingerprint, as on the page."""
    with override(language):
        page = flows_page(snapshot, language)
        title = _("Where redirected remittances go")
        at = format_datetime(snapshot.taken_at, language)
        blocks = [
            Block("title", title),
            *([Block("text", _("Invented figures."))] if snapshot.is_example else []),
            Block("text", page.sentence),
            Block("small", _("Source: snapshot %(version)s, %(at)s.")
                  % {"version": snapshot.version, "at": at}),
            *_of_table(page.targets),
        ]  # fmt: skip
        for chart in page.charts:
            blocks += _of_chart(chart)
        blocks += [Block("small", f"{chart.finding}.") for chart in page.undrawn]
        blocks.append(Block("heading", _("Corrections")))
        blocks += [
            Block("text", f"{row.snapshot.version}: {getattr(row, f'text_{language}')}")
            for row in corrections
        ] or [Block("text", _("None so far."))]
        blocks += [
            Block("heading", _("Last fingerprint")), Block("small", snapshot.head_sha256),
        ]  # fmt: skip
        foot = f"Cầu Kiều · {snapshot.version}"
    return pdf_from(blocks, title=title, foot=foot, language=language)


def _of_chart(chart: Chart) -> list[Block]:
    found = [Block("heading", chart.finding)]
    if chart.note:
        found.append(Block("small", chart.note))
    return found + _rows(chart.table)


def _of_table(table: Table) -> list[Block]:
    return [Block("heading", table.caption), *_rows(table)]


def _rows(table: Table) -> list[Block]:
    rows = tuple(tuple(row) for row in table.rows)
    return [Block("table", rows=rows, head=tuple(table.head))] if rows else []


def report_xlsx(snapshot: Snapshot) -> bytes:
    """Every public row with numbers as numbers, and the facts of the snapshot."""
    book = Workbook()
    rows: Any = book.active
    rows.title = "rows"
    rows.append(list(COLUMNS))
    for cell in rows[1]:
        cell.font = Font(bold=True)
    for row in snapshot.document["rows"]:
        rows.append(row)
    rows.freeze_panes = "A2"
    facts = book.create_sheet("snapshot")
    for name, value in (
        ("version", snapshot.version), ("is_example", snapshot.is_example),
        ("taken_at", snapshot.taken_at.isoformat()), ("rows", snapshot.row_count),
        ("previous_sha256", snapshot.previous_sha256), ("head_sha256", snapshot.head_sha256),
        ("ledger_head", snapshot.ledger_head), ("licence", "CC BY 4.0"),
    ):  # fmt: skip
        facts.append([name, value])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()

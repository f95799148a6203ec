"""What the programme office sees: figures of this moment, whole, and the rows behind them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from backend.core.formats import CITY_ZONE, format_money_long
from backend.core.money import Money
from backend.funding.models import Pledge
from backend.funding.workflow import PLEDGE_LIVE
from backend.insights.facts import Cell
from backend.insights.flows_page import Cell as Shown
from backend.insights.flows_page import Table, Words, language_of_page, step_words, targets_table
from backend.insights.ledger_cells import measure_of
from backend.insights.ledger_sums import as_of_now
from backend.insights.models import Correction, Snapshot, SnapshotCheck
from backend.insights.queries import corrections, snapshots
from backend.insights.sources import real_cells

DRILLS = {"month": _("Month"), "field": _("Field"), "country": _("Country or territory")}
MOST_ROWS = 500
# How many of the sums kept of the ledger are what the ledger says.
SUMS, ORIGINS = "ledger_sums", "ledger_origins"
MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Figure:
    """One figure with the way to its rows."""

    label: str
    key: str
    amount: str
    people: int


@dataclass(frozen=True)
class CheckRow:
    """A published figure, where it comes from, and the same counted again."""

    figure: str
    source: str
    published: str
    again: str
    agrees: bool


@dataclass(frozen=True)
class OfficePage:
    total: str
    people: int
    by: Sequence[tuple[str, Any, Sequence[Figure]]]
    # (measure, its name, its sum)
    states: Sequence[tuple[str, str, str]]
    targets: Table
    snapshots: Sequence[Snapshot]
    corrections: Sequence[Correction]
    check: SnapshotCheck | None
    checked: Sequence[CheckRow]


def office_page(language: str) -> OfficePage:
    """The account at this moment, before anything is hidden."""
    cells, words = real_cells(), Words(language)
    check = SnapshotCheck.objects.select_related("snapshot").defer(
        "snapshot__csv", "snapshot__document"
    ).order_by("-made_at", "-id").first()  # fmt: skip

    def sum_of(cell: Cell) -> str:
        return format_money_long(Money(cell.value, "VND"), language)

    totals = {c.measure: c for c in cells if c.series == "total"}
    pledged = totals.get("pledged")
    by = []
    for series, title in DRILLS.items():
        name = "period" if series == "month" else series
        rows = [c for c in cells if c.series == series and c.measure == "pledged"]
        figures = [
            Figure(
                words.month(c.period)
                if series == "month"
                else words.name(series, getattr(c, name)),
                getattr(c, name), sum_of(c), c.people or 0,
            )
            for c in sorted(rows, key=lambda c: (c.period, c.value), reverse=True)
        ]  # fmt: skip
        by.append((series, title, figures))
    names = {
        "calculated": _("Calculated"), "pledged": _("Pledged"), "held": _("Held"),
        "released": _("Released"), "returned": _("Returned"),
    }  # fmt: skip
    return OfficePage(
        total=sum_of(pledged) if pledged else format_money_long(Money(0, "VND"), language),
        people=pledged.people or 0 if pledged else 0,
        by=by,
        states=[(m, str(names[m]), sum_of(totals[m])) for m in names if m in totals],
        targets=targets_table(_shown(pledged), words),
        snapshots=list(snapshots()[:12]),
        corrections=list(corrections()[:20]),
        check=check,
        checked=check_rows(check, language) if check else [],
    )


def _shown(cell: Cell | None) -> Shown | None:
    """A figure as the tables of the public page take it."""
    if cell is None:
        return None
    return Shown(
        cell.series, cell.measure, cell.unit, "", "", "", "", "", "", cell.value, cell.people,
        "shown",
    )  # fmt: skip


@dataclass(frozen=True)
class MoneyRow:
    """What moved between two accounts of the ledger in one month, for one reason."""

    month: str
    debit: str
    credit: str
    reason: str
    amount: Money
    entries: int


def money_rows(measure: str, language: str) -> list[MoneyRow]:
    """Every movement that a figure is made of, newest month first; their sum in each currency is
    the figure. What leaves is negative."""
    words, found = Words(language), []
    book = as_of_now()
    for row in sorted(book.turnovers, key=lambda r: (r.month, r.debit, r.credit), reverse=True):
        for name, _about, minor in measure_of(row):
            if name == measure:
                found.append(
                    MoneyRow(words.month(row.month), row.debit, row.credit, row.reason,
                             Money(minor, row.currency), row.rows)
                )  # fmt: skip
    return found[:MOST_ROWS]


def key_words(series: str, key: str) -> str:
    """What a drill-down is about, in the page's language."""
    words = Words(language_of_page())
    if series != "month":
        return words.name(series, key)
    return words.month(key) if MONTH.fullmatch(key) else ""


def states_of(rows: Iterable[Pledge]) -> list[tuple[Pledge, str]]:
    """Each pledge with its state in words."""
    names = {
        "card_pending": _("Waiting for a card"), "active": _("Pledged"),
        "due": _("Being charged"), "action_required": _("The bank asks for a confirmation"),
        "retry_wait": _("The charge failed, tried again"), "collected": _("Charged"),
        "refunding": _("On its way back"), "part_refunded": _("Returned in part"),
    }  # fmt: skip
    return [(row, str(names.get(row.status, row.status))) for row in rows]


def check_rows(check: SnapshotCheck, language: str) -> list[CheckRow]:
    """Every figure of the check in words."""
    sources = {
        "pledges": _("Pledges, counted again by their dates"),
        "plans": _("Plans and kept calculations, one by one"),
        "ledger": _("The ledger, one pass over all entries"),
        "paybacks": _("Reports of owners, counted again by month"),
        "snapshot": _("The earlier snapshot it stands from"),
    }  # fmt: skip
    words = Words(language)
    return [
        CheckRow(
            _figure_words(key, words), str(sources[source]), _plain(published, words),
            _plain(again, words), agrees,
        )
        for key, source, published, again, agrees in check.figures
    ]  # fmt: skip


def _figure_words(key: str, words: Words) -> str:
    if key == SUMS:
        return str(_("Sums kept of the ledger, rows"))
    if key == ORIGINS:
        return str(_("Origins kept of the ledger, rows"))
    series, measure, unit, period, country, _region_, field, pillar, place = key.split("|")
    parts = [step_words()[measure][0]]
    if period:
        parts.append(words.month(period))
    for kind, value in (
        ("country", country), ("field", field), ("pillar", pillar), ("place", place),
    ):  # fmt: skip
        if value or kind == series:
            parts.append(words.name(kind, value))
    if series == "region":
        parts.append(words.name("region", _region_))
    return ", ".join(parts) + f" ({unit})"


def _plain(value: int | None, words: Words) -> str:
    return "–" if value is None else words.number(value)


def drill_down(series: str, key: str) -> QuerySet[Pledge]:
    """Live pledges behind a figure, newest first, at most 500; people are not read."""
    rows = Pledge.objects.filter(status__in=sorted(PLEDGE_LIVE)).select_related("round__project")
    if series == "month":
        rows = rows.annotate(month=TruncMonth("confirmed_at", tzinfo=CITY_ZONE))
        year, month = (key[:4], key[5:7]) if MONTH.fullmatch(key) else ("", "")
        rows = rows.filter(month__year=int(year), month__month=int(month)) if year else rows.none()
    elif series == "field":
        rows = rows.filter(round__project__field=key)
    else:
        rows = rows.filter(country=key)
    return rows.order_by("-confirmed_at", "-id")[:MOST_ROWS]

"""What the programme office sees: figures of this moment, whole, and the rows behind them."""

import re
from collections.abc import Sequence
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
from backend.insights.flows_page import Table, Words, targets_table
from backend.insights.models import Correction, Snapshot
from backend.insights.queries import corrections, snapshots
from backend.insights.sources import real_cells

DRILLS = {"month": _("Month"), "field": _("Field"), "country": _("Country or territory")}
MOST_ROWS = 500


@dataclass(frozen=True)
class Figure:
    """One figure with the way to its rows."""

    label: str
    key: str
    amount: str
    people: int


@dataclass(frozen=True)
class OfficePage:
    total: str
    people: int
    by: Sequence[tuple[str, Any, Sequence[Figure]]]
    states: Sequence[tuple[str, str]]
    targets: Table
    snapshots: Sequence[Snapshot]
    corrections: Sequence[Correction]


def office_page(language: str) -> OfficePage:
    """The account at this moment, before anything is hidden."""
    cells, words = real_cells(), Words(language)

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
            for c in sorted(rows, key=lambda c: -c.value)
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
        states=[(str(names[m]), sum_of(totals[m])) for m in names if m in totals],
        targets=targets_table(None, words),
        snapshots=list(snapshots()[:12]),
        corrections=list(corrections()[:20]),
    )


def drill_down(series: str, key: str) -> QuerySet[Pledge]:
    """Live pledges behind a figure, newest first, at most 500; people are not read."""
    rows = Pledge.objects.filter(status__in=sorted(PLEDGE_LIVE)).select_related("round__project")
    if series == "month":
        rows = rows.annotate(month=TruncMonth("confirmed_at", tzinfo=CITY_ZONE))
        year, month = (
            (key[:4], key[5:7]) if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", key) else ("", "")
        )
        rows = rows.filter(month__year=int(year), month__month=int(month)) if year else rows.none()
    elif series == "field":
        rows = rows.filter(round__project__field=key)
    else:
        rows = rows.filter(country=key)
    return rows.order_by("-confirmed_at", "-id")[:MOST_ROWS]

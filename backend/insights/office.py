"""What the programme office sees: figures of this moment, whole, and the rows behind them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from backend.core.clock import app_now, city_day
from backend.core.formats import CITY_ZONE, format_money_long
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.funding.models import Pledge, Round
from backend.funding.workflow import PLEDGE_LIVE
from backend.insights.facts import Cell
from backend.insights.flows_page import targets_table
from backend.insights.ledger_cells import MONEY, facts_of, measure_of, region_of
from backend.insights.ledger_sums import as_of_now
from backend.insights.models import Correction, Snapshot, SnapshotCheck
from backend.insights.queries import corrections, snapshots
from backend.insights.shown import Cell as Shown
from backend.insights.shown import Table, Words, step_words
from backend.insights.sources import real_cells
from backend.projects.models import Project
from backend.remittances.corridors import corridors

# What the figures are split by: (caption of the table, head of its first column).
DRILLS = {
    "month": (_("By month"), _("Month")),
    "field": (_("By field"), _("Field")),
    "country": (_("By country of residence"), _("Country or territory")),
    "region": (_("By region"), _("Region")),
}
MOST_ROWS = 500
# How many of the sums kept of the ledger are what the ledger says.
SUMS, ORIGINS = "ledger_sums", "ledger_origins"
MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Figure:
    """What stands by one key, with the way to its rows. `money`: (measure, its name, its sum)."""

    label: str
    key: str
    amount: str
    people: int
    money: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Split:
    """A table of figures by one thing. `measures`: names of the columns beside what is pledged."""

    series: str
    caption: str
    head: str
    measures: Sequence[str]
    figures: Sequence[Figure]


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
    by: Sequence[Split]
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

    totals = {c.measure: c for c in cells if c.series == "total"}
    pledged = totals.get("pledged")
    names = {measure: word[0] for measure, word in step_words().items()}
    return OfficePage(
        total=_sum(pledged, language),
        people=pledged.people or 0 if pledged else 0,
        by=[_split(series, cells, words) for series in DRILLS],
        states=[(m, names[m], _sum(totals[m], language)) for m in names if m in totals],
        targets=targets_table(_shown(pledged), words),
        snapshots=list(snapshots()[:12]),
        corrections=list(corrections()[:20]),
        check=check,
        checked=check_rows(check, language) if check else [],
    )


def _sum(cell: Cell | None, language: str) -> str:
    return format_money_long(Money(cell.value if cell else 0, "VND"), language)


def _split(series: str, cells: Sequence[Cell], words: Words) -> Split:
    """Every key that something is pledged, held, released or returned by; months by falling date,
    the others by what is pledged."""
    name = "period" if series == "month" else series
    by: dict[str, dict[str, Cell]] = {}
    for cell in cells:
        if cell.series == series and cell.measure in ("pledged", *MONEY):
            by.setdefault(getattr(cell, name), {})[cell.measure] = cell
    measures = [m for m in MONEY if any(m in found for found in by.values())]

    def rank(key: str) -> tuple[int, str]:
        cell = by[key].get("pledged")
        return (cell.value if cell and series != "month" else 0), key

    figures = [
        Figure(
            words.month(key) if series == "month" else words.name(series, key), key,
            _sum(by[key].get("pledged"), words.language),
            (by[key]["pledged"].people or 0) if "pledged" in by[key] else 0,
            [(m, step_words()[m][0], _sum(by[key].get(m), words.language)) for m in measures],
        )
        for key in sorted(by, key=rank, reverse=True)
    ]  # fmt: skip
    caption, head = map(str, DRILLS[series])
    return Split(series, caption, head, [step_words()[m][0] for m in measures], figures)


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


@dataclass(frozen=True)
class PartRow:
    """What a round or project has of a figure, and the part of it that one key has."""

    project: str
    about: str
    currency: str
    year: int
    whole: Money
    part: Money


def part_rows(measure: str, series: str, key: str) -> list[PartRow]:
    """Every part that held, released or returned money by field, country or region is made of,
    the largest first; the sum of the parts is the figure, to the đồng."""
    book, found = as_of_now(), []
    facts = facts_of(book.turnovers, book.origins, city_day(app_now()).year)
    for fact in (fact for fact in facts if fact.measure == measure):
        part = sum(
            vnd for country, vnd in fact.by_country.items()
            if key == {"field": fact.field, "country": country}.get(series, region_of(country))
        )  # fmt: skip
        if part:
            whole = Money(fact.minor, fact.currency)
            found.append((fact, whole, Money(part, "VND")))
    found.sort(key=lambda row: (-row[2].minor, row[0].about))
    titles = _titles({fact.about for fact, _whole, _part in found})
    return [
        PartRow(titles.get(fact.about, ""), fact.about, fact.currency, fact.year, whole, part)
        for fact, whole, part in found[:MOST_ROWS]
    ]


def _titles(abouts: set[str]) -> dict[str, str]:
    """Titles of the projects that these rounds and projects are."""
    rounds = Round.objects.filter(public_id__in=abouts).values_list(
        "public_id", "project__title_vi"
    )
    projects = Project.objects.filter(public_id__in=abouts).values_list("public_id", "title_vi")
    return dict([*rounds, *projects])


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
        "due": _("Being collected"), "action_required": _("The bank asks for a confirmation"),
        "retry_wait": _("The charge failed, tried again"), "collected": _("Paid in"),
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
    elif series == "region":
        known = corridors()
        inside = Q(country__in=[c for c, one in known.items() if one.region == key])
        rows = rows.filter(inside if key != "other" else ~Q(country__in=list(known)))
    else:
        rows = rows.filter(country=key)
    return rows.order_by("-confirmed_at", "-id")[:MOST_ROWS]

"""The public account as its page shows it: findings in words, charts, tables, of one snapshot."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backend.core.clock import city_day
from backend.core.formats import format_money_long
from backend.core.money import Money
from backend.insights import charts
from backend.insights.charts import Bar
from backend.insights.country_tables import Crossing, crossed_table, crossed_tables, table_by
from backend.insights.models import Snapshot
from backend.insights.published import Figure, series, target
from backend.insights.shown import (
    BILLION,
    Cell,
    Cells,
    Table,
    Words,
    billions,
    region_name,
    step_words,
)

STEPS = ("calculated", "pledged", "held", "released", "returned")
# So many bars of a split are drawn; the table has all.
DRAWN = 10


@dataclass(frozen=True)
class Chart:
    """A finding in words, the picture (None: nothing to draw yet) and its table."""

    key: str
    finding: str
    unit: str
    svg: SafeString | None
    note: str
    table: Table
    is_wide: bool = False


@dataclass(frozen=True)
class FlowsPage:
    snapshot: Snapshot
    sentence: str
    meter: SafeString
    meter_note: str
    # Those that show something, and those whose figures are all hidden or not there yet.
    charts: Sequence[Chart]
    undrawn: Sequence[Chart]
    targets: Table
    series: Table
    # Of pledges; the other steps and the months have a page of their own.
    corridor: Crossing | None
    hidden: int
    kept: int


def flows_page(snapshot: Snapshot, language: str) -> FlowsPage:
    """Everything below the heading, from the snapshot's own document."""
    words = Words(language)
    cells = Cells(snapshot.document["rows"])
    total = cells.total("pledged")
    year = snapshot.taken_at.year
    goal = target(year, "mobilised") or target(2026, "mobilised")
    assert goal is not None
    found = [
        _by_month(cells, goal, f"{city_day(snapshot.taken_at):%Y-%m}", words),
        _steps(cells, words),
        *(_by(cells, name, words) for name in ("country", "region", "field", "pillar", "place")),
        _paid_back(cells, words), _milestones(cells, words), _decisions(cells, words),
    ]  # fmt: skip
    return FlowsPage(
        snapshot=snapshot,
        sentence=_sentence(total, words),
        meter=_meter(total, goal, words),
        meter_note=_("Target for %(year)s: %(sum)s billion ₫ (%(basis)s). Source: %(source)s") % {
            "year": goal.period, "sum": words.number(goal.value), "basis": words.plan(goal.basis),
            "source": words.source(goal),
        },
        charts=[chart for chart in found if chart.svg],
        undrawn=[chart for chart in found if not chart.svg],
        targets=targets_table(total, words),
        series=_published(words),
        corridor=crossed_table(cells, words),
        hidden=snapshot.hidden_count,
        kept=sum(1 for cell in cells.all if cell.status == "kept"),
    )  # fmt: skip


def countries_page(snapshot: Snapshot, language: str) -> list[Crossing]:
    """Countries across fields and months: by far the largest tables, so not on the first page."""
    return crossed_tables(Cells(snapshot.document["rows"]), Words(language))


def _sentence(total: Cell | None, words: Words) -> str:
    if total is None or total.value == 0:
        return _("Nothing is pledged yet: 0 ₫ from nobody.")
    if total.is_hidden:
        return _(
            "The sum of all pledges is not shown: it would give away what fewer than ten "
            "people pledged."
        )
    return _("%(people)s people have pledged %(sum)s to projects in Ho Chi Minh City, expressions "
             "of interest included.") % {
        "people": words.people(total), "sum": words.sum(total),
    }  # fmt: skip


def _meter(total: Cell | None, goal: Figure, words: Words) -> SafeString:
    value = total.value if total and total.value is not None else 0
    most = int(goal.value) * BILLION
    marks = [words.number(int(goal.value) * i // 5) for i in range(6)]
    text = words.sum(total)
    name = _("%(sum)s of %(goal)s billion ₫") % {"sum": text, "goal": words.number(goal.value)}
    return charts.meter(value / most, name, text, marks)


def _bars(named: Sequence[tuple[str, Cell | None]], words: Words) -> list[Bar]:
    """Bars beside the largest; a figure that is not there is nil."""
    most = max((c.value or 0 for _n, c in named if c), default=0) or 1
    return [
        Bar(name, words.sum(c), None if c and c.is_hidden else ((c.value or 0) if c else 0) / most)
        for name, c in named
    ]


def _by_month(cells: Cells, goal: Figure, this_month: str, words: Words) -> Chart:
    months = sorted(cells.of("month"), key=lambda c: c.period)
    shown = [c for c in months if c.value is not None]
    is_drawn = _is_worth_drawing(months)
    pace = int(goal.value) * BILLION // 12
    most = max([pace, *(c.value or 0 for c in months)])
    bars = [
        Bar(words.month(c.period, short=True), billions(c, words),
            None if c.value is None else c.value / most, c.period == this_month) for c in months
    ]  # fmt: skip
    finding = _("No month shows a sum yet")
    if shown:
        best = max(shown, key=lambda c: (c.value or 0, c.period))
        finding = _("%(month)s brought the most: %(sum)s, against %(pace)s that the target needs "
                    "each month")  # fmt: skip
        if len(shown) < len(months):  # one that is hidden may have brought more
            finding = _("Of the months shown, %(month)s brought the most: %(sum)s, against "
                        "%(pace)s that the target needs each month")  # fmt: skip
        finding %= {
            "month": words.month(best.period), "sum": words.sum(best),
            "pace": format_money_long(Money(pace, "VND"), words.language),
        }  # fmt: skip
    line = _("Pace the target needs: %(sum)s") % {
        "sum": words.number((Decimal(pace) / BILLION).quantize(Decimal("0.1")))
    }
    table = Table(
        _("Pledged by month"), (_("Month"), _("Amount"), _("Number of people")),
        [(words.month(c.period), words.sum(c), words.people(c)) for c in months],
    )  # fmt: skip
    svg = charts.upright(bars, finding, pace / most, line) if is_drawn else None
    note = _("Live pledges by the month they were made, billion ₫, at the rate fixed for each. The "
             "pace is the year's target spread evenly over twelve months.")  # fmt: skip
    if is_drawn and any(bar.is_part for bar in bars):
        note += " " + _("The dashed bar is a month that is not over.")
    if is_drawn and len(shown) < len(months):
        note += " " + _("A box without a number is a month whose sum is not shown.")
    return Chart("month", finding, _("Pledged each month, billion ₫"), svg, note, table, True)


def _is_worth_drawing(months: Sequence[Cell]) -> bool:
    """Whether at least a third of the months that brought something may be shown: a row of empty
    boxes says nothing that one sentence does not."""
    moved = [c for c in months if c.value != 0]
    return 0 < len(moved) <= 3 * sum(1 for c in moved if c.value is not None)


def _steps(cells: Cells, words: Words) -> Chart:
    found = [(step, cells.total(step)) for step in STEPS]
    names = step_words()
    pledged, held = dict(found)["pledged"], dict(found)["held"]
    finding = _("Each state is counted on its own; some sums are not shown")
    if not any(c and c.is_hidden for c in (pledged, held)):
        finding = _("Pledged %(pledged)s; held %(held)s; each state is counted on its own") % {
            "pledged": words.sum(pledged), "held": words.sum(held),
        }  # fmt: skip
    table = Table(
        _("From calculated to returned"),
        (_("Step"), _("Amount"), _("Number of people"), _("Meaning")),
        [(names[s][0], words.sum(c), words.people(c), names[s][1]) for s, c in found],
    )  # fmt: skip
    note = _("Two states are never added up in one figure. Held, released and returned come from "
             "the ledger; nil means that nothing has been paid in.")  # fmt: skip
    is_shown = any(c and c.value is not None for _s, c in found)
    bars = _bars([(names[s][0], c) for s, c in found], words)
    svg = charts.across(bars, finding) if is_shown else None
    return Chart("steps", finding, _("All sums since the start"), svg, note, table, True)


def _by(cells: Cells, name: str, words: Words) -> Chart:
    titles = {
        "country": (_("Pledged by country of residence"), _("Country or territory")),
        "region": (_("Pledged by region"), _("Region")),
        "field": (_("Pledged by field"), _("Field")),
        "pillar": (_("Pledged by pillar"), _("Pillar")),
        "place": (_("Pledged by place"), _("Place")),
    }[name]
    rows = sorted(cells.of(name), key=lambda c: (c.value is None, -(c.value or 0), c.period))
    shown = [(words.name(name, getattr(c, name)), c) for c in rows if c.value is not None]
    finding = titles[0] + ": " + _("nothing to show yet")
    if shown:
        finding = _("%(name)s comes first with %(sum)s") % {
            "name": shown[0][0], "sum": words.sum(shown[0][1]),
        }  # fmt: skip
    elif rows:
        finding = titles[0] + ": " + _("all hidden for privacy")
    svg = charts.across(_bars(shown[:DRAWN], words), finding) if shown else None
    table = table_by(cells, name, titles, words)
    note = _note_by(cells, name, len(shown), words)
    return Chart(name, finding, titles[0], svg, note, table)


def _note_by(cells: Cells, name: str, shown: int, words: Words) -> str:
    note = []
    if shown > DRAWN:
        note.append(
            _("The %(drawn)s largest of %(n)s are drawn; the table has all.")
            % {"drawn": DRAWN, "n": words.number(shown)}
        )
    hidden = sum(1 for c in cells.all if c.series == name and c.is_hidden)
    if hidden:
        note.append(
            _("%(n)s hidden for privacy: fewer than ten people, or needed to protect such a cell.")
            % {"n": words.number(hidden)}
        )
    if name == "pillar":
        note.append(_("A project can have several pillars."))
    if name == "country":
        note.append(
            _("Projects are paid out of one pot: what is held and released is shared in proportion "
              "to what each country has in it.")
        )  # fmt: skip
    return " ".join(note)


def _paid_back(cells: Cells, words: Words) -> Chart:
    """What owners report to have paid back outside this site, claimed and verified apart."""
    names = {
        "paid_back_verified": _("Verified by an officer"),
        "paid_back_claimed": _("Claimed by owners, not verified yet"),
    }
    total = {m: cells.total(m) for m in names}
    found = [c for c in total.values() if c is not None]
    finding = _("No owner has reported a payback yet")
    if found:
        finding = _("Owners report paybacks: %(verified)s verified, %(claimed)s only claimed") % {
            "verified": words.sum(total["paid_back_verified"]),
            "claimed": words.sum(total["paid_back_claimed"]),
        }  # fmt: skip
    by = {m: {c.period: c for c in cells.of("month", m)} for m in names}
    months = sorted({month for of in by.values() for month in of})
    table = Table(
        _("Paid back, as owners report it, by month of payment"), (_("Month"), *names.values()),
        [(words.month(month), *(words.sum(by[m].get(month)) for m in names)) for month in months],
    )  # fmt: skip
    note = _("Owners of loans, convertibles and the like pay supporters back directly: none of it "
             "passes through here or stands in the ledger. Verified: an officer checked the "
             "proof.")  # fmt: skip
    bars = _bars([(names[m], c) for m, c in total.items()], words)
    svg = charts.across(bars, finding) if any(c.value is not None for c in found) else None
    return Chart("paid_back", finding, _("Reported in ₫ since the start"), svg, note, table)


def _milestones(cells: Cells, words: Words) -> Chart:
    names = {
        "on_time": _("Verified on time"), "late_done": _("Verified late"),
        "failed": _("Not met, money returned"), "overdue": _("Past its date, not verified"),
        "claimed": _("Claimed, being checked"), "planned": _("Not due yet"),
    }  # fmt: skip
    found = {c.measure: c for c in cells.all if c.series == "milestone"}
    rows = [(names[k], found[k]) for k in names if k in found]
    count = {k: found[k].value or 0 if k in found else 0 for k in names}
    due = sum(count[k] for k in ("on_time", "late_done", "failed", "overdue"))
    finding = _("No milestone has fallen due yet")
    if due:
        finding = _("%(done)s of %(due)s milestones that fell due were verified on time; "
                    "%(failed)s were not met") % {
            "done": words.number(count["on_time"]), "due": words.number(due),
            "failed": words.number(count["failed"]),
        }  # fmt: skip
    most = max((c.value or 0 for _n, c in rows), default=0) or 1
    bars = [Bar(n, words.number(c.value or 0), (c.value or 0) / most) for n, c in rows]
    table = Table(_("Milestones"), (_("Outcome"), _("Milestones")),
                  [(n, words.number(c.value or 0)) for n, c in rows])  # fmt: skip
    note = _(
        "Verified: two officers accepted the evidence. Claimed: the owner handed it in and nobody "
        "has judged it yet; it is never counted as verified. Examples are left out."
    )
    svg = charts.across(bars, finding) if rows else None
    return Chart("milestones", finding, _("Milestones of listed projects"), svg, note, table)


def _decisions(cells: Cells, words: Words) -> Chart:
    by_month: dict[str, dict[str, int]] = {}
    for cell in cells.all:
        if cell.series == "decision":
            by_month.setdefault(cell.period, {})[cell.measure] = cell.value or 0
    promise = settings.REVIEW_WORKING_DAYS
    rows = [(m, v.get("half_within", 0), v.get("nine_in_ten_within", 0), v.get("count", 0))
            for m, v in sorted(by_month.items())]  # fmt: skip
    finding = _("No proposal was decided yet")
    if rows:
        month, half, most, _count = rows[-1]
        finding = _("In %(month)s half of the proposals were decided within %(half)s working days, "
                    "nine in ten within %(most)s; the promise is %(promise)s") % {
            "month": words.month(month), "half": half, "most": most, "promise": promise,
        }  # fmt: skip
    svg = (
        charts.spans([(words.month(m, short=True), h, n) for m, h, n, _c in rows], promise, finding)
        if rows
        else None
    )
    table = Table(
        _("Working days from submission to decision"),
        (_("Month"), _("Half within"), _("Nine in ten within"), _("Decisions")),
        [(words.month(m), str(h), str(n), words.number(c)) for m, h, n, c in rows],
    )  # fmt: skip
    note = _("Dot: half. Ring: nine in ten. Dashed line: the promise. Weekends and public holidays "
             "are left out. Examples are included: their dates are invented.")  # fmt: skip
    return Chart("decisions", finding, _("Working days to a decision"), svg, note, table)


def targets_table(total: Cell | None, words: Words) -> Table:
    rows = []
    names = {
        "mobilised": _("Raised from remittances and social sources"),
        "fund": _("Science and technology fund"),
        "firms_reached": _("Manufacturing firms reached"),
    }
    for figure in series("programme_target"):
        unit = _("billion ₫") if figure.unit == "VND bn" else _("firms")
        here = words.sum(total) if figure.region == "mobilised" else _("not measured here")
        rows.append(
            (figure.period, names[figure.region], f"{words.number(figure.value)} {unit}", here,
             words.source(figure))
        )  # fmt: skip
    head = (_("Year"), _("Target of city plan 90/KH-UBND"), _("Target"), _("Pledged here"),
            _("Source"))  # fmt: skip
    return Table(_("The programme's targets"), head, rows)


def _published(words: Words) -> Table:
    status = {
        "published": _("published"), "derived": _("worked out from published figures"),
        "forecast": _("forecast"), "conflict": _("sources disagree, both are shown"),
    }  # fmt: skip
    unit = _("billion USD")
    rows = [
        (f.period, region_name(f.region), f"{words.number(f.value)} {unit}",
         status[f.status], words.source(f))
        for f in series("hcmc_inflow")
    ]  # fmt: skip
    head = (_("Period"), _("Region"), _("Amount"), _("Status"), _("Source"))
    return Table(_("Remittances to Ho Chi Minh City, as published"), head, rows)


def machine_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The rows for the API."""
    return [Cell(*row)._asdict() for row in snapshot.document["rows"]]

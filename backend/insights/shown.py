"""What the pages of the public account are written with: its rows, names and sums in one
language, and tables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape
from typing import Any, NamedTuple

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from backend.core.formats import (
    MONTHS_EN,
    format_money,
    format_money_long,
    format_number,
    format_partial_date,
)
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.insights.published import Figure
from backend.projects import taxonomy

BILLION = 10**9


class Cell(NamedTuple):
    """A row of the snapshot's document."""

    series: str
    measure: str
    unit: str
    period: str
    country: str
    region: str
    field: str
    pillar: str
    place: str
    value: int | None
    people: int | None
    status: str
    # The version of the earlier snapshot that the figure is from; empty: of this one.
    since: str = ""

    @property
    def is_hidden(self) -> bool:
        return self.status == "hidden"


class Cells:
    """The rows of a snapshot by what they are about."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self.all = [Cell(*row) for row in rows]
        self._by: dict[tuple[str, str], list[Cell]] = {}
        for cell in self.all:
            self._by.setdefault((cell.series, cell.measure), []).append(cell)

    def of(self, series: str, measure: str = "pledged") -> list[Cell]:
        return self._by.get((series, measure), [])

    def total(self, measure: str) -> Cell | None:
        return next(iter(self.of("total", measure)), None)


# Letters that no other language writes.
VIETNAMESE = re.compile("[ăđơưĂĐƠƯ\u1ea0-\u1ef9]")


@dataclass(frozen=True)
class Table:
    """Text only; the first column names the row."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def is_broad(self) -> bool:
        """More columns than half of a page takes."""
        return len(self.head) > 4

    @property
    def body(self) -> SafeString:
        """The rows as markup; each cell carries the head of its column, which stands beside it on a
        phone. Written here because a page has thousands of cells, which a template loop takes ten
        times as long for."""
        is_english = language_of_page() == "en"
        opened = [f'<td data-l="{escape(head)}">' for head in self.head[1:]]
        rows = []
        for first, *others in self.rows:
            cells = "</td>".join(map(str.__add__, opened, map(escape, others)))
            # On an English page a place keeps its name, to be read aloud as what it is.
            lang = ' lang="vi"' if is_english and VIETNAMESE.search(first) else ""
            rows.append(f'<tr><th scope="row"{lang}>{escape(first)}</th>{cells}</td></tr>')
        return mark_safe("".join(rows))  # noqa: S308 (every text is escaped above)


class Words:
    """Names and sums in one language."""

    def __init__(self, language: str) -> None:
        self.language = language

    def sum(self, cell: Cell | None) -> str:
        if cell is None:
            return format_money(Money(0, "VND"), self.language)
        if cell.value is None:
            return _("Not shown")
        return format_money_long(Money(cell.value, "VND"), self.language)

    def people(self, cell: Cell | None) -> str:
        if cell is None:
            return "0"
        if cell.is_hidden:
            return _("Not shown")
        return "" if cell.people is None else self.number(cell.people)

    def billions_usd(self, figure: Figure | None) -> str:
        if figure is None:
            return "–"
        return f"{self.number(figure.value)} {_('billion USD')}"

    def number(self, value: int | Decimal) -> str:
        return format_number(value, self.language)

    def month(self, period: str, *, short: bool = False) -> str:
        number = int(period[5:7])
        if self.language == "vi":
            return f"{number:02d}/{period[:4]}"
        name = MONTHS_EN[number - 1]
        return f"{name[:3]}" if short else f"{name} {period[:4]}"

    def source(self, figure: Figure) -> str:
        """The publisher and the day; the number of its article stays in the data file."""
        return (
            f"{figure.source.split()[0]}, {format_partial_date(figure.source_date, self.language)}"
        )

    def plan(self, basis: str) -> str:
        """`plan 90/KH-UBND` as each language calls it."""
        number = basis.removeprefix("plan ")
        return basis if self.language == "en" or number == basis else f"Kế hoạch {number}"

    def name(self, kind: str, key: str) -> str:
        if not key:
            return _("Not stated")
        if kind == "region":
            return region_name(key)
        if not taxonomy.is_known(kind, key):
            return key
        label = taxonomy.label(kind, key, self.language)
        return label[:1].upper() + label[1:]


def region_name(key: str) -> str:
    return {
        "asia": _("Asia"), "americas": _("Americas"), "europe": _("Europe"),
        "oceania": _("Oceania"), "africa": _("Africa"), "all": _("All"),
    }.get(key, _("Other"))  # fmt: skip


def step_words() -> Mapping[str, tuple[str, str]]:
    """What each step is called and what it counts."""
    return {
        "calculated": (
            _("Calculated"),
            _("A year of the plans and calculations that people saved"),
        ),
        "pledged": (
            _("Pledged"),
            _("Pledges and expressions of interest; no money is taken when they are made"),
        ),
        "held": (_("Held"), _("Paid in by card or bank transfer, waiting for milestones")),
        "released": (_("Released"), _("Paid out on verified milestones")),
        "returned": (_("Returned"), _("Back to the people who gave")),
    }


def billions(cell: Cell, words: Words) -> str:
    if cell.value is None:
        return "–"
    return words.number((Decimal(cell.value) / BILLION).quantize(Decimal("0.1")))

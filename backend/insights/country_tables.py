"""Tables of the public account by country, region, field and the like, and countries across fields
or months."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from backend.insights.published import Figure, series
from backend.insights.shown import Cell, Cells, Table, Words, billions, step_words

MONEY = ("held", "released", "returned")
# Columns beside what is pledged, where a figure by the same key is there.
BESIDE = ("calculated", *MONEY)
# The year of the published series that is split by region.
REGIONS_OF = "2025"


class Crossing(NamedTuple):
    """A table of countries across something else."""

    table: Table
    hidden: int
    is_all_hidden: bool


def table_by(cells: Cells, name: str, titles: tuple[str, str], words: Words) -> Table:
    """Pledged, and where it is known by the same key also calculated, held, released, returned."""
    by = {m: {getattr(c, name): c for c in cells.of(name, m)} for m in ("pledged", *BESIDE)}
    keys = {key: None for found in by.values() for key in found}

    def rank(key: str) -> tuple[bool, int, str]:
        cell = by["pledged"].get(key)
        return cell is None or cell.value is None, -(cell.value or 0) if cell else 0, key

    steps = [m for m in BESIDE if by[m]]
    published = _newest_by_region() if name == "region" else {}
    head = [titles[1], _("Pledged"), _("Number of people"), *(step_words()[m][0] for m in steps)]
    if published:
        head.append(_("Sent to the city in %(year)s, as published") % {"year": REGIONS_OF})
    rows = []
    for key in sorted(keys, key=rank):
        row = [words.name(name, key), words.sum(by["pledged"].get(key)),
               words.people(by["pledged"].get(key))]  # fmt: skip
        row += [words.sum(by[m].get(key)) for m in steps]
        if published:
            row.append(words.billions_usd(published.get(key)))
        rows.append(row)
    return Table(titles[0], head, rows)


def _newest_by_region() -> dict[str, Figure]:
    """Remittances of the last published year by region, which stand beside pledges for size."""
    return {f.region: f for f in series("hcmc_inflow") if f.period == REGIONS_OF}


def crossed_table(cells: Cells, words: Words) -> Crossing | None:
    """What is pledged, countries against fields; None when nothing is."""
    caption = _("Pledged by country and field, billion ₫")
    found = _crossed(cells, "corridor", "pledged", "field", caption, words)
    return found if found.table.rows else None


def crossed_tables(cells: Cells, words: Words) -> list[Crossing]:
    """Countries against fields for every step that has such figures, and against months."""
    captions = {
        "pledged": _("Pledged by country and field, billion ₫"),
        "held": _("Held by country and field, billion ₫"),
        "released": _("Released by country and field, billion ₫"),
        "returned": _("Returned by country and field, billion ₫"),
    }
    found = [
        _crossed(cells, "corridor", measure, "field", caption, words)
        for measure, caption in captions.items()
    ]
    caption = _("Pledged by country and month, billion ₫")
    found.append(_crossed(cells, "country_month", "pledged", "period", caption, words))
    return [one for one in found if one.table.rows]


def _crossed(
    cells: Cells, series_: str, measure: str, across: str, caption: str, words: Words
) -> Crossing:
    """A dash where there is nothing."""
    rows = cells.of(series_, measure)
    columns = sorted({getattr(c, across) for c in rows})
    heads = [words.month(k) if across == "period" else words.name(across, k) for k in columns]
    total = {c.country: c.value or 0 for c in cells.of("country", measure)}
    by = {(c.country, getattr(c, across)): c for c in rows}
    lines = [
        (words.name("country", country), *(_crossing(by.get((country, k)), words) for k in columns))
        for country in sorted({c.country for c in rows}, key=lambda c: (-total.get(c, 0), c))
    ]
    hidden = sum(1 for c in rows if c.is_hidden)
    table = Table(caption, (_("Country or territory"), *heads), lines)
    return Crossing(table, hidden, hidden == len(rows))


def _crossing(cell: Cell | None, words: Words) -> str:
    if cell is None:
        return "–"
    return _("Not shown") if cell.value is None else billions(cell, words)

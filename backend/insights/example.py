"""Invented figures, so that the page can be seen full. Marked as invented in every place where
they are shown; a chain of their own. Deterministic, made from no person's data."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping

from backend.insights.facts import Cell
from backend.insights.ledger_origins import shared
from backend.projects.taxonomy import keys
from backend.remittances.corridors import corridors

MONTHS = ("2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11")
WEIGHTS = {
    "US": 372, "AU": 161, "JP": 135, "TW": 101, "KR": 84, "DE": 57, "CA": 46, "FR": 30, "GB": 6,
    "CZ": 4, "SG": 3, "CH": 1,
}  # fmt: skip
PEOPLE = 8_600
MILLION = 10**6


def _draw(*names: object) -> int:
    text = "/".join(map(str, names)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:4], "big")


def _pledges() -> Iterator[tuple[str, str, str, str, str, int, int]]:
    """(month, country, field, pillar, place, đồng, person)"""
    places = keys("place")
    ladder = [c for c, weight in WEIGHTS.items() for _ in range(weight)]
    for person in range(PEOPLE):
        country = ladder[_draw("country", person) % len(ladder)]
        month = MONTHS[min(_draw("m", person) % 9, 7)]
        field = keys("field")[(_draw("f", person) % 11) * 5 // 11 % 5]
        pillar = keys("pillar")[_draw("p", person) % 4]
        place = places[_draw("w", person) % 40]
        vnd = (2 + _draw("a", person) % 60) * MILLION // 2
        yield month, country, field, pillar, place, vnd, person


def example_cells() -> list[Cell]:
    """A year that never was, in every series."""
    sums: dict[Cell, int] = defaultdict(int)
    people: dict[Cell, set[int]] = defaultdict(set)
    for month, country, field, pillar, place, vnd, person in _pledges():
        region = corridors()[country].region
        for cell in (
            _key("total"), _key("month", period=month), _key("region", region=region),
            _key("country", country=country, region=region), _key("field", field=field),
            _key("pillar", pillar=pillar), _key("place", place=place),
            _key("corridor", country=country, region=region, field=field),
            _key("country_month", country=country, region=region, period=month),
        ):  # fmt: skip
            sums[cell] += vnd
            people[cell].add(person)
    found = [_filled(cell, sums[cell], len(people[cell])) for cell in sums]
    total = sums[_key("total")]
    found.append(_filled(_key("total", "calculated"), total * 4, 21_400))
    crossed = {f"{c.country}|{c.field}": vnd for c, vnd in sums.items() if c.series == "corridor"}
    found += [c for c in _money("calculated", shared(total * 4, crossed), 70)
              if c.series in {"country", "region"}]  # fmt: skip
    for measure, part in (("held", 44), ("released", 21), ("returned", 2)):
        money = total * part // 100
        found.append(_filled(_key("total", measure), money, 5_700))
        found += _money(measure, shared(money, crossed), part)
    for month, claimed, verified in (("2026-09", 40, 0), ("2026-10", 60, 120), ("2026-11", 90, 75)):
        for measure, millions in (("paid_back_claimed", claimed), ("paid_back_verified", verified)):
            if millions:
                found.append(_filled(_key("month", measure, period=month), millions * MILLION, 64))
    found.append(_filled(_key("total", "paid_back_claimed"), 190 * MILLION, 118))
    found.append(_filled(_key("total", "paid_back_verified"), 195 * MILLION, 96))
    counts = {"on_time": 71, "late_done": 17, "failed": 4, "overdue": 2, "claimed": 9,
              "planned": 118}  # fmt: skip
    found += [Cell("milestone", status, "count", count) for status, count in counts.items()]
    for number, month in enumerate(MONTHS):
        found.append(Cell("decision", "count", "count", 9 + 2 * number, period=month))
        found.append(Cell("decision", "half_within", "days", 25 - number, period=month))
        found.append(Cell("decision", "nine_in_ten_within", "days", 42 - 2 * number, period=month))
    return found


def _money(measure: str, sums: Mapping[str, int], part: int) -> Iterator[Cell]:
    """A measure over countries, regions, fields and corridors; everywhere the same share of the
    people of a country."""
    found: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for corridor, vnd in sums.items():
        country, field = corridor.split("|")
        region, people = corridors()[country].region, max(WEIGHTS[country] * part // 60, 1)
        for cell in (
            _key("country", measure, country=country, region=region),
            _key("region", measure, region=region), _key("field", measure, field=field),
            _key("corridor", measure, country=country, region=region, field=field),
        ):  # fmt: skip
            found[cell][0] += vnd
            found[cell][1] += people
    for cell, (vnd, people) in found.items():
        yield _filled(cell, vnd, people)


def _key(series: str, measure: str = "pledged", **place: str) -> Cell:
    return Cell(series, measure, "VND", 0, 0, **place)


def _filled(cell: Cell, value: int, people: int) -> Cell:
    return Cell(
        cell.series, cell.measure, cell.unit, value, people, period=cell.period,
        country=cell.country, region=cell.region, field=cell.field, pillar=cell.pillar,
        place=cell.place,
    )  # fmt: skip

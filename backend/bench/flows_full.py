"""The public page at full size: every table, two years of months, two dozen countries, all places.

    python -m backend.bench.flows_full [renders]

Invented pledges of 20,000 people are added up, hidden and chained as a night does it; the page is
made of that from nothing, in both languages in turn. Prints one JSON line: rows, hidden, seconds of
hiding, KB, and the least and the median processor time of a page in milliseconds.
"""

import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import django
import numpy as np

django.setup()

from django.template.loader import render_to_string  # noqa: E402
from django.utils.translation import override  # noqa: E402

from backend.insights.actions import document_of  # noqa: E402
from backend.insights.facts import Cell, public_rows  # noqa: E402
from backend.insights.flows_page import flows_page  # noqa: E402
from backend.insights.models import Snapshot  # noqa: E402
from backend.projects.taxonomy import keys  # noqa: E402
from backend.remittances.corridors import corridors  # noqa: E402

PEOPLE, COUNTRIES = 20_000, 24
MONTHS = [f"{year}-{month:02d}" for year in (2026, 2027) for month in range(1, 13)]
STEPS = {"calculated": 4.0, "pledged": 1.0, "held": 0.44, "released": 0.21, "returned": 0.02}
MONEY = ("held", "released", "returned")


def cells() -> list[Cell]:
    """What a night would read."""
    draw = np.random.default_rng(6)
    known = list(corridors().values())[:COUNTRIES]
    weights = 1 / np.arange(1, len(known) + 1) ** 1.6
    fields, pillars, places = keys("field"), keys("pillar"), keys("place")
    found: dict[tuple[tuple[str, str], ...], list[Any]] = defaultdict(lambda: [0, 0])
    for n in draw.choice(len(known), PEOPLE, p=weights / weights.sum()).tolist():
        at = {"country": known[n].country, "region": known[n].region}
        field, month = draw.choice(fields), draw.choice(MONTHS)
        vnd = int(draw.lognormal(16.5, 1.0))
        for series, place in (
            ("total", {}), ("country", at), ("region", {"region": at["region"]}),
            ("field", {"field": field}), ("corridor", at | {"field": field}),
            ("month", {"period": month}), ("country_month", at | {"period": month}),
            ("pillar", {"pillar": draw.choice(pillars)}), ("place", {"place": draw.choice(places)}),
        ):  # fmt: skip
            one = found[("series", series), *sorted((k, str(v)) for k, v in place.items())]
            one[0], one[1] = one[0] + vnd, one[1] + 1
    return [*_measured(found), *_counted()]


def _measured(found: dict[tuple[tuple[str, str], ...], list[Any]]) -> Iterator[Cell]:
    """Every step of the money where the account has it."""
    for key, (vnd, people) in found.items():
        place = dict(key)
        series = place.pop("series")
        for measure, part in STEPS.items():
            if measure == "pledged" or (
                series in {"total", "country", "region"}
                or (series in {"field", "corridor"} and measure in MONEY)
                or (series == "month" and measure == "calculated")
            ):
                yield Cell(series, measure, "VND", int(vnd * part), people, **place)


def _counted() -> Iterator[Cell]:
    for number, status in enumerate(("on_time", "late_done", "failed", "overdue", "planned")):
        yield Cell("milestone", status, "count", 10 + 7 * number)
    for number, month in enumerate(MONTHS):
        yield Cell("decision", "count", "count", 9 + number, period=month)
        yield Cell("decision", "half_within", "days", 25 - number % 7, period=month)
        yield Cell("decision", "nine_in_ten_within", "days", 42 - number % 9, period=month)


def main(renders: int = 60) -> None:
    began = time.monotonic()
    rows, hidden = public_rows(cells())
    hiding = time.monotonic() - began
    row = Snapshot(
        version="2027-12-31.1", taken_at=datetime(2027, 12, 31, tzinfo=UTC), row_count=len(rows),
        hidden_count=hidden, head_sha256="0" * 64, document=document_of(rows),
    )  # fmt: skip
    took, text = [], ""
    for number in range(renders + 2):
        language = ("vi", "en")[number % 2]
        used = time.process_time()
        with override(language):
            page = flows_page(row, language)
            text = render_to_string("insights/flows_body.html", {"page": page})
        took.append((time.process_time() - used) * 1000)
    took = took[2:]  # the first of each language read catalogues and templates
    print(json.dumps({
        "rows": len(rows), "hidden": hidden, "hiding_s": round(hiding, 1),
        "kb": len(text.encode()) // 1024, "renders": renders, "least": round(min(took), 1),
        "median": round(statistics.median(took), 1),
    }))  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

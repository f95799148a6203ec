"""Every public figure counted again in another way, with the name of its source. Workers only.

Money: one plain GROUP BY over the ledger up to the snapshot's place in its chain, instead of the
sums kept part by part. Pledges: from the days on which each became live and ended, instead of
their state. Calculations and plans: one by one. What owners paid back: as the money part counts it.
What is shown as it was: the snapshot it names.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import structlog
from django.db import transaction

from backend.accounts.models import InvestorProfile
from backend.core import audit
from backend.core.clock import app_now, city_day
from backend.core.formats import CITY_ZONE
from backend.funding.queries import paid_back_by_month
from backend.insights import ledger_sums
from backend.insights.changes import key_of
from backend.insights.facts import Cell
from backend.insights.ledger_cells import money_cells, region_of
from backend.insights.models import Snapshot, SnapshotCheck
from backend.insights.office import ORIGINS, SUMS
from backend.insights.rates import rates_of_year
from backend.insights.shown import Cell as Shown
from backend.insights.sources import PAID_BACK, counted
from backend.insights.sql import rows_of
from backend.remittances.corridors import corridors
from backend.remittances.models import RemittancePlan, SavedCalculation
from backend.remittances.workflow import PlanStatus

log = structlog.get_logger(__name__)

_PLEDGES = """
WITH @USD_YEARS
SELECT to_char(p.confirmed_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM'), p.country,
    coalesce(j.field, ''), coalesce(j.place_code, ''), j.pillars, sum(@COUNTED)::bigint
FROM funding_pledge p JOIN funding_round r ON r.id = p.round_id
JOIN projects_project j ON j.id = r.project_id
WHERE p.confirmed_at <= %(at)s AND (pledge_is_live(p.status) OR p.ended_at > %(at)s)
GROUP BY 1, 2, 3, 4, 5
"""
Figure = tuple[str, str, int | None, int | None]


@transaction.atomic
def check_snapshot(snapshot: Snapshot) -> SnapshotCheck:
    """Count again and keep what was found; people of the office are told when a figure differs."""
    figures = [
        [key, source, published, again, published == again]
        for key, source, published, again in _figures(snapshot)
    ]
    wrong = [row for row in figures if not row[4]]
    row = SnapshotCheck.objects.create(
        snapshot=snapshot, made_at=app_now(), findings=len(wrong), figures=figures
    )
    for key, source, published, again, _agrees in wrong:
        log.error("insights.differs", figure=key, source=source, published=published, counted=again)
    if wrong:
        audit.record("snapshot.differs", by=None, subject=snapshot, data={"figures": len(wrong)})
    return row


def _figures(snapshot: Snapshot) -> Iterator[Figure]:
    """(figure, source, as published, counted again) of everything that is shown in figures."""
    cells = [Shown(*row) for row in snapshot.document["rows"]]
    whole = ledger_sums.book_until(snapshot.ledger_position)
    if ledger_sums.mark().position == snapshot.ledger_position:
        kept = ledger_sums.kept_book()
        same = len(set(kept.turnovers) & set(whole.turnovers))
        yield SUMS, "ledger", same, len(whole.turnovers)
        same = len(set(kept.origins) & set(whole.origins))
        yield ORIGINS, "ledger", same, len(whole.origins)
    year = city_day(snapshot.taken_at).year
    money = {c.key: c.value for c in money_cells(whole.turnovers, whole.origins, year)}
    pledged, saved, back = _pledged(snapshot), _calculated(snapshot), _paid_back(snapshot)
    earlier = _earlier({c.since for c in cells if c.since})
    for cell in cells:
        key = key_of(cell)
        if cell.value is None or cell.people is None:
            continue
        if cell.since:
            yield key, "snapshot", cell.value, earlier.get((cell.since, key))
        elif cell.measure == "pledged":
            yield key, "pledges", cell.value, pledged.get(key, 0)
        elif cell.measure == "calculated":
            yield key, "plans", cell.value, saved.get(key, 0)
        elif cell.measure in PAID_BACK:
            yield key, "paybacks", cell.value, back.get(key, 0)
        else:
            yield key, "ledger", cell.value, money.get(key, 0)


def _earlier(versions: set[str]) -> dict[tuple[str, str], int | None]:
    rows = Snapshot.objects.filter(version__in=versions).values_list("version", "document")
    return {
        (version, key_of(cell)): cell.value
        for version, document in rows
        for cell in (Shown(*row) for row in document["rows"])
    }


def _pledged(snapshot: Snapshot) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    regions = {c.country: c.region for c in corridors().values()}
    rows = rows_of(counted(_PLEDGES), at=snapshot.taken_at)
    for month, country, field, place, pillars, vnd in rows:
        region = regions.get(country, "other")
        for cell in (
            _cell("total"), _cell("month", period=month), _cell("region", region=region),
            _cell("country", country=country, region=region), _cell("field", field=field),
            _cell("place", place=place), *(_cell("pillar", pillar=p) for p in pillars),
            _cell("corridor", country=country, region=region, field=field),
            _cell("country_month", country=country, region=region, period=month),
        ):  # fmt: skip
            found[cell.key] += int(vnd)
    return found


def _calculated(snapshot: Snapshot) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    rates = rates_of_year(city_day(snapshot.taken_at).year)
    live_in = dict(InvestorProfile.objects.values_list("user_id", "country"))
    said = [
        (row.saved_at, row.year_vnd, live_in.get(row.user_id, ""))
        for row in SavedCalculation.objects.iterator()
    ]
    for plan in RemittancePlan.objects.exclude(status=PlanStatus.STOPPED).iterator():
        rate = rates.get(plan.currency)
        if rate is not None:
            dong = plan.share.major * 12 * Decimal(rate.rate)
            vnd = int(dong.quantize(Decimal(1), ROUND_HALF_UP))
            said.append((plan.created_at, vnd, plan.country))
    for at, vnd, country in said:
        month, region = f"{at.astimezone(CITY_ZONE):%Y-%m}", region_of(country)
        for cell in (
            _cell("total", "calculated"), _cell("month", "calculated", period=month),
            _cell("country", "calculated", country=country, region=region),
            _cell("region", "calculated", region=region),
        ):  # fmt: skip
            found[cell.key] += vnd
    return found


def _paid_back(snapshot: Snapshot) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for row in paid_back_by_month(until=snapshot.taken_at):
        measure = "paid_back_verified" if row.is_verified else "paid_back_claimed"
        found[_cell("total", measure).key] += row.sum.minor
        found[_cell("month", measure, period=row.month).key] += row.sum.minor
    return found


def _cell(series: str, measure: str = "pledged", **place: str) -> Cell:
    return Cell(series, measure, "VND", 0, None, **place)

"""How many different people moved each public figure since it was last shown. Workers only.

A pledge moves the figures that it is part of when it becomes live and when it ends; money moves
them when an entry of the ledger names the pledge. Whoever came and went in between moved nothing.
Where it is not known who moved a figure, the smallest number that may be true counts.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from backend.funding.workflow import PLEDGE_PAID
from backend.insights.facts import Before, Cell
from backend.insights.ledger_cells import payers, region_of
from backend.insights.models import Snapshot
from backend.insights.shown import Cell as Shown
from backend.insights.sources import PAID_BACK
from backend.insights.sql import rows_of
from backend.ledger import sums
from backend.remittances.corridors import corridors

# One row for each pledge and figure that it is part of; keys as facts.Cell.key makes them.
_PLEDGES = """
WITH regions (country, region) AS (
    SELECT * FROM unnest(%(countries)s::text[], %(regions)s::text[])
),
last_shown (key, at) AS (SELECT * FROM unnest(%(keys)s::text[], %(ats)s::timestamptz[])),
parts AS (
    SELECT p.investor_id, p.confirmed_at, pledge_is_live(p.status) AS is_live,
        CASE WHEN pledge_is_live(p.status) THEN 'infinity' ELSE
            coalesce(p.ended_at, p.confirmed_at) END AS until, k.key
    FROM funding_pledge p
    JOIN funding_round r ON r.id = p.round_id
    JOIN projects_project j ON j.id = r.project_id
    LEFT JOIN regions g ON g.country = p.country
    CROSS JOIN LATERAL (SELECT coalesce(g.region, 'other') AS region,
        coalesce(j.field, '') AS field,
        to_char(p.confirmed_at AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM') AS month) f
    CROSS JOIN LATERAL (
        SELECT concat_ws('|', series, 'pledged', 'VND', period, country, region, field, pillar,
            place) AS key FROM (VALUES
            ('total', '', '', '', '', '', ''), ('month', f.month, '', '', '', '', ''),
            ('region', '', '', f.region, '', '', ''),
            ('country', '', p.country, f.region, '', '', ''),
            ('field', '', '', '', f.field, '', ''),
            ('place', '', '', '', '', '', coalesce(j.place_code, '')),
            ('corridor', '', p.country, f.region, f.field, '', ''),
            ('country_month', f.month, p.country, f.region, '', '', '')
        ) AS s (series, period, country, region, field, pillar, place)
        UNION ALL
        SELECT format('pillar|pledged|VND|||||%%s|', pillar) FROM unnest(j.pillars) AS pillar
    ) k
    WHERE p.confirmed_at IS NOT NULL
)
SELECT parts.key, count(DISTINCT parts.investor_id) FROM parts
JOIN last_shown USING (key)
WHERE (parts.confirmed_at <= last_shown.at AND parts.until > last_shown.at) <> parts.is_live
GROUP BY parts.key
"""
_SAVED = """
WITH regions (country, region) AS (
    SELECT * FROM unnest(%(countries)s::text[], %(regions)s::text[])
)
SELECT b.key, count(DISTINCT e.actor) FROM core_auditevent e
JOIN unnest(%(keys)s::text[], %(ats)s::timestamptz[]) AS b (key, at) ON e.at > b.at
CROSS JOIN LATERAL (
    SELECT to_char(min(at) AT TIME ZONE 'Asia/Ho_Chi_Minh', 'YYYY-MM') AS month
    FROM core_auditevent WHERE subject_id = e.subject_id
) first
CROSS JOIN LATERAL (
    SELECT coalesce(
        (SELECT country FROM remittances_remittanceplan WHERE public_id = e.subject_id),
        (SELECT f.country FROM accounts_investorprofile f JOIN accounts_user u ON u.id = f.user_id
         WHERE u.public_id = e.actor), '') AS country
) who
LEFT JOIN regions g USING (country)
WHERE e.code = ANY(%(codes)s) AND CASE split_part(b.key, '|', 1)
    WHEN 'month' THEN split_part(b.key, '|', 4) = first.month
    WHEN 'country' THEN split_part(b.key, '|', 5) = who.country
    WHEN 'region' THEN split_part(b.key, '|', 6) =
        CASE who.country WHEN '' THEN '' ELSE coalesce(g.region, 'other') END
    ELSE true END
GROUP BY b.key
"""
SAVED = ["plan.created", "plan.changed", "plan.stopped", "calculation.saved", "calculation.dropped"]
_PLEDGED_BY = """
SELECT p.public_id, p.investor_id, coalesce(j.field, ''), p.country FROM funding_pledge p
JOIN funding_round r ON r.id = p.round_id JOIN projects_project j ON j.id = r.project_id
WHERE p.public_id = ANY(%(abouts)s)
UNION ALL
SELECT b.public_id, p.investor_id, coalesce(j.field, ''), p.country FROM funding_bankreceipt b
JOIN funding_pledge p ON p.id = b.pledge_id
JOIN funding_round r ON r.id = p.round_id JOIN projects_project j ON j.id = r.project_id
WHERE b.public_id = ANY(%(abouts)s)
"""
# A report, or the check of one, moves the figures for everybody who has paid into that round.
_PAID_BACK = """
SELECT s.key, count(DISTINCT p.investor_id) FROM unnest(%(keys)s::text[], %(ats)s::timestamptz[])
    AS s (key, at)
JOIN funding_payback b ON b.currency = 'VND' AND (b.reported_at > s.at OR b.verified_at > s.at)
    AND (split_part(s.key, '|', 1) = 'total'
        OR split_part(s.key, '|', 4) = to_char(b.paid_on, 'YYYY-MM'))
JOIN funding_pledge p ON p.round_id = b.round_id AND p.status = ANY(%(paid)s)
GROUP BY s.key
"""


def before_of(newest: Snapshot | None) -> dict[str, Before]:
    """What the public knows of each figure, and how many people moved it since."""
    if newest is None:
        return {}
    shown = [Shown(*row) for row in newest.document["rows"]]
    known = {key_of(c): c for c in shown if c.value is not None and c.people is not None}
    since = {key: c.since or newest.version for key, c in known.items()}
    versions = Snapshot.objects.filter(version__in=set(since.values()))
    facts = {v: (at, p) for v, at, p in
             versions.values_list("version", "taken_at", "ledger_position")}  # fmt: skip
    places = {key: facts[since[key]] for key in known}
    changed = _changed(known, places)
    return {
        key: Before(c.value or 0, c.people, since[key], changed.get(key, 0))
        for key, c in known.items()
    }


def key_of(cell: Shown) -> str:
    """The key of the figure that a public row shows."""
    place = {"period": cell.period, "country": cell.country, "region": cell.region,
             "field": cell.field, "pillar": cell.pillar, "place": cell.place}  # fmt: skip
    return Cell(cell.series, cell.measure, cell.unit, 0, None, **place).key


def _changed(
    known: Mapping[str, Shown], places: Mapping[str, tuple[datetime, int]]
) -> dict[str, int]:
    found: dict[str, int] = {}
    known_ = corridors()
    regions = {"countries": list(known_), "regions": [c.region for c in known_.values()]}
    for measures, sql, more in (
        ({"pledged"}, _PLEDGES, regions),
        ({"calculated"}, _SAVED, {"codes": SAVED, **regions}),
        (PAID_BACK, _PAID_BACK, {"paid": sorted(PLEDGE_PAID)}),
    ):  # fmt: skip
        keys = [key for key, cell in known.items() if cell.measure in measures]
        if keys:
            rows = rows_of(sql, keys=keys, ats=[places[key][0] for key in keys], **more)
            found |= {key: int(count) for key, count in rows}
    for position in {p for key, (_at, p) in places.items() if known[key].measure in _MONEY}:
        keys = [key for key, (_at, p) in places.items()
                if p == position and known[key].measure in _MONEY]  # fmt: skip
        found |= _money_changed(keys, known, position)
    return found


_MONEY = frozenset({"held", "released", "returned"})


def _money_changed(keys: list[str], known: Mapping[str, Shown], position: int) -> dict[str, int]:
    """People whose own money was charged or given back since; of what went to owners everybody who
    has part in the project, since no single share of it is public."""
    touched = sums.touched_since(position, ["held:", "project_payable:"])
    who = {
        about: (investor, field, country)
        for about, investor, field, country in rows_of(
            _PLEDGED_BY, abouts=[t.about for t in touched]
        )
    }
    people: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for one in touched:
        if one.about not in who or not one.code.startswith("held:"):
            continue
        investor, field, country = who[one.about]
        is_back = one.reason == "refund.paid" or one.reason.startswith("return.")
        for measure in ("held", "returned") if is_back else ("held",):
            for series, name in (
                ("total", ""), ("field", field), ("ledger", one.currency), ("country", country),
                ("region", region_of(country)), ("corridor", f"{country}|{field}"),
            ):  # fmt: skip
                people[measure, series, name].add(investor)
    paid_out = sorted({t.code.split(":")[1] for t in touched if t.code.startswith("project_")})
    owners = payers("released", paid_out) if paid_out else {}
    found = {}
    for key in keys:
        cell = known[key]
        name = {"field": cell.field, "ledger": cell.unit, "country": cell.country,
                "region": cell.region, "corridor": f"{cell.country}|{cell.field}",
                }.get(cell.series, "")  # fmt: skip
        own = len(people.get((cell.measure, cell.series, name), ()))
        shared = owners.get((cell.series, name), 0) if cell.measure != "returned" else 0
        found[key] = own or shared
    return found

"""What a yearly sum could complete, read from the goals and smallest tickets of listed projects.

Only forms whose terms are public (contribution, reward): terms of the others stand behind the
eligibility check. Kept in the process for five minutes, so that a calculation costs no query.
"""

from bisect import bisect_right
from dataclasses import dataclass
from statistics import median_low

from django.core.cache import caches
from django.db.models import Min

from backend.core.money import Money
from backend.funding.queries import Rate, convert
from backend.projects.queries import browsable_projects
from backend.projects.taxonomy import keys
from backend.projects.workflow import OPEN_INSTRUMENTS

KEEP_S = 300
CACHE_KEY = "remittances.listed"


@dataclass(frozen=True)
class Kind:
    """One field: its listed projects in đồng, each list ascending."""

    field: str
    goals: tuple[int, ...]
    tickets: tuple[int, ...]


@dataclass(frozen=True)
class SmallMilestone:
    """The smallest milestone of a listed project, as a yardstick; the sum in đồng."""

    slug: str
    title_vi: str
    title_en: str
    amount: Money


@dataclass(frozen=True)
class Listed:
    kinds: tuple[Kind, ...]
    milestone: SmallMilestone | None


@dataclass(frozen=True)
class Reach:
    """What a sum does in one field. `givers`: people giving as much for a year who together reach
    the goal of a typical (lower median) project."""

    field: str
    listed: int
    takes_each: int
    alone: int
    typical_goal: Money
    givers: int


def listed_projects(rates: dict[str, Rate]) -> Listed:
    """Goals and tickets of what is listed now, or was at most five minutes ago."""
    kept: Listed | None = caches["memory"].get(CACHE_KEY)
    if kept is None:
        kept = _read(rates)
        caches["memory"].set(CACHE_KEY, kept, KEEP_S)
    return kept


def _read(rates: dict[str, Rate]) -> Listed:
    open_ones = browsable_projects().filter(
        origin="proposal",
        instrument__in=sorted(OPEN_INSTRUMENTS),
        goal_minor__isnull=False,
        min_ticket_minor__isnull=False,
    )
    goals: dict[str, list[int]] = {}
    tickets: dict[str, list[int]] = {}
    smallest: SmallMilestone | None = None
    rows = open_ones.annotate(least=Min("milestones__amount_minor")).only(
        "field", "currency", "goal_minor", "min_ticket_minor", "slug", "title_vi", "title_en"
    )
    for row in rows.iterator(chunk_size=5000):
        if not (row.field and (row.currency == "VND" or row.currency in rates)):
            continue
        goals.setdefault(row.field, []).append(_vnd(row.goal_minor or 0, row.currency, rates))
        tickets.setdefault(row.field, []).append(
            _vnd(row.min_ticket_minor or 0, row.currency, rates)
        )
        least = Money(_vnd(row.least, row.currency, rates), "VND") if row.least else None
        if least and (smallest is None or least < smallest.amount):
            smallest = SmallMilestone(row.slug, row.title_vi, row.title_en, least)
    kinds = tuple(
        Kind(field, tuple(sorted(goals[field])), tuple(sorted(tickets[field])))
        for field in keys("field")
        if field in goals
    )
    return Listed(kinds, smallest)


def _vnd(minor: int, currency: str, rates: dict[str, Rate]) -> int:
    return convert(Money(minor, currency), "VND", rates).money.minor


def reach_of(each_vnd: Money, year_vnd: Money, listed: Listed) -> list[Reach]:
    """Field by field; empty when nothing is listed or the sum is nothing."""
    if year_vnd.minor <= 0:
        return []
    found = []
    for kind in listed.kinds:
        typical = median_low(kind.goals)
        found.append(
            Reach(
                field=kind.field,
                listed=len(kind.goals),
                takes_each=bisect_right(kind.tickets, each_vnd.minor),
                alone=bisect_right(kind.goals, year_vnd.minor),
                typical_goal=Money(typical, "VND"),
                givers=-(-typical // year_vnd.minor),
            )
        )
    return found


def percent_of_milestone(year_vnd: Money, milestone: SmallMilestone) -> int:
    """Whole per cent of the milestone that a year would cover, rounded down, at most 100."""
    return min(100, year_vnd.minor * 100 // milestone.amount.minor)

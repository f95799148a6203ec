"""What was really shown, counted per project and place, and who is owed views after it.

Counting must not slow a page: views are added up in memory and written together a few seconds
later by a thread of the process, in one statement. A process that is killed loses those seconds.
Only counts are kept; nobody can be read in them.
"""

import atexit
import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Sum

from backend.core.clock import app_now
from backend.funding.queries import closed_to_pledges
from backend.matching.models import ExposureCount, ExposurePolicy, ExposureReading
from backend.matching.moving import FIRST_PAGE
from backend.matching.order import Floor
from backend.projects.queries import browsable_projects

log = structlog.get_logger(__name__)
CHECK_EVERY_S = 5.0
# Who is just above the floor is still owed a little, or half of those fall below by chance.
MARGIN = 1.15
# A list holds only so many that wait; the others have their turn when these were seen.
MOST_OWED = 400
Key = tuple[date, int, str, int, str]

_ADD = """
INSERT INTO matching_exposurecount (day, project_id, surface, place, moved_by, views)
SELECT n.day, n.project, n.surface, n.place, n.moved_by, n.views
FROM unnest(%s::date[], %s::bigint[], %s::text[], %s::int[], %s::text[], %s::int[])
    AS n (day, project, surface, place, moved_by, views)
JOIN projects_project p ON p.id = n.project
ORDER BY 1, 2, 3, 4, 5
ON CONFLICT (day, project_id, surface, place, moved_by)
    DO UPDATE SET views = matching_exposurecount.views + excluded.views
"""


class _Buffer:
    """Views of this process that are not written yet."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counts: Counter[Key] = Counter()
        self.timer: threading.Timer | None = None

    def add(self, keys: Iterable[Key]) -> None:
        with self.lock:
            self.counts.update(keys)
            if settings.EXPOSURE_FLUSH_S and self.timer is None:
                self.timer = threading.Timer(settings.EXPOSURE_FLUSH_S, self.flush_aside)
                self.timer.daemon = True
                self.timer.start()

    def flush_aside(self) -> None:
        try:
            self.flush()
        finally:
            connection.close()

    def flush(self) -> None:
        with self.lock:
            counts, self.counts, self.timer = self.counts, Counter(), None
        if not counts:
            return
        columns = list(zip(*[(*key, n) for key, n in counts.items()], strict=True))
        try:
            with connection.cursor() as cursor:
                cursor.execute(_ADD, [list(column) for column in columns])
        except DatabaseError as error:
            # Views are measured, not owed to anybody: a page must not fail for them.
            log.warning("exposure.not_counted", views=counts.total(), error=repr(error))


_buffer = _Buffer()


@atexit.register
def _write_the_rest() -> None:
    if settings.configured and settings.EXPOSURE_FLUSH_S:
        _buffer.flush_aside()


def count_views(spots: Iterable[tuple[int, int, str]], *, day: date, surface: str) -> None:
    """Note that these were on a page: (project's row id, place, rule that moved it).
    `surface`: member or guest."""
    _buffer.add((day, pk, surface, place, moved_by) for pk, place, moved_by in spots)


def flush_views() -> None:
    """Write at once what is counted so far."""
    _buffer.flush()


def forget_views() -> None:
    """Drop what is counted so far (tests)."""
    _buffer.counts.clear()


def policy_in_force() -> ExposurePolicy | None:
    """The newest policy whose time has come."""
    rows = ExposurePolicy.objects.filter(in_force_from__lte=app_now())
    return rows.order_by("-in_force_from").first()


@dataclass(frozen=True)
class Seen:
    """First-page views per listed project (row id) since a day; projects without any count 0."""

    since: date
    until: date
    views: dict[int, int]

    @property
    def total(self) -> int:
        return sum(self.views.values())


def first_page_views(until: date, window_days: int) -> Seen:
    """Of what is listed now, over the last `window_days` days with `until`. What is closed stands
    behind in every list: it is owed no views."""
    since = until - timedelta(days=window_days - 1)
    closed = closed_to_pledges().values("pk")
    shown = browsable_projects().exclude(pk__in=closed)
    listed = dict.fromkeys(shown.values_list("pk", flat=True), 0)
    rows = (
        ExposureCount.objects.filter(day__range=(since, until), place__lte=FIRST_PAGE)
        .values_list("project_id")
        .annotate(n=Sum("views"))
    )
    return Seen(since, until, listed | {pk: n for pk, n in rows if pk in listed})


def missing_shares(seen: Seen, floor_percent: int) -> dict[int, float]:
    """Row id -> what is missing to the floor and its margin, as a share of an even share.

    While nothing was shown at all, everybody is owed the same.
    """
    even = seen.total / max(len(seen.views), 1) or 1.0
    wanted = MARGIN * floor_percent / 100
    return {pk: wanted - n / even for pk, n in seen.views.items() if n / even < wanted}


def reached(seen: Seen, floor_percent: int) -> int:
    """How many projects have had their floor."""
    even = seen.total / max(len(seen.views), 1) or 1.0
    return sum(n / even >= floor_percent / 100 for n in seen.views.values())


class _Kept:
    """The newest reading, at most five seconds old, per process."""

    def __init__(self) -> None:
        self.reading: ExposureReading | None = None
        self.checked_at = -CHECK_EVERY_S

    def current(self) -> ExposureReading | None:
        if time.monotonic() - self.checked_at >= CHECK_EVERY_S:
            rows = ExposureReading.objects.select_related("policy")
            self.reading = rows.order_by("-made_at", "-id").first()
            self.checked_at = time.monotonic()
        return self.reading

    def forget(self) -> None:
        self.checked_at = -CHECK_EVERY_S


_kept = _Kept()


def current_reading() -> ExposureReading | None:
    return _kept.current()


def forget_reading() -> None:
    _kept.forget()


def floor_of(reading: ExposureReading | None, seed: str) -> Floor | None:
    """What this reading asks of one list."""
    if reading is None or not reading.owed:
        return None
    owed = tuple((str(key), float(missing)) for key, missing in reading.owed)
    return Floor(owed, reading.policy.places, seed)

"""Measuring who was seen, and setting what each listed project is owed."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import Role, User
from backend.accounts.permissions import check_has_role
from backend.core import audit, jobs
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid
from backend.core.text import clean_text
from backend.matching.exposure import (
    MOST_OWED,
    first_page_views,
    missing_shares,
    policy_in_force,
    reached,
)
from backend.matching.models import ExposureCount, ExposurePolicy, ExposureReading
from backend.matching.moving import FLOOR_AT
from backend.matching.queries import today
from backend.projects.models import Project

KEPT_DAYS = 400
SLIP = timedelta(minutes=5)  # a form that was open for a while
UNUSED_KEPT = timedelta(days=14)


@transaction.atomic
def measure_exposure() -> ExposureReading | None:
    """Who is owed views from now on; None while no policy is in force.

    Old counts and readings that no list used are forgotten here.
    """
    policy = policy_in_force()
    if policy is None:
        return None
    seen = first_page_views(today(), policy.window_days)
    missing = missing_shares(seen, policy.floor_percent)
    most = sorted(missing.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_OWED]
    owed = Project.objects.filter(pk__in=[pk for pk, _n in most])
    names = dict(owed.values_list("pk", "public_id"))
    reading = ExposureReading.objects.create(
        policy=policy,
        since=seen.since,
        until=seen.until,
        views=seen.total,
        listed=len(seen.views),
        reached=reached(seen, policy.floor_percent),
        owed=[[names[pk], round(share, 4)] for pk, share in most if pk in names],
    )
    ExposureCount.objects.filter(day__lt=seen.until - timedelta(days=KEPT_DAYS)).delete()
    ExposureReading.objects.filter(
        made_at__lt=timezone.now() - UNUSED_KEPT, lists__isnull=True, batches__isnull=True
    ).exclude(pk=reading.pk).delete()
    return reading


@transaction.atomic
def set_exposure_policy(
    *,
    by: User,
    floor_percent: int,
    places: int,
    window_days: int,
    source_vi: str,
    source_en: str,
    in_force_from: datetime,
) -> ExposurePolicy:
    """A new rule of the city, from a moment that is not past; what was owed before stays written.

    `floor_percent` is of an even share (0 switches it off), `places` of a first page of twenty.
    """
    check_has_role(by, Role.LEAD)
    if not 0 <= floor_percent <= 90:
        raise Invalid(_("Enter a share between 0 and 90 percent."), field="floor_percent")
    if not 0 <= places <= len(FLOOR_AT):
        raise Invalid(_("Enter a number of places between 0 and 4."), field="places")
    if not 1 <= window_days <= 365:
        raise Invalid(_("Enter a number of days between 1 and 365."), field="window_days")
    texts = [" ".join(clean_text(text).split()) for text in (source_vi, source_en)]
    if not all(0 < len(text) <= 300 for text in texts):
        raise Invalid(_("Name the decision in both languages, in at most 300 characters."),
                      field="source_vi")  # fmt: skip
    if in_force_from < app_now() - SLIP:
        raise Invalid(_("Choose today or a later day."), field="in_force_from")
    if ExposurePolicy.objects.filter(in_force_from=in_force_from).exists():
        raise Conflict(_("A rule for this moment exists already."), field="in_force_from")
    policy = ExposurePolicy.objects.create(
        floor_percent=floor_percent,
        places=places,
        window_days=window_days,
        source_vi=texts[0],
        source_en=texts[1],
        in_force_from=in_force_from,
    )
    data = {
        "floor_percent": floor_percent,
        "places": places,
        "window_days": window_days,
        "in_force_from": in_force_from.isoformat(),
    }
    audit.record("exposure_policy.set", by=by, subject=by, data=data)
    # Lists keep the rule of the reading that they use: without a new one it would hold hours later.
    wait = max(in_force_from - app_now(), timedelta(0))
    jobs.enqueue("matching.measure_exposure", f"policy-{policy.pk}", delay=wait)
    return policy

"""What a person saved, pledged to or left out, counted for their own order. numpy only.

A save and a pledge count for the facts of the project; a dismissal counts against the one fact that
was its reason (field, place, form). Only the person's own list reads this.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from django.db.models import Value

from backend.core.formats import CITY_ZONE
from backend.funding.models import Pledge
from backend.funding.workflow import PLEDGE_LIVE
from backend.matching.catalogue import COLUMNS, engine_vocabulary, read_listings
from backend.matching.engine.chosen import Taken, chosen_of
from backend.matching.engine.schema import Chosen
from backend.matching.models import Dismissal, Reason
from backend.projects.models import Project, SavedProject

WEIGHT = {"save": 0.4, "pledge": 1.0}
LEFT_OUT = 1.0
KIND_OF = {Reason.FIELD: "field", Reason.PLACE: "area", Reason.INSTRUMENT: "instrument"}


def own_choices(user: Any, day: date) -> Chosen | None:
    """The person's choices as they stand, aged to that day of the city; None without any."""
    found: dict[int, tuple[float, date, str]] = {}
    for pk, at, why in _rows_of(user):
        on = at.astimezone(CITY_ZONE).date()
        if why in KIND_OF:
            found.setdefault(pk, (LEFT_OUT, on, KIND_OF[Reason(why)]))
            continue
        before = found.get(pk)
        is_taken = before is not None and not before[2]
        weight = max(WEIGHT[why], before[0] if before and is_taken else 0.0)
        found[pk] = (weight, min(on, before[1]) if before and is_taken else on, "")
    if not found:
        return None
    rows: list[Any] = list(
        Project.objects.filter(pk__in=list(found)).order_by("pk").values_list(*COLUMNS)
    )
    taken = []
    for row, listing in zip(rows, read_listings(rows, {}), strict=True):
        weight, on, kind = found[row[0]]
        taken.append(Taken(listing, weight, float((day - on).days), kind))
    return chosen_of(taken, engine_vocabulary().places)


def _rows_of(user: Any) -> list[tuple[int, datetime, str]]:
    """(project, when, save | pledge | the reason of a dismissal), in one query."""
    saved = SavedProject.objects.filter(user=user)
    pledged = Pledge.objects.filter(
        investor=user, status__in=sorted(PLEDGE_LIVE), made_at__isnull=False
    )
    refused = Dismissal.objects.filter(user=user, reason__in=list(KIND_OF))
    of_each = (
        saved.values_list("project_id", "saved_at", Value("save")),
        pledged.values_list("round__project_id", "made_at", Value("pledge")),
        refused.values_list("project_id", "dismissed_at", "reason"),
    )
    return list(of_each[0].union(*of_each[1:], all=True))


def who_chose(users: Any) -> set[int]:
    """Those of the people (a query of ids) who have any choice that counts for them."""
    found = set(SavedProject.objects.filter(user__in=users).values_list("user_id", flat=True))
    pledged = Pledge.objects.filter(
        investor__in=users, status__in=sorted(PLEDGE_LIVE), made_at__isnull=False
    )
    found |= set(pledged.values_list("investor_id", flat=True))
    refused = Dismissal.objects.filter(user__in=users, reason__in=list(KIND_OF))
    return found | set(refused.values_list("user_id", flat=True))


def as_stored(chosen: Chosen | None) -> dict[str, Any] | None:
    return None if chosen is None else asdict(chosen)


def from_stored(values: Mapping[str, Any] | None) -> Chosen | None:
    return None if values is None else Chosen(**values)

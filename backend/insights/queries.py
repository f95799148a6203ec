"""Reading snapshots: what is public is public whole."""

from django.core.cache import caches
from django.db.models import QuerySet

from backend.core.errors import NotFound
from backend.insights.models import Correction, Snapshot

KEEP_S = 3600


def newest_versions() -> tuple[str, str]:
    """The newest snapshot and the newest one of invented figures; empty where there is none. One
    query."""
    rows = Snapshot.objects.order_by("is_example", "-taken_at", "-id").distinct("is_example")
    found = dict(rows.values_list("is_example", "version"))
    return found.get(False, ""), found.get(True, "")


def newest_version(*, is_example: bool = False) -> str:
    """The version of the newest snapshot; empty when none was taken. One query."""
    rows = Snapshot.objects.filter(is_example=is_example).order_by("-taken_at", "-id")
    return rows.values_list("version", flat=True).first() or ""


def newest_snapshot(*, is_example: bool = False) -> Snapshot | None:
    """The newest one without its file."""
    rows = Snapshot.objects.filter(is_example=is_example).defer("csv")
    return rows.order_by("-taken_at", "-id").first()


def snapshot_for(version: str) -> Snapshot:
    """One snapshot, without its file. It never changes, so it is kept in the process."""
    key = f"insights.snapshot.{version}"[:200]
    kept: Snapshot | None = caches["memory"].get(key) if version.isascii() else None
    if kept is None:
        kept = Snapshot.objects.defer("csv").select_related("previous").filter(
            version=version[:20]
        ).first()  # fmt: skip
        if kept is None:
            raise NotFound()
        caches["memory"].set(key, kept, KEEP_S)
    return kept


def csv_of(version: str) -> str:
    found = Snapshot.objects.filter(version=version[:20]).values_list("csv", flat=True).first()
    if found is None:
        raise NotFound()
    return found


def snapshots(*, is_example: bool = False) -> QuerySet[Snapshot]:
    """Newest first, without files and documents."""
    rows = Snapshot.objects.filter(is_example=is_example).defer("csv", "document")
    return rows.order_by("-taken_at", "-id")


def corrections() -> QuerySet[Correction]:
    return Correction.objects.select_related("snapshot").defer(
        "snapshot__csv", "snapshot__document"
    ).order_by("-made_at", "-id")  # fmt: skip

"""Putting published calls on the list: all rows or none, and safe to run again."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Invalid
from backend.projects.models import Project, PublishedCall
from backend.projects.search import refresh_search_bulk
from backend.projects.spreadsheet import Row, split_list
from backend.projects.workflow import PublicStatus, Status

BATCH = 1000
CALL_TEXTS = (
    "call_status", "announcing_body", "announced_on", "source_url", "source_date",
    "location_text", "area", "investment_form_text", "legal_reference",
)  # fmt: skip
CALL_NUMBERS = ("capital_vnd_bn", "capital_usd_m", "land_m2")
FACTS = (
    "title_vi", "title_en", "summary_vi", "summary_en", "owner_name_vi", "owner_name_en", "field",
    "pillars", "technologies", "place_code", "content_version", "updated_at",
)  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """How many rows were new, changed, and the same as before."""

    added: int
    changed: int
    unchanged: int


def sha256_of_row(row: Row) -> str:
    """The same for equal rows, so that a second run changes nothing."""
    return hashlib.sha256(json.dumps(row, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@transaction.atomic
def import_calls(rows: Sequence[Row]) -> Imported:
    """Add or update published calls from checked rows (spreadsheet.read_table without errors).

    Raises Invalid when a short name belongs to a proposal, and then changes nothing.
    """
    slugs = [row["slug"] for row in rows]
    existing = {
        p.slug: p
        for p in Project.objects.select_for_update(of=("self",))
        .select_related("call")
        .filter(slug__in=slugs)
    }
    for project in existing.values():
        if not project.is_call:
            raise Invalid(
                _("The short name %(slug)s belongs to a proposal."), code="slug_taken",
                field="slug", slug=project.slug,
            )  # fmt: skip
    new = [row for row in rows if row["slug"] not in existing]
    changed = [
        row
        for row in rows
        if row["slug"] in existing
        and existing[row["slug"]].call.imported_sha256 != sha256_of_row(row)
    ]
    touched = [*_add(new), *_change(changed, existing)]
    refresh_search_bulk([project.pk for project in touched])
    return Imported(len(new), len(changed), len(rows) - len(new) - len(changed))


def _add(rows: Sequence[Row]) -> list[Project]:
    now = app_now()
    projects = []
    for row in rows:
        project = Project(
            slug=row["slug"],
            origin=Project.Origin.PUBLISHED_CALL,
            status=Status.LISTED,
            public_status=PublicStatus.CALL,
            listed_at=now,
        )
        _apply(project, row)
        projects.append(project)
    Project.objects.bulk_create(projects, batch_size=BATCH)
    PublishedCall.objects.bulk_create(
        [_apply_call(PublishedCall(project=p), row) for p, row in zip(projects, rows, strict=True)],
        batch_size=BATCH,
    )
    audit.record_many("project.call_imported", by=None, subjects=projects)
    return projects


def _change(rows: Sequence[Row], existing: dict[str, Project]) -> list[Project]:
    now = app_now()
    projects = []
    for row in rows:
        project = existing[row["slug"]]
        _apply(project, row)
        project.content_version += 1
        project.updated_at = now
        _apply_call(project.call, row)
        projects.append(project)
    Project.objects.bulk_update(projects, FACTS, batch_size=BATCH)
    PublishedCall.objects.bulk_update(
        [project.call for project in projects],
        [*CALL_TEXTS, *CALL_NUMBERS, "name_vi_is_published", "imported_sha256"],
        batch_size=BATCH,
    )
    audit.record_many("project.call_updated", by=None, subjects=projects)
    return projects


def _apply(project: Project, row: Row) -> None:
    project.title_vi, project.title_en = row["name_vi"], row["name_en"]
    project.summary_vi, project.summary_en = row["summary_vi"], row["summary_en"]
    project.owner_name_vi = project.owner_name_en = row["announcing_body"]
    project.field = row["field"] or None
    project.place_code = row["place_code"] or None
    project.pillars = split_list(row["pillars"])
    project.technologies = split_list(row["technologies"])
    # The page about a call exists in both languages, whatever the source is written in.
    project.languages = []


def _apply_call(call: PublishedCall, row: Row) -> PublishedCall:
    for name in CALL_TEXTS:
        setattr(call, name, row[name])
    for name in CALL_NUMBERS:
        setattr(call, name, Decimal(row[name]) if row[name] else None)
    call.name_vi_is_published = row["name_vi_is_published"].lower() != "no"
    call.imported_sha256 = sha256_of_row(row)
    return call

"""The self-check over time: what each version of a proposal said, on the page and as a CSV file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from backend.core.csv_safe import csv_bytes
from backend.home.me_pages import person_of
from backend.projects.models import Project, ProjectVersion
from backend.projects.owner_queries import proposal_for, questions_in_force, versions_of
from backend.projects.readiness import built_in, points_of

HEAD = (
    "version", "submitted_at", "frame", "question_set", "key", "name_vi", "name_en", "level_or_max",
    "answer", "proof", "file",
)  # fmt: skip
# Versions shown side by side; the file has them all.
MOST = 6


@dataclass(frozen=True)
class CheckColumn:
    """One version's self-check; `at` is None for the draft."""

    number: int
    at: datetime | None
    question_set: int | None
    overall: int
    points: int | None


@dataclass(frozen=True)
class CheckHistory:
    columns: tuple[CheckColumn, ...]
    # Principle and its level in each column, "–" where that version had none.
    rows: tuple[tuple[str, tuple[str, ...]], ...]


def checks_over_time(project: Project, names: Mapping[str, str]) -> CheckHistory | None:
    """The versions that held answers, oldest first; None while there is nothing to compare. The
    levels are those that the questions of their day gave."""
    versions = [v for v in versions_of(project) if v.content.get("readiness")][:MOST][::-1]
    if len(versions) < 2:
        return None
    levels = [v.content["readiness"] for v in versions]
    return CheckHistory(
        tuple(_column(v) for v in versions),
        tuple(
            (name, tuple(str(found.get(key, "–")) for found in levels))
            for key, name in names.items()
        ),
    )


def _column(version: ProjectVersion) -> CheckColumn:
    kept = version.content.get("readiness_answers") or {}
    answers = (kept.get("points") or {}).get("answers") or {}
    found = points_of(questions_in_force("points"), answers)
    return CheckColumn(
        version.number,
        version.submitted_at,
        (kept.get("levels") or {}).get("version"),
        min(version.content["readiness"].values(), default=0),
        found.points if answers else None,
    )


@never_cache
@login_required
@require_safe
def answers_csv(request: HttpRequest, key: str) -> HttpResponse:
    """Every answer of every version, with its proof. UTF-8 with a mark, dates as ISO."""
    project = proposal_for(person_of(request), key)
    rows = (row for v in versions_of(project).order_by("number") for row in _rows(v))
    response = HttpResponse(csv_bytes(HEAD, rows), content_type="text/csv; charset=utf-8")
    name = f"{project.slug}-self-check.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rows(version: ProjectVersion) -> Iterator[tuple[Any, ...]]:
    kept = version.content.get("readiness_answers") or {}
    files = {f.get("id"): f.get("file_name", "") for f in version.content.get("documents") or []}
    at = version.submitted_at.isoformat() if version.submitted_at else ""
    for frame in ("levels", "points"):
        own = kept.get(frame) or {}
        known = {c["key"]: c for c in _criteria(frame)}
        for key, answer in (own.get("answers") or {}).items():
            criterion = known.get(key, {})
            is_level = isinstance(answer, Mapping)
            said = ("yes" if answer.get("met") else "no") if is_level else answer
            yield (
                version.number, at, frame, own.get("version", ""), key, criterion.get("vi", ""),
                criterion.get("en", ""), criterion.get("level", criterion.get("points", "")), said,
                answer.get("proof", "") if is_level else "",
                files.get(answer.get("file"), "") if is_level else "",
            )  # fmt: skip


def _criteria(frame: str) -> list[Mapping[str, Any]]:
    """The questions in force, and built-in ones that were taken out since."""
    found: list[Mapping[str, Any]] = []
    for content in (built_in(frame), questions_in_force(frame)):
        if frame == "levels":
            found += content["criteria"]
        else:
            found += [c for g in content["groups"] for c in g["criteria"]]
    return found

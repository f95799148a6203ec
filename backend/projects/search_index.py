"""Writing the search table: one row per public project, made from the facts in force."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import connection

from backend.core.text import sort_key
from backend.projects import search_codes as codes
from backend.projects import taxonomy
from backend.projects.models import Project, ProjectSearch
from backend.projects.search_recent import lexemes_of
from backend.projects.search_text import vector_of
from backend.projects.workflow import OPEN_INSTRUMENTS

BATCH = 500
TITLE_KEY_LENGTH = 64
# For the order of goals only: no sum that anybody reads is converted with it.
ORDER_VND_PER_USD_CENT: Final = 250
COLUMNS: Final = (
    "project_id", "listed_at", "tie", "goal_up", "goal_down", "open_ticket_minor", "place_code",
    "pillar_bits", "technology_bits", "shelf", "field_code", "instrument_code", "status_code",
    "origin_code", "trl", "language_bits", "currency_code", "high_value_code", "title_key_vi",
    "title_key_en", "vector",
)  # fmt: skip
_TABLE = ProjectSearch._meta.db_table
_UPSERT = (
    f"INSERT INTO {_TABLE} ({', '.join(COLUMNS)}) "  # noqa: S608 (constants only)
    f"VALUES ({', '.join(['%s'] * (len(COLUMNS) - 1))}, %s::tsvector) "
    "ON CONFLICT (project_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
)


def refresh_search(project: Project) -> None:
    """Make the list, search and facets agree with a project, in the caller's transaction.

    Call it when a project is listed and when the facts of a listed one change. Changes of status
    alone follow by a trigger.
    """
    if project.listed_at is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, row_of(project))


def refresh_search_bulk(ids: Sequence[int] | None = None) -> int:
    """Write the rows of many listed projects (all of them by default); returns how many."""
    rows = Project.objects.filter(listed_at__isnull=False)
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    done = 0
    with connection.cursor() as cursor:
        for batch in _batches(rows.order_by("pk").iterator(chunk_size=BATCH)):
            cursor.executemany(_UPSERT, [row_of(project) for project in batch])
            done += len(batch)
    return done


def _batches(projects: Iterable[Project]) -> Iterable[list[Project]]:
    batch: list[Project] = []
    for project in projects:
        batch.append(project)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def row_of(project: Project) -> tuple[Any, ...]:
    """The values of COLUMNS for one project."""
    goal = _goal_for_order(project)
    is_open = project.instrument in OPEN_INSTRUMENTS
    return (
        project.pk,
        project.listed_at,
        tie_of(project.public_id),
        codes.NO_GOAL_UP if goal is None else goal,
        codes.NO_GOAL_DOWN if goal is None else goal,
        project.min_ticket_minor if is_open else None,
        codes.place_number(project.place_code),
        codes.bits_of(project.pillars, codes.PILLAR),
        codes.bits_of(project.technologies, codes.TECHNOLOGY),
        codes.shelf_of(project.status, is_frozen=project.frozen_at is not None),
        codes.FIELD[project.field] if project.field else 0,
        codes.INSTRUMENT[project.instrument] if project.instrument else 0,
        codes.STATUS[project.public_status] if project.public_status else 0,
        codes.ORIGIN["call" if project.is_call else "proposal"],
        project.trl or 0,
        codes.bits_of(project.languages, codes.LANGUAGE),
        codes.CURRENCY[project.currency],
        codes.HIGH_VALUE["confirmed"] if project.is_high_value else 0,
        title_key_of(project.title_vi or project.title_en),
        title_key_of(project.title_en or project.title_vi),
        vector_of(
            (project.title_vi, project.title_en),
            _other_texts(project),
            lexemes_of(project.listed_at) if project.listed_at else (),
        ),
    )


def tie_of(public_id: str) -> int:
    """63 bits that settle the order of equals, the same on every machine."""
    return int.from_bytes(hashlib.sha256(public_id.encode()).digest()[:8]) >> 1


def title_key_of(title: str) -> str:
    """`sort_key` in half the bytes (a letter is one sign), cut so that rows stay narrow."""
    parts = []
    for part in sort_key(title).split():
        ranks, _, tones = part.partition(".")
        if part.startswith("0"):
            digits = part.lstrip("0")
            parts.append(f"!{chr(33 + len(digits))}{digits}")
        else:
            letters = "".join(chr(38 + int(ranks[i : i + 2])) for i in range(0, len(ranks), 2))
            parts.append(f"{letters}.{tones}")
    return " ".join(parts)[:TITLE_KEY_LENGTH]


def _goal_for_order(project: Project) -> int | None:
    if project.goal_minor is None:
        return None
    return project.goal_minor * (ORDER_VND_PER_USD_CENT if project.currency == "USD" else 1)


def _other_texts(project: Project) -> list[str]:
    """What a search finds beside the titles: summary, owner, and the names of its keys."""
    texts = [
        project.summary_vi,
        project.summary_en,
        project.owner_name_vi,
        project.owner_name_en,
    ]
    keys: list[tuple[str, str]] = [("technology", key) for key in project.technologies]
    keys += [("pillar", key) for key in project.pillars]
    keys += [("field", project.field)] if project.field else []
    keys += [("place", project.place_code)] if project.place_code else []
    for kind, key in keys:
        texts += [taxonomy.label(kind, key, language) for language in ("vi", "en")]
    return texts

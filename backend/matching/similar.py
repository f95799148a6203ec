"""Projects that are alike, from the listings' facts alone: nobody's choices, nothing personal."""

import hashlib
from dataclasses import dataclass

import numpy as np

from backend.matching.catalogue import Catalogue, current_catalogue
from backend.matching.engine.schema import Floats, ListingArrays
from backend.projects import taxonomy
from backend.projects.models import Project
from backend.projects.workflow import PUBLIC

# How much a shared fact weighs. A project must share its field or a technology to be named.
WEIGHTS = {"field": 2.0, "technology": 3.0, "instrument": 1.0, "place": 1.0, "stage": 0.5}
STAGE_GAP = 4.0  # levels of readiness after which nothing is alike


@dataclass(frozen=True)
class Shared:
    """One fact that both projects state: the factor's key and the value in words."""

    factor: str
    words: str


@dataclass(frozen=True)
class Similar:
    """A listed project and what it shares with the one that is looked at."""

    project: Project
    shared: tuple[Shared, ...]
    is_closed: bool = False


def alike(arrays: ListingArrays, row: int) -> Floats:
    """How alike every listing is to one of them, by shared facts; what is not stated adds nothing.
    The listing itself and those that share neither field nor technology get 0."""
    field = _same(arrays.field_id, row)
    both = (arrays.technologies & arrays.technologies[row]).sum(axis=1)
    either = (arrays.technologies | arrays.technologies[row]).sum(axis=1)
    technology = both / np.maximum(either, 1)
    place = np.maximum(_same(arrays.place, row), 0.5 * _same(arrays.area, row))
    gap = np.nan_to_num(np.abs(arrays.trl - arrays.trl[row]), nan=STAGE_GAP)
    values: Floats = (
        WEIGHTS["field"] * field
        + WEIGHTS["technology"] * technology
        + WEIGHTS["instrument"] * _same(arrays.instrument, row)
        + WEIGHTS["place"] * place
        + WEIGHTS["stage"] * np.clip(1 - gap / STAGE_GAP, 0, 1)
    )
    values[(field == 0) & (both == 0)] = 0.0
    values[row] = 0.0
    return values


def _same(column: "np.ndarray[tuple[int], np.dtype[np.int64]]", row: int) -> Floats:
    if column[row] < 0:
        return np.zeros(len(column))
    same: Floats = (column == column[row]).astype(np.float64)
    return same


def nearest(catalogue: Catalogue, row: int, count: int) -> list[int]:
    """Rows of the most alike listings, best first; equals in the order of a hash of their ids.
    Those whose round is closed follow the others."""
    values = np.round(alike(catalogue.arrays, row), 6)
    ids = catalogue.arrays.ids
    found = np.flatnonzero(values > 0).tolist()
    if len(found) > 50 * count:
        border = np.partition(values, len(values) - 50 * count)[len(values) - 50 * count]
        found = np.flatnonzero(values >= max(border, 1e-9)).tolist()
    closed = frozenset(catalogue.closed_rows.tolist())
    found.sort(key=lambda i: (i in closed, -values[i], hashlib.sha256(ids[i].encode()).digest()))
    return found[:count]


def similar_to(project: Project, language: str, count: int = 3) -> list[Similar]:
    """The listed projects most like this one, with the facts that they share. One query; nothing
    for a project that is not on the list."""
    catalogue = current_catalogue()
    row = catalogue.row_of.get(project.public_id)
    if row is None:
        return []
    rows = nearest(catalogue, row, count)
    ids = [catalogue.project_ids[i] for i in rows]
    found = Project.objects.filter(pk__in=ids, status__in=sorted(PUBLIC)).in_bulk()
    closed = {catalogue.project_ids[i] for i in catalogue.closed_rows.tolist()}
    return [
        Similar(found[pk], shared_facts(project, found[pk], language), pk in closed)
        for pk in ids
        if pk in found
    ]


def shared_facts(one: Project, other: Project, language: str) -> tuple[Shared, ...]:
    """What both state, in words, in the order of the factors."""
    shared = []
    if one.field and one.field == other.field:
        shared.append(Shared("field", taxonomy.label("field", one.field, language)))
    both = [key for key in one.technologies if key in other.technologies]
    if both:
        words = ", ".join(taxonomy.label("technology", key, language) for key in both)
        shared.append(Shared("technology", words))
    if one.place_code and one.place_code == other.place_code:
        shared.append(Shared("place", taxonomy.label("place", one.place_code, language)))
    if one.instrument and one.instrument == other.instrument:
        shared.append(Shared("instrument", taxonomy.label("instrument", one.instrument, language)))
    if one.trl and one.trl == other.trl:
        shared.append(Shared("stage", f"TRL {one.trl}"))
    return tuple(shared)

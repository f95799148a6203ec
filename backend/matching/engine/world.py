"""The inputs of a fit as numbers: people, projects, choices in time. Workers and scripts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from backend.matching.engine.answers import stated_names, stated_rows
from backend.matching.engine.encoding import Encoder, fit_encoder
from backend.matching.engine.frames import (
    Events,
    Frame,
    NothingToLearn,
    Schema,
    column,
    read_choices,
    texts,
)
from backend.matching.engine.schema import Ints
from backend.matching.engine.tastes import Past, as_csr, past_at

MIN_CHOICES = 50


@dataclass(frozen=True)
class World:
    """The inputs as numbers; `group[i]`: projects of one group are rounds of one undertaking."""

    events: Events
    encoder: Encoder
    facts: sp.csr_matrix
    unit: sp.csr_matrix
    homes: Ints
    home_names: tuple[str, ...]
    stated: sp.csr_matrix | None  # investors × columns, None when nothing was asked
    group: Ints
    group_names: tuple[str, ...]


def past_of(world: World, gap: float) -> Past:
    """What was known `gap` years before now."""
    return past_at(world.events, world.facts, world.encoder, world.homes, world.stated, gap)


def read_world(
    schema: Schema, choices: Frame, projects: Frame, investors: Frame, now: Any
) -> World:
    """Check and encode the frames."""
    ids = [str(i) for i in column(projects, "project_id")]
    events = read_choices(choices, ids, now)
    if len(events) < MIN_CHOICES or len(set(events.project.tolist())) < 2:
        raise NothingToLearn(f"{len(events)} choices of {len(ids)} projects")
    encoder = fit_encoder(schema, projects)
    encoded = encoder.encode(projects)
    groups = [str(g) for g in column(projects, "group_id")] if "group_id" in projects else ids
    group_names = tuple(sorted(set(groups)))
    number = {g: i for i, g in enumerate(group_names)}
    homes, home_names = _homes(schema, investors, events.investors)
    return World(
        events=events,
        encoder=encoder,
        facts=as_csr(encoded),
        unit=as_csr(encoded.unit_rows()),
        homes=homes,
        home_names=home_names,
        stated=_stated(encoder, investors, events.investors),
        group=np.array([number[g] for g in groups], dtype=np.int64),
        group_names=group_names,
    )


def _homes(schema: Schema, investors: Frame, people: Sequence[str]) -> tuple[Ints, tuple[str, ...]]:
    if not schema.home:
        return np.full(len(people), -1, dtype=np.int64), ()
    ids = [str(i) for i in column(investors, "investor_id")]
    values = [texts(v) for v in column(investors, schema.home)]
    home_of = {i: v[0] for i, v in zip(ids, values, strict=True) if v}
    names = tuple(sorted(set(home_of.values())))
    number = {name: i for i, name in enumerate(names)}
    found = [number[home_of[p]] if p in home_of else -1 for p in people]
    return np.array(found, dtype=np.int64), names


def _stated(encoder: Encoder, investors: Frame, people: Sequence[str]) -> sp.csr_matrix | None:
    """Answers as they are now: when somebody gave them is not known."""
    if not stated_names(encoder.schema, investors):
        return None
    return as_csr(stated_rows(encoder, investors, people))


@dataclass(frozen=True)
class Shelf:
    """Projects that are ranked: their facts (plain and unit rows) and whose rounds they are (-1: of
    a group that nobody knew)."""

    facts: sp.csr_matrix
    unit: sp.csr_matrix
    group: Ints


def shelf_of(world: World, frame: Frame) -> Shelf:
    """Listings from outside as a shelf."""
    encoded = world.encoder.encode(frame)
    name = "group_id" if "group_id" in frame else "project_id"
    number = {g: i for i, g in enumerate(world.group_names)}
    group = np.array([number.get(str(g), -1) for g in column(frame, name)], dtype=np.int64)
    return Shelf(as_csr(encoded), as_csr(encoded.unit_rows()), group)


def group_votes(world: World, past: Past) -> sp.csr_matrix:
    """investors × groups: 1 where somebody chose any round of a group."""
    taken = past.taken.tocoo()
    place = (taken.row, world.group[taken.col])
    shape = (past.people, len(world.group_names))
    votes = sp.csr_matrix((np.ones(len(taken.row), np.float32), place), shape)
    votes.data[:] = 1
    return votes

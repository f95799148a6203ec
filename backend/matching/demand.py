"""Who could fit a project, and which edit would widen that, in bands. numpy only.

By people's answers alone: what somebody chose or how they adjusted their own list says more of them
than an owner may learn, and would move with every save.

Counts are never shown: only bands, and nothing under ten. A difference is a band too, so that two
edits side by side do not single anybody out. Made once for a state of the project, from everybody.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from backend.matching.engine.schema import Answers, Listing, ListingArrays, encode_listings
from backend.matching.engine.score import Model, rank_one

FITS_FROM = 70  # points of 100
LEAST = 10  # a cell of fewer people is not shown
EDGES = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
MOST_EDITS = 40  # the taxonomy makes 26; a longer one must not make an owner's page slow
Band = tuple[int, int]  # from … to, both included; (0, 9) says: fewer than ten


def band(count: int) -> Band:
    """The band of a count: (0, 9), (10, 19), (20, 49) …; the last one is open (to = 0)."""
    if count < LEAST:
        return (0, LEAST - 1)
    for low, high in pairwise(EDGES):
        if count < high:
            return (low, high - 1)
    return (EDGES[-1], 0)


@dataclass(frozen=True)
class Edit:
    """One change of the project's facts: what, from, to."""

    factor: str
    old: Any
    new: Any
    listing: Listing


@dataclass
class Counted:
    """People who fit each variant (0: the project as it is), and of what kinds those of 0 are."""

    fits: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    gained: "np.ndarray[tuple[int], np.dtype[np.int64]]"
    answered: int = 0
    kinds: dict[str, Counter[str]] = field(default_factory=dict)


def edits_of(listing: Listing, people: Sequence[Answers], rows: ListingArrays) -> list[Edit]:
    """The edits that an owner could make, each alone. Tickets are round sums that people named."""
    known = rows.vocabulary
    found = [
        Edit("ticket", listing.ticket, ticket, replace(listing, ticket=ticket))
        for ticket in _lower_tickets(listing, people)
    ]
    # The owner knows the ticket of a gated form: without it, a form would seem to widen the pool
    # only because the ticket is no longer read.
    found += [
        Edit("instrument", listing.instrument, key, replace(listing, instrument=key))
        for key in known.instruments
        if key != listing.instrument
    ]
    found += [
        Edit("language", "", key, replace(listing, languages=(*listing.languages, key)))
        for key in known.languages
        if key not in listing.languages
    ]
    if listing.horizon_months and listing.horizon_months > 12:
        found += [
            Edit("horizon", listing.horizon_months, months, replace(listing, horizon_months=months))
            for months in (12, 24)
            if months < listing.horizon_months
        ]
    found += [
        Edit("skills", "", key, replace(listing, skills=(*listing.skills, key)))
        for key in known.skills
        if key not in listing.skills
    ]
    found += [
        Edit("field", listing.field, key, replace(listing, field=key))
        for key in known.fields
        if key != listing.field
    ]
    return found[:MOST_EDITS]


def _lower_tickets(listing: Listing, people: Sequence[Answers]) -> list[float]:
    """A half, a quarter and a tenth of the smallest pledge, as round sums of at least 50,000 ₫."""
    if not listing.ticket or not people:
        return []
    sums = []
    for share in (2, 4, 10):
        lower = listing.ticket / share
        step = 10 ** max(int(np.floor(np.log10(max(lower, 1)))), 4)
        rounded = max(round(lower / step) * step, 50_000)
        if rounded < listing.ticket and float(rounded) not in sums:
            sums.append(float(rounded))
    return sums


def count_fits(
    listing: Listing,
    edits: Sequence[Edit],
    people: Iterable[Answers],
    model: Model,
    rows: ListingArrays,
) -> Counted:
    """For how many people the project, and each edited one, has FITS_FROM points or more.

    People who answered nothing fit nothing and are not counted. Linear in people × variants.
    """
    variants = [replace(listing, id="v0")]
    variants += [replace(edit.listing, id=f"v{i}") for i, edit in enumerate(edits, start=1)]
    arrays = encode_listings(variants, rows.vocabulary)
    # What others chose of this very project says nothing of an edited one: kinds only.
    fits = np.zeros(len(variants), dtype=np.int64)
    gained = np.zeros(len(variants), dtype=np.int64)
    counted = Counted(fits, gained, kinds={"country": Counter(), "budget": Counter(),
                                           "field": Counter(), "language": Counter()})  # fmt: skip
    for answers in people:
        ranked = rank_one(answers, arrays, model, k=len(variants))
        if not any(ranked.active):
            continue
        counted.answered += 1
        scores = np.zeros(len(variants), dtype=np.int64)
        scores[ranked.rows] = ranked.scores
        good = scores >= FITS_FROM
        fits += good
        gained += good & ~good[0]
        if good[0]:
            _note(counted.kinds, answers)
    return counted


def _note(kinds: dict[str, Counter[str]], answers: Answers) -> None:
    if answers.country:
        kinds["country"][answers.country] += 1
    if answers.budget:
        kinds["budget"][budget_key(answers.budget)] += 1
    for key in answers.fields:
        kinds["field"][key] += 1
    for key in answers.languages:
        kinds["language"][key] += 1


BUDGETS = (1_000_000, 5_000_000, 20_000_000, 100_000_000)


def budget_key(budget: float) -> str:
    """Which of five steps a budget (₫) is in: its upper edge, or "more"."""
    return next((str(edge) for edge in BUDGETS if budget < edge), "more")


def report(counted: Counted, edits: Sequence[Edit]) -> dict[str, Any]:
    """What may be told: bands, cells of ten and more, edits that bring at least ten people."""
    kinds = {
        kind: [[key, *band(n)] for key, n in counts.most_common() if n >= LEAST]
        for kind, counts in counted.kinds.items()
    }
    hidden = {
        kind: sum(1 for n in counts.values() if n < LEAST) for kind, counts in counted.kinds.items()
    }
    # By bands, as they are told: an order by counts would say which of two equal bands is larger.
    order = sorted(range(len(edits)), key=lambda i: (-band(int(counted.gained[i + 1]))[0], i))
    wider = [
        {
            "factor": edits[i].factor,
            "old": edits[i].old,
            "new": edits[i].new,
            "gain": band(int(counted.gained[i + 1])),
            "then": band(int(counted.fits[i + 1])),
        }
        for i in order
        if counted.gained[i + 1] >= LEAST and counted.fits[i + 1] > counted.fits[0]
    ]
    return {
        "fits": band(int(counted.fits[0])),
        "answered": band(counted.answered),
        "kinds": kinds,
        "hidden": hidden,
        "edits": wider,
        "tried": len(edits),
    }

"""Every entry of the catalogue, by audit code."""

from backend.notifications.catalogue import Entry
from backend.notifications.entries import (
    flows,
    office,
    plans,
    pledges,
    proposals,
    returns,
    talk,
)

# A code may interest several groups of people, each with words of its own.
PARTS: tuple[dict[str, Entry], ...] = (
    proposals.ENTRIES,
    office.ENTRIES,
    plans.ENTRIES,
    pledges.ENTRIES,
    returns.ENTRIES,
    talk.ENTRIES,
    flows.ENTRIES,
)


def entries_of(code: str) -> list[Entry]:
    """The entries of an audit code; none for what nobody is told about."""
    return [part[code] for part in PARTS if code in part]


def codes() -> frozenset[str]:
    return frozenset(code for part in PARTS for code in part)

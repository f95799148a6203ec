"""Whole numbers and bits that stand for keys in the search table. Pure.

Only ever append: rows of the table hold these numbers (after a change of meaning run
`refresh_search_bulk` over everything). 0 means "not stated".
"""

from collections.abc import Iterable, Mapping
from typing import Final

FIELD: Final[Mapping[str, int]] = {
    "smart_manufacturing": 1,
    "low_carbon_logistics": 2,
    "digital_urban_services": 3,
    "open_innovation": 4,
    "pilot_mechanism": 5,
}
INSTRUMENT: Final[Mapping[str, int]] = {
    "contribution": 1,
    "reward": 2,
    "loan": 3,
    "convertible": 4,
    "equity": 5,
    "fund_unit": 6,
}
STATUS: Final[Mapping[str, int]] = {
    "upcoming": 1,
    "open": 2,
    "reached": 3,
    "not_reached": 4,
    "running": 5,
    "late": 6,
    "stopped": 7,
    "completed": 8,
    "call": 9,
}
ORIGIN: Final[Mapping[str, int]] = {"proposal": 1, "call": 2}
HIGH_VALUE: Final[Mapping[str, int]] = {"confirmed": 1}
CURRENCY: Final[Mapping[str, int]] = {"VND": 1, "USD": 2}
PILLAR: Final[Mapping[str, int]] = {
    "net_zero": 1,
    "smart_manufacturing": 2,
    "next_generation_infrastructure": 4,
    "innovation_digital": 8,
}
LANGUAGE: Final[Mapping[str, int]] = {"vi": 1, "en": 2}
TECHNOLOGY: Final[Mapping[str, int]] = {
    key: 1 << position
    for position, key in enumerate(
        (
            "iot_sensors",
            "ai",
            "new_energy",
            "robotics_automation",
            "new_materials",
            "cloud_data",
            "water_environment",
            "health_technology",
            "semiconductors",
            "food_technology",
            "digital_twin",
            "additive_manufacturing",
            "blockchain",
            "fiveg",
            "cyber_security",
            "drones",
            "biotechnology",
        )
    )
}

# Where a project stands: hidden (suspended, frozen, withdrawn), on the list, or closed. Closed
# ones are found only by who asks for their status.
HIDDEN, BROWSABLE, CLOSED = 0, 1, 2
CLOSED_STATUSES: Final = frozenset({"completed", "stopped"})

# Beyond every sum that can be stored: "not stated" sorts last upwards.
NO_GOAL_UP: Final = 2**62
NO_GOAL_DOWN: Final = -1


def shelf_of(status: str, *, is_frozen: bool) -> int:
    """Which shelf a project of this (internal) status stands on; the trigger says the same."""
    if is_frozen:
        return HIDDEN
    if status == "listed":
        return BROWSABLE
    return CLOSED if status in CLOSED_STATUSES else HIDDEN


def bits_of(keys: Iterable[str], table: Mapping[str, int]) -> int:
    """The keys as one whole number; KeyError for a key without a bit."""
    bits = 0
    for key in keys:
        bits |= table[key]
    return bits


def keys_of_bits(bits: int, table: Mapping[str, int]) -> list[str]:
    return [key for key, bit in table.items() if bits & bit]


def place_number(place_code: str | None) -> int:
    """Codes of places are digits ("25747"); anything else counts as not stated."""
    return int(place_code) if place_code and place_code.isdecimal() else 0

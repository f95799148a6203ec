"""Where money is sent from: country, region of the published series, currency, time zones. Pure."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DATA = Path(__file__).parent / "data" / "corridors.json"
HOME_ZONE = "Asia/Ho_Chi_Minh"


@dataclass(frozen=True)
class Corridor:
    """A country or territory that a plan can name; `is_large` says that lists show it first."""

    country: str
    region: str
    currency: str
    zones: tuple[str, ...]
    is_large: bool


@lru_cache(maxsize=1)
def corridors() -> dict[str, Corridor]:
    """By country, in the order of the file."""
    rows = json.loads(DATA.read_text(encoding="utf-8"))["corridors"]
    return {
        r["country"]: Corridor(
            r["country"], r["region"], r["currency"], tuple(r["zones"]), r["is_large"]
        )
        for r in rows
    }


def large_corridors() -> list[Corridor]:
    return [c for c in corridors().values() if c.is_large]


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Every time zone that a plan can keep: Vietnam's and those of all corridors."""
    return (HOME_ZONE, *(zone for c in corridors().values() for zone in c.zones))

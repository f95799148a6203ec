"""Which drawing stands above a project: one of twelve motifs, four colours, an offset of its own.

Fixed by the project (technologies, field, slug), so that a card looks the same everywhere and
neighbours of one field differ. The motifs are one sprite, drawn by scripts/draw_artwork.
"""

import hashlib
import re
from dataclasses import dataclass

from backend.projects.models import Project

BY_TECHNOLOGY = {
    "ai": "nodes",
    "semiconductors": "chips",
    "cloud_data": "nodes",
    "cyber_security": "nodes",
    "blockchain": "nodes",
    "robotics_automation": "arms",
    "additive_manufacturing": "arms",
    "water_environment": "canal",
    "drones": "waves",
    "iot_sensors": "canal",
    "biotechnology": "bubbles",
    "food_technology": "bubbles",
    "health_technology": "bubbles",
    "fiveg": "waves",
    "digital_twin": "city",
}
BY_FIELD: dict[str, tuple[str, ...]] = {
    "smart_manufacturing": ("gears", "arms"),
    "low_carbon_logistics": ("boats", "lorries"),
    "digital_urban_services": ("city", "nodes"),
    "open_innovation": ("nodes", "waves"),
    "pilot_mechanism": ("city", "waves"),
}
BY_PILLAR: dict[str, tuple[str, ...]] = {
    "net_zero": ("sun", "canal", "waves"),
    "next_generation_infrastructure": ("city",),
    "innovation_digital": ("nodes", "waves"),
    "smart_manufacturing": ("gears", "arms"),
}
# What a title names is drawn, whatever the groups say: a wind farm is no solar roof.
BY_TITLE = tuple(
    (motif, re.compile(words))
    for motif, words in (
        ("wind", r"\bwind (cluster|farm|power|turbine)|offshore wind\b"),
        ("sun", r"\bsolar|photovoltaic"),
        ("chips", r"\b(micro)?chips?\b|semiconductor|microelectronic"),
        ("lorries", r"\b(trucks?|lorr(y|ies)|carts?|trikes|crates?|pallets?|buse?s?)\b"),
        ("boats", r"\b(barges?|boats?|river|ports?|ferry|tug|ship|transshipment)\b"),
        ("bubbles", r"\b(blood|shrimp|enzyme|pharma|medical|bioproducts|fermentation)"),
        ("canal", r"water|canal|flood|salinity|\btid(al|es?)\b|subsidence"),
    )
)


@dataclass(frozen=True)
class Artwork:
    """`motif` is a symbol of icons/art.svg; `tone` 0–3 a colour class; `x` 0–400 the offset."""

    motif: str
    tone: int
    x: int


def artwork_of(project: Project) -> Artwork:
    number = int.from_bytes(hashlib.sha256(project.slug.encode()).digest()[:4], "big")
    motifs = _motifs_of(project)
    return Artwork(motifs[number // 1604 % len(motifs)], number % 4, number // 4 % 401)


def _motifs_of(project: Project) -> list[str]:
    title = project.title_en.casefold()
    for motif, words in BY_TITLE:
        if words.search(title):
            return [motif]
    found = [BY_TECHNOLOGY[t] for t in project.technologies[:2] if t in BY_TECHNOLOGY]
    found += BY_FIELD.get(project.field or "", ())
    if not found:
        found += [motif for pillar in project.pillars for motif in BY_PILLAR.get(pillar, ())]
    return list(dict.fromkeys(found)) or ["canal"]

"""Which drawing stands above a project: one of eight motifs, four colours, an offset of its own.

Fixed by the project (technology, field, slug), so that a card looks the same everywhere. The motifs
are one sprite, drawn by scripts/draw_artwork.
"""

import hashlib
from dataclasses import dataclass

from backend.projects.models import Project

BY_TECHNOLOGY = {
    "semiconductors": "chips",
    "cloud_data": "chips",
    "cyber_security": "chips",
    "blockchain": "chips",
    "robotics_automation": "arms",
    "additive_manufacturing": "arms",
    "drones": "arms",
    "new_energy": "sun",
    "water_environment": "canal",
    "biotechnology": "bubbles",
    "food_technology": "bubbles",
    "health_technology": "bubbles",
    "new_materials": "bubbles",
    "fiveg": "waves",
    "digital_twin": "city",
}
BY_FIELD = {
    "smart_manufacturing": "arms",
    "low_carbon_logistics": "boats",
    "digital_urban_services": "city",
    "open_innovation": "waves",
    "pilot_mechanism": "city",
}
BY_PILLAR = {
    "net_zero": "sun",
    "next_generation_infrastructure": "city",
    "innovation_digital": "waves",
    "smart_manufacturing": "arms",
}


@dataclass(frozen=True)
class Artwork:
    """`motif` is a symbol of icons/art.svg; `tone` 0–3 a colour class; `x` 0–400 the offset."""

    motif: str
    tone: int
    x: int


def artwork_of(project: Project) -> Artwork:
    number = int.from_bytes(hashlib.sha256(project.slug.encode()).digest()[:4], "big")
    return Artwork(_motif_of(project), number % 4, number // 4 % 401)


def _motif_of(project: Project) -> str:
    for technology in project.technologies:
        if technology in BY_TECHNOLOGY:
            return BY_TECHNOLOGY[technology]
    if project.field in BY_FIELD:
        return BY_FIELD[project.field]
    return next((BY_PILLAR[p] for p in project.pillars if p in BY_PILLAR), "canal")

"""The five criteria that a listing is scored by. Pure.

Weights sum to 100; a score is 0–5; the weighted total is out of 100. Names vi/en are ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass

MAX_SCORE = 5
REASON_NEEDED_BELOW = 3
PASS_TOTAL = 65


@dataclass(frozen=True)
class Criterion:
    key: str
    weight: int
    name_vi: str
    name_en: str

    def name(self, language: str) -> str:
        return self.name_vi if language == "vi" else self.name_en


CRITERIA = (
    Criterion("technical_merit", 25, "Giá trị kỹ thuật", "Technical merit"),
    Criterion("public_benefit", 20, "Lợi ích công", "Public benefit"),
    Criterion("team", 20, "Đội ngũ", "Team"),
    Criterion("financial_plan", 20, "Phương án tài chính", "Financial plan"),
    Criterion("risk_handling", 15, "Xử lý rủi ro", "Risk handling"),
)
KEYS = tuple(c.key for c in CRITERIA)


def points_of(scores: Mapping[str, int]) -> dict[str, int]:
    """Points per criterion out of its weight, rounded half up; missing criteria give no entry."""
    return {
        c.key: (scores[c.key] * c.weight * 2 + MAX_SCORE) // (2 * MAX_SCORE)
        for c in CRITERIA
        if c.key in scores
    }


def total_of(scores: Mapping[str, int]) -> int:
    """The sum of the points, 0–100."""
    return sum(points_of(scores).values())

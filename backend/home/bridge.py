"""The bridge: one arch per milestone, as wide as its amount; the deck fills with pledges.

It is a chart, so the geometry is made here from the same sums that the table shows.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Arch:
    """One span in a drawing `width` wide: its curve, hangers, and whether pledges cover it."""

    curve: str
    hangers: tuple[str, ...]
    is_covered: bool
    end: str
    # Of a funded round: `held`, `released`, `returned`; empty before.
    state: str = ""
    mark: str = ""


@dataclass(frozen=True)
class Bridge:
    width: int
    deck: int
    height: int
    start: str
    end: str
    done: str
    arches: tuple[Arch, ...]
    covered: int
    percent: int

    @property
    def open_curves(self) -> str:
        """All arches that pledges do not cover yet, as one path (fewer elements on a list)."""
        return " ".join(a.curve for a in self.arches if not a.is_covered)

    @property
    def covered_curves(self) -> str:
        return " ".join(a.curve for a in self.arches if a.is_covered)

    @property
    def paid_curves(self) -> str:
        return " ".join(a.curve for a in self.arches if a.state == "released")

    @property
    def ticks(self) -> str:
        return " ".join(a.mark for a in self.arches if a.state == "released")

    @property
    def crosses(self) -> str:
        return " ".join(a.mark for a in self.arches if a.state == "returned")

    @property
    def open_hangers(self) -> str:
        return " ".join(h for a in self.arches if not a.is_covered for h in a.hangers)

    @property
    def covered_hangers(self) -> str:
        return " ".join(h for a in self.arches if a.is_covered for h in a.hangers)


def bridge_of(
    amounts: Sequence[int],
    pledged: int = 0,
    *,
    width: int = 340,
    deck: int = 52,
    states: Sequence[str] = (),
) -> Bridge | None:
    """None without milestones. `amounts` and `pledged` in the same minor units; `states` of the
    parts of a funded round, in order."""
    total = sum(amounts)
    if total <= 0:
        return None
    left, usable = 6.0, width - 12.0
    arches: list[Arch] = []
    x, before, covered = left, 0, 0
    for number, amount in enumerate(amounts):
        span = usable * amount / total
        before += amount
        state = states[number] if number < len(states) else ""
        is_covered = pledged >= before and state != "returned"
        covered += is_covered
        arches.append(_arch(x, span, deck, is_covered, state))
        x += span
    share = min(pledged / total, 1.0)
    return Bridge(
        width=width,
        deck=deck,
        height=deck + 14,
        start=f"{left:.1f}",
        end=f"{width - left:.1f}",
        done=f"{left + usable * share:.1f}",
        arches=tuple(arches),
        covered=covered,
        percent=100 * pledged // total,
    )


def _arch(x: float, span: float, deck: int, is_covered: bool, state: str = "") -> Arch:
    rise = min(deck * 1.1, span * 0.62)
    curve = f"M{x:.1f} {deck} Q{x + span / 2:.1f} {deck - rise:.1f} {x + span:.1f} {deck}"
    hangers = []
    for share in (0.25, 0.5, 0.75) if span > 26 else ():
        # A quadratic curve at t = share, with equal ends and the control point `rise` above.
        y = deck - 2 * share * (1 - share) * rise
        hangers.append(f"M{x + span * share:.1f} {deck - 4} V{y:.1f}")
    middle, top = x + span / 2, deck - rise / 4
    mark = ""
    if state == "released":
        mark = f"M{middle - 6:.1f} {top:.1f}l4.5 4.5 8-9"
    elif state == "returned":
        mark = f"M{middle - 5:.1f} {top - 5:.1f}l10 10M{middle + 5:.1f} {top - 5:.1f}l-10 10"
    if state == "released":
        hangers = []
    return Arch(curve, tuple(hangers), is_covered, f"{x + span:.1f}", state, mark)

"""What changed between two texts: paragraph by paragraph, word by word, numbers first. Pure.

Paragraphs are aligned before words are compared, so that one new paragraph does not colour the rest
of the text. Two spellings of the same letters (composed or not) are equal. The words are compared
by Myers' greedy algorithm ("An O(ND) Difference Algorithm", 1986), which is fast where little
changed; where nearly everything did, the paragraph is shown as replaced. So the cost is bounded
for any two texts.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.core.text import nfc

MAX_EDITS = 400
MAX_PAIRS = 900
# Paragraphs with less in common are shown as one gone and one new.
MIN_ALIKE = 0.3
_TOKEN = re.compile(r"\S+\s*|\s+")
_PARAGRAPHS = re.compile(r"\n+")
_NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")
# The unit behind a figure is shown with it: "18 tháng" tells more than "18".
_UNIT = re.compile(
    r"\s?(?:%|₫|°C|(?:tháng|năm|ngày|giờ|hộ|đồng|triệu|tỷ|tấn|người|months?|years?|days?|hours?|"
    r"people|million|billion|tonnes?|VND|USD|kg|km|ha|[kM]Wh?|MWp)(?![^\W\d_]))"
)


class Kind(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class Segment:
    """A run of words that stayed, came or went."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Paragraph:
    """One paragraph: the same, added, removed, or changed inside."""

    kind: Kind
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class NumberChange:
    """A figure that stands elsewhere now; empty on the side where there was none."""

    before: str
    after: str


@dataclass(frozen=True)
class TextDiff:
    """`numbers` come first on a page: they are what a reader must not miss."""

    paragraphs: tuple[Paragraph, ...]
    numbers: tuple[NumberChange, ...]

    @property
    def is_changed(self) -> bool:
        return any(p.kind != Kind.SAME for p in self.paragraphs)

    @property
    def changes(self) -> int:
        """How many places changed: neighbours that went and came count once."""
        return sum(_places(p.segments) for p in self.paragraphs)


def word_diff(old: str, new: str) -> TextDiff:
    """Compare two plain texts. Joining what is not ADDED gives the words of `old`, joining what is
    not REMOVED those of `new`."""
    before, after = _paragraphs(old), _paragraphs(new)
    paragraphs: list[Paragraph] = []
    for old_one, new_one in _aligned(before, after):
        paragraphs.append(_compared(old_one, new_one))
    return TextDiff(tuple(paragraphs), tuple(_numbers(paragraphs)))


def _paragraphs(text: str) -> list[str]:
    return [p.strip() for p in _PARAGRAPHS.split(nfc(text)) if p.strip()]


def _compared(old: str | None, new: str | None) -> Paragraph:
    if old is None:
        return Paragraph(Kind.ADDED, (Segment(Kind.ADDED, new or ""),))
    if new is None:
        return Paragraph(Kind.REMOVED, (Segment(Kind.REMOVED, old),))
    if old == new:
        return Paragraph(Kind.SAME, (Segment(Kind.SAME, old),))
    segments = tuple(_segments(_TOKEN.findall(old), _TOKEN.findall(new)))
    kind = Kind.CHANGED if any(s.kind != Kind.SAME for s in segments) else Kind.SAME
    return Paragraph(kind, segments)


# Aligning paragraphs


def _aligned(old: list[str], new: list[str]) -> list[tuple[str | None, str | None]]:
    """Pairs of paragraphs in order; None where one side has none."""
    start = _common_start(old, new)
    end = _common_start(old[start:][::-1], new[start:][::-1])
    middle = _match_alike(old[start : len(old) - end], new[start : len(new) - end])
    same_start: list[tuple[str | None, str | None]] = [(p, p) for p in old[:start]]
    same_end: list[tuple[str | None, str | None]] = [(p, p) for p in old[len(old) - end :]]
    return [*same_start, *middle, *same_end]


def _match_alike(old: list[str], new: list[str]) -> list[tuple[str | None, str | None]]:
    """The alignment that keeps the most in common (a table of best sums, walked back)."""
    if len(old) * len(new) > MAX_PAIRS:
        return [*((p, None) for p in old), *((None, p) for p in new)]
    old_bags = [Counter(w.strip() for w in _TOKEN.findall(p)) for p in old]
    new_bags = [Counter(w.strip() for w in _TOKEN.findall(p)) for p in new]
    alike = [[_alike(a, b) for b in new_bags] for a in old_bags]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            pair = alike[i][j] + best[i + 1][j + 1] if alike[i][j] >= MIN_ALIKE else -1.0
            best[i][j] = max(pair, best[i + 1][j], best[i][j + 1])
    pairs: list[tuple[str | None, str | None]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        is_pair = alike[i][j] >= MIN_ALIKE
        if is_pair and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
            pairs.append((old[i], new[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            pairs.append((old[i], None))
            i += 1
        else:
            pairs.append((None, new[j]))
            j += 1
    return [*pairs, *((p, None) for p in old[i:]), *((None, p) for p in new[j:])]


def _alike(a: Counter[str], b: Counter[str]) -> float:
    return 2 * sum((a & b).values()) / max(a.total() + b.total(), 1)


# Comparing words


def _segments(old: list[str], new: list[str]) -> Iterable[Segment]:
    """Runs of tokens; a token carries the space behind it, which alone is no change."""
    left, right = [t.rstrip() for t in old], [t.rstrip() for t in new]
    start = _common_start(left, right)
    end = _common_start(left[start:][::-1], right[start:][::-1])
    matches = [(i, i) for i in range(start)]
    inner = _matches(left[start : len(left) - end], right[start : len(right) - end])
    matches += [(start + i, start + j) for i, j in inner]
    matches += [(len(left) - k, len(right) - k) for k in range(end, 0, -1)]
    i = j = 0
    same: list[str] = []
    for at_old, at_new in [*matches, (len(old), len(new))]:
        if (at_old, at_new) != (i, j):
            yield from _run(Kind.SAME, same)
            same = []
            yield from _run(Kind.REMOVED, old[i:at_old])
            yield from _run(Kind.ADDED, new[j:at_new])
        same += new[at_new : at_new + 1]
        i, j = at_old + 1, at_new + 1
    yield from _run(Kind.SAME, same)


def _run(kind: Kind, tokens: Sequence[str]) -> Iterable[Segment]:
    if tokens:
        yield Segment(kind, "".join(tokens))


def _common_start(a: Sequence[str], b: Sequence[str]) -> int:
    length = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        length += 1
    return length


def _matches(a: Sequence[str], b: Sequence[str]) -> list[tuple[int, int]]:
    """Positions that stay, in order, for the fewest edits; none when there are too many edits."""
    furthest = {1: 0}
    trail: list[dict[int, int]] = []
    for edits in range(min(len(a) + len(b), MAX_EDITS) + 1):
        trail.append(dict(furthest))
        for k in range(-edits, edits + 1, 2):
            down = k == -edits or (k != edits and furthest.get(k - 1, -1) < furthest.get(k + 1, -1))
            x = furthest[k + 1] if down else furthest[k - 1] + 1
            y = x - k
            while x < len(a) and y < len(b) and a[x] == b[y]:
                x, y = x + 1, y + 1
            furthest[k] = x
            if x >= len(a) and y >= len(b):
                return _walk_back(trail, len(a), len(b))
    return []


def _walk_back(trail: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for edits in range(len(trail) - 1, -1, -1):
        before = trail[edits]
        k = x - y
        down = k == -edits or (k != edits and before.get(k - 1, -1) < before.get(k + 1, -1))
        at_k = k + 1 if down else k - 1
        at_x = before[at_k]
        at_y = at_x - at_k
        while x > max(at_x, 0) and y > max(at_y, 0):
            x, y = x - 1, y - 1
            found.append((x, y))
        x, y = at_x, at_y
    return found[::-1]


# Figures


def _numbers(paragraphs: Sequence[Paragraph]) -> Iterable[NumberChange]:
    """Figures that went and came at one place, paired in their order."""
    for paragraph in paragraphs:
        gone: list[str] = []
        come: list[str] = []
        old, new = ("".join(s.text for s in paragraph.segments if s.kind != other)
                    for other in (Kind.ADDED, Kind.REMOVED))  # fmt: skip
        at_old = at_new = 0
        for segment in [*paragraph.segments, Segment(Kind.SAME, "")]:
            length = len(segment.text)
            if segment.kind == Kind.REMOVED:
                gone += _figures(old, at_old, at_old + length)
                at_old += length
            elif segment.kind == Kind.ADDED:
                come += _figures(new, at_new, at_new + length)
                at_new += length
            else:
                yield from _paired(gone, come)
                gone, come = [], []
                at_old, at_new = at_old + length, at_new + length


def _figures(text: str, start: int, end: int) -> Iterable[str]:
    """The figures of a part of the text, each with the unit behind it."""
    for found in _NUMBER.finditer(text, start, end):
        unit = _UNIT.match(text, found.end())
        yield found[0] + (unit[0] if unit else "")


def _paired(gone: list[str], come: list[str]) -> Iterable[NumberChange]:
    for number in range(max(len(gone), len(come))):
        before = gone[number] if number < len(gone) else ""
        after = come[number] if number < len(come) else ""
        if before != after:
            yield NumberChange(before, after)


def _places(segments: Sequence[Segment]) -> int:
    count, inside = 0, False
    for segment in segments:
        is_change = segment.kind != Kind.SAME
        count += is_change and not inside
        inside = is_change
    return count

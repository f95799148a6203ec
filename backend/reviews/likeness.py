"""Whether two proposals say the same: a sketch of their texts that an index can compare. Pure.

Runs of four words, folded, are hashed; the sketch keeps the SIZE smallest hashes ("bottom-k", Cohen
and Kaplan 2007). The share of equal numbers among the smallest of both estimates the share of equal
passages (Jaccard), and an index on the numbers finds candidates among any number of proposals.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from backend.core.text import fold, words

SIZE = 48
RUN = 4
TEXTS = ("title", "summary", "problem", "solution", "market")
# Two of a hundred passages in common are chance or boilerplate; from here on it is worth a look.
WORTH_A_LOOK = 20


def sketch_of(content: Mapping[str, Any]) -> list[int]:
    """The SIZE smallest hashes of the text, in both languages, sorted; fewer for short texts."""
    hashes: set[int] = set()
    for name in TEXTS:
        for language in ("vi", "en"):
            hashes |= set(_hashes(str(content.get(f"{name}_{language}", ""))))
    return sorted(hashes)[:SIZE]


def _hashes(text: str) -> Iterable[int]:
    run = words(fold(text))
    for start in range(max(len(run) - RUN + 1, 0)):
        passage = " ".join(run[start : start + RUN])
        digest = hashlib.blake2b(passage.encode(), digest_size=4).digest()
        yield int.from_bytes(digest, "big", signed=True)


def percent_alike(a: list[int], b: list[int]) -> int:
    """Estimated share of equal passages, 0–100."""
    if not a or not b:
        return 0
    smallest = sorted(set(a) | set(b))[: min(SIZE, max(len(a), len(b)))]
    both = set(a) & set(b)
    return round(100 * sum(n in both for n in smallest) / len(smallest))

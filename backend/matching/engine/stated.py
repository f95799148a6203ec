"""The order by what people state, for any schema: the baseline and the cold start. numpy only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backend.matching.engine.answers import OCTAVES
from backend.matching.engine.fitted import Ranking, UnknownInvestor, tie_of
from backend.matching.engine.frames import (
    EngineError,
    Frame,
    Schema,
    column,
    log2_amounts,
    texts,
)
from backend.matching.engine.schema import Floats


@dataclass(frozen=True)
class RuleRanker:
    """Each stated column counts the same: 1 for a shared value, less by distance for the amount.

    `fit` keeps what people state (columns of `investors`) and learns nothing from choices. The same
    contract as the learnt ranker.
    """

    schema: Schema
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def factors(self) -> tuple[str, ...]:
        names = [*self.schema.categorical]
        names += [self.schema.log_amount] if self.schema.log_amount else []
        return tuple(dict.fromkeys(self.schema.factor_of(n) for n in names))

    def fit(self, choices: Frame, projects: Frame, investors: Frame, now: Any) -> "RuleRanker":
        del choices, projects, now
        return RuleRanker(self.schema, self._rows(investors))

    def _rows(self, frame: Frame) -> dict[str, dict[str, Any]]:
        """Per person the stated values: several rows of one person are joined."""
        out: dict[str, dict[str, Any]] = {}
        ids = [str(i) for i in column(frame, "investor_id")]
        for name in (*self.schema.categorical, self.schema.log_amount):
            if name is None or name not in frame:
                continue
            for person, value in zip(ids, column(frame, name), strict=True):
                out.setdefault(person, {}).setdefault(name, []).append(value)
        for person in ids:
            out.setdefault(person, {})
        return out

    def _of(self, investors: Sequence[str] | Frame) -> dict[str, Mapping[str, Any]]:
        if not isinstance(investors, Sequence):
            return dict(self._rows(investors))
        missing = [str(i) for i in investors if str(i) not in self.answers]
        if missing:
            raise UnknownInvestor(f"no answers of {missing[0]!r}")
        return {str(i): self.answers[str(i)] for i in investors}

    def rank(self, investors: Sequence[str] | Frame, listings: Frame, k: int = 20) -> Ranking:
        given = [str(i) for i in column(listings, "project_id")]
        first = {key: i for i, key in reversed(list(enumerate(given)))}
        ids = sorted(first, key=tie_of)
        order = np.array([first[key] for key in ids], dtype=np.int64)
        people = self._of(investors)
        k = min(k, len(ids))
        rows = np.zeros((len(people), k), dtype=np.int64)
        scores = np.zeros((len(people), k), dtype=np.float64)
        for i, answers in enumerate(people.values()):
            total = np.zeros(len(ids))
            for values in self._parts(answers, listings).values():
                total += values[order]
            best = np.lexsort((np.arange(len(ids)), -np.round(total, 9)))[:k]
            rows[i], scores[i] = best, total[best]
        return Ranking(tuple(people), tuple(ids), rows, scores)

    def explain(self, investor: str | Frame, listing: Frame) -> dict[str, float]:
        people = self._of([investor] if isinstance(investor, str) else investor)
        if len(people) != 1:
            raise EngineError("explain takes one investor")
        parts = self._parts(next(iter(people.values())), listing)
        return {factor: float(parts[factor][0]) for factor in self.factors}

    def _parts(self, answers: Mapping[str, Any], listings: Frame) -> dict[str, Floats]:
        """Per factor the points of each listing (in the order given)."""
        length = len(column(listings, "project_id"))
        out: dict[str, Floats] = {factor: np.zeros(length) for factor in self.factors}
        for name in self.schema.categorical:
            wanted = {t for value in answers.get(name, []) for t in texts(value)}
            if wanted:
                cells = [texts(v) for v in column(listings, name)]
                shared = [bool(wanted & set(cell)) for cell in cells]
                out[self.schema.factor_of(name)] += np.array(shared, dtype=np.float64)
        amount = self.schema.log_amount
        if amount and amount in answers:
            stated = log2_amounts(answers[amount])
            stated = stated[np.isfinite(stated)]
            if len(stated):
                asked = log2_amounts(column(listings, amount))
                gap = np.abs(asked[:, None] - stated[None, :]).min(axis=1)
                near = np.clip(1 - gap / OCTAVES, 0.0, 1.0)
                out[self.schema.factor_of(amount)] += np.nan_to_num(near)
        return out

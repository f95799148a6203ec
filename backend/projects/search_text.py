"""Words of a text and of a query as lexemes: one way for both, so that they always meet. Pure.

Every word is kept folded (`duong`) and, where it has marks, exactly (`=đương` + tone). Neighbours
are kept as pairs (`~san xuat`), so that a two-syllable word is one lookup in the index and not a
check of positions. What stands in a title is kept a second time with `^` before it. Vietnamese is
written in syllables, so PostgreSQL's own parser would bring nothing; hence the vector is made here
and handed over ready.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from backend.core.text import fold, mark_form, phrases_and_words

MAX_WORD = 40
MIN_PREFIX = 2
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Word:
    """One word: without marks, and with its marks (hoà and hòa are the same)."""

    folded: str
    exact: str

    @property
    def has_marks(self) -> bool:
        return self.exact != self.folded


@lru_cache(maxsize=50_000)
def _word(exact: str) -> Word:
    return Word("".join(_WORD.findall(fold(exact)))[:MAX_WORD], exact[:MAX_WORD])


def words_of(text: str) -> list[Word]:
    """The words of a text, in order."""
    found = (_word(part) for part in _WORD.findall(mark_form(text)))
    return [word for word in found if word.folded]


def _exact(words: Sequence[Word]) -> str:
    return "=" + " ".join(word.exact for word in words)


def _folded(words: Sequence[Word]) -> str:
    # Pairs begin with a sign of their own, so that the beginning of a word does not match them.
    return ("~" if len(words) > 1 else "") + " ".join(word.folded for word in words)


@lru_cache(maxsize=20_000)
def _run_lexemes(*run: Word) -> tuple[str, ...]:
    has_marks = any(word.has_marks for word in run)
    return (_folded(run), _exact(run)) if has_marks else (_folded(run),)


@lru_cache(maxsize=2_000)
def _lexemes(text: str) -> tuple[str, ...]:
    """Of every word and every pair of neighbours (names of keys come again and again)."""
    words = words_of(text)
    found = [lexeme for word in words for lexeme in _run_lexemes(word)]
    for pair in pairwise(words):
        found += _run_lexemes(*pair)
    return tuple(found)


def vector_of(titles: Iterable[str], others: Iterable[str], also: Iterable[str] = ()) -> str:
    """The text form of the `tsvector` of a project: its titles weigh more than the rest.

    `also` are lexemes of our own, ready made.
    """
    lexemes: set[str] = set(also)
    for title in titles:
        found = _lexemes(title)
        lexemes.update(found)
        lexemes.update("^" + lexeme for lexeme in found)
    for text in others:
        lexemes.update(_lexemes(text))
    return " ".join(f"'{lexeme}'" for lexeme in sorted(lexemes))


@dataclass(frozen=True)
class TextQuery:
    """What a query asks for: `matches` finds every hit; `tiers`, best first, share them out."""

    matches: str
    tiers: tuple[str, ...]


Form = Callable[[Sequence[Word]], str]


def text_query_of(query: str) -> TextQuery | None:
    """The `tsquery` texts of a search; None when there is no word in it.

    All words must be there, words in quotes side by side; the last word outside quotes may be the
    beginning of a longer one. Tiers: exact marks before folded ones; in each, side by side in a
    title, side by side anywhere, all words anywhere.
    """
    quoted, loose = phrases_and_words(mark_form(query))
    runs = [words_of(" ".join(run)) for run in [*quoted, loose]]
    runs, last = [run for run in runs if run], words_of(" ".join(loose))[-1:]
    if not runs:
        return None
    must = [_pairs(run, _folded, "") for run in runs[: len(runs) - bool(last)] if len(run) > 1]
    exact: list[str] = []
    if any(word.has_marks for run in runs for word in run):
        exact = _chain(runs, _strict, must)
    folded = _chain(runs, _folded, must)
    if last and len(last[0].folded) >= MIN_PREFIX:
        folded.append(_and([*must, *_with_prefix(runs, last[0])]))
    exact, folded = list(dict.fromkeys(exact)), list(dict.fromkeys(folded))
    tiers = [_but_not(tier, exact[:i][-1:]) for i, tier in enumerate(exact)]
    tiers += [_but_not(tier, exact[-1:] + folded[:i][-1:]) for i, tier in enumerate(folded)]
    return TextQuery(folded[-1], tuple(tiers))


def _strict(words: Sequence[Word]) -> str:
    return _exact(words) if any(word.has_marks for word in words) else _folded(words)


def _chain(runs: Sequence[Sequence[Word]], form: Form, must: Sequence[str]) -> list[str]:
    """Ever wider: side by side in a title, side by side, all words."""
    return [
        _and([_pairs(run, form, "^") for run in runs]),
        _and([_pairs(run, form, "") for run in runs]),
        _and([*must, *(f"'{form([word])}'" for run in runs for word in run)]),
    ]


def _pairs(words: Sequence[Word], form: Form, mark: str) -> str:
    runs = [words[i : i + 2] for i in range(len(words) - 1)] or [words]
    return _and([f"'{mark}{form(run)}'" for run in runs])


def _with_prefix(runs: Sequence[Sequence[Word]], last: Word) -> list[str]:
    words = [word for run in runs for word in run][:-1]
    return [*(f"'{word.folded}'" for word in words), f"'{last.folded}':*"]


def _and(parts: Sequence[str]) -> str:
    return " & ".join(dict.fromkeys(parts))


def _but_not(tier: str, better: Sequence[str]) -> str:
    return " & ".join([f"({tier})", *(f"!({one})" for one in better)])


def newest_first(tier: str, recent: Sequence[str]) -> tuple[str, ...]:
    """A tier in the parts that are read one after the other: what is recent, then the rest."""
    if not recent:
        return (tier,)
    days = " | ".join(f"'{lexeme}'" for lexeme in recent)
    return f"({tier}) & ({days})", f"({tier}) & !({days})"

"""What a version changed against an earlier one: section by section, texts word by word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backend.core.diff import TextDiff, word_diff
from backend.home.owner.answers import AnswerRow, answer_rows
from backend.home.owner.words import SECTION_WORDS
from backend.projects.sections import SECTIONS, Section


@dataclass(frozen=True)
class Change:
    """One answer that differs. `diff` for texts; for facts what stood there and what does now."""

    label: str
    before: str
    after: str
    lang: str
    diff: TextDiff | None


@dataclass(frozen=True)
class SectionChanges:
    key: str
    title: str
    changes: tuple[Change, ...]


def changes_between(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[SectionChanges]:
    """Sections with a change, in order; in each, changed figures and facts before texts."""
    found = []
    for section in SECTIONS:
        changes = _in_section(section, old, new)
        if changes:
            title = str(SECTION_WORDS[section.key].title)
            found.append(SectionChanges(section.key, title, tuple(changes)))
    return found


def _in_section(section: Section, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    before = {row.path: row for row in answer_rows(section, old)}
    after = {row.path: row for row in answer_rows(section, new)}
    changes = []
    for path in [*after, *(path for path in before if path not in after)]:
        change = _change(before.get(path), after.get(path))
        if change is not None:
            changes.append(change)
    return sorted(changes, key=lambda c: c.diff is not None and not c.diff.numbers)


def _change(old: AnswerRow | None, new: AnswerRow | None) -> Change | None:
    row = new or old
    assert row is not None
    before, after = old.text if old else "", new.text if new else ""
    if before == after:
        return None
    diff = word_diff(before, after) if row.lang else None
    if diff is not None and not diff.is_changed:
        return None
    return Change(row.label, before, after, row.lang, diff)

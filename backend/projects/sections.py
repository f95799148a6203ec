"""The sections of a proposal: which part of the document each one holds, and how far it is. Pure.

A proposal is one document (projects.content); people fill it section by section, and each section
is saved, versioned and taken on its own, so that two people can write at once.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from backend.projects.content import (
    LANGUAGES,
    ROW_TEXTS,
    Content,
    Problem,
    problems_of_draft,
    problems_of_submission,
)


@dataclass(frozen=True)
class Section:
    """`pairs` are texts in two languages, `rows` the name of a list of rows, `names` the rest."""

    key: str
    pairs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    rows: str = ""
    is_optional: bool = False

    @property
    def content_names(self) -> tuple[str, ...]:
        """Every key of the document that belongs to this section."""
        texts = tuple(f"{p}_{language}" for p in self.pairs for language in LANGUAGES)
        return (*texts, *self.names, *((self.rows,) if self.rows else ()))


SECTIONS = (
    Section("problem", ("title", "summary", "problem"), ("original_language",), "impact"),
    Section("technology", ("solution",), ("technologies", "trl")),
    Section("field", names=("field", "pillars", "values")),
    Section("place", ("place_note",), ("place_code",)),
    Section("team", names=("languages", "skills", "jobs_skilled"), rows="team"),
    Section("market", ("market",)),
    Section("budget", names=("currency", "goal_minor", "own_funds_minor"), rows="budget"),
    Section("milestones", rows="milestones"),
    Section("risks", rows="risks"),
    Section(
        "terms",
        names=("instrument", "min_ticket_minor", "horizon_months", "planned_close_on", "terms"),
    ),
    Section("documents", names=("documents",), is_optional=True),
    Section("readiness", names=("readiness", "readiness_answers"), is_optional=True),
    Section("high_value", names=("high_value",), is_optional=True),
    Section("declarations", names=("declarations",)),
)
BY_KEY = {section.key: section for section in SECTIONS}
_SECTION_OF = {name: section.key for section in SECTIONS for name in section.content_names}


class Progress(StrEnum):
    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    NEEDS_CHANGES = "needs_changes"
    OPTIONAL = "optional"


@dataclass(frozen=True)
class SectionProgress:
    """How far one section is. `lacking` counts texts that stand in one language only, by the
    language in which they are missing."""

    section: Section
    progress: Progress
    problems: tuple[Problem, ...]
    lacking: Mapping[str, int]


def section_of(path: str) -> str:
    """The section of a problem's path; empty for a path that belongs to none."""
    return _SECTION_OF.get(path.partition(".")[0], "")


def values_of(section: Section, content: Mapping[str, Any]) -> Content:
    """The part of the document that belongs to the section."""
    return {name: content[name] for name in section.content_names if name in content}


def merged(section: Section, content: Mapping[str, Any], values: Mapping[str, Any]) -> Content:
    """The document with this section's part replaced; other keys in `values` are left out."""
    names = set(section.content_names)
    kept = {name: value for name, value in content.items() if name not in names}
    return kept | {n: v for n, v in values.items() if n in names and not _is_empty(v)}


def _is_empty(value: Any) -> bool:
    return value is None or value == "" or value == [] or value == {}


def draft_problems(section: Section, content: Mapping[str, Any]) -> list[Problem]:
    """What may not be saved in this section; other sections do not matter here."""
    return [p for p in problems_of_draft(content) if section_of(p.path) == section.key]


def progress_of(
    content: Mapping[str, Any], *, on: date, unsettled: Collection[str] = ()
) -> list[SectionProgress]:
    """Every section in order. `unsettled` names those with an open request or with something
    typed that could not be taken yet."""
    problems = problems_of_submission(content, on=on)
    return [
        _progress(section, content, _own(section, problems), section.key in unsettled)
        for section in SECTIONS
    ]


def _own(section: Section, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(p for p in problems if section_of(p.path) == section.key)


def _progress(
    section: Section, content: Mapping[str, Any], problems: tuple[Problem, ...], unsettled: bool
) -> SectionProgress:
    values = values_of(section, content)
    # A language and a currency stand there from the start.
    started = set(values) - {"original_language", "currency"}
    if unsettled or any(p.code not in {"missing", "row_missing"} for p in problems):
        progress = Progress.NEEDS_CHANGES
    elif not started:
        progress = Progress.OPTIONAL if section.is_optional else Progress.NOT_STARTED
    else:
        progress = Progress.IN_PROGRESS if problems else Progress.COMPLETED
    return SectionProgress(section, progress, problems, lacking_in(section, content))


def lacking_in(section: Section, content: Mapping[str, Any]) -> dict[str, int]:
    """How many texts of the section stand in the other language only, by language."""
    lacking = dict.fromkeys(LANGUAGES, 0)
    for vi, en in _text_pairs(section, content):
        lacking["vi"] += bool(en) and not vi
        lacking["en"] += bool(vi) and not en
    return lacking


def _text_pairs(section: Section, content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in section.pairs:
        yield content.get(f"{name}_vi", ""), content.get(f"{name}_en", "")
    for row in content.get(section.rows) or [] if section.rows else []:
        for name in ROW_TEXTS[section.rows]:
            yield row.get(f"{name}_vi", ""), row.get(f"{name}_en", "")

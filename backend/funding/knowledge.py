"""The questions about risk, as data with a version. Pure.

A wrong answer is explained. Whoever answered wrongly reads the warning, says so, and may go on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

QUESTIONS = Path(__file__).parent / "rules" / "knowledge_check.json"


@dataclass(frozen=True)
class Option:
    key: str
    text: str


@dataclass(frozen=True)
class Question:
    key: str
    text: str
    options: tuple[Option, ...]
    right: str
    why: str


@lru_cache(maxsize=2)
def questions(language: str) -> tuple[str, tuple[Question, ...]]:
    """The version, and the questions in one language (`vi` or `en`)."""
    document = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    return document["version"], tuple(
        Question(
            key=row["key"],
            text=row[language],
            options=tuple(Option(o["key"], o[language]) for o in row["options"]),
            right=row["right"],
            why=row[f"why_{language}"],
        )
        for row in document["questions"]
    )


def wrong_answers(answers: Mapping[str, str]) -> list[str]:
    """Keys of questions that were answered wrongly. Raises KeyError for one without an answer,
    ValueError for an answer that is none of the options."""
    wrong = []
    for question in questions("en")[1]:
        given = answers[question.key]
        if given not in {option.key for option in question.options}:
            raise ValueError(question.key)
        if given != question.right:
            wrong.append(question.key)
    return wrong

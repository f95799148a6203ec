"""A section's answers in words: for checking, for two windows side by side, for the history."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from backend.core.formats import format_money, format_number
from backend.core.language import language_of_page
from backend.core.money import Money
from backend.home.owner.fields import capital, shown_day
from backend.home.owner.forms import AMOUNTS, HIGH_VALUE_NAMES, SHARES, shown_share
from backend.home.owner.words import (
    DECLARATION_WORDS,
    FIELD_WORDS,
    IN_LANGUAGE,
    LIST_WORDS,
    ROW_WORDS,
)
from backend.projects import taxonomy
from backend.projects.content import LANGUAGES, MULTIPLE, ROW_TEXTS, SINGLE, TERMS
from backend.projects.readiness import built_in
from backend.projects.sections import Section
from backend.reviews.high_value import item_name


@dataclass(frozen=True)
class AnswerRow:
    """One answer: what was asked and what stands there. `lang` marks a passage in one language;
    `path` is where it stands in the document."""

    label: str
    text: str
    lang: str = ""
    path: str = ""


def answer_rows(section: Section, content: Mapping[str, Any]) -> list[AnswerRow]:
    """Everything of the section that is filled in, in the order of its page."""
    rows = [row for name in section.pairs for row in _pair(name, FIELD_WORDS[name][0], content, "")]
    rows += [row for name in section.names for row in _one(name, content)]
    if section.rows:
        rows += list(_list(section.rows, content))
    return [row for row in rows if row.text]


def _pair(name: str, label: Any, source: Mapping[str, Any], path: str) -> Iterator[AnswerRow]:
    for language in LANGUAGES:
        key = f"{name}_{language}"
        words = str(IN_LANGUAGE[language]) % {"what": label}
        yield AnswerRow(words, str(source.get(key) or ""), language, f"{path}{key}")


def _one(name: str, content: Mapping[str, Any]) -> Iterator[AnswerRow]:
    value = content.get(name)
    if name == "terms":
        yield from _terms(content)
    elif name == "high_value":
        yield from _high_value(value, content)
    elif name == "documents":
        for number, file in enumerate(value or [], start=1):
            yield AnswerRow(_("File %(n)s") % {"n": number}, str(file.get("title", "")),
                            path=f"documents.{file.get('sha256', number)}")  # fmt: skip
    elif name == "readiness" and isinstance(value, dict):
        for key, level in value.items():
            words = _("level %(n)s") % {"n": level}
            yield AnswerRow(principle_name(str(key)), words, path=f"readiness.{key}")
    elif name in FIELD_WORDS and value not in (None, "", []):
        yield AnswerRow(str(FIELD_WORDS[name][0]), value_words(name, value, content), path=name)


def _high_value(sheet: Any, content: Mapping[str, Any]) -> Iterator[AnswerRow]:
    for name in HIGH_VALUE_NAMES:
        value = sheet.get(name) if isinstance(sheet, dict) else None
        if value not in (None, ""):
            words = value_words(name, value, content)
            yield AnswerRow(str(FIELD_WORDS[name][0]), words, path=f"high_value.{name}")


def principle_name(key: str) -> str:
    """The name of a principle of the self-check; the key where it is not known."""
    names = {p["key"]: p[language_of_page()] for p in built_in("levels")["principles"]}
    return str(names.get(key, key))


def value_words(name: str, value: Any, content: Mapping[str, Any]) -> str:
    """A single value of the document as a reader sees it; never fails on an odd one."""
    language = language_of_page()
    if name in (*AMOUNTS, "amount_minor") and isinstance(value, int):
        return format_money(Money(value, str(content.get("currency") or "VND")), language)
    if name in SHARES:
        return f"{shown_share(value)}%"
    if name in MULTIPLE and isinstance(value, list):
        return ", ".join(taxonomy.label(MULTIPLE[name], str(v), language) for v in value)
    if name in SINGLE or name == "original_language":
        kind = SINGLE.get(name, "language")
        return capital(taxonomy.label(kind, str(value), language))
    if name == "place_code":
        return capital(taxonomy.label("place", str(value), language))
    if name == "list_item":
        return item_name(str(value), language)
    if name == "figures_year":
        return str(value)
    if name == "trl":
        return f"{value} · {taxonomy.label('trl', str(value), language)}"
    if name == "planned_close_on":
        return shown_day(value) or str(value)
    if name == "declarations" and isinstance(value, list):
        return capital("; ".join(str(DECLARATION_WORDS.get(str(v), v)) for v in value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return format_number(value if isinstance(value, int) else _exact(value), language)
    return str(value)


def _exact(value: float) -> Decimal:
    return Decimal(f"{value:.6f}".rstrip("0").rstrip("."))


def _terms(content: Mapping[str, Any]) -> Iterator[AnswerRow]:
    terms = content.get("terms") or {}
    if not isinstance(terms, dict):
        return
    yield from _pair("what", FIELD_WORDS["what"][0], terms, "terms.")
    for name in TERMS.get(str(content.get("instrument")), {}):
        if terms.get(name) is not None:
            words = value_words(name, terms[name], content)
            yield AnswerRow(str(FIELD_WORDS[name][0]), words, path=f"terms.{name}")


def _list(name: str, content: Mapping[str, Any]) -> Iterator[AnswerRow]:
    rows: Sequence[Any] = content.get(name) or []
    for index, row in enumerate(rows):
        head = str(LIST_WORDS[name][0]) % {"n": index + 1}
        path = f"{name}.{index}."
        for text in ROW_TEXTS[name]:
            for answer in _pair(text, ROW_WORDS[f"{name}.{text}"][0], row, path):
                label = f"{head}: {answer.label}"
                yield AnswerRow(label, answer.text, answer.lang, answer.path)
        for key in ("months_after_close", "amount_minor", "baseline", "target", "unit"):
            if row.get(key) not in (None, ""):
                label = f"{head}: {FIELD_WORDS[key][0]}"
                yield AnswerRow(label, value_words(key, row[key], content), path=f"{path}{key}")


def sentence_of(problem: Any, content: Mapping[str, Any], sentences: Mapping[str, Any]) -> str:
    """A problem in words, sums with their currency."""
    params = dict(problem.params)
    for name in ("sum", "goal"):
        if isinstance(params.get(name), int):
            params[name] = value_words("amount_minor", params[name], content)
    text = str(sentences[problem.code])
    return text % params if params else text


def place_of(path: str) -> str:
    """What a problem is about, in words: `milestones.2.amount_minor` → `Milestone 3: Amount`."""
    parts = path.split(".")
    if len(parts) == 3 and parts[1].isdigit():
        head = str(LIST_WORDS[parts[0]][0]) % {"n": int(parts[1]) + 1}
        return f"{head}: {_label_of(parts[2], parts[0])}"
    if parts[0] in LIST_WORDS:
        return str(LIST_WORDS[parts[0]][2])
    return _label_of(parts[-1], "")


def _label_of(name: str, row_list: str) -> str:
    stem, _underscore, language = name.rpartition("_")
    if language in LANGUAGES and stem:
        words = ROW_WORDS.get(f"{row_list}.{stem}") or FIELD_WORDS.get(stem)
        if words:
            return str(IN_LANGUAGE[language]) % {"what": words[0]}
    return str(FIELD_WORDS[name][0]) if name in FIELD_WORDS else _("This section")

"""Texts that exist in two languages, and what stands in the page when one is missing."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Said:
    """A passage with the language it is really in; `is_fallback` when that is not the page's."""

    text: str
    lang: str
    is_fallback: bool = False

    def __bool__(self) -> bool:
        return bool(self.text)

    def __str__(self) -> str:
        return self.text


def said(source: Any, name: str, language: str) -> Said:
    """`name_vi`/`name_en` of a row or a document, in `language` or else in the other one."""
    other = "vi" if language == "en" else "en"
    for lang in (language, other):
        key = f"{name}_{lang}"
        text = source.get(key, "") if isinstance(source, dict) else getattr(source, key, "")
        if text:
            return Said(str(text), lang, is_fallback=lang != language)
    return Said("", language)

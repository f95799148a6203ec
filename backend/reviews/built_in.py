"""Version 1 of everything that the city may change later. Pure."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data" / "rules.json"


@lru_cache(maxsize=1)
def _document() -> dict[str, dict[str, Any]]:
    document: dict[str, dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))
    return document


def built_in(kind: str) -> dict[str, Any]:
    """The first version of one kind; KeyError for a kind that does not exist."""
    return _document()[kind]


def kinds() -> tuple[str, ...]:
    return tuple(_document())

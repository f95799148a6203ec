"""The texts that people agree to when they join, exactly as the footer pages show them.

The files belong to the pages (settings.LEGAL_TEXTS), so this slice knows their folder and not the
code that shows them.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

DOCUMENTS = ("terms", "privacy")
LANGUAGES = ("vi", "en")
_VERSION = re.compile(r"^version:\s*(\S{1,20})\s*$", re.MULTILINE)


@dataclass(frozen=True)
class ConsentText:
    """One document in one language; `sha256` is of the file's bytes, lower-case hex."""

    document: str
    language: str
    version: str
    sha256: str


@lru_cache(maxsize=16)
def consent_text(document: str, language: str) -> ConsentText:
    """The text in force. Its version is the file's `version:` line, else the start of its hash."""
    if document not in DOCUMENTS:
        raise KeyError(document)
    data = (settings.LEGAL_TEXTS / language / f"{document}.md").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    named = _VERSION.search(data.decode("utf-8"))
    return ConsentText(document, language, named[1] if named else digest[:12], digest)


def texts_of_joining(language: str) -> list[ConsentText]:
    return [consent_text(document, language) for document in DOCUMENTS]

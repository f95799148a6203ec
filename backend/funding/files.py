"""Files that prove something: taken whole, known by their first bytes, named by their hash."""

import hashlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from backend.core.errors import Invalid
from backend.core.text import clean_text

MOST_BYTES = 10 * 1024 * 1024
MOST_FILES = 10
# Ending → how such a file begins. Texts have no mark of their own.
BEGINNINGS: dict[str, tuple[bytes, ...]] = {
    ".pdf": (b"%PDF-",),
    ".png": (b"\x89PNG\r\n\x1a\n",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".xlsx": (b"PK\x03\x04",),
    ".docx": (b"PK\x03\x04",),
    ".csv": (),
    ".txt": (),
}


@dataclass(frozen=True)
class TakenFile:
    """A file that was checked, ready to be stored."""

    name: str
    content: bytes
    sha256: str

    def stored(self) -> "ContentFile[bytes]":
        """Under its hash, so that a name from outside never becomes a path."""
        return ContentFile(self.content, name=self.sha256[:32] + PurePath(self.name).suffix.lower())


def take_file(upload: "UploadedFile[Any]", *, field: str) -> TakenFile:
    """Check one upload. Raises Invalid for a kind, a size or a content that is not taken."""
    name = clean_text(PurePath(upload.name or "").name)[:200]
    ending = PurePath(name).suffix.lower()
    if ending not in BEGINNINGS:
        raise Invalid(
            _("Upload a %(types)s file"), code="file_type", field=field,
            types=", ".join(sorted(e.lstrip(".") for e in BEGINNINGS)),
        )  # fmt: skip
    if (upload.size or 0) > MOST_BYTES:
        raise Invalid(
            _("The file is larger than %(max)s MB"), code="file_size", field=field,
            max=MOST_BYTES // 1024 // 1024,
        )  # fmt: skip
    content = upload.read()
    begins = BEGINNINGS[ending]
    is_text = not begins and b"\0" not in content[:4096]
    if not content or not (is_text or content.startswith(begins)):
        raise Invalid(
            _("This file is empty or is not what its name says"), code="file_content", field=field
        )
    return TakenFile(name, content, hashlib.sha256(content).hexdigest())

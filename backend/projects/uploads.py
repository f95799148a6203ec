"""Looking into an uploaded file before it is kept: what it is by content, what is taken out of it.

Names are not believed. Pictures are drawn anew, so that places and cameras in their EXIF data are
gone; those inside documents lose what the camera wrote (`hidden_marks`). PDF files with scripts,
Office files with macros and SVG are refused, and so is what cannot be read through. Nothing here
writes.
"""

import hashlib
import io
import re
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pypdf
from PIL import Image, ImageOps
from pypdf.errors import PdfReadError
from pypdf.generic import DictionaryObject, IndirectObject, NullObject

from backend.core.text import clean_text, shorten_words
from backend.core.upload_limit import MAX_BYTES
from backend.projects.hidden_marks import archive_without_marks, blanked

MAX_PIXELS = 40_000_000
MAX_UNPACKED = 200 * 1024 * 1024
MAX_RATIO = 200
MAX_ENTRIES = 2_000
MAX_PAGES = 1_000
MAX_OBJECTS = 50_000
MAX_DEPTH = 30
# Seconds of computing that one PDF may cost; a plain one of 20 MB takes about one.
MAX_SECONDS = 8
PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TEXT = "text/plain"
CSV = "text/csv"
ENDINGS = {PDF: "pdf", PNG: "png", JPEG: "jpg", DOCX: "docx", XLSX: "xlsx", TEXT: "txt", CSV: "csv"}
# First bytes of things that are no document, whatever their name says.
PROGRAMS = (b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xfe\xed\xfa")
OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What runs something in a PDF, reaches out of it or holds another file.
PDF_ACTIONS = frozenset({
    "/JavaScript", "/JS", "/Launch", "/EmbeddedFile", "/RichMedia", "/XFA", "/SubmitForm",
    "/ImportData", "/GoToE", "/GoToR",
})  # fmt: skip
# The same in the bytes themselves, for objects that our reader takes for something else.
_RAW_ACTIONS = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFile|RichMedia)(?=[\s/<>\[\]()%])")
# Parts that Office fetches and runs, where they come from elsewhere. A template on one's own disk
# is fetched by nobody.
_LINK = re.compile(r"<(?:\w+:)?Relationship\s[^>]*>")
_RUN_PARTS = re.compile(r"/(?:attachedTemplate|oleObject|frame|subDocument|aFChunk)[\"']|&", re.I)
_ELSEWHERE = re.compile(r"""Target\s*=\s*["'](?:https?:|ftp:|file:/*\\\\|file://[^/]|\\\\)""", re.I)


class Unfit(Exception):
    """A file that is not kept; `code` is stable (projects.document_actions has the sentences)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Checked:
    """What is kept: clean bytes, their type by content, and a name that is safe to show."""

    content: bytes
    media_type: str
    file_name: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def checked(content: bytes, name: str) -> Checked:
    """The file as it may be kept; Unfit when it may not be."""
    if not content:
        raise Unfit("empty")
    if len(content) > MAX_BYTES:
        raise Unfit("too_big")
    media_type, clean = _cleaner_of(content)(content)
    if media_type == TEXT and name.lower().endswith(".csv"):
        media_type = CSV
    return Checked(clean, media_type, _safe_name(name, media_type))


def _safe_name(name: str, media_type: str) -> str:
    """Letters of any language, digits, dash, dot and space; the ending is that of the content."""
    stem = clean_text(name).replace("\n", " ").rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", stem)
    stem = re.sub(r"[^\w .()-]+", "_", stem).strip(" ._")
    return f"{shorten_words(stem, 120) or 'file'}.{ENDINGS[media_type]}"


Cleaner = Callable[[bytes], tuple[str, bytes]]


def _cleaner_of(content: bytes) -> Cleaner:
    head = content[:1024]
    if head.startswith(PROGRAMS) or (head.startswith(b"MZ") and b"\0" in head):
        raise Unfit("program")
    if b"%PDF-" in head:
        return _pdf
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return _picture
    if head.startswith(b"PK\x03\x04"):
        return _office
    if head.startswith(OLD_OFFICE):
        raise Unfit("old_office")
    if re.search(rb"<(?:svg|html|!doctype|script)\b", head, re.IGNORECASE):
        raise Unfit("web_page")
    return _text


def _pdf(content: bytes) -> tuple[str, bytes]:
    try:
        reader = pypdf.PdfReader(io.BytesIO(content), strict=False)
        if reader.is_encrypted:
            raise Unfit("locked")
        pages = len(reader.pages)
    except Unfit:
        raise
    except (PdfReadError, ValueError, KeyError, TypeError, RecursionError, OSError,
            AttributeError, IndexError, AssertionError, NotImplementedError):  # fmt: skip
        raise Unfit("broken") from None
    if not 0 < pages <= MAX_PAGES:
        raise Unfit("broken" if not pages else "too_many_pages")
    plain = re.sub(rb"#([0-9a-fA-F]{2})", lambda found: bytes.fromhex(found[1].decode()), content)
    if _RAW_ACTIONS.search(plain) or any(_names_an_action(o, 0) for o in _objects(reader)):
        raise Unfit("active_pdf")
    return PDF, blanked(content)


def _objects(reader: pypdf.PdfReader) -> Iterator[object]:
    """Every object of the file. One that cannot be unpacked may be one that a more patient program
    runs, so it makes the whole file unfit; so does a file of more than can be looked through."""
    ids = [(number, 0) for number in reader.xref_objStm]
    ids += [(number, gen) for gen, table in reader.xref.items() for number in table]
    if len(ids) > MAX_OBJECTS:
        raise Unfit("too_complex")
    until = time.thread_time() + MAX_SECONDS
    for number, generation in ids:
        if time.thread_time() > until:
            raise Unfit("too_complex")
        try:
            found = reader.get_object(IndirectObject(number, generation, reader))
        except Exception:
            raise Unfit("broken") from None
        # What the reader could not unpack is nothing to it.
        if number in reader.xref_objStm and isinstance(found, NullObject | None):
            raise Unfit("broken")
        yield found


def _names_an_action(found: object, depth: int) -> bool:
    """Objects written inside others only: those elsewhere are looked at on their own."""
    if depth > MAX_DEPTH:
        return True
    if isinstance(found, dict):
        kinds = {str(found.raw_get(k)) for k in ("/S", "/Type") if k in found} if isinstance(
            found, DictionaryObject) else set()  # fmt: skip
        if kinds & PDF_ACTIONS or any(name in found for name in PDF_ACTIONS):
            return True
        if "/EF" in found and ("/F" in found or "/UF" in found):  # a file inside the file
            return True
        return any(_names_an_action(value, depth + 1) for value in dict.values(found))
    if isinstance(found, list):
        return any(_names_an_action(value, depth + 1) for value in list.__iter__(found))
    return False


def _picture(content: bytes) -> tuple[str, bytes]:
    """Draw the picture anew: turned as it was meant, without what the camera wrote beside it."""
    try:
        with Image.open(io.BytesIO(content), formats=["PNG", "JPEG"]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise Unfit("too_many_pixels")
            kind = picture.format
            clean = ImageOps.exif_transpose(picture)
            out = io.BytesIO()
            if kind == "JPEG":
                clean.convert("RGB").save(out, "JPEG", quality=90, optimize=True)
            else:
                mode = "RGBA" if "A" in clean.getbands() or "transparency" in clean.info else "RGB"
                clean.convert(mode).save(out, "PNG", optimize=True)
    except Unfit:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError):
        raise Unfit("broken") from None
    return (JPEG if kind == "JPEG" else PNG), out.getvalue()


def _office(content: bytes) -> tuple[str, bytes]:
    """A Word or Excel file of the newer kind, without macros, and no bomb."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            _check_unpacked(entries)
            types = archive.read("[Content_Types].xml").decode("utf-8", "replace")
            links = [archive.read(name) for name in names if name.lower().endswith(".rels")]
        _check_runs_nothing(types, {name.lower() for name in names}, links)
        if "word/document.xml" in names:
            return DOCX, archive_without_marks(content)
        if "xl/workbook.xml" in names:
            return XLSX, archive_without_marks(content)
    except KeyError:
        raise Unfit("archive") from None
    except Unfit:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError, EOFError,
            ValueError):  # fmt: skip
        raise Unfit("broken") from None
    raise Unfit("archive")


def _check_runs_nothing(types: str, names: set[str], links: list[bytes]) -> None:
    """No macros, no controls, no other files, nothing that is fetched from elsewhere and run."""
    if "macroenabled" in types.lower() or any(
        "vbaproject" in n or "/activex/" in n or "/embeddings/" in n for n in names
    ):
        raise Unfit("macro")
    for link in _LINK.findall("".join(text.decode("utf-8", "replace") for text in links)):
        kind = re.search(r"""Type\s*=\s*(["']).*?\1""", link)
        if kind and _RUN_PARTS.search(kind[0]) and _ELSEWHERE.search(link):
            raise Unfit("macro")
    if any(b"\0" in text for text in links):
        raise Unfit("broken")  # written so that other programs read it, and we do not


def _check_unpacked(entries: list[zipfile.ZipInfo]) -> None:
    """The directory's own figures; reading stops at them, so they cannot lie to us."""
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(sum(entry.compress_size for entry in entries), 1)
    if len({entry.filename for entry in entries}) != len(entries):
        raise Unfit("broken")  # two programs would read two different files
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or unpacked / packed > MAX_RATIO:
        raise Unfit("bomb")


def _text(content: bytes) -> tuple[str, bytes]:
    """Readable text in UTF-8 (with or without a mark) or UTF-16 with a mark."""
    for encoding in ("utf-8-sig", "utf-16"):
        if encoding == "utf-16" and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        controls = sum(ord(c) < 32 and c not in "\r\n\t\f" for c in text)
        if controls:
            raise Unfit("unknown")
        return TEXT, text.encode("utf-8")
    raise Unfit("unknown")

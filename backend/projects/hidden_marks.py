"""What cameras write into pictures (places, times, devices), taken out of documents that hold them.

A picture alone is drawn anew (uploads.py); one inside a PDF or an Office file must keep its length
or its look, so only the marks go. Pure.
"""

import io
import re
import struct
import zipfile

# A JPEG's segment for EXIF or XMP: its mark, two bytes of length, its name.
_SEGMENT = re.compile(rb"\xff\xe1(..)(?:Exif\0\0|http://ns\.adobe\.com/xap/1\.0/\0)", re.DOTALL)
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_MARKS = {b"eXIf", b"iTXt", b"tEXt", b"zTXt", b"tIME"}


def blanked(content: bytes) -> bytes:
    """The same bytes, with zeros in place of what EXIF and XMP segments say. The length stays, so
    that the places which a PDF's table of objects names are still right."""
    found = list(_SEGMENT.finditer(content))
    if not found:
        return content
    clean = bytearray(content)
    for match in found:
        end = min(match.start() + 2 + struct.unpack(">H", match[1])[0], len(clean))
        clean[match.end() : end] = bytes(max(end - match.end(), 0))
    return bytes(clean)


def without_chunks(png: bytes) -> bytes:
    """A PNG without its chunks of text, time and EXIF; as it was where it cannot be read."""
    kept, at = [_PNG], len(_PNG)
    while at + 12 <= len(png):
        end = at + 12 + struct.unpack(">I", png[at : at + 4])[0]
        if end > len(png):
            return png
        if png[at + 4 : at + 8] not in _PNG_MARKS:
            kept.append(png[at:end])
        at = end
    return b"".join(kept)


def archive_without_marks(content: bytes) -> bytes:
    """An Office file whose pictures say no place; the very same bytes when none did."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        clean: dict[str, bytes] = {}
        for entry in archive.infolist():
            if "/media/" in entry.filename:
                raw = archive.read(entry)
                made = without_chunks(raw) if raw.startswith(_PNG) else blanked(raw)
                if made != raw:
                    clean[entry.filename] = made
        if not clean:
            return content
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy:
            for entry in archive.infolist():
                copy.writestr(entry, clean.get(entry.filename) or archive.read(entry))
        return out.getvalue()

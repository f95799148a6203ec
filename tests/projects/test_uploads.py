"""Uploaded files: what they are by content, what is taken out, what is refused and why."""

import io
import zipfile

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from backend.projects.uploads import (
    CSV,
    DOCX,
    JPEG,
    PDF,
    PNG,
    TEXT,
    Unfit,
    checked,
)


def a_pdf(script: str = "") -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(width=200, height=200)
    if script:
        action = DictionaryObject(
            {
                NameObject("/S"): NameObject("/JavaScript"),
                NameObject("/JS"): TextStringObject(script),
            }
        )
        writer.root_object[NameObject("/OpenAction")] = action
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def a_photo_with_a_place() -> bytes:
    picture = Image.new("RGB", (40, 30), "teal")
    exif = Image.Exif()
    exif[0x010F] = "Camera of Nha Be"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


def a_zip(names: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in names.items():
            archive.writestr(name, content)
    return out.getvalue()


TYPES = b"<Types/>"
WORD = {"[Content_Types].xml": TYPES, "word/document.xml": b"<w:document/>"}


@pytest.mark.parametrize(
    ("content", "name", "media_type", "kept_as"),
    [
        (a_pdf(), "Biên bản.pdf", PDF, "Biên bản.pdf"),
        (a_pdf(), "picture.png", PDF, "picture.pdf"),
        (a_zip(WORD), "đề án.docx", DOCX, "đề án.docx"),
        ("tên;số\nMuối;3".encode(), "bảng.csv", CSV, "bảng.csv"),
        ("ghi chú".encode("utf-16"), "a/b\\c.txt", TEXT, "c.txt"),
        (b"plain", "..", TEXT, "file.txt"),
    ],
)
def test_the_content_says_what_a_file_is(
    content: bytes, name: str, media_type: str, kept_as: str
) -> None:
    file = checked(content, name)
    assert file.media_type == media_type
    assert file.file_name == kept_as
    assert len(file.sha256) == 64


def test_a_photo_loses_place_and_camera() -> None:
    raw = a_photo_with_a_place()
    assert b"Camera of Nha Be" in raw
    file = checked(raw, "ảnh.jpg")
    assert file.media_type == JPEG
    assert b"Camera of Nha Be" not in file.content
    with Image.open(io.BytesIO(file.content)) as clean:
        assert not clean.getexif()


def test_a_drawing_keeps_its_transparency() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (5, 5), (0, 0, 0, 0)).save(out, "PNG")
    file = checked(out.getvalue(), "x.png")
    assert file.media_type == PNG
    with Image.open(io.BytesIO(file.content)) as clean:
        assert clean.mode == "RGBA"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"x" * (20 * 1024 * 1024 + 1), "too_big"),
        (b"MZ\x90\x00" + b"\x00" * 100, "program"),
        (b"\x7fELF" + b"\x00" * 100, "program"),
        (b"#!/bin/sh\nrm -rf /", "program"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "web_page"),
        (b"<?xml version='1.0'?><SVG onload='x'/>", "web_page"),
        (b"<!doctype html><p>", "web_page"),
        (a_pdf("app.alert('x')"), "active_pdf"),
        (b"%PDF-1.7 and nothing more", "broken"),
        (b"\x89PNG\r\n\x1a\n and nothing more", "broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old_office"),
        (a_zip(WORD | {"word/vbaProject.bin": b"x"}), "macro"),
        (a_zip(WORD | {"word/embeddings/oleObject1.bin": b"x"}), "macro"),
        (a_zip({"[Content_Types].xml": b"macroEnabled", "xl/workbook.xml": b"x"}), "macro"),
        (a_zip({"a.exe": b"MZ"}), "archive"),
        (a_zip(WORD | {"word/big.xml": b"0" * 30_000_000}), "bomb"),
        (b"\x00\x01\x02 binary", "unknown"),
        (b"\xff\xfb\x90\x00" * 20, "unknown"),
    ],
)
def test_what_is_not_kept_says_why(content: bytes, code: str) -> None:
    with pytest.raises(Unfit) as refused:
        checked(content, "tai-lieu.pdf")
    assert refused.value.code == code


@given(st.binary(max_size=400), st.text(max_size=30))
def test_no_bytes_and_no_name_break_the_check(content: bytes, name: str) -> None:
    try:
        file = checked(content, name)
    except Unfit:
        return
    assert "/" not in file.file_name
    assert file.file_name.isprintable()

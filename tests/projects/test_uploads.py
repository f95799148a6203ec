"""Uploaded files: what they are by content, what is taken out, what is refused and why."""

import io
import struct
import zipfile
import zlib

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo
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


def a_raw_pdf(*more: bytes, tail: bytes = b"", packed: bytes | None = None) -> bytes:
    """A file written by hand. `packed` is a stream that says it holds one more object."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        *more,
    ]
    if packed is not None:
        said = b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>" % len(packed)
        objects.append(said + b"stream\n" + packed + b"\nendstream")
    out, rows = b"%PDF-1.7\n", [struct.pack(">BIH", 0, 0, 65535)]
    for number, body in enumerate(objects, start=1):
        rows.append(struct.pack(">BIH", 1, len(out), 0))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    out += tail
    own = len(rows)
    rows.append(struct.pack(">BIH", 1, len(out), 0))
    if packed is not None:
        rows.append(struct.pack(">BIH", 2, own - 1, 0))
    table = b"".join(rows)
    said = b"<</Type/XRef/Size %d/W[1 4 2]/Root 1 0 R/Length %d>>" % (len(rows), len(table))
    end = b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"%d 0 obj\n%sstream\n%s" % (own, said, table) + end


TYPES = b"<Types/>"


def a_link(target: str) -> bytes:
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"
    return f'<Relationship Id="a" Type="{kind}" Target="{target}" TargetMode="External"/>'.encode()


WORD = {"[Content_Types].xml": TYPES, "word/document.xml": b"<w:document/>"}


@pytest.mark.parametrize(
    ("content", "name", "media_type", "kept_as"),
    [
        (a_pdf(), "Biên bản.pdf", PDF, "Biên bản.pdf"),
        (a_pdf(), "picture.png", PDF, "picture.pdf"),
        (a_zip(WORD), "đề án.docx", DOCX, "đề án.docx"),
        (
            a_zip(WORD | {"word/_rels/settings.xml.rels": a_link("file:///C:\\mau.dotm")}),
            "b.docx",
            DOCX,
            "b.docx",
        ),
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


def test_a_photo_inside_a_document_loses_them_too() -> None:
    raw = a_photo_with_a_place()
    word = checked(a_zip(WORD | {"word/media/image1.jpeg": raw}), "đề án.docx")
    with zipfile.ZipFile(io.BytesIO(word.content)) as archive:
        photo = archive.read("word/media/image1.jpeg")
        assert archive.read("word/document.xml") == WORD["word/document.xml"]
    assert b"Camera of Nha Be" not in photo
    with Image.open(io.BytesIO(photo)) as picture:
        assert picture.size == (40, 30)
        assert not picture.getexif().get_ifd(0x8825)
    body = b"<</Subtype/Image/Filter/DCTDecode/Length %d>>stream\n%s\nendstream" % (len(raw), raw)
    printed = checked(a_raw_pdf(body), "ảnh.pdf")
    assert b"Camera of Nha Be" not in printed.content
    assert len(printed.content) == len(a_raw_pdf(body))
    assert len(pypdf.PdfReader(io.BytesIO(printed.content)).pages) == 1


def test_a_drawing_inside_a_document_keeps_its_points_only() -> None:
    out, note = io.BytesIO(), PngInfo()
    note.add_text("GPS", "10.69, 106.73")
    Image.new("RGB", (5, 5), "teal").save(out, "PNG", pnginfo=note)
    assert b"106.73" in out.getvalue()
    word = checked(a_zip(WORD | {"word/media/image1.png": out.getvalue()}), "x.docx")
    with zipfile.ZipFile(io.BytesIO(word.content)) as archive:
        drawing = archive.read("word/media/image1.png")
    assert b"106.73" not in drawing
    with Image.open(io.BytesIO(drawing)) as picture:
        assert picture.getpixel((0, 0)) == (0, 128, 128)


def test_a_document_without_photos_is_kept_byte_for_byte() -> None:
    for content in (
        a_zip(WORD),
        a_pdf(),
        a_raw_pdf(),
        a_raw_pdf(packed=zlib.compress(b"6 0 <</X 1>>")),
    ):
        assert checked(content, "x").content == content


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
        (a_raw_pdf(b"<</S/J#61vaScript/J#53(app.alert)>>"), "active_pdf"),
        (a_raw_pdf(b"[[<</S/SubmitForm/F(https://example.com)>>]]"), "active_pdf"),
        (a_raw_pdf(b"<</F(a.exe)/EF<</F 9 0 R>>>>"), "active_pdf"),
        (a_raw_pdf(tail=b"7 0 obj\n<</S/Launch/F(cmd.exe)>>\nendobj\n"), "active_pdf"),
        (a_raw_pdf(tail=b"7 0 obj\n<</S/L#61unch /F(cmd.exe)>>\nendobj\n"), "active_pdf"),
        (a_raw_pdf(packed=zlib.compress(b"6 0 <</JS(app.alert)>>")), "active_pdf"),
        (a_raw_pdf(packed=b"no such compression"), "broken"),
        (a_raw_pdf(b"<<" + b"/A<<" * 100 + b">>" * 100 + b">>"), "active_pdf"),
        (b"%PDF-1.7 and nothing more", "broken"),
        (b"\x89PNG\r\n\x1a\n and nothing more", "broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old_office"),
        (a_zip(WORD | {"word/vbaProject.bin": b"x"}), "macro"),
        (a_zip(WORD | {"word/embeddings/oleObject1.bin": b"x"}), "macro"),
        (a_zip({"[Content_Types].xml": b"macroEnabled", "xl/workbook.xml": b"x"}), "macro"),
        (a_zip(WORD | {"word/VBAProject.bin": b"x"}), "macro"),
        (
            a_zip(WORD | {"word/_rels/settings.xml.rels": a_link("https://example.com/a.dotm")}),
            "macro",
        ),
        (a_zip(WORD | {"word/_rels/settings.xml.rels": a_link("\\\\host\\a.dotm")}), "macro"),
        (a_zip(WORD | {"word/_rels/x.rels": a_link("a.dotm").decode().encode("utf-16")}), "broken"),
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

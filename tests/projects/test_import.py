"""A list of published calls from a spreadsheet: previewed, all or nothing, safe to run again."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from backend.core.errors import Invalid
from backend.projects.import_actions import import_calls
from backend.projects.models import Project
from backend.projects.spreadsheet import MAX_ROWS, REQUIRED, check_frame, read_table
from tests import factories

COLUMNS = [*REQUIRED, "field", "technologies", "capital_vnd_bn", "announced_on", "announcing_body"]


def a_row(number: int = 1, **changes: Any) -> dict[str, Any]:
    row = {
        "slug": f"nha-may-{number}",
        "name_vi": f"Nhà máy linh kiện số {number}",
        "name_en": f"Component plant no. {number}",
        "summary_vi": "Lô đất trong Khu công nghệ cao.",
        "summary_en": "A lot in the Hi-Tech Park.",
        "call_status": "open_call",
        "source_url": "https://example.com/danh-muc",
        "field": "smart_manufacturing",
        "technologies": "semiconductors; ai",
        "capital_vnd_bn": "725",
        "announced_on": "2024-10",
        "announcing_body": "UBND TP.HCM",
    }
    return row | changes


def as_csv(rows: list[dict[str, Any]], columns: list[str] = COLUMNS) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "calls.csv"


def codes(file: Path) -> set[tuple[int | None, str]]:
    return {(f.row, f.code) for f in read_table(file).errors}


@pytest.mark.django_db
def test_a_table_is_imported_once_however_often_it_is_run(file: Path) -> None:
    file.write_bytes(as_csv([a_row(1), a_row(2)]))
    table = read_table(file)
    assert table.errors == []
    first, second = import_calls(table.rows), import_calls(table.rows)
    assert (first.added, first.unchanged) == (2, 0)
    assert (second.added, second.changed, second.unchanged) == (0, 0, 2)
    project = Project.objects.get(slug="nha-may-1")
    assert project.public_status == "call"
    assert project.technologies == ["semiconductors", "ai"]
    assert project.trl is None
    assert project.call.capital_vnd_bn == 725


@pytest.mark.django_db
def test_a_changed_row_changes_only_its_project(file: Path) -> None:
    import_calls(_rows(file, [a_row(1), a_row(2)]))
    before = Project.objects.get(slug="nha-may-1").content_version
    done = import_calls(_rows(file, [a_row(1, name_vi="Tên mới"), a_row(2)]))
    assert (done.added, done.changed, done.unchanged) == (0, 1, 1)
    project = Project.objects.get(slug="nha-may-1")
    assert (project.title_vi, project.content_version) == ("Tên mới", before + 1)


def _rows(file: Path, rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    file.write_bytes(as_csv(rows))
    return read_table(file).rows


@pytest.mark.django_db
def test_a_short_name_of_a_proposal_stops_the_whole_import(file: Path) -> None:
    taken = factories.a_draft().slug
    rows = _rows(file, [a_row(1), a_row(2, slug=taken)])
    with pytest.raises(Invalid):
        import_calls(rows)
    assert not Project.objects.filter(slug="nha-may-1").exists()


@pytest.mark.django_db
def test_a_spreadsheet_reads_like_its_csv(file: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    book.active.append([a_row()[c] for c in COLUMNS])
    sheet = tmp_path / "calls.xlsx"
    book.save(sheet)
    assert read_table(sheet).rows == _rows(file, [a_row()])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"slug": "Có dấu"}, "bad_slug"),
        ({"call_status": "maybe"}, "unknown_key"),
        ({"field": "farming"}, "unknown_key"),
        ({"technologies": "ai; magic"}, "unknown_key"),
        ({"source_url": "javascript:alert(1)"}, "bad_source"),
        ({"capital_vnd_bn": "1e309"}, "bad_number"),
        ({"capital_vnd_bn": "-5"}, "bad_number"),
        ({"announced_on": "2024-13"}, "bad_date"),
        ({"name_vi": "=HYPERLINK(1)"}, "formula"),
        ({"name_vi": "", "name_en": ""}, "missing"),
        ({"name_vi": "x" * 301}, "too_long"),
    ],
)
def test_a_bad_cell_is_named_by_row_and_column(
    file: Path, changes: dict[str, str], code: str
) -> None:
    file.write_bytes(as_csv([a_row(1), a_row(2, **changes)]))
    assert (3, code) in codes(file)


def test_duplicate_short_names_are_named_in_both_rows(file: Path) -> None:
    file.write_bytes(as_csv([a_row(1), a_row(1)]))
    assert {(2, "duplicate_slug"), (3, "duplicate_slug")} <= codes(file)


def test_a_missing_column_is_named(file: Path) -> None:
    file.write_bytes(as_csv([a_row()], [c for c in COLUMNS if c != "source_url"]))
    table = read_table(file)
    assert [(f.column, f.code) for f in table.errors] == [("source_url", "missing_column")]


def test_one_language_is_a_warning_and_not_an_error(file: Path) -> None:
    file.write_bytes(as_csv([a_row(name_en="")]))
    table = read_table(file)
    assert table.errors == []
    assert "one_language" in {f.code for f in table.warnings}


def test_windows_1258_is_read_with_a_warning(file: Path) -> None:
    text = b"slug,name_vi\n"
    header = ",".join(COLUMNS).encode() + b"\n"
    row = a_row(name_vi="Nh\u00e0 m\u00e1y th\u00f4ng minh", summary_vi="L\u00f4", name_en="Plant",
                announcing_body="UBND TP.HCM")  # fmt: skip
    cells = ",".join(f'"{row[c]}"' for c in COLUMNS).encode("cp1258")
    file.write_bytes(header + cells)
    assert text not in file.read_bytes()
    table = read_table(file)
    assert table.rows[0]["name_vi"] == "Nhà máy thông minh"
    assert "windows_1258" in {f.code for f in table.warnings}


def test_a_formula_cell_of_a_spreadsheet_is_an_error(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    book.active.append([a_row()[c] for c in COLUMNS])
    book.active["B2"] = "=1+1"
    sheet = tmp_path / "calls.xlsx"
    book.save(sheet)
    assert (2, "formula") in codes(sheet)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"slug,name_vi\n\xff\xfe\x81\x8d"])
def test_what_is_no_table_gets_one_clear_sentence(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        assert read_table(file).errors
    except Invalid as error:
        assert str(error)


def test_a_zip_that_is_no_spreadsheet_gets_one_clear_sentence(tmp_path: Path) -> None:
    path = tmp_path / "calls.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(Invalid) as refused:
        read_table(path)
    assert refused.value.code == "not_a_table"


def test_an_empty_sheet_says_so(tmp_path: Path, file: Path) -> None:
    book = openpyxl.Workbook()
    path = tmp_path / "calls.xlsx"
    book.save(path)
    table = read_table(path)
    assert table.errors
    file.write_bytes(as_csv([]))
    assert codes(file) == {(None, "empty")}


def test_too_many_rows_are_refused_and_fifty_thousand_are_checked() -> None:
    import pandas as pd

    frame = pd.DataFrame([a_row(n) for n in range(50_000)])
    assert check_frame(frame).errors == []
    more = pd.concat([frame, frame])
    assert [f.code for f in check_frame(more).errors] == ["too_many_rows"]
    assert len(more) > MAX_ROWS

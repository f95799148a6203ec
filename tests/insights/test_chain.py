"""Anybody can see that a row was changed, left out or cut off."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.insights.chain import (
    COLUMNS,
    ZERO,
    Row,
    first_row,
    last_row,
    link,
    verify,
    write_csv,
)

ROOT = Path(__file__).resolve().parents[2]


def a_file(cells: int = 8, previous: str = ZERO) -> bytes:
    rows = [first_row("2026-11-26.1", taken_at="t", ledger_head="", covers_until="t")]
    for number in range(1, cells + 1):
        rows.append(Row(str(number), "country", country="US", measure="pledged", unit="VND",
                        value=str(number * 1000), people="12"))  # fmt: skip
    rows.append(last_row(cells + 1, "2026-11-26.1"))
    return write_csv(link(rows, previous)).encode()


def lines(data: bytes) -> list[bytes]:
    return data.split(b"\r\n")


def joined(parts: list[bytes]) -> bytes:
    return b"\r\n".join(parts)


def test_a_whole_file_is_whole_and_names_its_head() -> None:
    verdict = verify(a_file())
    assert verdict.is_whole
    assert verdict.rows == 10
    assert verdict.version == "2026-11-26.1"
    assert lines(a_file())[-2].endswith(verdict.head.encode())


@given(st.integers(1, 10), st.sampled_from(COLUMNS), st.text("0123456789abc-", max_size=8))
@settings(max_examples=150, deadline=None)
def test_any_changed_field_names_the_first_row_that_was_changed(
    number: int, column: str, text: str
) -> None:
    parts = lines(a_file())
    fields = parts[number].split(b",")
    place = COLUMNS.index(column)
    if fields[place] == text.encode():
        return
    fields[place] = text.encode()
    parts[number] = b",".join(fields)
    verdict = verify(joined(parts))
    assert not verdict.is_whole
    # A changed hash is seen at that row; a row whose hash was left alone is itself named.
    assert verdict.row in {number - 1, number}


@given(st.integers(1, 9))
def test_a_row_that_was_left_out_is_named(number: int) -> None:
    parts = lines(a_file())
    del parts[number]
    assert verify(joined(parts)).problem in {"row_missing", "start_missing"}


@given(st.integers(1, 9))
def test_rows_removed_from_the_end_are_noticed(cut: int) -> None:
    parts = lines(a_file())
    verdict = verify(joined([*parts[: 11 - cut], b""]))
    assert verdict.problem == "end_missing"
    assert verdict.row == 10 - cut


def test_a_forged_end_gives_another_head_than_the_page_shows() -> None:
    short = a_file(cells=5)
    assert verify(short).is_whole
    assert verify(short).head != verify(a_file()).head


def test_rows_after_the_end_are_noticed() -> None:
    parts = lines(a_file())
    verdict = verify(joined([*parts[:-1], parts[3], b""]))
    assert verdict.problem == "rows_after_end"


def test_two_days_hang_together() -> None:
    first = verify(a_file())
    second = verify(a_file(previous=first.head))
    assert second.previous_head == first.head
    assert verify(a_file(previous=ZERO)).head != second.head


@pytest.mark.parametrize(
    "data",
    [b"", b"\0" * 50, b"\xff\xfe", b"a,b\r\n1,2\r\n", ",".join(COLUMNS).encode(),
     a_file()[:200], a_file().replace(b"\r\n", b"\n", 1) + b'"', b"\xef\xbb\xbf"],
)  # fmt: skip
def test_whatever_is_handed_in_gets_a_verdict(data: bytes) -> None:
    assert not verify(data).is_whole


def test_the_script_agrees_and_exits_with_an_error_for_a_changed_file(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_bytes(a_file())
    bad.write_bytes(a_file().replace(b",3000,", b",3001,"))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "scripts" / "verify_flows"), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    assert run(str(good)).returncode == 0
    assert verify(a_file()).head in run(str(good)).stdout
    found = run(str(bad))
    assert found.returncode == 1
    assert "row 3" in found.stdout
    assert run(str(good), "--head", "0" * 64).returncode == 1

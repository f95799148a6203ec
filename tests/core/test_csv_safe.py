"""No cell of a file that we hand out is run by a spreadsheet, however it splits the lines."""

import csv
import io
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.core.csv_safe import csv_bytes, safe_cell

ROOT = Path(__file__).resolve().parents[2]
RUNS = "=+-@＝＋－＠﹦﹢﹣﹫\N{MINUS SIGN}"
EVIL = (
    "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1",
    "\N{NO-BREAK SPACE}=1+1", "\N{ZERO WIDTH SPACE}=1+1", "\ufeff=1+1", "\x00=1+1", "＝1+1",
    "＋cmd", "－1", "＠x", "Tên;=1+1", "Tên\t=1+1", "Tên\n =1+1", "a;\u200b@x;b",
)  # fmt: skip
# Signed tables of codes and numbers, whose bytes are hashed: nothing in them was typed by a person.
HASHED = {"backend/ledger/chain_file.py", "backend/insights/chain.py"}


def _cells(data: bytes, separator: str) -> list[str]:
    text = data.decode("utf-8-sig")
    return [c for row in csv.reader(io.StringIO(text), delimiter=separator) for c in row]


def _is_run(cell: str) -> bool:
    """As generous as any program: blanks and unseen marks before the sign do not count."""
    bare = re.sub(r"^[\s\x00-\x1f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+", "", cell)
    return bare[:1] in RUNS and bool(bare)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("text", EVIL)
def test_nothing_typed_becomes_a_formula(text: str, separator: str) -> None:
    data = csv_bytes(("title", "n"), [(text, 3), ("Dự án", -4)])
    numbers = {"3", "-4"}
    found = [c for c in _cells(data, separator) if c.strip() not in numbers and _is_run(c)]
    assert not [c for c in found if not c.endswith(",-4")], found


@given(st.text(alphabet=RUNS + "; \t\n\u200b\"',aễ1", max_size=12), st.sampled_from(",;\t"))
def test_no_text_at_all_does(text: str, separator: str) -> None:
    cells = _cells(csv_bytes(("title",), [(text,)]), separator)
    assert not [c for c in cells if _is_run(c)], cells


def test_what_is_harmless_stays_as_it_is() -> None:
    for value in ("Sấy cá khô", "a = b", "3-4", "x@example.com", "", "a; b", 5, -5, 2.5, None):
        assert safe_cell(value) == value


def test_tables_for_people_are_written_by_one_function() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "backend").rglob("*.py")
        if "csv.writer(" in path.read_text() and "bench" not in path.parts
    }
    assert found == HASHED | {"backend/core/csv_safe.py"}

"""The public rows of a snapshot and the chain that ties them together. Pure; standard library only,
so that anybody can run `scripts/verify_flows` without this project.

Row 0 names the snapshot, the head of the snapshot before and the head of the internal ledger
chain; the last row says how many rows there are. Each row carries the hash of the row before it,
the first one the head of the snapshot before, so neither a row nor a day can be changed, left out
or cut off without every later hash being another one.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields

ZERO = "0" * 64
START, END = "snapshot", "end"
BOM = "\ufeff"
MAX_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class Row:
    """One public cell. Empty text: not about this dimension. `value` and `people` are empty where
    the cell is hidden; `status` is shown, hidden (under ten people, or needed to protect such a
    cell) or, in the first and last row, meta."""

    number: str
    series: str
    period: str = ""
    country: str = ""
    region: str = ""
    field: str = ""
    pillar: str = ""
    place: str = ""
    measure: str = ""
    unit: str = ""
    value: str = ""
    people: str = ""
    status: str = "shown"
    note: str = ""


COLUMNS = (*(f.name for f in fields(Row)), "previous_sha256", "sha256")


@dataclass(frozen=True)
class Linked:
    """A row with its place in the chain."""

    row: Row
    previous_sha256: str
    sha256: str


@dataclass(frozen=True)
class Verdict:
    """What checking a file found. `problem` is empty for a whole file; `row` is the number of the
    first row that does not fit (or the one that was expected)."""

    problem: str
    row: int
    rows: int
    head: str
    version: str
    previous_head: str

    @property
    def is_whole(self) -> bool:
        return not self.problem


def hash_of(row: Row, previous: str) -> str:
    """SHA-256 of the row before and of this row's fields as one JSON list."""
    body = json.dumps([previous, *astuple(row)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def link(rows: Iterable[Row], previous: str = ZERO) -> list[Linked]:
    """Chain the rows, beginning at the head of the snapshot before."""
    linked = []
    for row in rows:
        sha256 = hash_of(row, previous)
        linked.append(Linked(row, previous, sha256))
        previous = sha256
    return linked


def first_row(version: str, *, taken_at: str, ledger_head: str, covers_until: str) -> Row:
    note = f"taken_at={taken_at} covers_until={covers_until} ledger_head={ledger_head or ZERO}"
    return Row("0", START, period=version, status="meta", note=note)


def last_row(number: int, version: str) -> Row:
    """`value` counts every row, the first and this one too."""
    return Row(str(number), END, period=version, value=str(number + 1), unit="rows", status="meta")


def write_csv(linked: Iterable[Linked]) -> str:
    """The file as it is published: a byte order mark for spreadsheets, plain digits."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for one in linked:
        writer.writerow((*astuple(one.row), one.previous_sha256, one.sha256))
    return BOM + out.getvalue()


def verify(data: bytes) -> Verdict:
    """Compute every hash again. Never raises: whatever is handed in gets a verdict."""
    if len(data) > MAX_BYTES:
        return _bad("too_large", 0)
    try:
        text = data.decode("utf-8-sig")
        table = list(csv.reader(io.StringIO(text), strict=True))
    except (UnicodeDecodeError, csv.Error):
        return _bad("not_a_table", 0)
    table = [line for line in table if line]
    if not table or tuple(table[0]) != COLUMNS:
        return _bad("not_our_columns", 0)
    return _verify_rows(table[1:])


def _bad(problem: str, row: int, rows: int = 0, head: str = "", version: str = "",
         previous: str = "") -> Verdict:  # fmt: skip
    return Verdict(problem, row, rows, head, version, previous)


def _verify_rows(table: Sequence[Sequence[str]]) -> Verdict:
    if not table:
        return _bad("no_rows", 0)
    head = version = first_previous = ""
    for number, line in enumerate(table):
        if len(line) != len(COLUMNS):
            return _bad("row_broken", number, number, head, version, first_previous)
        row, previous, sha256 = Row(*line[:-2]), line[-2], line[-1]
        if number == 0:
            version, first_previous = row.period, previous
            if row.series != START:
                return _bad("start_missing", 0, 0, head, version, first_previous)
        elif previous != head:
            return _bad("row_missing", number, number, head, version, first_previous)
        if row.number != str(number):
            return _bad("row_missing", number, number, head, version, first_previous)
        if hash_of(row, previous) != sha256:
            return _bad("row_changed", number, number, head, version, first_previous)
        head = sha256
        if row.series == END and number != len(table) - 1:
            return _bad("rows_after_end", number + 1, number, head, version, first_previous)
    last = Row(*table[-1][:-2])
    if last.series != END or last.value != str(len(table)):
        return _bad("end_missing", len(table), len(table), head, version, first_previous)
    return Verdict("", -1, len(table), head, version, first_previous)

"""The ledger's chain as a file for the auditor, and checking it. Pure; standard library only, so
that `scripts/verify_flows` runs without this project.

Each row is one entry with its transfers and the hash that covers it and the row before. The head
of every public snapshot is the hash of one of these rows: a file that holds all heads that were
published is the history that they were made of.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

START = "0" * 64
COLUMNS = ("position", "entry", "key", "at", "reason", "about", "legs", "is_hold", "hold_key",
           "reverses_key", "sha256")  # fmt: skip
BOM = "\ufeff"


@dataclass(frozen=True)
class ChainVerdict:
    """`problem` is empty for a whole file; `row` is the place that does not fit. `missing` are
    wanted heads that no row carries."""

    problem: str
    row: int
    rows: int
    head: str
    missing: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return not self.problem


def hash_of_link(before: str, entry: int, key: str, at: str, body_sha256: str) -> str:
    """The hash of one place of the chain."""
    facts = [before, entry, key, at, body_sha256]
    return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


def hash_of_body(
    reason: str, about: str, legs: list[list[object]], is_hold: bool, hold: str, reverses: str
) -> str:
    """The hash of what an entry says."""
    body = [reason, about, legs, is_hold, hold, reverses]
    return hashlib.sha256(json.dumps(body, separators=(",", ":")).encode()).hexdigest()


def write_lines(rows: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """The file, line by line."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    yield BOM + out.getvalue()
    for row in rows:
        out.seek(0)
        out.truncate()
        writer.writerow([row[name] for name in COLUMNS])
        yield out.getvalue()


def verify_lines(
    lines: Iterable[str], heads: Iterable[str] = (), *, after: int = 0, head: str = START
) -> ChainVerdict:
    """Compute every hash again, one row at a time. Never raises for what a file says. A part of a
    chain begins behind the place `after`, whose hash is `head`."""
    wanted, count = set(heads) - {START}, after
    reader = csv.reader(_without_mark(lines), strict=True)
    try:
        if tuple(next(reader, ())) != COLUMNS:
            return ChainVerdict("not_our_columns", 0, 0, head)
        for line in reader:
            problem = _problem(line, count, head)
            if problem:
                return ChainVerdict(problem, count + 1, count, head)
            head, count = line[-1], count + 1
            wanted.discard(head)
    except (csv.Error, UnicodeDecodeError, ValueError, TypeError, RecursionError):
        return ChainVerdict("row_broken", count + 1, count, head)
    if count == after:
        return ChainVerdict("no_rows", 0, 0, head)
    return ChainVerdict("head_missing" if wanted else "", count, count, head,
                        tuple(sorted(wanted)))  # fmt: skip


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield line.removeprefix(BOM) if number == 0 else line


def _problem(line: list[str], count: int, head: str) -> str:
    if len(line) != len(COLUMNS):
        return "row_broken"
    row = dict(zip(COLUMNS, line, strict=True))
    if row["position"] != str(count + 1):
        return "row_missing"
    body = hash_of_body(
        row["reason"], row["about"], json.loads(row["legs"]), row["is_hold"] == "1",
        row["hold_key"], row["reverses_key"],
    )  # fmt: skip
    found = hash_of_link(head, int(row["entry"]), row["key"], row["at"], body)
    return "" if found == row["sha256"] else "row_changed"

"""CSV that a spreadsheet opens as text: no cell is ever a formula.

A cell that begins with = + - @, a tab or a return is led by an apostrophe (OWASP, "CSV injection");
numbers stay numbers. The file is UTF-8 with a mark, so that Excel reads Vietnamese.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(value: Any) -> Any:
    """A value that no spreadsheet runs."""
    if value is None or isinstance(value, int | float):
        return value
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_STARTS) else text


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The whole file."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(head)
    writer.writerows([safe_cell(v) for v in row] for row in rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8")

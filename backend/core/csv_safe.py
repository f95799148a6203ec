"""CSV that a spreadsheet opens as text: no cell is ever a formula.

A cell that begins with = + - @ (also in full width), a tab or a return is led by an apostrophe
(OWASP, "CSV injection"); so is what stands behind a semicolon, a tab or a new line within it, since
a spreadsheet that splits at those would begin a cell there. Numbers stay numbers. The file is UTF-8
with a mark, so that Excel reads Vietnamese.
"""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

# Blanks and marks that are not seen may stand before the sign.
_UNSEEN = r"[\s\x00-\x1f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*"
_SIGN = r"[=+\-@\u2212＝＋－＠﹢﹣﹦﹫]"
_START = re.compile(rf"(?:[\t\r\n]|{_UNSEEN}{_SIGN})")
_WITHIN = re.compile(rf"([;\t\r\n])(?=[\"]*{_UNSEEN}[\"]*{_SIGN})")


def safe_cell(value: Any) -> Any:
    """A value that no spreadsheet runs, however it splits the line."""
    if value is None or isinstance(value, int | float):
        return value
    text = _WITHIN.sub(r"\1'", str(value))
    return f"'{text}" if _START.match(text) else text


def csv_bytes(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The whole file."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(head)
    writer.writerows([safe_cell(v) for v in row] for row in rows)
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8")

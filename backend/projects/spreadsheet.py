"""Reading a list of published calls from CSV or XLSX (pandas); what is wrong, row by row.

Used by scripts and jobs only: pandas costs over a second to import.
"""

import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from io import BytesIO
from pathlib import Path

import openpyxl
import pandas as pd
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from openpyxl.utils.exceptions import InvalidFileException

from backend.core.errors import Invalid
from backend.core.text import clean_text
from backend.projects import taxonomy

MAX_ROWS = 60_000
MAX_BYTES = 50 * 1024 * 1024
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
PARTIAL_DATE = re.compile(r"(19|20)\d\d(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
FORMULA = re.compile(r"[=+@\t\r]|-(?!\d)")

REQUIRED = (
    "slug", "name_vi", "name_en", "summary_vi", "summary_en", "call_status", "source_url",
)  # fmt: skip
OPTIONAL = (
    "name_vi_is_published", "field", "pillars", "technologies", "place_code", "location_text",
    "area", "capital_vnd_bn", "capital_usd_m", "land_m2", "investment_form_text", "announced_on",
    "announcing_body", "legal_reference", "source_date",
)  # fmt: skip
LIMITS = {
    "slug": 120, "name_vi": 300, "name_en": 300, "summary_vi": 5000, "summary_en": 5000,
    "source_url": 500, "location_text": 300, "area": 30, "investment_form_text": 300,
    "announcing_body": 200, "legal_reference": 300,
}  # fmt: skip
NUMBERS = {"capital_vnd_bn": 10**8, "capital_usd_m": 10**8, "land_m2": 10**12}
LISTS = {"pillars": "pillar", "technologies": "technology"}

Row = dict[str, str]


@dataclass(frozen=True)
class Finding:
    """One remark on one row (row 1 is the header; None is the whole file)."""

    row: int | None
    column: str
    code: str
    message: str | Promise
    params: dict[str, str] = field(default_factory=dict)
    is_error: bool = True

    def __str__(self) -> str:
        text = str(self.message)
        return text % self.params if self.params else text


@dataclass(frozen=True)
class Table:
    """What a file holds, as text cells, with everything that was noticed."""

    rows: list[Row]
    findings: list[Finding]

    @property
    def errors(self) -> list[Finding]:
        return [f for f in self.findings if f.is_error]

    @property
    def warnings(self) -> list[Finding]:
        return [f for f in self.findings if not f.is_error]


def read_table(path: Path) -> Table:
    """Read and check a file. Raises Invalid when it is no table at all."""
    try:
        size = path.stat().st_size
    except OSError:
        raise Invalid(_("The file %(name)s cannot be read."), code="unreadable", name=path.name) \
            from None  # fmt: skip
    if size > MAX_BYTES:
        raise Invalid(_("The file is larger than 50 MB."), code="too_large")
    data = path.read_bytes()
    frame, findings = _read_sheet(data) if data[:4] == b"PK\x03\x04" else _read_csv(data)
    return check_frame(frame, findings)


def _read_csv(data: bytes) -> tuple[pd.DataFrame, list[Finding]]:
    findings = []
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = unicodedata.normalize("NFC", data.decode("cp1258"))
        except UnicodeDecodeError:
            raise Invalid(
                _("This is neither a UTF-8 text table nor a spreadsheet. Save it as CSV UTF-8."),
                code="not_a_table",
            ) from None
        message = _("The file was read as Windows-1258. Check the names, or save it as UTF-8.")
        findings.append(Finding(None, "", "windows_1258", message, is_error=False))
    if "\x00" in text:
        raise Invalid(_("This is not a text table."), code="not_a_table")
    try:
        frame = pd.read_csv(BytesIO(text.encode()), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError):
        raise Invalid(_("The table is empty or broken."), code="empty") from None
    return frame, findings


def _read_sheet(data: bytes) -> tuple[pd.DataFrame, list[Finding]]:
    try:
        book = openpyxl.load_workbook(BytesIO(data), read_only=True)
        findings = list(_formula_cells(book.worksheets[0]))
        book.close()
        frame = pd.read_excel(BytesIO(data), dtype=str, keep_default_na=False, engine="openpyxl")
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError, OSError):
        raise Invalid(_("This zip file is not a spreadsheet."), code="not_a_table") from None
    return frame.fillna(""), findings


def _formula_cells(sheet: object) -> Iterator[Finding]:
    for row in sheet.iter_rows(min_row=2):  # type: ignore[attr-defined]
        for cell in row:
            if getattr(cell, "data_type", "") == "f":
                yield _formula_finding(cell.row, cell.coordinate)


def _formula_finding(row: int, column: str) -> Finding:
    message = _("This cell holds a formula. Replace it by its value.")
    return Finding(row, column, "formula", message)


def check_frame(frame: pd.DataFrame, findings: list[Finding] | None = None) -> Table:
    """Check header and cells; the numbers of rows are those a person sees in a spreadsheet."""
    found = list(findings or [])
    frame = frame.rename(columns=lambda name: str(name).strip())
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        message = _("The column %(column)s is missing.")
        found += [Finding(1, m, "missing_column", message, {"column": m}) for m in missing]
        return Table([], found)
    if frame.empty:
        found.append(Finding(None, "", "empty", _("The table has no rows.")))
        return Table([], found)
    if len(frame) > MAX_ROWS:
        message = _("The table has more than %(max)s rows. Split it.")
        found.append(Finding(None, "", "too_many_rows", message, {"max": f"{MAX_ROWS}"}))
        return Table([], found)
    unknown = [c for c in frame.columns if c not in REQUIRED + OPTIONAL]
    message = _("The column %(column)s is not used.")
    found += [
        Finding(1, c, "unused_column", message, {"column": c[:60]}, is_error=False) for c in unknown
    ]
    rows = [
        {name: clean_text(str(record.get(name, "") or "")).strip() for name in REQUIRED + OPTIONAL}
        for record in frame.to_dict("records")
    ]
    slugs = Counter(row["slug"] for row in rows)
    for number, row in enumerate(rows, start=2):
        found += _row_findings(number, row, slugs)
    return Table(rows, found)


def _row_findings(number: int, row: Row, slugs: Counter[str]) -> Iterator[Finding]:
    yield from _slug_findings(number, row["slug"], slugs)
    yield from _text_findings(number, row)
    yield from _number_findings(number, row)
    yield from _key_findings(number, row)
    for name in ("announced_on", "source_date"):
        if row[name] and not PARTIAL_DATE.fullmatch(row[name]):
            message = _("Enter a date such as 2024, 2024-10 or 2024-10-03.")
            yield Finding(number, name, "bad_date", message)


def _slug_findings(number: int, slug: str, slugs: Counter[str]) -> Iterator[Finding]:
    if not SLUG.fullmatch(slug):
        message = _("Enter a short name of lower-case letters, digits and hyphens.")
        yield Finding(number, "slug", "bad_slug", message)
    elif slugs[slug] > 1:
        message = _("The short name %(slug)s stands in more than one row.")
        yield Finding(number, "slug", "duplicate_slug", message, {"slug": slug})


def _text_findings(number: int, row: Row) -> Iterator[Finding]:
    for name, limit in LIMITS.items():
        if len(row[name]) > limit:
            message = _("Use %(max)s characters or fewer.")
            yield Finding(number, name, "too_long", message, {"max": str(limit)})
        elif row[name] and FORMULA.match(row[name]):
            yield _formula_finding(number, name)
    for name in ("name", "summary"):
        empty = [f"{name}_{lang}" for lang in ("vi", "en") if not row[f"{name}_{lang}"]]
        if len(empty) == 2:
            yield Finding(number, empty[0], "missing", _("This part is missing"))
        elif empty:
            message = _("This language is missing; the other one will be shown.")
            yield Finding(number, empty[0], "one_language", message, is_error=False)
    if not re.match(r"https?://[^\s/]+\.[^\s/]+", row["source_url"]):
        message = _("Enter the address of the source, for example https://example.com/page")
        yield Finding(number, "source_url", "bad_source", message)


def _number_findings(number: int, row: Row) -> Iterator[Finding]:
    for name, high in NUMBERS.items():
        if row[name] and not _is_amount(row[name], high):
            message = _("Enter a plain positive number, for example 725 or 12.5")
            yield Finding(number, name, "bad_number", message)
    stated = ("announced_on", "announcing_body")
    for name in stated:
        if not row[name]:
            message = _("Not stated; the page will say so.")
            yield Finding(number, name, "not_stated", message, is_error=False)


def _is_amount(text: str, high: int) -> bool:
    if not re.fullmatch(r"\d{1,15}(\.\d{1,6})?", text):
        return False
    try:
        return 0 < Decimal(text) < high
    except InvalidOperation:
        return False


def _key_findings(number: int, row: Row) -> Iterator[Finding]:
    for name, kind in (("field", "field"), ("place_code", "place"), ("call_status", "call_status")):
        value = row[name]
        if not value and name != "call_status":
            continue
        if not taxonomy.is_known(kind, value):
            message = _("“%(value)s” is not a known value.")
            yield Finding(number, name, "unknown_key", message, {"value": value[:60]})
    for name, kind in LISTS.items():
        for value in split_list(row[name]):
            if not taxonomy.is_known(kind, value):
                message = _("“%(value)s” is not a known value.")
                yield Finding(number, name, "unknown_key", message, {"value": value[:60]})


def split_list(cell: str) -> list[str]:
    """`ai; iot_sensors` → `["ai", "iot_sensors"]`."""
    return [part.strip() for part in re.split(r"[;|]", cell) if part.strip()]

"""A published call for tests, through the import that calls come by."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from backend.projects.import_actions import import_calls
from backend.projects.models import Project
from backend.projects.spreadsheet import read_table


def a_call(**changes: Any) -> Project:
    row = {
        "slug": "nha-may-vi-mach",
        "name_vi": "Nhà máy vi mạch bán dẫn",
        "name_en": "Semiconductor chip plant",
        "summary_vi": "Lô đất trong Khu công nghệ cao.",
        "summary_en": "A lot in the Hi-Tech Park.",
        "call_status": "open_call",
        "source_url": "https://example.com/danh-muc",
        "field": "smart_manufacturing",
        "technologies": "semiconductors",
        "capital_vnd_bn": "725",
        "announced_on": "2024-10",
        "announcing_body": "UBND TP.HCM",
    } | changes
    text = io.StringIO()
    writer = csv.DictWriter(text, list(row))
    writer.writeheader()
    writer.writerow(row)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "calls.csv"
        path.write_bytes(text.getvalue().encode())
        table = read_table(path)
    assert table.errors == []
    import_calls(table.rows)
    return Project.objects.get(slug=row["slug"])

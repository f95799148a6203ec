"""`scripts/import_projects FILE`: a preview, then all rows or none."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import override

from backend.core.errors import Invalid
from backend.projects.import_actions import import_calls
from backend.projects.spreadsheet import Finding, Table, read_table

SHOWN = 50


class Command(BaseCommand):
    help = "Import published calls from a CSV or XLSX file, after a preview in both languages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--yes", action="store_true", help="write the rows; without it, only the preview"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            table = read_table(options["file"])
            self._preview(table)
            if table.errors:
                raise CommandError(self._both("Nothing was imported.", "Chưa nhập dòng nào."))
            if not options["yes"]:
                self.stdout.write(
                    self._both("Run again with --yes to import.", "Chạy lại với --yes để nhập.")
                )
                return
            done = import_calls(table.rows)
        except Invalid as error:
            raise CommandError(_in_both(error)) from None
        self.stdout.write(
            self._both(
                f"Imported: {done.added} new, {done.changed} changed, {done.unchanged} unchanged.",
                f"Đã nhập: {done.added} mới, {done.changed} thay đổi, {done.unchanged} giữ nguyên.",
            )
        )

    def _preview(self, table: Table) -> None:
        for row in table.rows[:5]:
            self.stdout.write(f"  {row['slug']}: {row['name_vi'] or row['name_en']}")
        if len(table.rows) > 5:
            self.stdout.write(f"  … {len(table.rows) - 5}")
        for title, findings in (
            (self._both("Errors", "Lỗi"), table.errors),
            (self._both("Warnings", "Lưu ý"), table.warnings),
        ):
            self.stdout.write(f"{title}: {len(findings)}")
            for finding in findings[:SHOWN]:
                self.stdout.write(f"  {_place(finding)}: {_in_both(finding)}")
            if len(findings) > SHOWN:
                self.stdout.write(f"  … {len(findings) - SHOWN}")

    @staticmethod
    def _both(english: str, vietnamese: str) -> str:
        return f"{vietnamese} / {english}"


def _place(finding: Finding) -> str:
    row = f"{finding.row}" if finding.row else "-"
    return f"{row} {finding.column}".strip()


def _in_both(said: object) -> str:
    with override("vi"):
        vietnamese = str(said)
    with override("en"):
        return f"{vietnamese} / {said}"

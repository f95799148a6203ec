from typing import Any

from django.core.management.base import BaseCommand

from backend.core import jobs


class Command(BaseCommand):
    help = "Run every job that is due, in this process (what a worker does)."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{jobs.run_due_jobs(limit=10_000)} jobs run")

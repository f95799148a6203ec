from typing import Any

from django.core.management.base import BaseCommand

from backend.core import jobs


class Command(BaseCommand):
    help = "Give back the jobs of workers that are gone. Only while no worker runs."

    def handle(self, *args: Any, **options: Any) -> None:
        jobs.release_leases()

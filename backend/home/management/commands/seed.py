import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backend.core.clock import DEMO_ENVIRONMENTS
from backend.home import seed
from backend.matching import population


class Command(BaseCommand):
    help = "Sample data: published calls, demo people, example proposals, a simulated population."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT not in DEMO_ENVIRONMENTS:
            raise CommandError("Sample data belong to development and test, not here.")
        began = time.monotonic()
        seed.seed(lambda text: self.stdout.write(f"  {text}"))
        self.stdout.write("  simulated population")
        population.create()
        seed.ask_for_training()
        self.stdout.write(f"  done in {time.monotonic() - began:.1f} s")

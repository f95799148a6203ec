from django.apps import AppConfig

from backend.core.card_checks import guard_every_text_field


class CoreConfig(AppConfig):
    name = "backend.core"
    label = "core"

    def ready(self) -> None:
        guard_every_text_field()

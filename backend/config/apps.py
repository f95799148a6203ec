from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "backend.config"
    label = "config"

    def ready(self) -> None:
        # Imported here: the checks read models.
        from backend.config import checks  # noqa: F401, PLC0415

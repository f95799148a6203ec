from django.apps import AppConfig


class RemittancesConfig(AppConfig):
    name = "backend.remittances"
    label = "remittances"

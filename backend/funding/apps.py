from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "backend.funding"
    label = "funding"

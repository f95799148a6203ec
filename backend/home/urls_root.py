"""Paths without a language: health, the redirect from `/`."""

from django.urls import path

from backend.home import health, language

urlpatterns = [
    path("", language.to_preferred_language, name="root"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

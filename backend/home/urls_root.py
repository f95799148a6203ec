"""Paths without a language: health, what crawlers read, the redirect from `/`."""

from django.contrib.sitemaps.views import sitemap
from django.urls import path

from backend.core.web import public_page
from backend.home import crawlers, health, language

urlpatterns = [
    path("", language.to_preferred_language, name="root"),
    path("robots.txt", crawlers.robots, name="robots"),
    path("favicon.ico", crawlers.favicon, name="favicon"),
    path("sitemap.xml", public_page(sitemap), {"sitemaps": crawlers.SITEMAPS}, name="sitemap"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]

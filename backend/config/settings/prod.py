"""A public server. Nothing has a default that would be unsafe; see docs/deploy.md."""

from backend.config import env
from backend.config.settings.base import *  # noqa: F403

ENVIRONMENT = "production"
SECRET_KEY = env.read_str("SECRET_KEY")
# Keys of before: sessions and the sealed secrets of sign-in codes stay readable.
SECRET_KEY_FALLBACKS = env.read_list("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.read_list("ALLOWED_HOSTS") or [env.read_str("ALLOWED_HOSTS")]
SITE_URL = env.read_str("SITE_URL")
CELERY_BROKER_URL = env.read_str("CELERY_BROKER_URL")
DATABASES = {"default": env.read_database()}
CSRF_TRUSTED_ORIGINS = [SITE_URL]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# TLS ends in front, so there is at least one proxy: without it all readers would share one limit.
ALLAUTH_TRUSTED_PROXY_COUNT = env.read_int("TRUSTED_PROXIES", 1)
SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = env.read_int("HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# Asking browsers to list the domain for good is for whoever owns it to decide.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env.read_str("EMAIL_HOST")
EMAIL_PORT = env.read_int("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.read_str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.read_str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.read_bool("EMAIL_USE_TLS", True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.read_str("EMAIL_FROM")

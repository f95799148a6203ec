"""The test suite: a real PostgreSQL, fast hashing, mail in memory, jobs run by the tests."""

import os

from backend.config import env
from backend.config.settings.base import *  # noqa: F403

ENVIRONMENT = "test"
SECRET_KEY = "test-only-" + "k" * 40
ALLOWED_HOSTS = ["*"]
# The database is made by its owner; tests/conftest.py then switches to the role of the web.
os.environ.setdefault("DATABASE_URL", "postgresql:///caukieu")
os.environ["CAUKIEU_DB_ROLE"] = ""
DATABASES = {"default": env.read_database()}
DATABASES["default"]["CONN_MAX_AGE"] = 0
DATABASES["default"]["TEST"] = {
    "NAME": "test_caukieu" + ("_" + s if (s := env.read_str("DATABASE_NAME_SUFFIX", "")) else "")
}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CELERY_BROKER_URL = env.read_str("CELERY_BROKER_URL", "memory://")
# Tests write the counted views themselves (exposure.flush_views).
EXPOSURE_FLUSH_S = 0.0

"""The site as it is served, with the baselines beside it and no limit of calls in the way."""

from backend.config.settings.dev import *  # noqa: F403

ROOT_URLCONF = "backend.bench.urls"
ALLOWED_HOSTS = ["*"]
LIMITS = ("read", "preview", "read_person", "preview_person", "write_person")
API_CALLS_A_MINUTE = dict.fromkeys(LIMITS, 10**9)

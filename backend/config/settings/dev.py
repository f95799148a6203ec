"""One person's machine: `./scripts/run`."""

from backend.config import env
from backend.config.settings.base import *  # noqa: F403

ENVIRONMENT = "development"
DEBUG = env.read_bool("DEBUG", False)
SECRET_KEY = env.read_str("SECRET_KEY", "development-only-" + "k" * 40)
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *env.read_list("ALLOWED_HOSTS")]
DATABASES = {"default": env.read_database()}

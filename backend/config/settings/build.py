"""Collecting static files while an image is built: no secret and no server is needed."""

import os

os.environ.setdefault("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

from backend.config import env
from backend.config.settings.base import *  # noqa: F403

ENVIRONMENT = "build"
SECRET_KEY = "build-only-" + "k" * 40
DATABASES = {"default": env.read_database()}

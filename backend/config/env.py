"""Typed reading of the environment: a wrong or missing variable stops the start and is named."""

import os
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import conninfo_to_dict

# Short queries only: compiling one costs more than running it, and the parts of a search's UNION
# must run in the order written (projects.search_sql).
SESSION = "-c jit=off -c max_parallel_workers_per_gather=0"


def read_str(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"Set the environment variable {name}.")
    return value


def read_int(name: str, default: int) -> int:
    raw = os.environ.get(name, "")
    if not raw:
        return default
    try:
        return int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {raw!r}.") from None


def read_bool(name: str, default: bool) -> bool:
    raw = os.environ.get(name, "").lower()
    if not raw:
        return default
    if raw not in {"1", "0", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {raw!r}.")
    return raw in {"1", "true", "yes"}


def read_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def read_database(name: str = "DATABASE_URL") -> dict[str, Any]:
    """Django's settings for one PostgreSQL from a libpq URL.

    ``CAUKIEU_DB_ROLE`` (default ``caukieu_app``, empty for migrations) is the role that the
    connection acts as: it may not change the schema, nor update or delete audit rows.
    """
    url = os.environ.get(name, "")
    if not url:
        raise ImproperlyConfigured(f"Set {name}, or start everything with ./scripts/run.")
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(f"{name} must be a postgresql:// URL.")
    parts = conninfo_to_dict(url)
    options: dict[str, Any] = {"connect_timeout": 5, "application_name": "caukieu"}
    role = os.environ.get("CAUKIEU_DB_ROLE", "caukieu_app")
    options["options"] = f"{SESSION} -c role={role}" if role else SESSION
    if "sslmode" in parts:
        options["sslmode"] = parts["sslmode"]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", "caukieu"),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": str(parts.get("port", "")),
        "CONN_MAX_AGE": 600,
        # A restarted PostgreSQL costs the requests under way, not the ones after them.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }

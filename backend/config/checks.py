"""What a public server refuses to start with. Silent outside production.

The same findings come from `manage.py check --database default` (before a release) and from the
web's own start (`refuse_unsafe_start`, called by wsgi.py), which ends with a sentence.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from backend.accounts.models import User
from backend.core.models import ClockOffset

LOOPBACK = r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?"
MIN_KEY_LENGTH = 50
MIN_KEY_LETTERS = 10


def settings_findings() -> Iterator[Error]:
    """Unsafe settings of a public server."""
    key = str(settings.SECRET_KEY)
    if len(key) < MIN_KEY_LENGTH or len(set(key)) < MIN_KEY_LETTERS or "development" in key:
        hint = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(64))'"
        yield Error(
            f"SECRET_KEY is shorter than {MIN_KEY_LENGTH} or not random.", hint, id="ck.E001"
        )
    if settings.DEBUG:
        yield Error("DEBUG is on.", id="ck.E002")
    if "*" in settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS names every host.", id="ck.E003")
    if urlsplit(settings.SITE_URL).scheme != "https":
        yield Error("SITE_URL is not https.", id="ck.E004")
    if "outbox" in settings.EMAIL_BACKEND or "locmem" in settings.EMAIL_BACKEND:
        yield Error("EMAIL_BACKEND keeps mails on this machine.", id="ck.E005")
    if not settings.CELERY_BROKER_URL or settings.CELERY_BROKER_URL.startswith("memory"):
        yield Error("CELERY_BROKER_URL is empty.", id="ck.E006")


def payment_findings() -> Iterator[Error]:
    """The mode of the key and the kind of site must agree, whichever site it is."""
    key = str(settings.STRIPE_API_KEY)
    is_live = "_live_" in key
    if _is_production():
        if key and not is_live:
            hint = "Use a live key, or leave STRIPE_API_KEY empty: then no card is taken."
            yield Error("STRIPE_API_KEY is a test key on a public server.", hint, id="ck.E021")
        if settings.STRIPE_API_BASE:
            yield Error("STRIPE_API_BASE points past Stripe.", id="ck.E022")
        if is_live and not settings.STRIPE_WEBHOOK_SECRETS:
            yield Error("STRIPE_WEBHOOK_SECRETS is empty.", id="ck.E023")
    elif is_live:
        yield Error("STRIPE_API_KEY is a live key on a site for trying out.", id="ck.E024")
    elif settings.STRIPE_API_BASE and not re.fullmatch(LOOPBACK, settings.STRIPE_API_BASE):
        yield Error("STRIPE_API_BASE is not on this machine.", id="ck.E025")


def database_findings() -> Iterator[Error]:
    """Demo people and a moved clock belong on one person's machine."""
    count = User.objects.filter(is_demo=True).count()
    if count:
        hint = "This database was filled by ./scripts/run. Use a fresh one."
        yield Error(f"{count} demo people can sign in with public passwords.", hint, id="ck.E011")
    moved = ClockOffset.objects.exclude(offset=timedelta(0)).first()
    if moved is not None:
        hint = "Deadlines would be wrong. Delete the row of core_clockoffset."
        yield Error(f"The clock is moved by {moved.offset}.", hint, id="ck.E012")


def _is_production() -> bool:
    return bool(settings.ENVIRONMENT == "production")


@register(Tags.security)
def check_settings(
    app_configs: Sequence[AppConfig] | None, **options: Any
) -> Sequence[CheckMessage]:
    return [*payment_findings(), *(settings_findings() if _is_production() else [])]


@register(Tags.database)
def check_database(
    app_configs: Sequence[AppConfig] | None,
    databases: Sequence[str] | None = None,
    **options: Any,
) -> Sequence[CheckMessage]:
    """Only when asked for by `--database default`, and once the tables exist."""
    if not _is_production() or not databases:
        return []
    tables = connections["default"].introspection.table_names()
    needed = {User._meta.db_table, ClockOffset._meta.db_table}
    return list(database_findings()) if needed <= set(tables) else []


def refuse_unsafe_start() -> None:
    """Raise ImproperlyConfigured with every finding; leaves no connection open (workers fork)."""
    findings = list(payment_findings())
    if _is_production():
        try:
            findings += [*settings_findings(), *database_findings()]
        finally:
            connections.close_all()
    if findings:
        lines = "\n".join(f"- {f.id}: {f.msg} {f.hint or ''}".rstrip() for f in findings)
        raise ImproperlyConfigured(f"Not started, because:\n{lines}")

"""The one clock that decides deadlines: `app_now()`, in SQL and in Python.

It is `now()` plus an offset row that only development and test may write, so that a newcomer can
watch time pass. Production start-up refuses a non-zero offset (config.checks).
"""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.models import DateTimeField, Func

from backend.core.formats import CITY_ZONE
from backend.core.models import ClockOffset

DEMO_ENVIRONMENTS = {"development", "test"}


class AppNow(Func):
    """`app_now()` inside a query."""

    function = "app_now"
    template = "%(function)s()"
    output_field = DateTimeField()


def app_now() -> datetime:
    """The transaction's time (UTC), moved by the demo offset. Costs one query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_now()")
        row = cursor.fetchone()
    at: datetime = row[0]
    return at


def city_day(at: datetime) -> date:
    """The civil day in Ho Chi Minh City at that instant."""
    return at.astimezone(CITY_ZONE).date()


def set_demo_offset(offset: timedelta) -> None:
    """Move the clock of this database; refused outside development and test."""
    if settings.ENVIRONMENT not in DEMO_ENVIRONMENTS:
        raise ImproperlyConfigured("The clock can be moved only in development and test.")
    ClockOffset.objects.update_or_create(id=1, defaults={"offset": offset})

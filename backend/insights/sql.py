"""Running a grouped query."""

from typing import Any

from django.db import connection


def rows_of(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())

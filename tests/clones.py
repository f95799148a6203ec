"""Copies of rows that once walked the product's actions.

A listed proposal takes some 340 statements of 20 actions. The first of its kind in a process walks
them; later ones are copies of the rows that this walk made, with ids, names and times of their own.
The rows are therefore as possible as those of a walk. Only a superuser can write them (triggers
would refuse a listed project out of nothing); on a server whose role is none, every one walks.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from django.utils import timezone

from backend.core.clock import app_now
from backend.core.ids import new_id

# Numbered by the process or made anew by the product itself; never part of a copy.
LEFT_OUT = {"core_clockoffset", "projects_projectsearch", "django_content_type", "auth_permission"}
# What is there once for all: a copy refers to the row that has the same key.
SHARED = {
    "accounts_cityoffice": ("name_en",),
    "reviews_ruleset": ("kind", "number"),
    "projects_questionset": ("frame", "number"),
}
NAMES = re.compile(r"[a-z]{2,5}_[0-9A-Za-z]{8,}|[\w.+-]+@example\.com")


@dataclass(frozen=True)
class Table:
    name: str
    key: str
    columns: tuple[str, ...]
    # column → table that it refers to
    refers: dict[str, str]
    json: frozenset[str]
    counted: bool


@dataclass
class Template:
    """The rows of one walk. `numbers` are those that its texts carry."""

    rows: dict[str, list[dict[str, Any]]]
    project: int
    owner: int
    at: datetime
    # by the wall clock, which is ahead of the transaction's
    taken: datetime
    numbers: list[str] = field(default_factory=list)


_tables: dict[str, Table] = {}
_templates: dict[str, Template] = {}


def tables() -> dict[str, Table]:
    if not _tables:
        for model in apps.get_models(include_auto_created=True):
            meta = model._meta
            if meta.db_table in LEFT_OUT or not meta.managed:
                continue
            kept = [f for f in meta.concrete_fields if not getattr(f, "generated", False)]
            _tables[meta.db_table] = Table(
                meta.db_table,
                meta.pk.column,
                tuple(f.column for f in kept),
                {f.column: f.related_model._meta.db_table for f in kept if f.is_relation},
                frozenset(f.column for f in kept if isinstance(f, models.JSONField)),
                isinstance(meta.pk, models.AutoField),
            )
    return _tables


def copy_or_walk(key: str, owner: Any, number: Callable[[], int], walk: Callable[[], Any]) -> Any:
    """A project as `walk` makes it.

    `owner` is a user, or None for one of the copy's own; `number` gives the next number for names.
    """
    key = f"{key} under {_rules()}"
    template = _templates.get(key)
    if template is None:
        before = _highest() if may_copy() else None
        made = walk()
        if before is not None:
            _remember(key, made, before)
        return made
    from backend.projects.models import Project
    from backend.projects.search_index import refresh_search

    project = Project.objects.get(pk=_copy(template, owner, number))
    refresh_search(project)
    return project


def _rules() -> int:
    """Another walk is needed once the city's rules changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM reviews_ruleset")
        return int(cursor.fetchone()[0])


def _remember(key: str, project: Any, before: dict[str, int]) -> None:
    owner = project.current_version.submitted_by_id
    if owner is None:
        return
    rows = {
        name: _rows(name, f"{tables()[name].key} > %s", before[name]) for name in _grown(before)
    }
    _complete(rows)
    numbers = re.findall(r"\d+", str(project.title_vi))[-1:]
    _templates[key] = Template(rows, project.pk, owner, app_now(), timezone.now(), numbers)


def may_copy() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")
        return bool(cursor.fetchone()[0])


def _highest() -> dict[str, int]:
    counted = [t for t in tables().values() if t.counted]
    parts = [f"SELECT '{t.name}', coalesce(max({t.key}), 0) FROM {t.name}" for t in counted]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {name: int(highest) for name, highest in cursor.fetchall()}


def _grown(before: dict[str, int]) -> list[str]:
    now = _highest()
    return [name for name in now if now[name] > before[name]]


def _rows(name: str, where: str, value: Any) -> list[dict[str, Any]]:
    table = tables()[name]
    columns = ", ".join(f'"{c}"' for c in table.columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {name} WHERE {where} ORDER BY {table.key}",
            [value],
        )
        return [dict(zip(table.columns, row, strict=True)) for row in cursor.fetchall()]


def _complete(rows: dict[str, list[dict[str, Any]]]) -> None:
    """Add what the rows refer to and was there before the walk: the owner, the office."""
    missing = True
    while missing:
        missing = False
        have = {name: {row[tables()[name].key] for row in found} for name, found in rows.items()}
        for name in list(rows):
            for column, target in tables()[name].refers.items():
                if target not in tables() or not tables()[target].counted:
                    continue
                wanted = {row[column] for row in rows[name]} - {None} - have.get(target, set())
                if wanted:
                    missing = True
                    rows.setdefault(target, []).extend(
                        _rows(target, f"{tables()[target].key} = ANY(%s)", list(wanted))
                    )
                    have.setdefault(target, set()).update(wanted)


def _copy(template: Template, owner: Any, number: Callable[[], int]) -> int:
    """Write the template's rows under new ids; returns the row id of the project."""
    keys = _new_keys(template, owner)
    words = _Words(template, owner, number, keys)
    shift = app_now() - template.at
    now = timezone.now()

    def later(at: datetime) -> datetime:
        """What was past then is past now."""
        return at + shift if at > template.taken else min(at + shift, now)

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        role = cursor.fetchone()[0]
        cursor.execute("SET LOCAL ROLE NONE; SET LOCAL session_replication_role = replica")
        for name, rows in template.rows.items():
            new = [
                _new_row(tables()[name], row, keys, words, later)
                for row in rows
                if row[tables()[name].key] in keys.own[name]
            ]
            _insert(cursor, tables()[name], new)
        cursor.execute(f'SET LOCAL session_replication_role = origin; SET LOCAL ROLE "{role}"')
    return keys.own["projects_project"][template.project]


@dataclass
class _Keys:
    # table → old key → new key; `own` of the rows to write, `met` of those that are there
    own: dict[str, dict[int, int]] = field(default_factory=dict)
    met: dict[str, dict[int, int]] = field(default_factory=dict)

    def new(self, table: str, old: Any) -> Any:
        for known in (self.own, self.met):
            if old in known.get(table, {}):
                return known[table][old]
        return old


def _new_keys(template: Template, owner: Any) -> _Keys:
    keys = _Keys()
    wanted: dict[str, list[int]] = {}
    with connection.cursor() as cursor:
        for name, rows in template.rows.items():
            table = tables()[name]
            keys.own[name], keys.met[name] = {}, {}
            for row in rows:
                there = _shared_key(cursor, table, row)
                if name == "accounts_user" and owner and row[table.key] == template.owner:
                    there = owner.pk
                if there is not None:
                    keys.met[name][row[table.key]] = there
                else:
                    wanted.setdefault(name, []).append(row[table.key])
        parts = [
            f"SELECT '{name}', nextval(pg_get_serial_sequence('{name}', '{tables()[name].key}')) "
            f"FROM generate_series(1, {len(old)})"
            for name, old in wanted.items()
        ]
        cursor.execute(" UNION ALL ".join(parts))
        fresh: dict[str, list[int]] = {}
        for name, key in cursor.fetchall():
            fresh.setdefault(name, []).append(key)
    for name, old in wanted.items():
        keys.own[name] = dict(zip(old, sorted(fresh[name]), strict=True))
    return keys


def _shared_key(cursor: Any, table: Table, row: dict[str, Any]) -> int | None:
    columns = SHARED.get(table.name)
    if columns is None:
        return None
    where = " AND ".join(f'"{c}" = %s' for c in columns)
    cursor.execute(
        f"SELECT {table.key} FROM {table.name} WHERE {where}",
        [row[c] for c in columns],
    )
    found = cursor.fetchone()
    return found[0] if found else None


class _Words:
    """New public ids, numbers and addresses in every text of the copy."""

    def __init__(
        self, template: Template, owner: Any, number: Callable[[], int], keys: _Keys
    ) -> None:
        self.ids: dict[str, str] = {}
        for name, rows in template.rows.items():
            for row in rows:
                old = row.get("public_id")
                if old is None or name in SHARED:
                    continue
                is_owner = name == "accounts_user" and row["id"] == template.owner
                self.ids[old] = owner.public_id if owner and is_owner else new_id(old.split("_")[0])
                if name == "accounts_user":
                    fresh = f"copy{keys.new(name, row['id'])}@example.com"
                    self.ids[row["email"]] = owner.email if owner and is_owner else fresh
        self.number = str(number())
        marks = "|".join(re.escape(n) for n in template.numbers) or r"(?!)"
        self.mark = re.compile(rf"\b(số |no\. |so-)(?:{marks})\b")

    def of(self, text: str) -> str:
        text = NAMES.sub(lambda found: self.ids.get(found[0], found[0]), text)
        return self.mark.sub(lambda found: found[1] + self.number, text)


def _new_row(
    table: Table,
    row: dict[str, Any],
    keys: _Keys,
    words: _Words,
    later: Callable[[datetime], datetime],
) -> list[Any]:
    values = dict(row)
    for column, value in row.items():
        if column == table.key:
            values[column] = keys.new(table.name, value)
        elif column in table.refers:
            values[column] = keys.new(table.refers[column], value)
        elif isinstance(value, datetime):
            values[column] = later(value)
        elif isinstance(value, str):
            values[column] = words.of(value)
        elif column in table.json and value is not None:
            values[column] = words.of(json.dumps(value, ensure_ascii=False))
    _singular(table.name, values, keys)
    return [values[c] for c in table.columns]


def _singular(name: str, values: dict[str, Any], keys: _Keys) -> None:
    """What may stand once only."""
    if name == "core_job" and values["name"] == "accounts.send_mail":
        mail = keys.new("accounts_pendingmail", json.loads(values["payload"])["mail"])
        values |= {"key": f"mail-{mail}", "payload": json.dumps({"mail": mail})}
    with connection.cursor() as cursor:
        if name == "projects_project":
            cursor.execute("SELECT 1 FROM projects_project WHERE slug = %s", [values["slug"]])
            if cursor.fetchone():
                values["slug"] = f"{values['slug'][:70]}-{values['id']}"
        if name == "reviews_case":
            cursor.execute("SELECT nextval('reviews_reference')")
            values["reference"] = f"{values['reference'][:8]}{cursor.fetchone()[0]:04d}"
        if name == "reviews_letter" and values.get("number"):
            cursor.execute(
                "SELECT coalesce(max(number), 0) + 1 FROM reviews_letter"
                " WHERE office_id = %s AND year = %s",
                [values["office_id"], values["year"]],
            )
            values["number"] = cursor.fetchone()[0]


def _insert(cursor: Any, table: Table, rows: list[list[Any]]) -> None:
    if not rows:
        return
    columns = ", ".join(f'"{c}"' for c in table.columns)
    one = f"({', '.join(['%s'] * len(table.columns))})"
    cursor.execute(
        f"INSERT INTO {table.name} ({columns}) VALUES {', '.join([one] * len(rows))}",
        [value for row in rows for value in row],
    )

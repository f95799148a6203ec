"""One file with everything held about a person, made from every slice.

It walks all relations that point at the person, so a table that is added later is in the file from
its first day. Left out are only the secrets that open the account (hashes, code secrets) and the
integers that never leave the database.
"""

import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import ForeignKey, Model, Q
from django.utils import timezone

from backend.accounts.models import PersonSession, User
from backend.core.models import AuditEvent, IdempotencyKey
from backend.home.account_actions import label_of, relations_of_a_person

SECRET = {
    "accounts.User": {"password"},
    "accounts.ApiToken": {"token_sha256"},
    "mfa.Authenticator": {"data"},
}
PLAIN = (str, int, float, bool, type(None), list, dict, Decimal, date, datetime)


def record_of(user: User) -> dict[str, Any]:
    """The person, what points at them, what they did and what was done to them."""
    now = timezone.now()
    sessions = PersonSession.objects.filter(person_key=user.pk, expire_date__gt=now)
    events = AuditEvent.objects.filter(Q(actor=user.public_id) | Q(subject_id=user.public_id))
    answered = IdempotencyKey.objects.filter(owner=user.public_id)
    return {
        "made_at": now,
        "person": _row(user),
        "sessions": [{"ends_at": row.expire_date} for row in sessions],
        "tables": _tables(user),
        "repeated_calls": [_row(row) for row in answered],
        "events": [_row(event) for event in events.order_by("at", "id")],
    }


def encode(record: dict[str, Any]) -> str:
    """Readable JSON: indented, in UTF-8, times in UTC."""
    return json.dumps(record, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def _tables(user: User) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for relation in relations_of_a_person():
        name = relation.field.name
        rows = relation.related_model._default_manager.filter(**{name: user}).order_by("pk")
        found.setdefault(label_of(relation), []).extend(_row(row, without=name) for row in rows)
    return {label: rows for label, rows in found.items() if rows}


def _row(row: Model, without: str = "") -> dict[str, Any]:
    hidden = SECRET.get(row._meta.label, set())
    values: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.primary_key or field.name in hidden or field.name == without:
            continue
        if isinstance(field, ForeignKey):
            other = getattr(row, field.name)
            values[field.name] = getattr(other, "public_id", None) if other else None
            continue
        value = getattr(row, field.name)
        if isinstance(value, PLAIN):
            values[field.name] = value
    return values

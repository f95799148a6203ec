"""How an officer likes the desk, and the rules that a lead writes: each a new version."""

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import Role, User
from backend.accounts.permissions import check_has_role, check_is_self
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, ManyInvalid, NotFound
from backend.core.text import clean_text
from backend.reviews.case_actions import city_day, required_words
from backend.reviews.models import DeskSettings, RuleSet
from backend.reviews.rule_shapes import SHAPES, Fault, faults_of

MAX_VIEWS = 12
MAX_NAME = 60
MAX_ADDRESS = 400

SENTENCES = {
    "missing": _("This part is missing"),
    "too_long": _("Use %(max)s characters or fewer."),
    "too_many": _("Use %(max)s rows or fewer."),
    "out_of_range": _("Enter a whole number between %(min)s and %(max)s"),
    "choose": _("Choose from the list."),
    "day": _("Enter a date."),
    "key": _("Use 1 to 40 letters without marks, digits, hyphens or underscores."),
    "twice": _("This stands in another row already."),
    "fixed": _("These rows must stay: %(keys)s"),
    "weights": _("The weights add up to %(sum)s. Make it 100."),
    "order": _("Each step is due no earlier than the one before it."),
}


def _settings(user: User, by: User) -> DeskSettings:
    check_is_self(by, user)
    check_has_role(by)
    DeskSettings.objects.get_or_create(user=user)
    return DeskSettings.objects.select_for_update().get(user=user)


@transaction.atomic
def set_keys(user: User, *, by: User, on: bool) -> DeskSettings:
    """Single keys on or off for this person (WCAG 2.1.4)."""
    settings = _settings(user, by)
    settings.keys_on = on
    settings.save(update_fields=["keys_on"])
    audit.record("desk.keys_set", by=by, subject=user, data={"on": on})
    return settings


@transaction.atomic
def keep_view(user: User, *, by: User, name: str, query: str) -> DeskSettings:
    """Keep an address of the queue under a name; the same name again replaces it."""
    settings = _settings(user, by)
    name = " ".join(clean_text(name).split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(_("Enter a name of at most 60 characters."), code="missing", field="name")
    others = [v for v in settings.views if v["name"] != name]
    if len(others) >= MAX_VIEWS:
        raise Conflict(_("You keep twelve views. Drop one first."), code="too_many")
    settings.views = [*others, {"name": name, "query": clean_text(query)[:MAX_ADDRESS]}]
    settings.save(update_fields=["views"])
    audit.record("desk.view_kept", by=by, subject=user, data={"name": name})
    return settings


@transaction.atomic
def drop_view(user: User, *, by: User, name: str) -> DeskSettings:
    """Forget a kept view; quiet when there is none of that name."""
    settings = _settings(user, by)
    settings.views = [v for v in settings.views if v["name"] != name]
    settings.save(update_fields=["views"])
    audit.record("desk.view_dropped", by=by, subject=user, data={"name": name})
    return settings


@transaction.atomic
def write_rules(
    kind: str, content: dict[str, Any], *, by: User, effective_from: date, reason: str
) -> RuleSet:
    """A new version of one kind of rule, from a day on. What was scored or sent before keeps the
    version that it was made by."""
    if kind not in SHAPES:
        raise NotFound()
    check_has_role(by, Role.LEAD)
    problems = [_invalid(fault) for fault in faults_of(kind, content)]
    if effective_from < city_day(app_now()):
        problems.append(Invalid(_("Enter today or a later day."), field="effective_from"))
    if problems:
        raise ManyInvalid(problems)
    text = required_words(reason, "reason")[:500]
    last = RuleSet.objects.select_for_update().filter(kind=kind).order_by("-number").first()
    row = RuleSet.objects.create(
        kind=kind, number=(last.number if last else 1) + 1, content=content,
        effective_from=effective_from, written_by=by, written_at=app_now(), reason=text,
    )  # fmt: skip
    audit.record(
        "rules.written", by=by, subject=by,
        data={"kind": kind, "number": row.number, "from": effective_from, "reason": text},
    )  # fmt: skip
    return row


def _invalid(fault: Fault) -> Invalid:
    return Invalid(SENTENCES[fault.code], code=fault.code, field=fault.path, **fault.params)


def newest_number(kind: str) -> int:
    return RuleSet.objects.filter(kind=kind).aggregate(n=Max("number"))["n"] or 1

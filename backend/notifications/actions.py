"""Telling people, and what they set about it. Each: lock, permit, check, change, audit."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from backend.accounts import actions as accounts
from backend.accounts.mails import Mail, mail_texts
from backend.accounts.models import User
from backend.accounts.permissions import check_is_self
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Invalid
from backend.notifications.catalogue import MUST, USUAL, Entry, Group, Happened, Notice
from backend.notifications.entries import entries_of
from backend.notifications.links import stop_link
from backend.notifications.models import (
    Channel,
    MailState,
    Notification,
    PendingEvent,
    Preference,
)

log = structlog.get_logger(__name__)

LANGUAGES = ("vi", "en")
MAX_ATTEMPTS = 8
# A mail about last week would mislead: the page of notices has it.
MAILED_WITHIN = timedelta(days=7)
MOST_IN_A_DIGEST = 60


@transaction.atomic
def tell_next() -> bool:
    """Tell the readers of one event that waits; False when none is due.

    The row is locked, the notices and mails are written and the row is deleted in one
    transaction, so that a worker that dies tells nobody twice and nobody is left out. Words that
    cannot be made are tried again later, eight times.
    """
    pending = (
        PendingEvent.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("event")
        .filter(run_after__lte=timezone.now(), attempts__lt=MAX_ATTEMPTS)
        .order_by("run_after", "id")
        .first()
    )
    if pending is None:
        return False
    try:
        with transaction.atomic():
            _tell(pending)
    except Exception as error:
        log.exception("notifications.failed", code=pending.event.code, row=pending.pk)
        pending.attempts += 1
        pending.last_error = repr(error)[:2000]
        pending.run_after = timezone.now() + timedelta(seconds=10 * 2**pending.attempts)
        pending.save(update_fields=["attempts", "last_error", "run_after"])
    else:
        pending.delete()
    return True


def _tell(pending: PendingEvent) -> None:
    event = pending.event
    entries = entries_of(event.code)
    if not entries:
        return
    model = _model_of(event.subject_type)
    happened = Happened(event, model.objects.filter(public_id=event.subject_id).first())  # type: ignore[attr-defined]
    if happened.subject is None:
        return
    mail_too = app_now() - event.at < MAILED_WITHIN
    told: set[int] = set()
    for entry in entries:
        for reader in _open_accounts(entry.readers(happened)):
            if reader.pk in told or (reader.public_id == event.actor and not entry.tells_actor):
                continue
            if _tell_one(entry, happened, reader, mail_too=mail_too):
                told.add(reader.pk)


def _model_of(name: str) -> type:
    return next(model for model in apps.get_models() if model._meta.model_name == name)


def _open_accounts(readers: Iterable[User]) -> Iterable[User]:
    if isinstance(readers, QuerySet):
        readers = readers.filter(is_active=True, closed_at__isnull=True).order_by("pk")
    return [reader for reader in readers if reader.is_active and reader.closed_at is None]


def _tell_one(entry: Entry, happened: Happened, reader: User, *, mail_too: bool) -> bool:
    said: dict[str, Notice] = {}
    for language in LANGUAGES:
        with override(language):
            notice = entry.words(happened, reader)
        if notice is None:
            return False
        said[language] = notice
    row, is_new = Notification.objects.get_or_create(
        recipient=reader,
        event=happened.event,
        defaults={
            "code": happened.event.code,
            "group": entry.group,
            "subject_vi": said["vi"].subject[:300],
            "subject_en": said["en"].subject[:300],
            "body_vi": "\n".join(said["vi"].lines + said["vi"].after),
            "body_en": "\n".join(said["en"].lines + said["en"].after),
            "path": said[reader.language].path,
            "at": happened.event.at,
        },
    )
    if is_new and mail_too and reader.email:
        _by_mail(row, entry.group, said[reader.language], reader)
    return True


def channel_of(user: User, group: Group) -> Channel:
    """What the person chose for this group, or its usual way."""
    row = Preference.objects.filter(user=user, group=group).first()
    return Channel(row.channel) if row else USUAL[group]


def _by_mail(row: Notification, group: Group, notice: Notice, reader: User) -> None:
    channel = channel_of(reader, group)
    if channel == Channel.NONE:
        return
    row.mail = MailState.POSTED if channel == Channel.AT_ONCE else MailState.FOR_DIGEST
    row.save(update_fields=["mail"])
    if channel == Channel.AT_ONCE:
        _post(reader, _mail_of(notice, reader, group))


def _mail_of(notice: Notice, reader: User, group: Group) -> Mail:
    with override(reader.language):
        after = [*notice.after, _settings_line(reader, group)]
    url = f"{settings.SITE_URL}/{reader.language}/{notice.path}" if notice.path else ""
    return Mail(notice.subject, notice.lines, notice.button, url, tuple(after))


def _settings_line(reader: User, group: Group) -> str:
    if group in MUST:
        return _("Choose how these notices reach you: %(link)s") % {
            "link": f"{settings.SITE_URL}/{reader.language}/me/notices/settings/"
        }
    return _("No more mails of this kind, in one press: %(link)s") % {
        "link": stop_link(reader, group)
    }


def _post(reader: User, mail: Mail) -> None:
    subject, text, html = mail_texts(mail, reader.language)
    accounts.post_mail(reader.email or "", subject=subject, text=text, html=html)


@transaction.atomic
def send_digest(user: User) -> int:
    """One mail with everything that waits for this person; returns how many notices it holds.

    Safe to run twice: what went out once is marked in the same transaction.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    rows = list(
        Notification.objects.select_for_update()
        .filter(recipient=user, mail=MailState.FOR_DIGEST)
        .order_by("group", "at", "id")
    )
    if not rows or not user.email or not user.is_active:
        return 0
    language = user.language
    subjects = [getattr(row, f"subject_{language}") for row in rows]
    with override(language):
        shown = subjects[:MOST_IN_A_DIGEST]
        more = len(subjects) - len(shown)
        lines = [f"· {subject}" for subject in shown]
        if more:
            lines.append(_("and %(n)s more on the page") % {"n": more})
        mail = Mail(
            _("Cầu Kiều, your notices: %(n)s") % {"n": len(rows)},
            tuple(lines),
            _("See all notices"),
            f"{settings.SITE_URL}/{language}/me/notices/",
            (_settings_line(user, Group(rows[0].group)),),
        )
    _post(user, mail)
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(mail=MailState.IN_DIGEST)
    return len(rows)


@transaction.atomic
def set_channel(user: User, *, by: User, group: str, channel: str) -> Preference:
    """How one group reaches a person. Raises Invalid for an unknown pair, or for a group that
    cannot be switched off."""
    check_is_self(by, user)
    if group not in set(Group) or channel not in Channel.values:
        raise Invalid(_("Choose one of the values in the list"), code="unknown_key", field=group)
    if channel == Channel.NONE and Group(group) in MUST:
        raise Invalid(
            _("These notices cannot be switched off. Choose at once or once a day."),
            code="must", field=group,
        )  # fmt: skip
    row, _new = Preference.objects.update_or_create(
        user=user, group=group, defaults={"channel": channel, "changed_at": app_now()}
    )
    audit.record("user.notices_set", by=by, subject=user, data={"group": group, "to": channel})
    return row


@transaction.atomic
def mark_read(user: User, *, by: User, until: datetime | None = None) -> int:
    """Everything that stood on the page when it was opened; returns how many were new."""
    check_is_self(by, user)
    rows = Notification.objects.filter(recipient=user, read_at__isnull=True)
    if until is not None:
        rows = rows.filter(at__lte=until)
    return rows.update(read_at=app_now())

"""Who is told what, once each; what a person sets about it; the pages of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from backend.accounts.models import PendingMail, User
from backend.core import audit, jobs
from backend.core.clock import set_demo_offset
from backend.core.errors import Invalid, NotAllowed
from backend.core.models import AuditEvent
from backend.notifications import actions, entries, tasks
from backend.notifications.catalogue import GROUP_WORDS, USUAL, Entry, Group, Notice
from backend.notifications.links import stop_link
from backend.notifications.models import Channel, Notification, PendingEvent
from backend.projects import actions as projects
from backend.projects.talk_actions import answer_question, ask_question
from tests import factories

pytestmark = pytest.mark.django_db


def told(user: User) -> list[str]:
    rows = Notification.objects.filter(recipient=user).order_by("id")
    return list(rows.values_list("code", flat=True))


def test_an_owner_is_told_of_each_step_once_and_by_mail() -> None:
    owner = factories.a_user()
    factories.a_listed_project(owner=owner)
    PendingMail.objects.all().delete()
    tasks.tell_people()
    tasks.tell_people()
    assert told(owner) == ["project.submitted", "project.listed"]
    mails = list(PendingMail.objects.filter(to=owner.email).order_by("id"))
    assert len(mails) == 2
    assert not PendingEvent.objects.exists()


def test_only_the_owners_are_told_and_not_the_neighbours() -> None:
    neighbour, owner = factories.a_user(), factories.a_user()
    factories.a_project_at("submitted", owner=neighbour)
    tasks.tell_people()
    before = told(neighbour)
    factories.a_project_at("submitted", owner=owner)
    tasks.tell_people()
    assert told(neighbour) == before
    assert told(owner) == ["project.submitted"]


def test_nothing_waits_for_what_was_rolled_back() -> None:
    project = factories.a_draft()
    PendingEvent.objects.all().delete()
    with pytest.raises(RuntimeError), transaction.atomic():
        audit.record("project.listed", by=None, subject=project)
        assert PendingEvent.objects.count() == 1
        raise RuntimeError
    assert not PendingEvent.objects.exists()


def test_words_are_kept_in_both_languages_and_the_mail_is_in_the_readers() -> None:
    owner = factories.a_user()
    User.objects.filter(pk=owner.pk).update(language="en")
    project = factories.a_project_at("submitted", owner=owner)
    tasks.tell_people()
    row = Notification.objects.get(recipient=owner)
    assert project.title_vi in row.subject_vi
    assert row.subject_vi.startswith("Đã nộp:")
    assert row.subject_en.startswith("Submitted:")
    mail = PendingMail.objects.get(to=owner.email)
    assert mail.subject == row.subject_en
    assert f"/en/{row.path}" in mail.text
    assert "/en/me/notices/settings/" in mail.text


def test_officers_get_one_digest_at_eight_with_everything_new(
    mailoutbox: Any,
) -> None:
    outbox = mailoutbox
    officer = factories.an_officer()
    for _number in range(3):
        factories.a_project_at("submitted")
    tasks.tell_people()
    assert not PendingMail.objects.filter(to=officer.email).exists()
    eight = _hours_until_eight(officer)
    set_demo_offset(eight)
    tasks.ask_for_digests()
    tasks.ask_for_digests()
    jobs.run_due_jobs()
    sent = [mail for mail in outbox if mail.to == [officer.email]]
    assert len(sent) == 1
    assert str(sent[0].body).count("· ") >= 3
    tasks.ask_for_digests()
    jobs.run_due_jobs()
    assert [mail.to for mail in outbox].count([officer.email]) == 1
    set_demo_offset(timedelta(0))


def _hours_until_eight(user: User) -> timedelta:
    from zoneinfo import ZoneInfo

    from django.utils import timezone

    now = timezone.now().astimezone(ZoneInfo(user.time_zone))
    target = now.replace(hour=8, minute=5)
    return target - now if target > now else target + timedelta(days=1) - now


def test_whoever_did_it_is_not_told_unless_it_is_a_receipt() -> None:
    owner = factories.a_user()
    project = factories.a_listed_project(owner=owner)
    projects.save_for_later(project, by=owner)
    tasks.tell_people()
    Notification.objects.all().delete()
    audit.record("project.suspended", by=owner, subject=project)
    tasks.tell_people()
    assert told(owner) == []


def test_a_closed_account_is_told_nothing() -> None:
    owner = factories.a_user()
    factories.a_project_at("submitted", owner=owner)
    User.objects.filter(pk=owner.pk).update(
        email=None, full_name="", is_active=False, closed_at="2026-01-01T00:00Z"
    )
    tasks.tell_people()
    assert told(owner) == []


def test_an_event_of_last_month_stands_on_the_page_and_is_not_mailed() -> None:
    owner = factories.a_user()
    set_demo_offset(timedelta(days=-30))
    factories.a_project_at("submitted", owner=owner)
    set_demo_offset(timedelta(0))
    tasks.tell_people()
    assert told(owner) == ["project.submitted"]
    assert not PendingMail.objects.filter(to=owner.email).exists()


def test_words_that_fail_are_tried_again_and_hold_up_nobody(monkeypatch: Any) -> None:
    owner = factories.a_user()
    project = factories.a_project_at("submitted", owner=owner)
    tasks.tell_people()
    audit.record("project.listed", by=None, subject=project)
    audit.record("project.frozen", by=None, subject=project)

    def broken(*_args: Any) -> Notice:
        raise ValueError("no words")

    good = entries.proposals.ENTRIES["project.listed"]
    monkeypatch.setitem(
        entries.proposals.ENTRIES, "project.listed", Entry(good.group, good.readers, broken)
    )
    tasks.tell_people()
    assert told(owner) == ["project.submitted", "project.frozen"]
    waiting = PendingEvent.objects.get()
    assert waiting.attempts == 1
    assert "no words" in waiting.last_error
    monkeypatch.undo()
    PendingEvent.objects.update(run_after="2020-01-01T00:00Z")
    tasks.tell_people()
    assert told(owner)[-1] == "project.listed"


def test_a_group_that_must_be_told_cannot_be_switched_off() -> None:
    user = factories.a_user()
    with pytest.raises(Invalid):
        actions.set_channel(user, by=user, group="proposals", channel="none")
    with pytest.raises(Invalid):
        actions.set_channel(user, by=user, group="nonsense", channel="none")
    with pytest.raises(NotAllowed):
        actions.set_channel(user, by=factories.a_user(), group="saved", channel="none")
    actions.set_channel(user, by=user, group="proposals", channel="digest")
    assert actions.channel_of(user, Group.PROPOSALS) == Channel.DIGEST


def test_the_link_of_a_mail_ends_that_kind_in_one_press(client: Client) -> None:
    user = factories.a_user()
    path = "/" + stop_link(user, Group.SAVED).split("/", 3)[3]
    assert client.get(path).status_code == 200
    assert actions.channel_of(user, Group.SAVED) == USUAL[Group.SAVED]
    assert client.post(path).status_code == 200
    assert actions.channel_of(user, Group.SAVED) == Channel.NONE


@pytest.mark.parametrize("token", ["x", "a:b:c", "%00", "é", "a" * 3000])
def test_a_link_that_was_tampered_with_changes_nothing(client: Client, token: str) -> None:
    user = factories.a_user()
    good = stop_link(user, Group.SAVED).rsplit("/", 2)[1]
    for bad in (token, good[:-2] + "xx"):
        assert client.post(f"/en/me/notices/stop/{bad}/").status_code in {404, 410}
    must = signing.dumps({"u": user.public_id, "g": "money"}, salt="notifications.stop")
    assert client.post(f"/en/me/notices/stop/{must}/").status_code == 410
    assert not user.notification_preferences.exists()


def test_the_pages_show_save_and_mark(client: Client) -> None:
    owner = factories.a_user()
    factories.a_project_at("submitted", owner=owner)
    tasks.tell_people()
    client.force_login(owner)
    page = client.get(reverse("notices:list"))
    assert "Đã nộp:" in strip_tags(page.content.decode()) or "Submitted:" in page.content.decode()
    client.post(reverse("notices:mark_read"), {"until": page.context["newest"]})
    assert not Notification.objects.filter(recipient=owner, read_at__isnull=True).exists()
    shown = client.get(reverse("notices:settings")).content.decode()
    assert 'name="office"' not in shown
    chosen = {"proposals": "digest", "saved": "none", "money": "at_once", "plans": "at_once"}
    assert client.post(reverse("notices:settings"), chosen).status_code == 302
    assert actions.channel_of(owner, Group.SAVED) == Channel.NONE
    bad = client.post(reverse("notices:settings"), chosen | {"money": "\x00"})
    assert bad.status_code == 400
    assert client.post(reverse("notices:mark_read"), {"until": "99999-99-99"}).status_code == 302


def test_a_page_of_notices_costs_the_same_at_two_and_at_thirty(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    owner = factories.a_user()
    project = factories.a_project_at("submitted", owner=owner)
    for _number in range(30):
        audit.record("project.frozen", by=None, subject=project)
    tasks.tell_people()
    client.force_login(owner)
    with django_assert_max_num_queries(5):
        client.get(reverse("notices:list"))


@pytest.mark.parametrize("code", sorted(entries.codes()))
def test_every_entry_has_words_in_both_languages(code: str) -> None:
    owner = factories.a_user()
    project = factories.a_listed_project(owner=owner)
    event = AuditEvent.objects.filter(subject_id=project.public_id).latest("id")
    for entry in entries.entries_of(code):
        assert entry.group in GROUP_WORDS
        if event.subject_type != "project" or not code.startswith("project."):
            continue
        said = {}
        for language in ("vi", "en"):
            with actions.override(language):
                notice = entry.words(actions.Happened(event, project), owner)
            assert notice is not None
            said[language] = notice
        assert said["vi"].lines != said["en"].lines or not said["vi"].lines
        assert said["vi"].subject != said["en"].subject
        assert "%(" not in said["vi"].subject + said["en"].subject


def test_the_trigger_and_not_a_call_is_what_remembers() -> None:
    project = factories.a_draft()
    PendingEvent.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_auditevent (code, actor, subject_type, subject_id, data, request_id) "
            "VALUES ('project.listed', '', 'project', %s, '{}', ''),"
            "       ('user.signed_in', '', 'user', 'usr_x', '{}', '')",
            [project.public_id],
        )
    assert [p.event.code for p in PendingEvent.objects.select_related("event")] == [
        "project.listed"
    ]


def test_a_question_is_told_to_the_owner_and_its_answer_to_who_asked() -> None:
    owner, asker = factories.a_user(), factories.a_user()
    project = factories.a_listed_project(owner=owner)
    tasks.tell_people()
    question = ask_question(project, by=asker, text="Pin dùng được mấy năm?", language="vi")
    tasks.tell_people()
    assert told(owner)[-1] == "question.asked"
    assert told(asker) == []
    answer_question(question, by=owner, answer="Năm năm.", language="vi")
    tasks.tell_people()
    assert told(asker) == ["question.answered"]

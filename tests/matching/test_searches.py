"""Kept searches and the mail of the morning: once each, only what is new, ended in one press."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from backend.accounts.models import User
from backend.core import jobs
from backend.core.clock import app_now, set_demo_offset
from backend.core.errors import Conflict, DomainError, Invalid, NotAllowed
from backend.home.account_actions import close_account
from backend.matching import actions
from backend.matching.actions import searches
from backend.matching.models import SavedSearch
from backend.projects.models import Project
from tests import factories

pytestmark = pytest.mark.django_db
QUERY = "field=open_innovation"


def a_reader(**fields: Any) -> User:
    return factories.a_user(is_demo=True, **fields)


def a_search(
    user: User, *, query: str = "field=open_innovation", alert: bool = True
) -> SavedSearch:
    return actions.keep_search(user, by=user, name="Của tôi", query=query, alert=alert)


def at_hour(hour: int) -> None:
    """Move the clock to that hour of today in the city (UTC+7)."""
    now = datetime.now(UTC)
    wanted = now.replace(hour=(hour - 7) % 24, minute=5)
    set_demo_offset(wanted - now)


def test_equal_filters_are_one_search_whatever_their_order() -> None:
    user = a_reader()
    a_search(user, query="technology=ai&field=open_innovation&ordering=title&cursor=x")
    a_search(user, query="field=open_innovation&technology=ai", alert=False)
    assert SavedSearch.objects.get().query == "field=open_innovation&technology=ai"


@pytest.mark.parametrize(
    "query", ["", "ordering=title", "field=nonsense", "max_ticket=1e309&currency=USD", "x" * 3000,
              "q=%00", "min_trl=99"],
)  # fmt: skip
def test_a_search_that_narrows_nothing_or_is_wrong_is_refused(query: str) -> None:
    user = a_reader()
    with pytest.raises(DomainError):
        a_search(user, query=query)
    assert not SavedSearch.objects.exists()


def test_names_numbers_and_other_people_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    user = a_reader()
    for name in ("", " ", "x" * 81):
        with pytest.raises(Invalid):
            actions.keep_search(user, by=user, name=name, query=QUERY, alert=False)
    with pytest.raises(NotAllowed):
        actions.keep_search(
            user, by=a_reader(), name="x", query="field=open_innovation", alert=False
        )
    monkeypatch.setattr(searches, "MOST_SEARCHES", 1)
    a_search(user)
    with pytest.raises(Conflict):
        a_search(user, query="field=smart_manufacturing")


def test_the_mail_tells_only_what_was_listed_since_and_only_once() -> None:
    user = a_reader(language="en")
    old = factories.a_listed_project(field="open_innovation")
    kept = a_search(user)
    new = factories.a_listed_project(field="open_innovation")
    factories.a_listed_project(field="smart_manufacturing")
    Project.objects.filter(pk=old.pk).update(listed_at=app_now() - timedelta(days=2))
    Project.objects.filter(pk=new.pk).update(listed_at=app_now() - timedelta(minutes=1))
    SavedSearch.objects.update(told_until=app_now() - timedelta(hours=1))
    assert actions.tell_new(kept.public_id, on="2026-11-26") == 1
    assert actions.tell_new(kept.public_id, on="2026-11-26") == 0
    assert actions.tell_new(kept.public_id, on="2026-11-27") == 0
    jobs.run_due_jobs()
    mine = [m for m in mail.outbox if m.to == [user.email]]
    assert len(mine) == 1
    text = str(mine[0].body)
    assert new.title_en in text
    assert old.title_en not in text
    assert "in one press" in text


def test_the_hour_is_the_persons_own_and_each_day_is_asked_for_once() -> None:
    here, there = a_reader(), a_reader(time_zone="America/Los_Angeles")
    a_search(here)
    a_search(there)
    a_search(a_reader(), alert=False)
    try:
        at_hour(7)
        assert actions.ask_for_news() == 1
        assert actions.ask_for_news() == 0
        at_hour(12)
        assert actions.ask_for_news() == 0
    finally:
        set_demo_offset(timedelta(0))


def test_nobody_without_a_confirmed_address_is_mailed() -> None:
    user = factories.a_user()
    kept = a_search(user)
    SavedSearch.objects.update(told_until=app_now() - timedelta(days=3))
    factories.a_listed_project(field="open_innovation")
    assert actions.tell_new(kept.public_id, on="2026-11-26") == 0


def test_one_press_ends_the_mails_without_signing_in(client: Client) -> None:
    kept = a_search(a_reader(language="en"))
    path = re.sub(r"^https?://[^/]+", "", actions.stop_link(kept))
    assert client.get(path).status_code == 200
    kept.refresh_from_db()
    assert kept.alert
    assert "no more of these mails" in client.post(path).content.decode()
    kept.refresh_from_db()
    assert not kept.alert
    assert client.get("/en/me/searches/stop/made-up/").status_code == 410


def test_the_pages_keep_list_switch_and_delete(client: Client) -> None:
    user = a_reader()
    client.force_login(user)
    listed = client.get("/en/projects/?field=open_innovation").content.decode()
    assert "/en/me/searches/new/?field=open_innovation" in listed
    page = client.get("/en/me/searches/new/?field=open_innovation").content.decode()
    assert "Open innovation" in page or "open innovation" in page
    assert "checked" not in page
    sent = {"query": "field=open_innovation", "name": "", "alert": "on"}
    assert client.post("/en/me/searches/new/", sent).status_code == 400
    client.post("/en/me/searches/new/", sent | {"name": "Mine"})
    kept = SavedSearch.objects.get()
    assert kept.alert
    assert "Mine" in client.get("/vi/me/searches/").content.decode()
    client.post(f"/en/me/searches/{kept.public_id}/alert/")
    kept.refresh_from_db()
    assert not kept.alert
    stranger = Client()
    stranger.force_login(a_reader())
    assert stranger.post(f"/en/me/searches/{kept.public_id}/drop/").status_code == 404
    client.post(f"/en/me/searches/{kept.public_id}/drop/")
    assert not SavedSearch.objects.exists()
    for query in ("", "field=%00", "q=" + "x" * 10_000):
        assert client.get(f"/en/me/searches/new/?{query}").status_code == 400


def test_searches_go_with_the_account() -> None:
    user = a_reader()
    a_search(user)
    close_account(user, by=user)
    assert not SavedSearch.objects.exists()

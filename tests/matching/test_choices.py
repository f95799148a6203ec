"""What a person decides about their list: dismissals, steering, variety; all of it on the pages."""

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.test import Client

from backend.accounts.models import InvestorProfile
from backend.core.errors import Conflict, Invalid, NotAllowed, NotFound
from backend.core.models import AuditEvent
from backend.home.account_actions import close_account
from backend.home.matching_pages import _outside_by_others
from backend.home.my_data import encode, record_of
from backend.home.vocabulary import vocabulary
from backend.matching import actions, queries
from backend.matching.models import Dismissal, ListSettings, Match
from backend.matching.queries import ListRules, RankedList
from tests import factories
from tests.matching.world import WHO, a_profile

pytestmark = pytest.mark.django_db


def first_of(profile: InvestorProfile) -> Any:
    stored = actions.list_for(profile.user, by=profile.user)
    return Match.objects.get(match_list=stored, position=1).project


def test_a_dismissed_project_leaves_only_that_persons_list(listed: list[Any]) -> None:
    me, other = a_profile(), a_profile()
    first = first_of(me)
    actions.dismiss_project(first, user=me.user, by=me.user, reason="ticket")
    stored = actions.list_for(me.user, by=me.user)
    assert not Match.objects.filter(match_list=stored, project=first).exists()
    assert first_of(other) == first
    actions.undo_dismissal(first, user=me.user, by=me.user)
    assert first_of(me) == first


def test_dismissing_twice_keeps_the_last_reason_and_tells_nobody_which(listed: list[Any]) -> None:
    me = a_profile()
    for reason in ("ticket", "ticket", "owner"):
        actions.dismiss_project(listed[0], user=me.user, by=me.user, reason=reason)
    assert Dismissal.objects.get().reason == "owner"
    events = AuditEvent.objects.filter(code="dismissal.made")
    assert events.count() == 2
    assert listed[0].public_id not in json.dumps([e.data for e in events])


@pytest.mark.parametrize("reason", ["", "paid", "x" * 10_000, "field\x00"])
def test_a_reason_that_is_none_is_refused(listed: list[Any], reason: str) -> None:
    me = a_profile()
    with pytest.raises(Invalid):
        actions.dismiss_project(listed[0], user=me.user, by=me.user, reason=reason)
    assert not Dismissal.objects.exists()


def test_nobody_dismisses_for_somebody_else_nor_what_is_not_public(listed: list[Any]) -> None:
    me = a_profile()
    with pytest.raises(NotAllowed):
        actions.dismiss_project(listed[0], user=me.user, by=factories.a_user(), reason="seen")
    with pytest.raises(NotFound):
        actions.dismiss_project(factories.a_draft(), user=me.user, by=me.user, reason="seen")


def test_dismissals_are_in_my_data_and_go_with_the_account(listed: list[Any]) -> None:
    me = a_profile().user
    actions.dismiss_project(listed[0], user=me, by=me, reason="place")
    assert "matching.Dismissal" in record_of(me)["tables"]
    assert listed[0].public_id in encode(record_of(me))
    close_account(me, by=me)
    assert not Dismissal.objects.exists()


def test_the_pages_leave_a_project_out_and_take_it_back(client: Client, listed: list[Any]) -> None:
    me = a_profile()
    client.force_login(me.user)
    first = first_of(me)
    page = client.get("/en/for-you/").content.decode()
    assert f"/en/me/dismissed/{first.public_id}/" in page
    assert client.post(f"/en/me/dismissed/{first.public_id}/").status_code == 400
    response = client.post(
        f"/en/me/dismissed/{first.public_id}/", {"reason": "instrument"}, follow=True
    )
    page = response.content.decode()
    assert "You left 1 project out" in page
    assert first.title_en not in page
    mine = client.get("/vi/me/dismissed/").content.decode()
    assert first.title_vi in mine
    assert "không muốn góp theo hình thức này" in mine
    client.post(f"/en/me/dismissed/{first.public_id}/undo/")
    assert first.title_en in client.get("/en/for-you/").content.decode()


def test_hiding_leads_back_to_the_list_of_an_address_also_without_a_profile(
    client: Client, listed: list[Any]
) -> None:
    client.force_login(factories.a_user())
    address = "/en/for-you/?fields=smart_manufacturing"
    first = client.get(address).context["rows"][0][0].project
    path = f"/en/me/dismissed/{first.public_id}/"
    page = client.get(path, headers={"Referer": f"http://testserver{address}"}).content.decode()
    assert f'name="next" value="{address}"' in page
    after = client.post(path, {"reason": "seen", "next": address}, follow=True)
    assert after.redirect_chain == [(address, 302)]
    assert first.pk not in {match.project.pk for match, _card in after.context["rows"]}
    for elsewhere in ("https://example.com/en/for-you/", "/en/me/data/", "\x00"):
        assert client.post(path, {"reason": "seen", "next": elsewhere}).url == "/en/for-you/"


def test_the_project_page_names_the_place_among_what_the_list_holds(
    client: Client, listed: list[Any]
) -> None:
    me = a_profile()
    client.force_login(me.user)
    first, second = [p.project for p in queries.preview(WHO, limit=2).places]
    path = f"/en/projects/{second.slug}/"
    assert "stands at place 2 of 12" in client.get(path).content.decode()
    actions.dismiss_project(first, user=me.user, by=me.user, reason="seen")
    assert "stands at place 1 of 11" in client.get(path).content.decode()


def test_steering_of_a_member_sorts_at_once_and_stays(client: Client, listed: list[Any]) -> None:
    me = a_profile()
    client.force_login(me.user)
    sent = {"w_field": "off", "w_stage": "more", "variety": "high", "floor": "off", "steer": "1"}
    page = client.post("/en/me/steering/", sent, follow=True).content.decode()
    assert "These settings stay" in page
    assert "3 changes" not in page
    assert "4 changes" in page
    assert "<b>Variety</b> much" in page
    me.refresh_from_db()
    assert me.weights == {"field": "off", "stage": "more"}
    kept = ListSettings.objects.get(user=me.user)
    assert (kept.variety, kept.with_floor, kept.explore) == ("high", False, True)
    stored = actions.list_for(me.user, by=me.user)
    assert stored.weights == me.weights
    assert all("field" not in m.points for m in Match.objects.filter(match_list=stored))
    assert all(sum(m.points.values()) == m.score for m in Match.objects.filter(match_list=stored))
    client.post("/en/me/steering/", {})
    me.refresh_from_db()
    assert me.weights == {}
    assert ListSettings.objects.get(user=me.user).variety == "low"


def test_an_address_may_set_back_to_normal_what_is_kept(client: Client, listed: list[Any]) -> None:
    me = a_profile(weights={"field": "off"})
    client.force_login(me.user)
    assert "You changed" in client.get("/en/for-you/").content.decode()
    assert "You changed" not in client.get("/en/for-you/?w_field=normal").content.decode()


def test_a_visitor_sets_everything_back_and_keeps_the_answers(
    client: Client, listed: list[Any]
) -> None:
    asked = "/en/for-you/?fields=smart_manufacturing&w_field=off&variety=high&floor=off&steer=1"
    page = client.get(asked)
    assert "<b>Variety</b> much" in page.content.decode()
    back = page.context["normal_url"]
    assert back == "?fields=smart_manufacturing"
    assert f'href="{back}">Set everything back' in page.content.decode()
    assert "You changed" not in client.get(f"/en/for-you/{back}").content.decode()


def test_steering_without_answers_or_for_others_is_refused(listed: list[Any]) -> None:
    user = factories.a_user()
    with pytest.raises(Conflict):
        actions.keep_steering(user, {}, ListRules(), by=user, vocabulary=vocabulary())
    me = a_profile().user
    with pytest.raises(NotAllowed):
        actions.keep_steering(me, {}, ListRules(), by=user, vocabulary=vocabulary())
    with pytest.raises(Invalid):
        rules = ListRules(variety="most")
        actions.keep_steering(me, {}, rules, by=me, vocabulary=vocabulary())


def test_variety_moves_marked_places_and_changes_no_score(listed: list[Any]) -> None:
    plain = queries.preview(WHO, limit=12)
    varied = queries.preview(WHO, limit=12, rules=ListRules(variety="high"))
    scores = {p.project.pk: p.score for p in plain.places}
    assert {p.project.pk: p.score for p in varied.places} == scores
    moved = [p for p in varied.places if p.moved_by]
    assert moved
    assert {p.moved_by for p in moved} == {"variety"}
    where = {p.project.pk: p.position for p in plain.places}
    assert all(p.position < where[p.project.pk] for p in moved)


@pytest.mark.parametrize("query", [
    "fields=smart_manufacturing&steer=1&variety=x&w_field=never&page=99999999",
    "fields=smart_manufacturing&steer=%00&variety=%ED%A0%80&w_ticket=off",
    "fields=nothing&amount=1e309&currency=USD",
])  # fmt: skip
def test_a_strange_address_is_a_page_or_a_sentence(
    client: Client, listed: list[Any], query: str
) -> None:
    assert client.get(f"/vi/for-you/?{query}").status_code in {200, 400}


def test_similar_projects_name_what_they_share(client: Client, listed: list[Any]) -> None:
    page = client.get(f"/en/projects/{listed[0].slug}/").content.decode()
    assert "Similar projects" in page
    from backend.matching.similar import similar_to

    found = similar_to(listed[0], "en")
    assert 0 < len(found) <= 3
    for other in found:
        assert other.project.pk != listed[0].pk
        assert {fact.factor for fact in other.shared} & {"field", "technology"}


def test_a_members_list_stays_cheap_to_show(client: Client, listed: list[Any]) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    me = a_profile()
    client.force_login(me.user)
    client.get("/en/for-you/")
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/en/for-you/").status_code == 200
    # Session, person, profile, settings, dismissals, choices, the list and its view, saved, cards.
    assert len(asked) <= 17


def test_a_list_says_when_the_choices_of_others_lead_outside_the_fields() -> None:
    def place(position: int, field: int, others: int, moved_by: str = "") -> Any:
        reasons = [
            SimpleNamespace(factor="field", is_mismatch=not field),
            SimpleNamespace(factor="people_like_you", is_mismatch=not others),
        ]
        return SimpleNamespace(position=position, reasons=reasons, moved_by=moved_by)

    def counted(*places: Any) -> int:
        return _outside_by_others(cast(RankedList, SimpleNamespace(places=places)))

    inside, outside, alone = place(1, 1, 1), place(2, 0, 1), place(3, 0, 0)
    assert counted(inside, inside, outside) == 1
    assert counted(inside, inside, inside, outside) == 0
    assert counted(inside, alone, alone) == 0
    assert counted(inside, inside, place(3, 0, 1, "exploration")) == 0

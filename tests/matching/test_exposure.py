"""Who is seen: counting, what is owed, the places that are given, the report, the city's rule."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backend.accounts.answers import Answers
from backend.core import jobs
from backend.core.clock import app_now, city_day
from backend.core.errors import Invalid, NotAllowed
from backend.core.models import AuditEvent
from backend.matching import actions, exposure, queries
from backend.matching.exposure import Seen, missing_shares, reached
from backend.matching.models import ExposureCount, ExposurePolicy, ListView, Match
from backend.matching.moving import FLOOR_AT, floor_draws
from backend.matching.queries import PAGE_RULES, ListRules
from backend.projects import taxonomy
from tests import factories
from tests.matching.world import WHO, a_market, a_profile
from tests.reviews.desk import sign_in

pytestmark = pytest.mark.django_db


def test_views_of_members_and_guests_are_counted_by_place(
    client: Client, listed: list[Any]
) -> None:
    client.get("/en/for-you/?fields=smart_manufacturing")
    client.force_login(a_profile().user)
    client.get("/en/for-you/")
    client.get("/en/for-you/")
    exposure.flush_views()
    by_surface = {row.surface: row.views for row in ExposureCount.objects.filter(place=1)}
    assert by_surface == {"guest": 1, "member": 2}
    assert ExposureCount.objects.filter(surface="member").count() == len(listed)
    assert ListView.objects.get().times == 2
    names = {field.name for field in ExposureCount._meta.get_fields()}
    assert names == {"id", "day", "project", "surface", "place", "moved_by", "views"}


def test_counting_again_adds_and_a_project_that_is_gone_is_skipped(listed: list[Any]) -> None:
    day = queries.today()
    for _round in range(2):
        exposure.count_views([(listed[0].pk, 1, ""), (10**12, 2, "")], day=day, surface="guest")
        exposure.flush_views()
    assert ExposureCount.objects.get().views == 2


def test_what_is_missing_is_measured_against_an_even_share() -> None:
    day = timezone.localdate()
    seen = Seen(day, day, {1: 100, 2: 100, 3: 10, 4: 0})
    missing = missing_shares(seen, 40)
    assert set(missing) == {3, 4}
    assert missing[4] > missing[3] > 0
    assert reached(seen, 40) == 2
    assert set(missing_shares(Seen(day, day, {1: 0, 2: 0}), 40)) == {1, 2}
    assert missing_shares(seen, 0) == {}


def test_draws_follow_what_is_missing_and_not_the_order_of_listings() -> None:
    owed = [(f"prj_{n}", 0.4 if n < 5 else 0.04) for n in range(50)]
    rows = {key: n for n, (key, _missing) in enumerate(owed)}
    first = [floor_draws(owed, rows.get, f"p{i}", "2026-11-26")[0] for i in range(400)]
    assert sum(row < 5 for row in first) > 140
    again = floor_draws(list(reversed(owed)), rows.get, "p1", "2026-11-26")
    assert again == floor_draws(owed, rows.get, "p1", "2026-11-26")


def test_floor_places_are_marked_keep_their_score_and_can_be_switched_off(rates: None) -> None:
    a_market(26)
    assert actions.measure_exposure() is not None
    exposure.forget_reading()
    plain = queries.preview(WHO, limit=26)
    shown = queries.preview(WHO, limit=20, rules=ListRules(with_floor=True))
    moved = [p for p in shown.places if p.moved_by == "floor"]
    assert {p.position for p in moved} == set(FLOOR_AT[:2])
    scores = {p.project.pk: p.score for p in plain.places}
    assert all(scores[p.project.pk] == p.score for p in shown.places)
    assert all(sum(r.points for r in p.reasons) == p.score for p in shown.places)
    assert len({p.project.pk for p in shown.places}) == 20
    page = Client().get("/en/for-you/?fields=smart_manufacturing").content.decode()
    assert "Shown here so that every project is seen" in page
    off = Client().get("/en/for-you/?fields=smart_manufacturing&steer=1&floor=off").content.decode()
    assert "Shown here so that every project is seen" not in off


def test_pages_of_a_list_with_moved_places_hold_every_project_once(rates: None) -> None:
    a_market(26)
    actions.measure_exposure()
    exposure.forget_reading()
    rules = ListRules(explore=True, with_floor=True, variety="medium")
    ids = [
        p.project.pk
        for offset in (0, 20)
        for p in queries.preview(WHO, limit=20, offset=offset, rules=rules).places
    ]
    assert len(ids) == len(set(ids)) == 26


@pytest.mark.slow
def test_night_by_night_every_listed_project_gets_its_floor(rates: None) -> None:
    """Six kinds of people alone would never meet a third of the list. Four places of twenty can
    carry that many to their floor; the two of the first rule would need fewer that wait."""
    projects = a_market(40)
    ExposurePolicy.objects.update(places=4)
    people = [
        Answers(fields=(field,), stages=(stage,), instruments=("contribution",))
        for field in taxonomy.keys("field")[:2]
        for stage in (7, 8, 9)
    ]
    day = queries.today()
    without = None
    for night in range(6):
        for who in people:
            for visit in range(20):
                ranked = queries.preview(
                    who, limit=20, rules=PAGE_RULES, seed=f"{who.stages} {visit} {night}"
                )
                exposure.count_views(
                    [(p.project.pk, p.position, p.moved_by) for p in ranked.places],
                    day=day, surface="guest",
                )  # fmt: skip
        exposure.flush_views()
        reading = actions.measure_exposure()
        exposure.forget_reading()
        assert reading is not None
        without = reading.reached if without is None else without
    assert without is not None
    assert reading.reached >= 0.9 * len(projects) > without
    # Also what fits nobody had its turns.
    assert min(exposure.first_page_views(day, 30).views.values()) > 0


def test_the_citys_rule_is_data_that_a_lead_sets(rates: None) -> None:
    lead = factories.an_officer("lead")
    rule: dict[str, Any] = {
        "floor_percent": 50,
        "places": 3,
        "window_days": 14,
        "source_vi": "Quyết định thử",
        "source_en": "A test decision",
        "in_force_from": timezone.now() - timedelta(minutes=1),
    }
    with pytest.raises(NotAllowed):
        actions.set_exposure_policy(by=factories.an_officer(), **rule)
    for name, value in (("floor_percent", 91), ("places", 5), ("window_days", 0),
                        ("source_en", " ")):  # fmt: skip
        with pytest.raises(Invalid):
            actions.set_exposure_policy(by=lead, **rule | {name: value})
    assert ExposurePolicy.objects.count() == 1
    factories.a_listed_project()
    actions.measure_exposure()
    actions.set_exposure_policy(by=lead, **rule)
    assert "had reached it" not in Client().get("/en/about/ranking/").content.decode()
    jobs.run_due_jobs()
    exposure.forget_reading()
    reading = exposure.current_reading()
    assert reading is not None
    assert reading.policy.floor_percent == 50
    page = Client().get("/en/about/ranking/").content.decode()
    assert "at least 50% of an even share" in page
    assert "A test decision" in page
    assert "had reached it" in page
    assert "Their places: 7, 13, 17." in page


def test_without_a_rule_nothing_is_owed(listed: list[Any]) -> None:
    ExposurePolicy.objects.all().delete()
    assert actions.measure_exposure() is None
    assert (
        "Shown here so that"
        not in Client().get("/en/for-you/?fields=smart_manufacturing").content.decode()
    )
    assert Client().get("/vi/about/ranking/").status_code == 200


def test_a_stored_list_names_the_reading_and_replays_with_it(rates: None) -> None:
    a_market(24)
    actions.measure_exposure()
    exposure.forget_reading()
    me = a_profile().user
    stored = actions.list_for(me, by=me)
    assert stored.reading is not None
    places = Match.objects.filter(match_list=stored).order_by("position")
    shown = list(places.values_list("project__public_id", "score", "moved_by"))
    assert {"floor"} <= {rule for _id, _score, rule in shown}
    ExposureCount.objects.all().delete()
    actions.measure_exposure()
    exposure.forget_reading()
    assert actions.replay(stored) == shown


def test_the_ranking_page_has_factors_run_and_report(client: Client, learnt: Any) -> None:
    client.get("/en/for-you/?fields=smart_manufacturing")
    exposure.flush_views()
    for language in ("vi", "en"):
        response = client.get(f"/{language}/about/ranking/")
        assert response.status_code == 200
        points = [row[3] for row in response.context["factors"]]
        assert sum(points) == 100
        assert response.context["seen"].views > 0
        assert learnt.public_id in response.content.decode()
    rows = client.get("/en/about/ranking/exposure.csv").content.decode("utf-8-sig").splitlines()
    assert rows[0].startswith("by,group,projects")
    assert len(rows) > 2


def test_past_lists_are_made_again_for_their_person_only(client: Client, listed: list[Any]) -> None:
    me, other = a_profile().user, a_profile().user
    client.force_login(me)
    client.get("/en/for-you/")
    stored = me.match_lists.get()
    assert stored.public_id in client.get("/en/me/lists/").content.decode()
    page = client.get(f"/en/me/lists/{stored.public_id}/").content.decode()
    assert "all 12 places are the same" in page
    client.force_login(other)
    assert client.get(f"/en/me/lists/{stored.public_id}/").status_code == 404


def test_a_lead_writes_a_new_floor_on_the_page_and_nobody_else(rates: None) -> None:
    lead, other = factories.an_officer("lead"), factories.an_officer("case_officer")
    path = "/en/office/rules/exposure/"
    rule = {
        "floor_percent": "50", "places": "3", "window_days": "14", "source_vi": "Quyết định thử",
        "source_en": "A test decision", "starts": city_day(app_now()).isoformat(),
    }  # fmt: skip
    assert sign_in(other).post(path, rule).status_code in {400, 403}
    desk = sign_in(lead)
    for name, value in (
        ("floor_percent", "1e9"), ("floor_percent", "91"), ("places", "\x00"), ("window_days", ""),
        ("source_vi", "x" * 301), ("starts", "2020-01-01"), ("starts", "soon"),
    ):  # fmt: skip
        page = desk.post(path, rule | {name: value})
        assert page.status_code == 400, name
        assert "There is a problem" in page.content.decode()
        assert 'value="A test decision"' in page.content.decode()
    assert ExposurePolicy.objects.count() == 1
    assert desk.post(path, rule).status_code == 302
    assert ExposurePolicy.objects.order_by("-in_force_from")[0].floor_percent == 50
    assert AuditEvent.objects.filter(code="exposure_policy.set").count() == 1
    assert "A test decision" in desk.get(path).content.decode()

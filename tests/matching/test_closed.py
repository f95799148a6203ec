"""What takes nothing any more stands after what does: lists, tables, alerts, similar ones."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backend.funding.actions import rounds
from backend.matching import actions, catalogue, exposure, queries
from backend.matching.actions.searches import new_in
from backend.matching.models import CatalogueSnapshot, Match
from backend.matching.queries import PAGE_RULES
from backend.matching.similar import similar_to
from backend.projects.models import Project
from tests import factories
from tests.matching.world import WHO, a_market, a_profile, every_kind

pytestmark = pytest.mark.django_db
FITS = {
    "field": "smart_manufacturing", "technologies": ["iot_sensors"], "instrument": "contribution",
    "horizon_months": 12, "trl": 6,
}  # fmt: skip


@pytest.fixture
def market() -> list[Project]:
    """Twelve projects; the first fits WHO best of all, and its round is open."""
    factories.some_rates()
    made = a_market(12, lambda n: FITS if n == 0 else every_kind(n))
    lead = factories.an_officer("lead")
    rounds.open_round(made[0], by=lead, closes_at=timezone.now() + timedelta(days=30))
    return made


def close(project: Project) -> None:
    round_ = project.rounds.get()
    rounds.cancel_round(round_, by=factories.an_officer("lead"), reason="a test")
    catalogue.forget_catalogue()


def order(**how: Any) -> list[tuple[int, int, str]]:
    return [
        (p.project.pk, p.score, p.moved_by) for p in queries.preview(WHO, limit=12, **how).places
    ]


def test_a_closed_round_goes_behind_with_its_points_and_comes_back(market: list[Project]) -> None:
    best, before = market[0], order()
    assert before[0][0] == best.pk
    close(best)
    after = order()
    assert after == [*before[1:], (best.pk, before[0][1], "closed")]
    by_rules = order(rules=PAGE_RULES)
    assert by_rules[-1] == after[-1]
    assert {row[0] for row in by_rules} == {row[0] for row in before}
    rounds.open_round(
        best, by=factories.an_officer("lead"), closes_at=timezone.now() + timedelta(days=30)
    )
    catalogue.forget_catalogue()
    assert order() == before


def test_pages_of_a_list_meet_where_the_closed_ones_begin(market: list[Project]) -> None:
    close(market[0])
    whole = [p.project.pk for p in queries.preview(WHO, limit=12).places]
    for size in (5, 11):
        pages = [queries.preview(WHO, limit=size, offset=n) for n in range(0, 15, size)]
        assert [p.project.pk for page in pages for p in page.places] == whole
        assert {page.total for page in pages} == {12}


def test_a_round_that_closes_is_seen_without_any_edit(market: list[Project]) -> None:
    catalogue.current_catalogue()
    version = catalogue.newest_catalogue().version
    with factories.days_later(31):
        assert rounds.close_round(market[0].rounds.get())
        now = catalogue.newest_catalogue()
    assert now.version != version
    assert [now.project_ids[row] for row in now.closed_rows.tolist()] == [market[0].pk]


def test_the_project_page_names_the_place_that_the_list_has(market: list[Project]) -> None:
    close(market[0])
    last = queries.explain_for(WHO, market[0])
    first = queries.explain_for(WHO, queries.preview(WHO, limit=1).places[0].project)
    assert last is not None
    assert first is not None
    assert (last.place.position, last.total, last.is_closed) == (12, 12, True)
    assert (first.place.position, first.total, first.is_closed) == (1, 12, False)
    page = Client().get(f"/en/projects/{market[0].slug}/?fields=smart_manufacturing")
    assert "Its round is closed, so it stands after" in page.content.decode()


def test_a_stored_list_replays_whether_made_before_or_after(market: list[Project]) -> None:
    me = a_profile().user
    before = actions.list_for(me, by=me)
    close(market[0])
    after = actions.list_for(me, by=me)
    assert after != before
    for stored, place in ((before, 1), (after, 12)):
        shown = list(
            Match.objects.filter(match_list=stored).order_by("position")
            .values_list("project__public_id", "score", "moved_by")
        )  # fmt: skip
        assert actions.replay(stored) == shown
        assert shown[place - 1][0] == market[0].public_id
    assert CatalogueSnapshot.objects.count() == 2


def test_the_page_has_closed_rounds_under_their_own_heading(
    client: Client, market: list[Project]
) -> None:
    close(market[0])
    page = client.get("/en/for-you/?fields=smart_manufacturing").content.decode()
    head = page.index("Their round is closed")
    assert head < page.index(market[0].title_en)
    assert '<ol class="cards" start="12">' in page
    assert "Đợt góp đã đóng" in client.get("/vi/for-you/?fields=open_innovation").content.decode()
    about = client.get("/en/about/ranking/").content.decode()
    assert 'id="closed"' in about


def test_a_closed_round_is_owed_no_views_and_takes_no_kept_place(market: list[Project]) -> None:
    close(market[0])
    reading = actions.measure_exposure()
    assert reading is not None
    assert reading.listed == 11
    assert market[0].public_id not in dict(reading.owed)
    assert market[0].pk not in exposure.first_page_views(queries.today(), 30).views


def test_similar_projects_and_alerts_leave_it_behind(market: list[Project]) -> None:
    twin = market[5]
    found = [s.project.pk for s in similar_to(twin, "en", 11)]
    assert market[0].pk in found
    me = a_profile().user
    kept = actions.keep_search(me, by=me, name="all", query="field=smart_manufacturing", alert=True)
    market[0].refresh_from_db()
    assert market[0].listed_at is not None
    kept.told_until = market[0].listed_at - timedelta(days=9)
    until = market[0].listed_at + timedelta(seconds=1)
    told = [p.pk for p in new_in(kept, until=until)]
    assert market[0].pk in told
    close(market[0])
    again = similar_to(twin, "en", 11)
    assert [s.project.pk for s in again if s.is_closed] == [market[0].pk]
    assert again[-1].project.pk == market[0].pk
    left = [p.pk for p in new_in(kept, until=until)]
    assert left == [pk for pk in told if pk != market[0].pk]

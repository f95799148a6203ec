"""What a person saved, pledged to or left out moves their own list, at once and explained."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from django.test import Client

from backend.accounts.models import User
from backend.matching import actions, queries
from backend.matching.models import Match, MatchList, MatchRun
from backend.matching.own import own_choices
from backend.projects import actions as projects
from backend.projects.models import Project
from backend.remittances.candidates import Candidate, _by_fit
from backend.remittances.models import PlanRun, RemittancePlan
from tests.matching.world import WHO, a_profile

pytestmark = pytest.mark.django_db


def shown(stored: MatchList) -> list[tuple[str, int, str]]:
    places = Match.objects.filter(match_list=stored).order_by("position")
    return list(places.values_list("project__public_id", "score", "moved_by"))


def of_field(field: str) -> list[Project]:
    return list(Project.objects.filter(status="listed", field=field).order_by("pk"))


def mean_place(user: User, field: str, without: Project) -> float:
    """Where the other projects of a field stand in the person's list, on the average."""
    keys = [key for key, _score, _rule in shown(actions.list_for(user, by=user))]
    wanted = {p.public_id for p in of_field(field)} - {without.public_id}
    return float(np.mean([place for place, key in enumerate(keys) if key in wanted]))


def test_a_save_moves_the_own_list_at_once_and_taking_it_back_undoes_it(served: MatchRun) -> None:
    me, other = a_profile().user, a_profile().user
    theirs = shown(actions.list_for(other, by=other))
    before = shown(actions.list_for(me, by=me))
    saved = of_field("pilot_mechanism")[0]
    place = mean_place(me, "pilot_mechanism", saved)
    projects.save_for_later(saved, by=me)
    stored = actions.list_for(me, by=me)
    assert stored.choices is not None
    assert stored.choices["number"] == 1
    assert shown(stored) != before
    assert mean_place(me, "pilot_mechanism", saved) <= place
    assert actions.list_for(me, by=me) == stored
    assert shown(actions.list_for(other, by=other)) == theirs
    projects.drop_from_saved(saved, by=me)
    assert shown(actions.list_for(me, by=me)) == before


def test_a_list_is_made_again_from_its_own_inputs_alone(served: MatchRun) -> None:
    me = a_profile().user
    plain = actions.list_for(me, by=me)
    first = of_field("pilot_mechanism")[0]
    projects.save_for_later(first, by=me)
    stored = actions.list_for(me, by=me)
    left = of_field("open_innovation")[0]
    actions.dismiss_project(left, user=me, by=me, reason="field")
    dismissed = actions.list_for(me, by=me)
    assert dismissed.choices is not None
    assert dismissed.choices["refused"] == {"field:open_innovation": 1.0}
    lists = {row.pk: shown(row) for row in (plain, stored, dismissed)}
    projects.drop_from_saved(first, by=me)
    actions.undo_dismissal(left, user=me, by=me)
    for pk, places in lists.items():
        assert actions.replay(MatchList.objects.get(pk=pk)) == places


def test_the_reason_counts_facts_in_both_languages_and_adds_up(served: MatchRun) -> None:
    me = a_profile().user
    two = of_field("pilot_mechanism")[:2]
    for project in two:
        projects.save_for_later(project, by=me)
    chosen = own_choices(me, queries.today())
    for language, words in (("en", "of 2 projects that you chose: 2 "),
                            ("vi", "trong 2 dự án bạn đã chọn: 2 ")):  # fmt: skip
        found = queries.explain_for(WHO, two[0], language=language, chosen=chosen)
        assert found is not None
        reasons = {r.factor: r for r in found.place.reasons}
        assert words in reasons["your_choices"].you
        assert reasons["your_choices"].project
        assert sum(r.points for r in found.place.reasons) == found.place.score
        assert sum(r.max_points for r in found.place.reasons) == 100
    plain = queries.explain_for(WHO, two[0])
    assert plain is not None
    assert "your_choices" not in {r.factor for r in plain.place.reasons}
    assert sum(r.max_points for r in plain.place.reasons) == 100


def test_a_changed_answer_leaves_the_factor_alone(served: MatchRun) -> None:
    me = a_profile().user
    projects.save_for_later(of_field("pilot_mechanism")[0], by=me)
    chosen = own_choices(me, queries.today())
    for project in of_field("open_innovation"):
        points = []
        for who in (WHO, replace(WHO, horizon_months=2)):
            found = queries.explain_for(who, project, chosen=chosen)
            assert found is not None
            points.append({r.factor: r.points for r in found.place.reasons})
        moved = {key for key in points[0] if abs(points[0][key] - points[1][key]) > 1}
        assert moved <= {"horizon", "people_like_you"}


def test_the_pages_and_the_api_show_it_and_steer_it(client: Client, served: MatchRun) -> None:
    me = a_profile().user
    client.force_login(me)
    assert "What you chose" not in client.get("/en/for-you/").content.decode()
    for project in of_field("smart_manufacturing"):
        projects.save_for_later(project, by=me)
    page = client.get("/en/for-you/").content.decode()
    assert 'name="w_your_choices"' in page
    assert "Điều bạn đã chọn" in client.get("/vi/for-you/").content.decode()
    body = client.get("/api/v1/me/matches/?as_page=1").json()
    listed: list[dict[str, Any]] = body["results"]
    kept = [(row["project"]["id"], row["score"], row["moved_by"]) for row in listed]
    assert kept == shown(me.match_lists.order_by("-id")[0])[: len(kept)]
    assert all(r["you"] for row in listed for r in row["reasons"] if r["factor"] == "your_choices")
    about = client.get("/en/about/ranking/")
    assert ("What you chose", 20) in {
        (row[0].capitalize(), row[3]) for row in about.context["factors"]
    }
    client.post("/en/me/steering/", {"w_your_choices": "off", "steer": "1"})
    me = User.objects.get(pk=me.pk)
    off = actions.list_for(me, by=me)
    assert not any("your_choices" in m.points for m in off.matches.all())


def test_a_guest_has_no_such_factor(client: Client, served: MatchRun) -> None:
    page = client.get("/en/for-you/?fields=smart_manufacturing").content.decode()
    assert "w_your_choices" not in page
    asked = {"fields": ["smart_manufacturing"], "limit": 3}
    reply = client.post("/api/v1/matches/preview/", asked, "application/json")
    assert reply.status_code == 200
    assert "your_choices" not in reply.content.decode()


def test_a_redirect_plan_follows_the_same_order(served: MatchRun) -> None:
    me = a_profile().user
    projects.save_for_later(of_field("pilot_mechanism")[0], by=me)
    left = of_field("smart_manufacturing")[0]
    actions.dismiss_project(left, user=me, by=me, reason="field")
    chosen, hidden = own_choices(me, queries.today()), queries.hidden_of(me)
    run = PlanRun(plan=RemittancePlan(investor=me))
    mine = queries.preview(WHO, limit=20, hidden=hidden, chosen=chosen).places
    assert _by_fit(Candidate(run, WHO, {}, chosen)) == [(p.project.pk, p.score) for p in mine]
    assert left.pk not in {p.project.pk for p in mine}


def test_the_nightly_order_is_that_of_the_list(served: MatchRun) -> None:
    me = a_profile().user
    projects.save_for_later(of_field("pilot_mechanism")[0], by=me)
    stored = shown(actions.list_for(me, by=me))
    batch = actions.start_batch()
    for number in range(len(batch.blocks)):
        actions.rank_block(batch, number)
    row = batch.rows.get(user=me)
    keys = dict(Project.objects.values_list("pk", "public_id"))
    assert [keys[pk] for pk in row.projects] == [key for key, _s, _m in stored][: len(row.projects)]

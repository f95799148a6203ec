"""Worlds that are nearly empty, keys that nobody knows, artifacts that cannot be read: the list is
ranked by rules, with the sentence that says so, and never a traceback."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from backend.accounts.answers import Answers
from backend.accounts.models import InvestorProfile
from backend.matching import actions, catalogue, exposure, population, queries, runs
from backend.matching.dataset import read_dataset
from backend.matching.engine import artifact
from backend.matching.engine.schema import FEATURE_VERSION
from backend.matching.models import MatchRun
from backend.matching.own import own_choices
from backend.projects import actions as projects
from backend.projects.models import Project, SavedProject
from tests import factories
from tests.matching.world import WHO, a_profile

pytestmark = pytest.mark.django_db
SENTENCE = {"en": "Ranked by rules", "vi": "Xếp theo quy tắc"}
PATH = "for-you/?fields=smart_manufacturing&instruments=contribution"


def test_with_no_project_at_all_pages_say_so() -> None:
    for language in ("vi", "en"):
        for path in (PATH, "about/ranking/", "about/ranking/exposure.csv"):
            assert Client().get(f"/{language}/{path}").status_code == 200
    assert queries.preview(WHO).places == ()
    assert actions.train_run() is None
    assert actions.measure_exposure() is not None
    batch = actions.start_batch()
    assert batch.people == 0
    assert batch.finished_at is not None


def test_with_one_project_one_person_and_no_choice(rates: None) -> None:
    project = factories.a_listed_project()
    me = a_profile().user
    stored = actions.list_for(me, by=me)
    assert [m.project_id for m in stored.matches.all()] == [project.pk]
    assert actions.replay(stored)[0][0] == project.public_id
    assert actions.train_run() is None
    batch = actions.start_batch()
    assert actions.rank_block(batch, 0) == 1
    actions.dismiss_project(project, user=me, by=me, reason="seen")
    client = Client()
    client.force_login(me)
    assert client.get("/en/for-you/").status_code == 200


def test_a_profile_without_answers_is_asked_for_some(listed: list[Any]) -> None:
    user = factories.a_user()
    InvestorProfile.objects.create(user=user)
    client = Client()
    client.force_login(user)
    page = client.get("/en/for-you/").content.decode()
    assert "Your profile has no answers yet" in page


def test_keys_that_nobody_knows_are_missing_values(listed: list[Any]) -> None:
    Project.objects.filter(pk=listed[0].pk).update(
        field="never_seen", technologies=["x"], instrument="barter", place_code="00000"
    )
    odd = replace(WHO, fields=("gone",), technologies=("gone", "iot_sensors"), country="ZZ")
    ranked = queries.preview(odd, limit=12)
    assert len(ranked.places) == 12
    assert all(sum(r.points for r in p.reasons) == p.score for p in ranked.places)


def test_sums_and_times_beyond_reason_rank(listed: list[Any]) -> None:
    for odd in (
        Answers(budget_minor=10**15, budget_currency="VND"),
        Answers(budget_minor=1, budget_currency="JPY"),  # no rate
        Answers(horizon_months=600),
        Answers(stages=tuple(range(1, 10))),
    ):
        ranked = queries.preview(odd, limit=3)
        assert all(0 <= p.score <= 100 for p in ranked.places)


def broken(run: MatchRun, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytes(run.artifact)
    match how:
        case "missing":
            MatchRun.objects.update(artifact=b"")
        case "cut":
            MatchRun.objects.update(artifact=data[: len(data) // 3])
        case "other bytes":
            MatchRun.objects.update(artifact=b"PK\x03\x04" + bytes(range(256)) * 40)
        case "other schema":
            monkeypatch.setattr("backend.matching.engine.artifact.SCHEMA_VERSION", 99)
        case "other taxonomy":
            MatchRun.objects.update(feature_version="2020-01/00000000")
        case "a byte":
            middle = len(data) // 2  # inside what zlib packed
            MatchRun.objects.update(artifact=data[:middle] + b"\xff\x00\xff" + data[middle + 3 :])
        case "no numbers":
            MatchRun.objects.update(artifact=rewritten(data, coefficients=np.full(11, np.nan)))
        case "too many points":
            MatchRun.objects.update(artifact=rewritten(data, max_points=np.full(11, 50)))
        case "tastes of other facts":
            lift = artifact.load(data)[0].lift
            wide = np.concatenate([lift, lift], axis=1)
            MatchRun.objects.update(artifact=rewritten(data, lift=wide), feature_version=BARE)


BARE = FEATURE_VERSION  # of runs from before the taxonomy was named in it


def rewritten(data: bytes, **arrays: Any) -> bytes:
    """A whole file, its hash right, that holds something else."""
    model, meta = artifact.load(data)
    return artifact.dump(replace(model, **arrays), metrics=meta["metrics"], window={})


def test_an_artifact_that_cannot_be_read_leaves_the_rules_and_the_sentence(
    client: Client, learnt: MatchRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, version = bytes(learnt.artifact), learnt.feature_version
    me = a_profile().user
    client.force_login(me)
    for how in ("missing", "cut", "other bytes", "a byte", "no numbers", "too many points",
                "tastes of other facts", "other taxonomy", "other schema"):  # fmt: skip
        MatchRun.objects.update(state="published", artifact=content, feature_version=version)
        runs.forget_model()
        assert actions.list_for(me, by=me).run_id == learnt.pk, how
        broken(learnt, how, monkeypatch)
        runs.forget_model()
        assert queries.preview(WHO).is_rules, how
        for language, words in SENTENCE.items():
            assert words in Client().get(f"/{language}/{PATH}").content.decode(), how
            assert words in client.get(f"/{language}/for-you/").content.decode(), how
            assert Client().get(f"/{language}/about/ranking/").status_code == 200
        assert actions.list_for(me, by=me).run_id is None
        assert learnt.public_id in Client().get("/readyz").json()["matcher"]


def test_a_training_goes_on_beside_a_run_that_cannot_be_read(learnt: MatchRun) -> None:
    MatchRun.objects.update(state="published", artifact=b"PK", trial=b"PK\x03\x04")
    runs.forget_model()
    assert actions.train_run() is not None


def test_choices_of_tomorrow_and_of_what_was_withdrawn_count_and_break_nothing(
    client: Client, listed: list[Any], served: MatchRun
) -> None:
    """A clock that was set back, and a saved project that is on no list any more."""
    me = a_profile().user
    client.force_login(me)
    for project in listed[:2]:
        projects.save_for_later(project, by=me)
    SavedProject.objects.update(saved_at=timezone.now() + timedelta(days=4000))
    projects.withdraw_project(listed[0], by=listed[0].owner.memberships.get().user)
    catalogue.forget_catalogue()
    stored = actions.list_for(me, by=me)
    assert stored.choices is not None
    assert (stored.choices["number"], stored.choices["total"]) == (2, 0.8)
    assert client.get("/vi/for-you/").status_code == 200
    assert actions.replay(stored)[0][0] == stored.matches.get(position=1).project.public_id
    assert read_dataset().choices.weight.min() > 0
    batch = actions.start_batch()
    assert actions.rank_block(batch, 0) == 1


def test_a_project_of_a_hundred_thousand_categories_is_ranked(
    client: Client, listed: list[Any], served: MatchRun
) -> None:
    many = [f"t{n}" for n in range(100_000)]
    Project.objects.filter(pk=listed[0].pk).update(technologies=[*many, "iot_sensors"])
    me = a_profile().user
    projects.save_for_later(listed[0], by=me)
    ranked = queries.preview(WHO, limit=12, chosen=own_choices(me, queries.today()))
    assert len(ranked.places) == 12
    assert all(sum(r.points for r in p.reasons) == p.score for p in ranked.places)


def test_a_past_list_whose_run_cannot_be_read_is_not_made_up(
    client: Client, learnt: MatchRun
) -> None:
    MatchRun.objects.update(state="published")
    runs.forget_model()
    me = a_profile().user
    stored = actions.list_for(me, by=me)
    assert stored.run_id == learnt.pk
    MatchRun.objects.update(artifact=b"")
    client.force_login(me)
    page = client.get(f"/en/me/lists/{stored.public_id}/").content.decode()
    assert "can no longer be read" in page


def test_counting_does_not_fail_a_page_when_the_table_refuses(
    monkeypatch: pytest.MonkeyPatch, listed: list[Any]
) -> None:
    monkeypatch.setattr(exposure, "_ADD", "SELECT 1 / 0 FROM unnest(%s::date[])")
    assert Client().get(f"/en/{PATH}").status_code == 200


def test_the_population_is_left_alone_when_there_is_nothing_to_choose(rates: None) -> None:
    factories.a_listed_project()
    assert population.create(people=5) >= 0
